//! Which options this TCP sends, and what it makes of those that come.

use std::net::IpAddr;

use super::seq::Seq;
use crate::proto::tcp::{TcpHeader, TcpOption};

/// The largest segment to assume of a peer that names none (RFC 9293 §3.7.1).
pub fn default_mss(peer: IpAddr) -> u16 {
    if peer.is_ipv4() { 536 } else { 1220 }
}

/// The length of the headers of IP and TCP without options, in bytes: what an MSS is less than an MTU (RFC 9293 §3.7.1).
pub fn header_len(ip: IpAddr) -> u16 {
    if ip.is_ipv4() { 40 } else { 60 }
}

/// The largest shift count (RFC 7323 §2.3).
pub const MAX_WIND_SHIFT: u8 = 14;

/// The options of one segment, by their meaning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// MSS.
    pub mss: Option<u16>,
    /// Window scale.
    pub wind_shift: Option<u8>,
    /// SACK-permitted.
    pub sack_permitted: bool,
    /// TSval and TSecr.
    pub timestamps: Option<(u32, u32)>,
    /// The blocks of SACK.
    pub sack: Vec<(Seq, Seq)>,
}

impl Options {
    /// What the peer reports to have come twice, in a segment that acknowledges `ack`: the first block, if it lies
    /// before that or within the second block (RFC 2883 §4).
    pub fn duplicate(&self, ack: Seq) -> Option<(Seq, Seq)> {
        let &(start, end) = self.sack.first()?;
        let within = |&(from, to): &(Seq, Seq)| from.le(start) && end.le(to);
        (end.le(ack) || self.sack.get(1).is_some_and(within)).then_some((start, end))
    }

    /// Reads the options of a segment. Unknown ones are ignored (RFC 9293 §3.2, MUST-6); of two of a kind the last
    /// counts.
    pub fn read(header: &TcpHeader) -> Self {
        let mut options = Self::default();
        for option in &header.options {
            match option {
                TcpOption::Mss(mss) => options.mss = Some(*mss),
                TcpOption::WindowScale(shift) => {
                    options.wind_shift = Some(*shift.min(&MAX_WIND_SHIFT));
                }
                TcpOption::SackPermitted => options.sack_permitted = true,
                TcpOption::Timestamps { value, echo_reply } => {
                    options.timestamps = Some((*value, *echo_reply));
                }
                TcpOption::Sack(blocks) => {
                    options.sack = blocks.iter().map(|&(l, r)| (Seq(l), Seq(r))).collect();
                }
                TcpOption::Nop | TcpOption::Unknown { .. } => {}
            }
        }
        options
    }

    /// The options in the order in which Linux writes them: on a SYN MSS, SACK-permitted, timestamps, NOP, window
    /// scale; elsewhere NOP, NOP, timestamps, and NOP, NOP, SACK.
    pub fn write(&self) -> Vec<TcpOption> {
        let mut list = Vec::new();
        let syn = self.mss.is_some();
        list.extend(self.mss.map(TcpOption::Mss));
        match (syn, self.sack_permitted, self.timestamps.is_some()) {
            (true, true, true) => list.push(TcpOption::SackPermitted),
            (true, true, false) => {
                list.extend([TcpOption::Nop, TcpOption::Nop, TcpOption::SackPermitted])
            }
            (_, _, true) => list.extend([TcpOption::Nop, TcpOption::Nop]),
            (_, _, false) => {}
        }
        list.extend(
            self.timestamps
                .map(|(value, echo_reply)| TcpOption::Timestamps { value, echo_reply }),
        );
        if let Some(shift) = self.wind_shift {
            list.extend([TcpOption::Nop, TcpOption::WindowScale(shift)]);
        }
        if !self.sack.is_empty() {
            let blocks = self.sack.iter().map(|&(l, r)| (l.0, r.0)).collect();
            list.extend([TcpOption::Nop, TcpOption::Nop, TcpOption::Sack(blocks)]);
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::Options;
    use crate::proto::tcp::TcpHeader;

    #[test]
    fn a_syn_is_as_long_as_linux_makes_it() {
        let len = |options: Options| {
            let options = options.write();
            let header = TcpHeader {
                options,
                ..TcpHeader::default()
            };
            header.header_len()
        };
        let syn = Options {
            mss: Some(1460),
            wind_shift: Some(7),
            sack_permitted: true,
            timestamps: Some((1, 0)),
            sack: Vec::new(),
        };
        assert_eq!(len(syn), 40);
        let data = Options {
            timestamps: Some((1, 2)),
            ..Options::default()
        };
        assert_eq!(len(data), 32);
    }
}
