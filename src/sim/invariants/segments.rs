//! What must hold of every segment that a host puts on the wire.

use std::fmt;

use super::Invariant;
use super::changes::vars_in_words;
use crate::proto::tcp::{TcpFlags, TcpHeader, TcpOption};
use crate::sim::spec::Host;
use crate::stack::record::TcpVars;
use crate::stack::tcp::Seq;

/// A segment on the wire.
#[derive(Debug)]
pub struct Sent<'a> {
    /// Its header.
    pub header: &'a TcpHeader,
    /// Its data.
    pub text: &'a [u8],
    /// The length of its packet.
    pub packet_len: usize,
    /// Who sends it.
    pub host: &'a Host,
    /// The connection that it is of, and the furthest right edge of the window that the peer has offered it.
    pub conn: Option<(&'a TcpVars, Seq)>,
    /// The MSS that the peer's SYN asked for.
    pub peer_mss: Option<u16>,
    /// The last TSval that went this way.
    pub last_tsval: Option<u32>,
}

impl Sent<'_> {
    fn has(&self, flags: TcpFlags) -> bool {
        self.header.flags.has(flags)
    }

    fn end(&self) -> Seq {
        let bit = |flag| u32::from(self.has(flag));
        let len = self.text.len() as u32 + bit(TcpFlags::SYN) + bit(TcpFlags::FIN);
        Seq(self.header.sequence_number) + len
    }

    /// The TSval of its timestamps option.
    pub(super) fn tsval(&self) -> Option<u32> {
        self.header.options.iter().find_map(|option| match option {
            TcpOption::Timestamps { value, .. } => Some(*value),
            _ => None,
        })
    }
}

/// The segment, and the variables of its connection.
impl fmt::Display for Sent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TcpHeader {
            flags,
            sequence_number,
            acknowledgment_number,
            options,
            ..
        } = self.header;
        let len = self.text.len();
        write!(
            f,
            "[{flags}] seq {sequence_number} ack {acknowledgment_number}, {len} bytes, options {options:?}, peer's \
             MSS {:?}",
            self.peer_mss
        )?;
        if let Some((vars, edge)) = self.conn {
            let iss = vars.iss.unwrap_or(0);
            write!(f, "; ISS {iss}, window to {}; ", edge - Seq(iss))?;
            vars_in_words(vars, f)?;
        }
        Ok(())
    }
}

/// Whether something holds of a segment.
pub type OnSegment = fn(&Sent<'_>) -> bool;

/// The MSS that a SYN asks for; `None` if this is no SYN (RFC 9293 §3.7.1 for one that does not say).
pub(super) fn mss_of(header: &TcpHeader) -> Option<u16> {
    let of = |option: &TcpOption| match option {
        TcpOption::Mss(mss) => Some(*mss),
        _ => None,
    };
    let said = header.options.iter().find_map(of).unwrap_or(536);
    header.flags.has(TcpFlags::SYN).then_some(said)
}

/// On each segment.
pub const SEGMENTS: &[Invariant<OnSegment>] = &[
    Invariant {
        says: "no packet is larger than the MTU",
        cite: "RFC 9293 §3.7.1",
        holds: |s| s.packet_len <= usize::from(s.host.mtu),
    },
    Invariant {
        says: "data and options fit the MSS that the peer asked for",
        cite: "RFC 9293 §3.7.1 (MUST-16), RFC 6691 §2",
        holds: |s| {
            let options = s.header.header_len() - TcpHeader::LEN;
            // Of an MSS that has no room beside the options, one byte is sent all the same.
            let most = usize::from(s.peer_mss.unwrap_or(536)).max(options + 1);
            s.text.is_empty() || s.text.len() + options <= most
        },
    },
    Invariant {
        says: "a segment of no connection is a RST, or a SYN cookie",
        cite: "RFC 9293 §3.10.7.1, RFC 4987 §3.6",
        holds: |s| {
            let cookie = s.has(TcpFlags::SYN | TcpFlags::ACK) && s.host.tcp.syn_cookies;
            s.conn.is_some() || s.has(TcpFlags::RST) || cookie
        },
    },
    Invariant {
        says: "what is sent lies between ISS and SND.NXT",
        cite: "RFC 9293 §3.4",
        holds: |s| match s.conn.filter(|_| !s.has(TcpFlags::RST)) {
            Some((vars, _)) => {
                let (iss, nxt) = (
                    vars.iss.unwrap_or_default(),
                    vars.snd_nxt.unwrap_or_default(),
                );
                Seq(iss).le(Seq(s.header.sequence_number)) && s.end().le(Seq(nxt))
            }
            None => true,
        },
    },
    Invariant {
        says: "no data lie more than a probe's byte beyond the furthest window that the peer has offered",
        cite: "RFC 9293 §3.8.6",
        holds: |s| match s
            .conn
            .filter(|_| !s.has(TcpFlags::SYN) && !s.text.is_empty())
        {
            Some((_, edge)) => s.end().le(edge + 1),
            None => true,
        },
    },
    Invariant {
        says: "SEG.ACK =< RCV.NXT: nothing is acknowledged that has not come",
        cite: "RFC 9293 §3.4",
        holds: |s| {
            let rcv_nxt = s.conn.and_then(|(vars, _)| vars.rcv_nxt);
            match rcv_nxt.filter(|_| s.has(TcpFlags::ACK)) {
                Some(rcv_nxt) => Seq(s.header.acknowledgment_number).le(Seq(rcv_nxt)),
                None => true,
            }
        },
    },
    Invariant {
        says: "SACK blocks behind the first tell of what lies behind SEG.ACK",
        cite: "RFC 2018 §4",
        holds: |s| {
            let ack = Seq(s.header.acknowledgment_number);
            s.header.options.iter().all(|option| match option {
                TcpOption::Sack(blocks) => {
                    let right =
                        |&(left, right): &(u32, u32)| ack.lt(Seq(left)) && Seq(left).lt(Seq(right));
                    // The first may tell of what came twice (RFC 2883 §4).
                    blocks.iter().skip(1).all(right)
                }
                _ => true,
            })
        },
    },
    Invariant {
        says: "TSval never goes back",
        cite: "RFC 7323 §5.4",
        holds: |s| match s.last_tsval.zip(s.tsval()) {
            Some((last, now)) => Seq(last).le(Seq(now)),
            None => true,
        },
    },
];
