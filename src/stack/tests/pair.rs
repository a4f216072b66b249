//! The harness: two hosts, a wire with a rule, and simulated time.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::base::{NodeId, RecordId, Rng, Time};
use crate::proto::arp::{ArpOperation, ArpPacket};
use crate::proto::ethernet::{EthernetHeader, mac_text};
use crate::proto::icmpv6::Icmpv6Message;
use crate::proto::ipv4::Ipv4Header;
use crate::proto::ipv6::Ipv6Header;
use crate::proto::tcp::{TcpFlags, TcpHeader, TcpOption};
use crate::stack::cx::Cx;
use crate::stack::host::{Host, HostConfig, HostEvent, HostEventKind};
use crate::stack::ipv6;
use crate::stack::record::{ConnId, Log, Record, TcpState, TcpVars, What};
use crate::stack::tcp::{Event, Seq, TcpConfig};

/// The index of the first host.
pub const A: usize = 0;
/// The index of the second host.
pub const B: usize = 1;

/// The time from one end of the wire to the other.
const DELAY: Duration = Duration::from_millis(10);

/// What the wire does with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Whole,
    Lost,
    Twice,
    Late(Duration),
    /// Marked with Congestion Experienced.
    Marked,
}

/// A frame that was sent.
pub struct Sent {
    pub from: usize,
    pub sent_at: Time,
    pub bytes: Vec<u8>,
    pub cause: Option<RecordId>,
}

type Rule = Box<dyn FnMut(usize, usize, &[u8]) -> Fate>;

/// Which addresses the two hosts have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

/// Two hosts on one wire.
pub struct Pair {
    pub hosts: [Host; 2],
    pub events: [Vec<HostEvent>; 2],
    pub frames: Vec<Sent>,
    pub log: Log,
    pub now: Time,
    family: Family,
    rule: Rule,
    flying: BTreeMap<(Time, usize), (usize, Vec<u8>)>,
    count: usize,
    /// How many records were checked.
    checked: usize,
    /// The variables in the last of them, for each connection.
    last_vars: BTreeMap<(Option<NodeId>, Option<ConnId>), Arc<TcpVars>>,
}

impl Pair {
    pub fn new(seed: u64) -> Self {
        Self::of(Family::V4, seed)
    }

    pub fn of(family: Family, seed: u64) -> Self {
        let host = |i| Host::new(config(family, seed, i));
        Self {
            family,
            hosts: [host(A), host(B)],
            events: [Vec::new(), Vec::new()],
            frames: Vec::new(),
            log: Log::new(),
            now: Time::ZERO,
            rule: Box::new(|_, _, _| Fate::Whole),
            flying: BTreeMap::new(),
            count: 0,
            checked: 0,
            last_vars: BTreeMap::new(),
        }
    }

    /// Two hosts with these switches and an established connection; the ids of its ends.
    pub fn established(tcp: [TcpConfig; 2]) -> (Self, [ConnId; 2]) {
        let mut pair = Self::new(1);
        for (side, tcp) in [A, B].into_iter().zip(tcp) {
            pair.config(side, tcp);
        }
        pair.listen(B, 80);
        let a = pair.connect(A, 80);
        pair.run_for(Duration::from_millis(100));
        let b = pair.accepted(B);
        (pair, [a, b])
    }

    /// Has the wire follow `rule`, which is given the frame's number from 0, its sender and its bytes.
    pub fn wire(&mut self, rule: impl FnMut(usize, usize, &[u8]) -> Fate + 'static) {
        self.rule = Box::new(rule);
    }

    /// Gives a host other switches; it must not have been used yet.
    pub fn config(&mut self, side: usize, tcp: TcpConfig) {
        self.hosts[side] = Host::new(HostConfig {
            tcp,
            ..config(self.family, 1, side)
        });
    }

    pub fn ip(&self, side: usize) -> IpAddr {
        let host = &self.hosts[side];
        match self.family {
            Family::V4 => host.ipv4().unwrap().into(),
            Family::V6 => host.ipv6().unwrap().ip.into(),
        }
    }

    pub fn call<T>(&mut self, side: usize, call: impl FnOnce(&mut Host, &mut Cx<'_>) -> T) -> T {
        let mut cx = Cx {
            now: self.now,
            node: NodeId(side as u32),
            cause: None,
            log: &mut self.log,
        };
        let result = call(&mut self.hosts[side], &mut cx);
        let outgoing: Vec<_> = std::iter::from_fn(|| self.hosts[side].poll_transmit()).collect();
        for frame in outgoing {
            self.put_on_wire(side, frame.bytes.to_vec(), frame.cause);
        }
        let events = std::iter::from_fn(|| self.hosts[side].poll_event());
        self.events[side].extend(events);
        result
    }

    fn put_on_wire(&mut self, from: usize, bytes: Vec<u8>, cause: Option<RecordId>) {
        let fate = (self.rule)(self.frames.len(), from, &bytes);
        let delays: &[Duration] = match fate {
            Fate::Lost => &[],
            Fate::Whole => &[DELAY],
            Fate::Twice => &[DELAY, DELAY],
            Fate::Marked => &[DELAY],
            Fate::Late(by) => &[DELAY + by],
        };
        let mut arriving = bytes.clone();
        if fate == Fate::Marked && self.family == Family::V6 {
            arriving[15] |= 0x30;
        } else if fate == Fate::Marked {
            let (mut ip, payload) = Ipv4Header::parse(&bytes[14..]).unwrap();
            ip.ecn = 3;
            let marked = [&bytes[..14], &ip.emit(payload.len()), payload].concat();
            arriving[..marked.len()].copy_from_slice(&marked);
        }
        for &delay in delays {
            let at = (self.now + delay, self.count);
            self.flying.insert(at, (1 - from, arriving.clone()));
            self.count += 1;
        }
        let sent_at = self.now;
        self.frames.push(Sent {
            from,
            sent_at,
            bytes,
            cause,
        });
    }

    /// Runs until nothing is left to happen.
    pub fn run(&mut self) {
        self.run_until(Time::MAX);
    }

    pub fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        self.run_until(end);
        self.now = end;
    }

    fn run_until(&mut self, end: Time) {
        for _ in 0..200_000 {
            let arrival = self.flying.first_key_value().map(|(&(at, _), _)| at);
            let timeout = |side: usize| Some((self.hosts[side].poll_timeout()?, side));
            let timer = [A, B].into_iter().filter_map(timeout).min();
            let next = [arrival, timer.map(|(at, _)| at)]
                .into_iter()
                .flatten()
                .min();
            let Some(next) = next.filter(|&next| next <= end) else {
                return self.check_invariants();
            };
            assert!(next >= self.now, "a time-out lies in the past");
            self.now = next;
            match (self.flying.first_entry(), timer) {
                (Some(entry), _) if arrival == Some(next) => {
                    let (to, bytes) = entry.remove();
                    self.call(to, |host, cx| host.handle_frame(cx, &bytes));
                }
                (_, Some((_, side))) => self.call(side, |host, cx| host.handle_timeout(cx)),
                _ => unreachable!("there is a next thing"),
            }
        }
        panic!("it never ends:\n{}", self.transcript());
    }

    /// What must hold of all variables at all times.
    fn check_invariants(&mut self) {
        for record in &self.log.records()[self.checked..] {
            if let What::TcpVars(vars) = &record.what {
                check_vars(vars);
                let key = (record.node, record.conn);
                if let Some(before) = self.last_vars.insert(key, vars.clone()) {
                    check_sent(&before, vars);
                }
            }
        }
        self.checked = self.log.records().len();
    }

    pub fn listen(&mut self, side: usize, port: u16) {
        self.call(side, |host, cx| host.listen(cx, port).unwrap());
    }

    pub fn connect(&mut self, side: usize, port: u16) -> ConnId {
        let remote = SocketAddr::new(self.ip(1 - side), port);
        self.call(side, |host, cx| host.connect(cx, None, remote).unwrap())
    }

    pub fn send(&mut self, side: usize, conn: ConnId, bytes: &[u8]) -> usize {
        self.call(side, |host, cx| host.send(cx, conn, bytes))
    }

    pub fn receive(&mut self, side: usize, conn: ConnId) -> Vec<u8> {
        self.call(side, |host, cx| host.receive(cx, conn, usize::MAX))
    }

    pub fn close(&mut self, side: usize, conn: ConnId) {
        self.call(side, |host, cx| host.close(cx, conn));
    }

    pub fn state(&self, side: usize, conn: ConnId) -> TcpState {
        self.hosts[side].tcp_vars(conn).state
    }

    pub fn tcp_events(&self, side: usize) -> Vec<Event> {
        let tcp = |event: &HostEvent| match event.kind {
            HostEventKind::Tcp(event) => Some(event),
            _ => None,
        };
        self.events[side].iter().filter_map(tcp).collect()
    }

    /// The last connection that a listener of this host accepted.
    pub fn accepted(&self, side: usize) -> ConnId {
        let accepted = |event: &Event| match event {
            Event::Accepted { conn, .. } => Some(*conn),
            _ => None,
        };
        let events = self.tcp_events(side);
        events
            .iter()
            .rev()
            .find_map(accepted)
            .expect("a connection was accepted")
    }

    /// Every frame that was sent, a line each, with sequence numbers counted from the SYN of their sender.
    pub fn transcript(&self) -> String {
        let lines: Vec<_> = self.lines().into_iter().map(|(_, line)| line).collect();
        lines.join("\n")
    }

    /// Every frame that was sent from `since` on, each with the milliseconds that had passed.
    pub fn timed(&self, since: Time) -> String {
        let lines = self.lines().into_iter().filter(|(at, _)| *at >= since);
        let timed = lines.map(|(at, line)| format!("{:>6} {line}", at.since(since).as_millis()));
        timed.collect::<Vec<_>>().join("\n")
    }

    /// What was decided and thrown away at a host from `since` on, each with its paragraph.
    pub fn decided(&self, side: usize, since: Time) -> String {
        let records = self.log.records().iter();
        let line = |record: &Record| match &record.what {
            What::Decided(text) | What::Discarded(text) => Some(format!("{}: {text}", record.cite)),
            _ => None,
        };
        let here =
            |record: &&Record| record.node == Some(NodeId(side as u32)) && record.time >= since;
        records
            .filter(here)
            .filter_map(line)
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn lines(&self) -> Vec<(Time, String)> {
        let mut isns = BTreeMap::<(u16, u16), u32>::new();
        let mut lines = Vec::new();
        for frame in &self.frames {
            let mut base = |header: &TcpHeader| {
                let ports = (header.source_port, header.destination_port);
                if header.flags.has(TcpFlags::SYN) {
                    isns.insert(ports, header.sequence_number);
                }
                let of = |ports| isns.get(&ports).copied();
                let seq = of(ports).unwrap_or(header.sequence_number);
                (seq, of((ports.1, ports.0)).unwrap_or(0))
            };
            let name = if frame.from == A { 'a' } else { 'b' };
            let line = format!("{name} {}", text_of(&frame.bytes, &mut base));
            lines.push((frame.sent_at, line));
        }
        lines
    }
}

fn config(family: Family, seed: u64, side: usize) -> HostConfig {
    let number = side as u8 + 1;
    let (name, mac) = (["a", "b"][side], [2, 0, 0, 0, 0, number]);
    let mut rng = Rng::new(seed, name);
    match family {
        Family::V4 => HostConfig::new(name, mac, [10, 0, 0, number].into(), &mut rng),
        Family::V6 => {
            let ip = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number.into());
            HostConfig {
                ipv6: Some(ipv6::Interface::new(mac, ip, 64)),
                ..HostConfig::without_address(name, mac, &mut rng)
            }
        }
    }
}

fn check_vars(vars: &TcpVars) {
    let (una, nxt) = (Seq(vars.snd_una.unwrap()), Seq(vars.snd_nxt.unwrap()));
    assert!(Seq(vars.iss.unwrap()).le(una) && una.le(nxt), "{vars:?}");
    if let (Some(irs), Some(rcv_nxt)) = (vars.irs, vars.rcv_nxt) {
        assert!(Seq(irs).lt(Seq(rcv_nxt)), "{vars:?}");
        let mut last = Seq(rcv_nxt);
        for &(start, end) in &vars.out_of_order {
            assert!(last.lt(Seq(start)) && Seq(start).lt(Seq(end)), "{vars:?}");
            last = Seq(end);
        }
    }
    let waits = |name| vars.timers.iter().any(|&(timer, _)| timer == name);
    let in_flight = una != nxt && vars.state != TcpState::Closed;
    assert!(
        !in_flight || waits("retransmission") || waits("persist"),
        "stalled: {vars:?}"
    );
}

/// What must hold of new data that was sent between two looks at the variables: no more is in flight than cwnd and the
/// window allow, but for what limited transmit adds (two segments), a FIN, and a window probe.
fn check_sent(before: &TcpVars, now: &TcpVars) {
    let flight = |vars: &TcpVars| Seq(vars.snd_nxt.unwrap()) - Seq(vars.snd_una.unwrap());
    let open = |state| !matches!(state, TcpState::SynSent | TcpState::SynReceived);
    let probes = now.timers.iter().any(|&(timer, _)| timer == "persist");
    if before.snd_nxt == now.snd_nxt || !open(before.state) || !open(now.state) || probes {
        return;
    }
    let limited = 2 * u32::from(now.snd_mss.unwrap()) + 1;
    let most = now.cwnd.unwrap_or(u32::MAX).saturating_add(limited);
    assert!(now.pipe.unwrap() <= most, "beyond cwnd: {now:?}");
    let window = now.snd_wnd.unwrap();
    assert!(flight(now) <= window, "beyond the window: {now:?}");
}

/// One line about a frame; `base` gives what its sequence and acknowledgment numbers are counted from.
pub fn text_of(bytes: &[u8], base: &mut dyn FnMut(&TcpHeader) -> (u32, u32)) -> String {
    let (ethernet, payload) = EthernetHeader::parse(bytes).unwrap();
    if ethernet.ether_type == 0x0806 {
        let arp = ArpPacket::parse(payload).unwrap();
        return match arp.operation {
            ArpOperation::Request => {
                format!("ARP who has {}? tell {}", arp.target_ip, arp.sender_ip)
            }
            ArpOperation::Reply => {
                format!("ARP {} is at {}", arp.sender_ip, mac_text(arp.sender_mac))
            }
        };
    }
    if ethernet.ether_type == 0x86dd {
        return text_of_ipv6(payload, base);
    }
    let (ip, payload) = Ipv4Header::parse(payload).unwrap();
    if ip.protocol != 6 {
        return format!("protocol {}, {} bytes", ip.protocol, payload.len());
    }
    let (header, text) = TcpHeader::parse(ip.source, ip.destination, payload).unwrap();
    text_of_segment(&header, text, ip.ecn, base)
}

fn text_of_ipv6(packet: &[u8], base: &mut dyn FnMut(&TcpHeader) -> (u32, u32)) -> String {
    let (ip, payload) = Ipv6Header::parse(packet).unwrap();
    if ip.next_header == 6 {
        let (header, text) = TcpHeader::parse(ip.source, ip.destination, payload).unwrap();
        return text_of_segment(&header, text, ip.ecn, base);
    }
    if ip.next_header != 58 {
        return format!("next header {}, {} bytes", ip.next_header, payload.len());
    }
    let (from, to) = (ip.source, ip.destination);
    match Icmpv6Message::parse(from, to, payload).unwrap() {
        Icmpv6Message::NeighborSolicitation { target, .. } => {
            format!("NS who has {target}? {from} to {to}")
        }
        Icmpv6Message::NeighborAdvertisement(na) => {
            let mac = mac_text(na.target_mac.unwrap());
            format!("NA {} is at {mac}, {from} to {to}", na.target)
        }
        _ => format!("ICMPv6 type {}, {} bytes", payload[0], payload.len()),
    }
}

fn text_of_segment(
    header: &TcpHeader,
    text: &[u8],
    ecn: u8,
    base: &mut dyn FnMut(&TcpHeader) -> (u32, u32),
) -> String {
    let (seq_base, ack_base) = base(header);
    let mut line = format!(
        "[{}] seq {}",
        header.flags,
        header.sequence_number.wrapping_sub(seq_base)
    );
    if header.flags.has(TcpFlags::ACK) {
        let ack = header.acknowledgment_number.wrapping_sub(ack_base);
        line += &format!(", ack {ack}");
    }
    line += &format!(", win {}", header.window);
    line += ["", ", ECT(1)", ", ECT(0)", ", CE"][usize::from(ecn)];
    if !text.is_empty() {
        line += &format!(", len {}", text.len());
    }
    for option in &header.options {
        if let TcpOption::Sack(blocks) = option {
            for (left, right) in blocks {
                let (left, right) = (left.wrapping_sub(ack_base), right.wrapping_sub(ack_base));
                line += &format!(", sack {left} to {right}");
            }
        }
    }
    line
}
