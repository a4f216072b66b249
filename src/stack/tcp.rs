//! TCP (RFC 9293), sans-IO: segments in, segments out, next timer. It knows no packets, frames or clocks.
//!
//! - [`Endpoint`]: the TCP of one host: its listeners, its connections, and whose segment is whose.
//! - [`Connection`]: one end of one connection; usable alone.
//! - `arrives`: SEGMENT ARRIVES (§3.10.7), one function a step; `user`: the application's calls (§3.10.1 to §3.10.5);
//!   `timeouts` (§3.10.8); `output`: what is sent, and how a segment is formed.
//! - `challenge`: how often what is not taken is answered (RFC 5961).
//! - `waiting`: what is not sent at once: delayed acknowledgments, the Nagle algorithm.
//! - `ecn`: explicit congestion notification (RFC 3168).
//! - `patience`: how long a silent peer is waited for: keep-alive, user time-out, FIN-WAIT-2.
//! - `send`, `receive`: the two sequence spaces with their buffers; `rto` (RFC 6298), `timers`, `options`, `isn`
//!   (RFC 6528), `seq`.
//! - `congestion`: how much may be under way, by Reno or CUBIC; `recovery`: how a loss is found and mended, with the
//!   `scoreboard` of what arrived; `rack`: RACK-TLP (RFC 8985); `prr`: proportional rate
//!   reduction (RFC 9937).
//!
//! What is left out, and what a learner would notice: urgent data are taken, but never sent.

mod arrives;
mod challenge;
mod config;
mod congestion;
mod connection;
mod ecn;
mod endpoint;
mod isn;
mod options;
mod output;
mod patience;
mod prr;
mod rack;
mod receive;
mod recovery;
mod rto;
mod scoreboard;
mod segment;
mod send;
mod seq;
mod timeouts;
mod timers;
mod user;
mod waiting;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

pub use config::TcpConfig;
pub use congestion::CongestionAlgorithm;
pub use connection::{Connection, Opening};
pub use ecn::{CE, ECT_0, NOT_ECT};
pub(super) use endpoint::unit;
pub use endpoint::{ConnectError, Endpoint, ListenError};
pub use isn::SecretKey;
pub use seq::Seq;

use crate::base::RecordId;
use crate::proto::tcp::TcpHeader;
use crate::stack::record::ConnId;

/// A segment that TCP hands to the layer below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// From which address.
    pub local: IpAddr,
    /// To which address.
    pub remote: IpAddr,
    /// The header.
    pub header: TcpHeader,
    /// The ECN field of its packet (RFC 3168 §5): [`NOT_ECT`] or [`ECT_0`].
    pub ecn: u8,
    /// The data.
    pub text: Vec<u8>,
    /// The record of its forming.
    pub cause: Option<RecordId>,
}

/// What TCP tells the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An active OPEN succeeded.
    Connected(ConnId),
    /// A connection to a listening port was established.
    Accepted {
        /// The port.
        listener: u16,
        /// The new connection.
        conn: ConnId,
    },
    /// There is more to read.
    Readable(ConnId),
    /// The peer has sent urgent data ahead of what was read; they come in line (RFC 6093).
    Urgent(ConnId),
    /// There is room to write again, after a write found none.
    Writable(ConnId),
    /// The peer has closed its sending side: what is readable is all that will come.
    PeerClosed(ConnId),
    /// The peer reset the connection.
    Reset(ConnId),
    /// The peer refused the connection.
    Refused(ConnId),
    /// The peer did not answer until the connection was given up.
    TimedOut(ConnId),
    /// The peer cannot be reached.
    Unreachable(ConnId, Unreachable),
    /// The connection is over, as both ends wanted or as the application asked.
    Closed(ConnId),
}

/// Why a peer cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreachable {
    /// There is no way to its network.
    Net,
    /// There is no way to it, or it does not answer ARP.
    Host,
    /// It does not speak the protocol.
    Protocol,
    /// It does not listen on the port.
    Port,
    /// The packet is too big for a hop on the way.
    TooBig {
        /// The largest packet of that hop.
        mtu: u16,
    },
    /// Its time to live ran out on the way.
    TimeExceeded,
    /// Any other reason.
    Other,
}
