//! HTTP/1.1 endpoints (RFC 9112), sans-IO: [`Client`] and [`Server`], each for one connection.
//!
//! Both are used alike, over any carrier of bytes:
//!
//! 1. verbs: [`Client::request`], [`Server::respond`];
//! 2. what arrives: `handle_input` for bytes, in any cuts, and `handle_end` when the peer will send no more;
//! 3. after each of these, until they are empty: `poll_transmit` for bytes to hand to the carrier, one message an item,
//!    and `poll_event` for the application.
//!
//! Both polls put the record that made the item in place of `cx.cause`, so that the carrier's and the application's
//! own records follow from it. An event `Disconnect` asks for the carrier to be closed; it comes last.
//!
//! Left out: requests are not pipelined (the next one waits for the response), bodies are sent with `Content-Length`
//! and never chunked, and no time-out ends a connection on which nothing happens.

mod client;
mod reader;
mod server;
#[cfg(test)]
mod tests;

pub use client::{Client, ClientEvent};
pub(super) use reader::Reader;
pub use reader::{MAX_BODY, ReadError};
pub use server::{Server, ServerEvent};

use super::record::Unit;
use crate::proto::http::Headers;
use crate::proto::http::Version;

/// The unit of a message as the records tell it.
pub(super) fn unit(line: String, len: usize) -> Unit {
    Unit {
        protocol: "http",
        len,
        info: line.into(),
    }
}

/// Whether the connection goes on after this message (RFC 9112 §9.3).
fn persists(version: Version, headers: &Headers) -> bool {
    if headers.has("Connection", "close") {
        return false;
    }
    version >= Version::Http11 || headers.has("Connection", "keep-alive")
}
