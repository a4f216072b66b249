//! Our host on a TAP device in a namespace, in real time.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::process::Stdio;
use std::time::{Duration, Instant};

use layerwalk::base::{NodeId, Rng, Time};
use layerwalk::live::Tap;
use layerwalk::proto::ipv4::Ipv4Header;
use layerwalk::stack::cx::Cx;
use layerwalk::stack::host::{Host, HostConfig, HostEvent, HostEventKind};
use layerwalk::stack::ipv6;
use layerwalk::stack::record::{Log, TcpState, What};
use layerwalk::stack::tcp::{CE, TcpConfig};

use crate::live::net::{Namespace, run_ok};

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];

/// Which IP the two speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    pub const BOTH: [Self; 2] = [Self::V4, Self::V6];

    /// The address of Linux.
    pub fn linux(self) -> &'static str {
        match self {
            Self::V4 => "10.7.0.1",
            Self::V6 => "2001:db8:7::1",
        }
    }

    /// The address of our host.
    pub fn ours(self) -> &'static str {
        match self {
            Self::V4 => "10.7.0.2",
            Self::V6 => "2001:db8:7::2",
        }
    }

    /// A port of our host, as it stands in a URL.
    pub fn at(self, port: u16) -> String {
        SocketAddr::new(parsed(self.ours()), port).to_string()
    }

    fn prefix_len(self) -> u8 {
        match self {
            Self::V4 => 24,
            Self::V6 => 64,
        }
    }
}

/// An address.
pub fn parsed(ip: &str) -> IpAddr {
    ip.parse().expect("an address")
}

/// Our host, live.
pub struct Live {
    pub host: Host,
    pub family: Family,
    namespace: Namespace,
    tap: Tap,
    log: Log,
    start: Instant,
    /// How many of 256 frames are lost in each direction.
    loss: u64,
    /// Every so-many-th packet that may be marked is marked with Congestion Experienced; 0: none.
    mark: u64,
    markable: u64,
    rng: Rng,
    seen: Vec<HostEventKind>,
}

impl Live {
    pub fn new(family: Family) -> Self {
        Self::with(family, TcpConfig::default())
    }

    /// With these switches of our TCP. Over IPv6, Linux takes part in all that its interfaces do by themselves: it tests
    /// its addresses for duplicates, asks for routers and reports its groups.
    pub fn with(family: Family, tcp: TcpConfig) -> Self {
        let namespace = Namespace::new();
        let tap = namespace.tap("tap0");
        if family == Family::V6 {
            let on = "net.ipv6.conf.tap0.disable_ipv6=0";
            run_ok(&mut namespace.command("sysctl", &["-w", on]));
        }
        let address = format!("{}/{}", family.linux(), family.prefix_len());
        run_ok(&mut namespace.ip(&["link", "set", "tap0", "up"]));
        run_ok(&mut namespace.ip(&["addr", "add", &address, "dev", "tap0"]));
        let mut rng = Rng::new(7, "live");
        let config = match parsed(family.ours()) {
            IpAddr::V4(ip) => HostConfig::new("ours", MAC, ip, &mut rng),
            IpAddr::V6(ip) => HostConfig {
                ipv6: Some(ipv6::Interface::new(MAC, ip, family.prefix_len())),
                ..HostConfig::without_address("ours", MAC, &mut rng)
            },
        };
        let mut live = Self {
            host: Host::new(HostConfig { tcp, ..config }),
            family,
            namespace,
            tap,
            log: Log::new(),
            start: now(),
            loss: 0,
            mark: 0,
            markable: 0,
            rng,
            seen: Vec::new(),
        };
        live.wait_for_addresses();
        live
    }

    /// Waits until Linux is sure that nobody else has its addresses (RFC 4862 §5.4): before, it does not use them.
    fn wait_for_addresses(&mut self) {
        let deadline = now() + Duration::from_secs(20);
        while !self.addresses("tentative").is_empty() {
            assert!(now() < deadline, "its addresses stay tentative");
            self.linger();
        }
    }

    /// Linux's addresses of this kind, one a line.
    pub fn addresses(&self, kind: &str) -> String {
        let show = ["-6", "-oneline", "addr", "show", "dev", "tap0", kind];
        run_ok(&mut self.namespace.ip(&show))
    }

    /// What `ip` answers in the namespace.
    pub fn ip(&self, arguments: &[&str]) -> String {
        run_ok(&mut self.namespace.ip(arguments))
    }

    /// Loses so many of 256 frames in each direction.
    pub fn lose(&mut self, loss: u64) {
        self.loss = loss;
    }

    /// Marks every so-many-th packet that may be marked, in either direction.
    pub fn mark(&mut self, every: u64) {
        self.mark = every;
    }

    fn on_the_way(&mut self, frame: &mut [u8]) {
        let ecn = match frame[12..14] {
            [0x08, 0x00] => frame[15] & 3,
            [0x86, 0xdd] => frame[15] >> 4 & 3,
            _ => 0,
        };
        if self.mark == 0 || !matches!(ecn, 1 | 2) {
            return;
        }
        self.markable += 1;
        if !self.markable.is_multiple_of(self.mark) {
            return;
        }
        match self.family {
            Family::V4 => {
                let (mut ip, payload) = Ipv4Header::parse(&frame[14..]).expect("a packet");
                ip.ecn = CE;
                let header = ip.emit(payload.len());
                frame[14..14 + header.len()].copy_from_slice(&header);
            }
            Family::V6 => frame[15] |= CE << 4,
        }
    }

    /// Whether our host decided, or threw something away, in such words.
    pub fn decided(&self, words: &str) -> bool {
        let mut records = self.log.records().iter();
        records.any(|record| match &record.what {
            What::Decided(text) | What::Discarded(text) => text.contains(words),
            _ => false,
        })
    }

    /// Calls the host and sends what it has to send.
    pub fn call<T>(&mut self, call: impl FnOnce(&mut Host, &mut Cx<'_>) -> T) -> T {
        let mut cx = Cx {
            now: Time::ZERO + self.start.elapsed(),
            node: NodeId(0),
            cause: None,
            log: &mut self.log,
        };
        let result = call(&mut self.host, &mut cx);
        while let Some(frame) = self.host.poll_transmit() {
            let mut bytes = frame.bytes.to_vec();
            self.on_the_way(&mut bytes);
            if self.rng.below(256) >= self.loss {
                self.tap.send(&bytes);
            }
        }
        result
    }

    /// Runs a program in the namespace to its end, at most a minute, and returns its exit code. `on_event` is given
    /// the events of our host, and one that means nothing every tick.
    pub fn run(
        &mut self,
        program: &str,
        arguments: &[&str],
        mut on_event: impl FnMut(&mut Self, &HostEvent),
    ) -> i32 {
        let mut command = self.namespace.command(program, arguments);
        let mut child = command.stdout(Stdio::null()).spawn().expect("it starts");
        let deadline = now() + Duration::from_secs(60);
        while now() < deadline {
            self.turn(&mut on_event);
            if let Some(status) = child.try_wait().expect("a child") {
                return status.code().unwrap_or(-1);
            }
        }
        let _ = child.kill();
        let _ = child.wait();
        panic!("{program} {arguments:?} did not end\n{}", self.story());
    }

    /// Goes on until there is such an event.
    pub fn wait_for(&mut self, which: impl Fn(&HostEventKind) -> bool) {
        let deadline = now() + Duration::from_secs(20);
        while !self.saw(&which) {
            assert!(now() < deadline, "it does not come\n{}", self.story());
            self.linger();
        }
    }

    /// Goes on for a moment, for what is still on its way.
    pub fn linger(&mut self) {
        for _ in 0..20 {
            self.turn(&mut |_, _| {});
        }
    }

    /// Waits for frames or a time-out, for at most 10 ms, and handles them.
    fn turn(&mut self, on_event: &mut impl FnMut(&mut Self, &HostEvent)) {
        let mut poll = libc::pollfd {
            fd: self.tap.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one valid pollfd, which outlives the call.
        let ready = unsafe { libc::poll(&raw mut poll, 1, 10) };
        if ready > 0 {
            let mut bytes = [0; 2048];
            while let Ok(Some(frame)) = self.tap.receive(&mut bytes) {
                let len = frame.len();
                self.on_the_way(&mut bytes[..len]);
                if self.rng.below(256) >= self.loss {
                    self.call(|host, cx| host.handle_frame(cx, &bytes[..len]));
                }
            }
        }
        let elapsed = Time::ZERO + self.elapsed();
        if self.host.poll_timeout().is_some_and(|at| at <= elapsed) {
            self.call(|host, cx| host.handle_timeout(cx));
        }
        while let Some(event) = self.host.poll_event() {
            self.seen.push(event.kind.clone());
            on_event(self, &event);
        }
        let tick = HostEvent {
            kind: HostEventKind::UdpReadable { port: 0 },
            cause: None,
        };
        on_event(self, &tick);
    }

    /// The time since the host was made.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Whether there was such an event.
    pub fn saw(&self, which: impl Fn(&HostEventKind) -> bool) -> bool {
        self.seen.iter().any(which)
    }

    /// Whether a connection of our host came to this state.
    pub fn passed(&self, state: TcpState) -> bool {
        let records = self.log.records().iter();
        let mut changes = records.map(|record| &record.what);
        changes.any(|what| matches!(what, What::TcpState { to, .. } if *to == state))
    }

    /// Whether our host has learned the MAC address of this one.
    pub fn learned(&self, of: Ipv6Addr) -> bool {
        let mut records = self.log.records().iter();
        let of = IpAddr::V6(of);
        records.any(|record| matches!(record.what, What::NeighborLearned { ip, .. } if ip == of))
    }

    /// The last things that happened in TCP, for the message of a failure.
    pub fn story(&self) -> String {
        let told = |what: &What| !matches!(what, What::TcpVars(_) | What::Timer { .. });
        let records = self
            .log
            .records()
            .iter()
            .filter(|record| told(&record.what));
        let lines = records.map(|record| format!("{} {:?}", record.time, record.what));
        let lines: Vec<_> = lines.collect();
        lines[lines.len().saturating_sub(80)..].join("\n")
    }
}

#[expect(clippy::disallowed_methods, reason = "real time is what this is about")]
fn now() -> Instant {
    Instant::now()
}
