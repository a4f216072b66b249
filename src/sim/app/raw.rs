//! A program that makes TCP segments up, past its host's TCP.

use std::net::{Ipv4Addr, SocketAddrV4};

use super::Program;
use super::script::{SCENARIO, alarm};
use crate::base::Time;
use crate::proto::tcp::TcpHeader;
use crate::sim::spec::{self, RawSegment};
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;
use crate::stack::host::{Host, HostEventKind};
use crate::stack::record::What;

/// Sends segments that it makes up, as a raw socket lets a program do. What is answered is not for it: it goes to
/// whoever the segments say they come from.
pub struct RawTcp {
    spec: spec::RawTcp,
    /// The segment that is next, and how many of it were sent.
    next: (usize, u32),
    waiting: Option<Alarm>,
}

impl RawTcp {
    /// Will send what `spec` says.
    pub fn new(spec: &spec::RawTcp) -> Self {
        Self {
            spec: spec.clone(),
            next: (0, 0),
            waiting: None,
        }
    }

    /// Sends all that is due now, and waits for what is not.
    fn run(&mut self, cx: &mut Cx, host: &mut Host) {
        while let Some(segment) = self.spec.segments.get(self.next.0) {
            let (index, sent) = self.next;
            self.send(cx, host, segment, sent);
            let is_last = sent + 1 >= segment.count;
            self.next = if is_last {
                (index + 1, 0)
            } else {
                (index, sent + 1)
            };
            let pause = match self.spec.segments.get(self.next.0) {
                Some(next) if is_last => next.after,
                Some(next) => next.every,
                None => return,
            };
            if !pause.is_zero() {
                self.waiting = Some(alarm(cx, None, "wait", pause));
                return;
            }
        }
    }

    /// Sends a segment for the `nth` time, counted from 0.
    fn send(&self, cx: &mut Cx, host: &mut Host, segment: &RawSegment, nth: u32) {
        let outer = cx.cause;
        let from = stepped(self.spec.from, segment, nth);
        let header = TcpHeader {
            source_port: from.port(),
            destination_port: self.spec.to.port(),
            sequence_number: segment.seq.wrapping_add(segment.step_seq.wrapping_mul(nth)),
            acknowledgment_number: segment.ack,
            flags: segment.flags,
            window: segment.window,
            ..TcpHeader::default()
        };
        let text = format!("send a made-up [{}] as {from}", header.flags);
        cx.step(7, None, SCENARIO, What::AppCall(text.into()));
        let text = segment.text.as_bytes();
        host.send_raw_segment(cx, *from.ip(), *self.spec.to.ip(), &header, text);
        cx.cause = outer;
    }
}

/// The source of the `nth` segment of its kind.
fn stepped(from: SocketAddrV4, segment: &RawSegment, nth: u32) -> SocketAddrV4 {
    let ip = from
        .ip()
        .to_bits()
        .wrapping_add(segment.step_address.wrapping_mul(nth));
    let port = from
        .port()
        .wrapping_add(segment.step_port.wrapping_mul(nth as u16));
    SocketAddrV4::new(Ipv4Addr::from_bits(ip), port)
}

impl Program for RawTcp {
    fn start(&mut self, cx: &mut Cx, host: &mut Host) {
        let pause = self
            .spec
            .segments
            .first()
            .map(|first| first.after)
            .unwrap_or_default();
        if pause.is_zero() {
            self.run(cx, host);
        } else {
            self.waiting = Some(alarm(cx, None, "wait", pause));
        }
    }

    fn handle_event(&mut self, _cx: &mut Cx, _host: &mut Host, _event: &HostEventKind) -> bool {
        false
    }

    fn handle_timeout(&mut self, cx: &mut Cx, host: &mut Host) {
        if let Some(alarm) = self.waiting.take_if(|alarm| alarm.at <= cx.now) {
            alarm.expire(cx);
            self.run(cx, host);
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.waiting.as_ref().map(|alarm| alarm.at)
    }
}
