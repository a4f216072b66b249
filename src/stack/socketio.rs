//! Socket.IO 5 endpoints, sans-IO, over sessions of Engine.IO: [`Server`], with all its sockets, and
//! [`Client`].
//!
//! The protocol: <https://socket.io/docs/v4/socket-io-protocol/>.

mod client;
mod message;
mod server;

pub use client::{
    AckFailure, Client, ClientDisconnectReason, ClientEvent, ClientOptions, ConnectError, Emit,
    EmitError,
};
pub use message::{Args, DecodeError, Decoder, Whole};
pub use server::{
    Audience, DisconnectReason, Gone, Server, ServerEvent, ServerOptions, SocketId, Token,
};

use super::cx::Cx;
use super::record::{ConnId, Unit, What};
use crate::proto::socketio::{Packet, PacketType};

/// Records that a packet goes down: its data as JSON, then the packet.
fn record_down(cx: &mut Cx<'_>, conn: Option<ConnId>, packet: &Packet) {
    if cx.log.is_on() {
        record_json(cx, conn, What::Down, packet);
        record(cx, conn, What::Down, packet);
    }
}

/// Records that a packet comes up: the packet, then its data as JSON.
fn record_up(cx: &mut Cx<'_>, conn: Option<ConnId>, packet: &Packet) {
    if cx.log.is_on() {
        record(cx, conn, What::Up, packet);
        record_json(cx, conn, What::Up, packet);
    }
}

fn record(cx: &mut Cx<'_>, conn: Option<ConnId>, what: fn(Unit) -> What, packet: &Packet) {
    let mut info = format!(
        "{} {} {}",
        char::from(packet.kind.digit()),
        packet.kind.name(),
        packet.nsp
    );
    match packet.attachments {
        _ if !packet.kind.is_binary() => {}
        1 => info += ", 1 attachment",
        count => info += &format!(", {count} attachments"),
    }
    if let Some(id) = packet.id {
        info += &format!(", id {id}");
    }
    let (protocol, len) = ("socketio", packet.emit().len());
    let info = info.into();
    cx.step(
        5,
        conn,
        cite(packet.kind),
        what(Unit {
            protocol,
            len,
            info,
        }),
    );
}

fn record_json(cx: &mut Cx<'_>, conn: Option<ConnId>, what: fn(Unit) -> What, packet: &Packet) {
    let Some(data) = &packet.data else {
        return;
    };
    let shown: String = data.chars().take(SHOWN).collect();
    let cut = if shown.len() < data.len() { "…" } else { "" };
    let unit = Unit {
        protocol: "json",
        len: data.len(),
        info: format!("{shown}{cut}").into(),
    };
    cx.step(6, conn, "RFC 8259 §2", what(unit));
}

/// So much of a packet's JSON stands in its record.
const SHOWN: usize = 80;

/// The section of the protocol's text on this kind of packet.
fn cite(kind: PacketType) -> &'static str {
    match kind {
        PacketType::Connect | PacketType::ConnectError => {
            "Socket.IO protocol 5, Connection to a namespace"
        }
        PacketType::Disconnect => "Socket.IO protocol 5, Disconnection from a namespace",
        PacketType::Ack | PacketType::BinaryAck => "Socket.IO protocol 5, Acknowledgement",
        PacketType::Event | PacketType::BinaryEvent => {
            "Socket.IO protocol 5, Sending and receiving data"
        }
    }
}
