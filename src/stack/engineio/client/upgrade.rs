//! Going over from polling to WebSocket: the client tries it, pauses polling, and says so.

use super::{Client, ClientError, ClientEvent, ClientState, Slot, Transports, Way};
use crate::proto::engineio::{PROBE, Packet, PacketType, Transport};
use crate::stack::cx::Cx;
use crate::stack::engineio::UPGRADE;
use crate::stack::record::{ConnId, What};

/// How far the upgrade is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upgrade {
    /// None is under way.
    No,
    /// The WebSocket of this slot is opened and tried.
    Probing(Slot),
    /// It works: no new poll begins, and the one under way is waited for.
    Pausing(Slot),
}

impl Upgrade {
    /// Whether a poll may begin.
    pub fn leaves_polling(self) -> bool {
        !self.pauses()
    }

    /// Whether packets wait for the other transport.
    pub fn pauses(self) -> bool {
        matches!(self, Self::Pausing(_))
    }

    fn is_of(self, slot: Slot) -> bool {
        matches!(self, Self::Probing(own) | Self::Pausing(own) if own == slot)
    }
}

impl Client {
    /// Tries WebSocket, where both ends would use it.
    pub(super) fn probe(&mut self, cx: &mut Cx<'_>) {
        let is_offered = (self.handshake.as_ref())
            .is_some_and(|handshake| handshake.upgrades.iter().any(|name| name == "websocket"));
        let is_open = self.state == ClientState::Open;
        if self.options.transports == Transports::Upgrade && is_offered && is_open {
            let slot = self.open_websocket(cx);
            self.upgrade = Upgrade::Probing(slot);
        }
    }

    /// A WebSocket is open.
    pub(super) fn websocket_open(&mut self, cx: &mut Cx<'_>, slot: Slot) {
        if self.upgrade == Upgrade::Probing(slot) {
            let ping = Packet::Text(PacketType::Ping, PROBE.to_owned());
            self.send_frame(cx, Some(slot), ping);
        }
    }

    /// A packet came over the WebSocket that is tried.
    pub(super) fn take_probed(
        &mut self,
        cx: &mut Cx<'_>,
        slot: Slot,
        conn: Option<ConnId>,
        packet: Packet,
    ) {
        self.note(cx, conn, Transport::WebSocket, Way::Up, &packet);
        if self.upgrade != Upgrade::Probing(slot) {
            return;
        }
        if packet != Packet::Text(PacketType::Pong, PROBE.to_owned()) {
            return self.probe_failed(cx, slot, ClientError::new("probe error"));
        }
        let why =
            "the WebSocket works both ways: no new poll begins, and what is under way ends first";
        cx.step(5, conn, UPGRADE, What::Decided(why.into()));
        self.upgrade = Upgrade::Pausing(slot);
        self.pause_if_quiet(cx);
    }

    /// Goes over if polling is to pause, and nothing of it is under way any more.
    pub(super) fn pause_if_quiet(&mut self, cx: &mut Cx<'_>) {
        let Upgrade::Pausing(slot) = self.upgrade else {
            return;
        };
        if self.is_polling() || self.is_posting() {
            return;
        }
        let cause = cx.cause;
        self.upgrade = Upgrade::No;
        self.transport = Transport::WebSocket;
        self.websocket = Some(slot);
        if self.options.says_upgrade {
            let packet = Packet::Text(PacketType::Upgrade, String::new());
            self.send_frame(cx, Some(slot), packet);
        }
        self.events.push(cx, ClientEvent::Upgraded);
        cx.cause = cause;
        self.close_idle(cx);
        self.flush(cx);
        self.close_if_flushed(cx);
    }

    /// The WebSocket that is tried does not work: polling goes on.
    pub(super) fn probe_failed(&mut self, cx: &mut Cx<'_>, slot: Slot, error: ClientError) {
        if !self.upgrade.is_of(slot) || self.state == ClientState::Closed {
            return;
        }
        let had_paused = self.upgrade.pauses();
        self.upgrade = Upgrade::No;
        let why = format!("no upgrade, polling goes on: {error}");
        cx.step(5, self.conn(), UPGRADE, What::Decided(why.into()));
        self.events.push(cx, ClientEvent::UpgradeFailed(error));
        self.close_websocket(cx, slot);
        let cause = cx.cause;
        if had_paused && !self.is_polling() {
            self.poll(cx);
            cx.cause = cause;
        }
        self.flush(cx);
        self.close_if_flushed(cx);
    }
}
