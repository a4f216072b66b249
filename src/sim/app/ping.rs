//! `ping`: ICMP echo requests, one after the other.

use std::net::IpAddr;
use std::time::Duration;

use super::script::{SCENARIO, alarm};
use super::{Program, reason};
use crate::base::Time;
use crate::sim::spec;
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;
use crate::stack::host::{Host, HostEventKind};
use crate::stack::record::What;

/// Sends echo requests and tells of the replies.
pub struct Ping {
    to: IpAddr,
    count: u16,
    interval: Duration,
    size: usize,
    identifier: u16,
    /// When each request was sent, by its sequence number less 1.
    sent: Vec<Time>,
    next: Option<Alarm>,
}

impl Ping {
    /// Asks whom it is to ask. `identifier` tells its replies from those of others on the same host.
    pub fn new(spec: &spec::Ping, identifier: u16) -> Self {
        Self {
            to: spec.to,
            count: spec.count,
            interval: spec.interval,
            size: spec.size,
            identifier,
            sent: Vec::new(),
            next: None,
        }
    }

    fn send(&mut self, cx: &mut Cx, host: &mut Host) {
        let trigger = cx.cause;
        self.sent.push(cx.now);
        let sequence = self.sent.len() as u16;
        let call = format!("echo request to {}, sequence {sequence}", self.to);
        cx.step(7, None, SCENARIO, What::AppCall(call.into()));
        if let Err(error) = host.ping(cx, self.to, self.identifier, sequence, &pattern(self.size)) {
            cx.step(7, None, SCENARIO, What::AppEvent(error.to_string().into()));
        }
        cx.cause = trigger;
        if sequence < self.count {
            self.next = Some(alarm(cx, None, "ping interval", self.interval));
        }
    }
}

impl Ping {
    /// How long ago the request with this sequence number was sent.
    fn since(&self, now: Time, sequence: u16) -> Duration {
        let sent = self.sent.get(usize::from(sequence).wrapping_sub(1));
        sent.map_or(Duration::ZERO, |&sent| now.since(sent))
    }
}

impl Program for Ping {
    fn start(&mut self, cx: &mut Cx, host: &mut Host) {
        if self.count > 0 {
            self.send(cx, host);
        }
    }

    fn handle_event(&mut self, cx: &mut Cx, _host: &mut Host, event: &HostEventKind) -> bool {
        let text = match *event {
            HostEventKind::EchoReply {
                from,
                identifier,
                sequence,
                ..
            } if identifier == self.identifier => {
                let after = self.since(cx.now, sequence);
                format!("echo reply from {from}, sequence {sequence}, after {after:?}")
            }
            HostEventKind::EchoUnreachable {
                to,
                identifier,
                sequence,
                why,
            } if identifier == self.identifier => {
                format!(
                    "no echo reply from {to}, sequence {sequence}: {}",
                    reason(why)
                )
            }
            _ => return false,
        };
        cx.step(7, None, SCENARIO, What::AppEvent(text.into()));
        true
    }

    fn handle_timeout(&mut self, cx: &mut Cx, host: &mut Host) {
        if let Some(alarm) = self.next.take_if(|alarm| alarm.at <= cx.now) {
            alarm.expire(cx);
            self.send(cx, host);
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.next.as_ref().map(|alarm| alarm.at)
    }
}

/// The data of a request: bytes that count up.
fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|index| index as u8).collect()
}
