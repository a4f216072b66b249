//! Watches a run: keeps what each connection's variables were, and holds what is new against the lists.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::changes::{CHANGES, Change, EDGES, EVENTS, Happened, SENDING, right_edge};
use super::segments::{SEGMENTS, Sent, mss_of};
use super::{Broken, CHECKSUM, EDGE, Invariant, first_broken};
use crate::base::{FrameId, NodeId};
use crate::proto::ethernet::{ETHER_TYPE_IPV4, ETHER_TYPE_IPV6, EthernetHeader};
use crate::proto::ipv4::{Ipv4Header, PROTOCOL_TCP};
use crate::proto::ipv6::Ipv6Header;
use crate::proto::tcp::{TcpFlags, TcpHeader};
use crate::sim::fault::IN_MEMORY;
use crate::sim::outcome::Outcome;
use crate::sim::spec::{AppKind, Host, NodeKind, Spec};
use crate::stack::record::{ConnId, Record, TcpState, TcpVars, TimerAction, What};
use crate::stack::tcp::Seq;

/// A host and one of its connections.
pub(super) type Place = (NodeId, ConnId);

/// What was seen of a run so far.
pub(super) struct Watch<'a> {
    spec: &'a Spec,
    /// How many records were looked at.
    looked_at: usize,
    /// Each end of each connection.
    pub ends: BTreeMap<Place, Seen>,
    /// What this event has brought to them.
    event: BTreeMap<Place, Happened>,
    /// What went from one address to another.
    ways: BTreeMap<(SocketAddr, SocketAddr), Way>,
    /// Frames that a fault changed before they were sent: they are not as a host formed them.
    pub spoilt: BTreeSet<FrameId>,
    /// The connections that segments are of.
    pub owners: BTreeMap<FrameId, Place>,
    /// Whether a frame was lost, late or damaged, or a host threw something away.
    pub disturbed: bool,
    /// How many frames hosts have sent, and how many were lost.
    pub frames: (usize, usize),
}

/// One end of a connection.
pub(super) struct Seen {
    /// Its variables.
    pub vars: TcpVars,
    /// SND.UNA + SND.WND, the furthest so far.
    send_edge: Seq,
    /// RCV.NXT + RCV.WND, the furthest so far.
    right_edge: Option<Seq>,
    /// The retransmission time-out after the last event.
    rto: Option<u64>,
    /// The RCV.NXT that the peer was told last.
    told: Option<u32>,
    /// The connection whose segment it learned IRS from.
    pub peer: Option<Place>,
}

/// What went one way.
#[derive(Default)]
struct Way {
    mss: Option<u16>,
    tsval: Option<u32>,
    resets: usize,
}

impl<'a> Watch<'a> {
    pub fn new(spec: &'a Spec) -> Self {
        Self {
            spec,
            looked_at: 0,
            ends: BTreeMap::new(),
            event: BTreeMap::new(),
            ways: BTreeMap::new(),
            spoilt: BTreeSet::new(),
            owners: BTreeMap::new(),
            disturbed: false,
            frames: (0, 0),
        }
    }

    /// Looks at what one event has added.
    pub fn look(&mut self, outcome: &Outcome) -> Result<(), Broken> {
        let records = outcome.log.records();
        for record in &records[self.looked_at..] {
            if let What::FrameFaulted { frame, what } = &record.what
                && what.ends_with(IN_MEMORY)
            {
                self.spoilt.insert(*frame);
            }
        }
        for record in &records[self.looked_at..] {
            self.look_at(outcome, record)?;
        }
        if let Some(last) = records.last() {
            for (place, happened) in std::mem::take(&mut self.event) {
                self.after_event(last, place, happened)?;
            }
        }
        self.looked_at = records.len();
        Ok(())
    }

    fn look_at(&mut self, outcome: &Outcome, record: &Record) -> Result<(), Broken> {
        let place = record.node.zip(record.conn);
        match (&record.what, place) {
            (What::TcpVars(vars), Some(place)) => self.changes(outcome, record, place, vars),
            (What::Timer { name, action }, Some(place)) if record.layer == 4 => {
                if *action == TimerAction::Expired {
                    let happened = self.event.entry(place).or_default();
                    happened.timed_out |= *name == "retransmission";
                    happened.sends |= SENDING.contains(name);
                }
                Ok(())
            }
            (What::Down(_), Some(place)) if record.layer == 4 => {
                self.event.entry(place).or_default().sent = true;
                Ok(())
            }
            (What::TcpState { from, to }, _) => check_edge(record, *from, *to),
            (What::FrameSent(frame), _) => self.frame_sent(outcome, record, *frame),
            (What::FrameDropped { .. }, _) => {
                self.frames.1 += 1;
                self.disturbed = true;
                Ok(())
            }
            (What::FrameFaulted { .. } | What::Discarded(_), _) => {
                self.disturbed = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A connection's variables have changed.
    fn changes(
        &mut self,
        outcome: &Outcome,
        record: &Record,
        place: Place,
        now: &TcpVars,
    ) -> Result<(), Broken> {
        let before = self.ends.get(&place);
        let learned = before.is_none_or(|seen| seen.vars.irs != now.irs);
        let peer = if learned && now.irs.is_some() {
            sender_of(outcome, record)
        } else {
            before.and_then(|seen| seen.peer)
        };
        let change = Change {
            before: before.map(|seen| &seen.vars),
            now,
            peer: self.peer(now, peer).map(|(_, seen)| &seen.vars),
            host: host(self.spec, place.0),
            right_edge: before.and_then(|seen| seen.right_edge),
            time: record.time,
            event: Happened::default(),
        };
        hold(CHANGES, |holds| holds(&change), record, &change)?;
        let send_edge = Seq(now.snd_una.unwrap_or_default()) + now.snd_wnd.unwrap_or(0);
        let further = |one: Option<Seq>, other: Option<Seq>| match (one, other) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        };
        let seen = Seen {
            vars: now.clone(),
            send_edge: before.map_or(send_edge, |seen| seen.send_edge.max(send_edge)),
            right_edge: further(before.and_then(|seen| seen.right_edge), right_edge(now)),
            rto: before.and_then(|seen| seen.rto),
            told: before.map_or(now.rcv_nxt, |seen| seen.told),
            peer,
        };
        self.ends.insert(place, seen);
        self.event.entry(place).or_default();
        Ok(())
    }

    /// Everything that follows from an event was done.
    fn after_event(
        &mut self,
        record: &Record,
        place: Place,
        happened: Happened,
    ) -> Result<(), Broken> {
        let Some(seen) = self.ends.get_mut(&place) else {
            return Ok(());
        };
        if happened.sent {
            seen.told = seen.vars.rcv_nxt;
        }
        let (rto, told) = (seen.rto, seen.told);
        seen.rto = seen.vars.rto;
        let seen = &*seen;
        let change = Change {
            before: None,
            now: &seen.vars,
            peer: None,
            host: host(self.spec, place.0),
            right_edge: seen.right_edge,
            time: record.time,
            event: Happened {
                rto,
                told,
                ..happened
            },
        };
        let of_place = Record {
            node: Some(place.0),
            conn: Some(place.1),
            ..record.clone()
        };
        hold(EVENTS, |holds| holds(&change), &of_place, &change)
    }

    /// The other end of a connection: the one whose segment it learned IRS from, if it is known. Else (it has learned
    /// none yet, or from a SYN cookie, which is of no connection) the one whose number fits, and of two with the same
    /// number, as a SYN that came again makes them, the later.
    pub fn peer(&self, vars: &TcpVars, known: Option<Place>) -> Option<(&Place, &Seen)> {
        if let Some(known) = known {
            return self.ends.get_key_value(&known);
        }
        let facing = self.ends.iter().filter(|(_, Seen { vars: other, .. })| {
            let facing = other.local == vars.remote && other.remote == vars.local;
            facing && (other.irs == vars.iss || vars.irs == other.iss)
        });
        facing.max_by_key(|(place, seen)| (vars.irs == seen.vars.iss, **place))
    }

    /// How often a RST went from one address to the other.
    pub fn resets(&self, from: SocketAddr, to: SocketAddr) -> usize {
        self.ways.get(&(from, to)).map_or(0, |way| way.resets)
    }

    /// A frame went out: one that a host formed, not one that a switch sends on or a fault doubled.
    fn frame_sent(
        &mut self,
        outcome: &Outcome,
        record: &Record,
        id: FrameId,
    ) -> Result<(), Broken> {
        let frame = &outcome.frames[id.index()];
        if frame.repeats.is_some() || !is_host(self.spec, frame.from) {
            return Ok(());
        }
        self.frames.0 += 1;
        let Some(segment) = segment_of(&frame.bytes) else {
            return Ok(());
        };
        if self.spoilt.contains(&id) {
            // It may be taken all the same: no checksum of the peer covers the addresses of the Ethernet header.
            if let Ok(segment) = segment {
                self.count_reset(segment.from, segment.to, &segment.header);
            }
            return Ok(());
        }
        let Segment {
            from,
            to,
            header,
            text,
            packet_len,
        } = segment.map_err(|found| Broken {
            says: CHECKSUM.to_owned(),
            cite: "RFC 9293 §3.1 (MUST-2)",
            time: record.time,
            place: Some((frame.from, None)),
            found,
        })?;
        self.count_reset(from, to, &header);
        let conn = self.conn_of(frame.from, from, to, &header);
        if conn.is_none() && self.makes_up(frame.from) {
            return Ok(());
        }
        let record = Record {
            conn: conn.map(|(place, _)| place.1),
            ..record.clone()
        };
        let sent = Sent {
            header: &header,
            text,
            packet_len,
            host: host(self.spec, frame.from),
            conn: conn.map(|(_, seen)| (&seen.vars, seen.send_edge)),
            peer_mss: self.ways.get(&(to, from)).and_then(|way| way.mss),
            // A SYN begins anew.
            last_tsval: (self.ways.get(&(from, to)))
                .and_then(|way| way.tsval)
                .filter(|_| !header.flags.has(TcpFlags::SYN)),
        };
        hold(SEGMENTS, |holds| holds(&sent), &record, &sent)?;
        let tsval = sent.tsval();
        let owner = conn.map(|(place, _)| *place);
        self.owners.extend(owner.map(|place| (id, place)));
        let way = self.ways.entry((from, to)).or_default();
        way.mss = mss_of(&header).or(way.mss);
        way.tsval = tsval.or(way.tsval);
        Ok(())
    }

    /// Counts a RST by the addresses that it bears: who really sent it its receiver cannot see.
    fn count_reset(&mut self, from: SocketAddr, to: SocketAddr, header: &TcpHeader) {
        if header.flags.has(TcpFlags::RST) {
            self.ways.entry((from, to)).or_default().resets += 1;
        }
    }

    /// Whether a program of this host makes segments up.
    fn makes_up(&self, node: NodeId) -> bool {
        let mut apps = self.spec.apps.iter();
        apps.any(|app| app.on == node && matches!(app.kind, AppKind::RawTcp(_)))
    }

    /// The connection that a segment is of: of those between these two addresses the one whose numbers it bears, and of
    /// two that began with the same number the later.
    fn conn_of(
        &self,
        node: NodeId,
        from: SocketAddr,
        to: SocketAddr,
        header: &TcpHeader,
    ) -> Option<(&Place, &Seen)> {
        let seq = Seq(header.sequence_number);
        let mine = self.ends.iter().filter(|(place, seen)| {
            place.0 == node && seen.vars.local == from && seen.vars.remote == to
        });
        let iss = |seen: &Seen| Seq(seen.vars.iss.unwrap_or_default());
        let began_before = mine.filter(|(_, seen)| iss(seen).le(seq));
        began_before.min_by_key(|(place, seen)| (seq - iss(seen), Reverse(**place)))
    }
}

/// The connection that sent the segment which made a record happen, by the causes.
fn sender_of(outcome: &Outcome, record: &Record) -> Option<Place> {
    let records = outcome.log.records();
    let cause = |record: &Record| record.cause.map(|id| &records[id.index()]);
    let mut causes = std::iter::successors(cause(record), |record| cause(record));
    causes.find(|record| matches!(record.what, What::FrameArrived(_)))?;
    let sent = causes.find(|record| record.layer == 4 && matches!(record.what, What::Down(_)))?;
    sent.node.zip(sent.conn)
}

/// A TCP segment in a frame.
pub(super) struct Segment<'a> {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub header: TcpHeader,
    pub text: &'a [u8],
    pub packet_len: usize,
}

/// The TCP segment that a frame carries, or what is wrong with it; `None` if it carries something else.
pub(super) fn segment_of(frame: &[u8]) -> Option<Result<Segment<'_>, String>> {
    let (ethernet, packet) = EthernetHeader::parse(frame).ok()?;
    let parsed = match ethernet.ether_type {
        ETHER_TYPE_IPV4 => Ipv4Header::parse(packet).map(|(ip, payload)| {
            let ends = [ip.source.into(), ip.destination.into()];
            (ends, ip.protocol, Ipv4Header::LEN, payload)
        }),
        ETHER_TYPE_IPV6 => Ipv6Header::parse(packet).map(|(ip, payload)| {
            let ends = [ip.source.into(), ip.destination.into()];
            (ends, ip.next_header, Ipv6Header::LEN, payload)
        }),
        _ => return None,
    };
    let ([source, destination], protocol, header_len, payload): ([IpAddr; 2], _, _, _) =
        match parsed {
            Ok(parsed) => parsed,
            Err(error) => return Some(Err(error.to_string())),
        };
    if protocol != PROTOCOL_TCP {
        return None;
    }
    let parsed = TcpHeader::parse(source, destination, payload);
    Some(
        parsed
            .map_err(|error| error.to_string())
            .map(|(header, text)| Segment {
                from: (source, header.source_port).into(),
                to: (destination, header.destination_port).into(),
                header,
                text,
                packet_len: header_len + payload.len(),
            }),
    )
}

/// The host that a node is.
///
/// # Panics
/// If it is none: others have no connections.
pub(super) fn host(spec: &Spec, node: NodeId) -> &Host {
    match &spec.nodes[node.index()].kind {
        NodeKind::Host(host) | NodeKind::Real(host) => host,
        _ => unreachable!("only hosts have connections"),
    }
}

fn is_host(spec: &Spec, node: NodeId) -> bool {
    let kind = &spec.nodes[node.index()].kind;
    matches!(kind, NodeKind::Host(_) | NodeKind::Real(_))
}

fn check_edge(record: &Record, from: TcpState, to: TcpState) -> Result<(), Broken> {
    if EDGES
        .iter()
        .any(|(state, next)| *state == from && next.contains(&to))
    {
        return Ok(());
    }
    Err(Broken {
        says: EDGE.to_owned(),
        cite: "RFC 9293 §3.3.2",
        time: record.time,
        place: record.node.map(|node| (node, record.conn)),
        found: format!("{} to {}", from.name(), to.name()),
    })
}

/// Holds a subject against a list.
fn hold<F: Copy>(
    list: &'static [Invariant<F>],
    holds: impl Fn(F) -> bool,
    record: &Record,
    subject: &dyn std::fmt::Display,
) -> Result<(), Broken> {
    match first_broken(list, holds) {
        None => Ok(()),
        Some(invariant) => Err(Broken {
            says: invariant.says.to_owned(),
            cite: invariant.cite,
            time: record.time,
            place: record.node.map(|node| (node, record.conn)),
            found: subject.to_string(),
        }),
    }
}
