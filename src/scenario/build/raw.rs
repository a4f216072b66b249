//! Programs that make segments up.

use std::net::{SocketAddr, SocketAddrV4};

use crate::base::NodeId;
use crate::proto::tcp::TcpFlags;
use crate::scenario::format::{self, Flag};
use crate::scenario::read::At;
use crate::scenario::values::{Number, Target};
use crate::sim::spec;

use super::{Builder, tables};

impl Builder<'_, '_> {
    pub(super) fn raw_tcp(
        &mut self,
        on: Option<NodeId>,
        app: &format::RawTcp,
    ) -> Option<spec::RawTcp> {
        // Who the segments say they come from need not be reachable, nor be there at all.
        let (from, to) = (self.target(None, &app.from), self.target(on, &app.to));
        let from = self.over_ipv4(from?, &app.from)?;
        let to = self.over_ipv4(to?, &app.to)?;
        let mut segments = Vec::new();
        for segment in tables(&app.segment) {
            segments.push(raw_segment(segment)?);
        }
        if segments.is_empty() {
            self.note(
                &app.segment.span,
                "which segments?",
                "an empty list sends nothing",
            );
        }
        Some(spec::RawTcp { from, to, segments })
    }

    fn over_ipv4(&mut self, target: SocketAddr, at: &At<Target>) -> Option<SocketAddrV4> {
        if let SocketAddr::V4(target) = target {
            return Some(target);
        }
        let message = "segments are made up over IPv4 alone";
        self.note(&at.span, message, "an IPv4 address belongs here");
        None
    }
}

fn raw_segment(segment: &format::RawSegment) -> Option<spec::RawSegment> {
    let flags = tables(&segment.flags).map(|flag| bit(*flag));
    Some(spec::RawSegment {
        after: segment.after.value?,
        flags: flags.fold(TcpFlags::default(), |all, flag| all | flag),
        seq: segment.seq.value?.narrow(),
        ack: segment.ack.value?.narrow(),
        window: segment.window.value.map(Number::narrow)?,
        text: segment.text.value.clone()?,
        count: segment.count.value?.narrow(),
        every: segment.every.value?,
        step_seq: segment.step_seq.value?.narrow(),
        step_address: segment.step_address.value?.narrow(),
        step_port: segment.step_port.value?.narrow(),
    })
}

fn bit(flag: Flag) -> TcpFlags {
    match flag {
        Flag::Syn => TcpFlags::SYN,
        Flag::Ack => TcpFlags::ACK,
        Flag::Psh => TcpFlags::PSH,
        Flag::Fin => TcpFlags::FIN,
        Flag::Rst => TcpFlags::RST,
        Flag::Urg => TcpFlags::URG,
    }
}
