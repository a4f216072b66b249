//! Engine.IO 4 endpoints, sans-IO: [`Server`], with all its connections and sessions, and [`Client`], one session.
//!
//! The protocol: <https://socket.io/docs/v4/engine-io-protocol/>.

mod client;
mod server;

pub use client::{
    Client, ClientCloseReason, ClientError, ClientEvent, ClientOptions, ClientOrder, ClientState,
    ServerReason, Slot, Transports,
};
pub use server::{
    CloseReason, Opened, Order, Origins, Server, ServerEvent, ServerOptions, SessionId,
};

use super::cx::Cx;
use super::record::{ConnId, Unit, What};
use crate::proto::engineio::{PROBE, Packet, PacketType};

/// Records that a packet goes down or comes up.
fn record(cx: &mut Cx<'_>, conn: Option<ConnId>, what: fn(Unit) -> What, packet: &Packet) {
    if !cx.log.is_on() {
        return;
    }
    let (len, info) = match packet {
        Packet::Text(kind, text) => {
            let named = format!("{} {}", char::from(kind.digit()), kind.name());
            let shown: String = text.chars().take(SHOWN).collect();
            let cut = if shown.len() < text.len() { "…" } else { "" };
            (
                text.len() + 1,
                format!("{named} {shown}{cut}").trim_end().to_owned(),
            )
        }
        Packet::Binary(bytes) => (bytes.len(), format!("message of {} bytes", bytes.len())),
    };
    let protocol = "engineio";
    let info = info.into();
    cx.step(
        5,
        conn,
        cite(packet),
        what(Unit {
            protocol,
            len,
            info,
        }),
    );
}

/// So much of a packet's text stands in its record.
const SHOWN: usize = 60;

/// The section of the protocol's text on this packet.
fn cite(packet: &Packet) -> &'static str {
    match packet {
        Packet::Text(PacketType::Open, _) => "Engine.IO protocol 4, Handshake",
        Packet::Text(PacketType::Ping | PacketType::Pong, text) if text == PROBE => UPGRADE,
        Packet::Text(PacketType::Ping | PacketType::Pong, _) => HEARTBEAT,
        Packet::Text(PacketType::Upgrade | PacketType::Noop, _) => UPGRADE,
        _ => "Engine.IO protocol 4, Packet encoding",
    }
}

const HEARTBEAT: &str = "Engine.IO protocol 4, Heartbeat";
const UPGRADE: &str = "Engine.IO protocol 4, Upgrade";
