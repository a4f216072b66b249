//! TCP options (RFC 9293 §3.2, RFC 7323, RFC 2018).

/// A TCP option. The end of the list (kind 0) and what follows it is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TcpOption {
    /// Kind 1: nothing, for alignment.
    Nop,
    /// Kind 2: the largest segment that the sender of this option wants to receive (RFC 9293 §3.7.1).
    Mss(u16),
    /// Kind 3: by how many bits windows are shifted (RFC 7323 §2.2).
    WindowScale(u8),
    /// Kind 4: selective acknowledgments are understood (RFC 2018 §2).
    SackPermitted,
    /// Kind 5: runs that came out of order, each as its first number and the one behind its last (RFC 2018 §3).
    Sack(Vec<(u32, u32)>),
    /// Kind 8: timestamps (RFC 7323 §3.2).
    Timestamps {
        /// TSval: the sender's clock.
        value: u32,
        /// TSecr: the clock reading of the other side that is echoed.
        echo_reply: u32,
    },
    /// Any other kind, or a known one whose length is not right, kept as it is.
    Unknown {
        /// The kind.
        kind: u8,
        /// What follows kind and length.
        data: Vec<u8>,
    },
}

impl TcpOption {
    /// Reads options up to their end, or up to one whose length cannot be.
    pub(super) fn parse_all(mut bytes: &[u8]) -> Vec<Self> {
        let mut options = Vec::new();
        while let Some((&kind, rest)) = bytes.split_first() {
            match kind {
                0 => break,
                1 => {
                    options.push(Self::Nop);
                    bytes = rest;
                }
                _ => {
                    let Some(len) = rest.first().map(|&len| usize::from(len)) else {
                        break;
                    };
                    let (Some(data), Some(next)) = (bytes.get(2..len), bytes.get(len..)) else {
                        break;
                    };
                    options.push(Self::parse(kind, data));
                    bytes = next;
                }
            }
        }
        options
    }

    fn parse(kind: u8, data: &[u8]) -> Self {
        let long = |bytes: &[u8]| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        match (kind, data) {
            (2, &[a, b]) => Self::Mss(u16::from_be_bytes([a, b])),
            (3, &[shift]) => Self::WindowScale(shift),
            (4, []) => Self::SackPermitted,
            (5, blocks) if !blocks.is_empty() && blocks.len().is_multiple_of(8) => {
                let pair = |block: &[u8]| (long(&block[..4]), long(&block[4..]));
                Self::Sack(blocks.chunks_exact(8).map(pair).collect())
            }
            (8, data) if data.len() == 8 => Self::Timestamps {
                value: long(&data[..4]),
                echo_reply: long(&data[4..]),
            },
            (kind, data) => Self::Unknown {
                kind,
                data: data.to_vec(),
            },
        }
    }

    /// The bytes that these options take, padded to a multiple of four.
    pub(super) fn emitted_len(options: &[Self]) -> usize {
        options
            .iter()
            .map(Self::len)
            .sum::<usize>()
            .next_multiple_of(4)
    }

    fn len(&self) -> usize {
        match self {
            Self::Nop => 1,
            Self::Mss(_) => 4,
            Self::WindowScale(_) => 3,
            Self::SackPermitted => 2,
            Self::Sack(blocks) => 2 + 8 * blocks.len(),
            Self::Timestamps { .. } => 10,
            Self::Unknown { data, .. } => 2 + data.len(),
        }
    }

    /// Appends the options as bytes, without padding.
    pub(super) fn emit_all(options: &[Self], out: &mut Vec<u8>) {
        for option in options {
            let len = option.len() as u8;
            match option {
                Self::Nop => out.push(1),
                Self::Mss(mss) => {
                    out.extend_from_slice(&[2, len]);
                    out.extend_from_slice(&mss.to_be_bytes());
                }
                Self::WindowScale(shift) => out.extend_from_slice(&[3, len, *shift]),
                Self::SackPermitted => out.extend_from_slice(&[4, len]),
                Self::Sack(blocks) => {
                    out.extend_from_slice(&[5, len]);
                    for (left, right) in blocks {
                        out.extend_from_slice(&left.to_be_bytes());
                        out.extend_from_slice(&right.to_be_bytes());
                    }
                }
                Self::Timestamps { value, echo_reply } => {
                    out.extend_from_slice(&[8, len]);
                    out.extend_from_slice(&value.to_be_bytes());
                    out.extend_from_slice(&echo_reply.to_be_bytes());
                }
                Self::Unknown { kind, data } => {
                    out.extend_from_slice(&[*kind, len]);
                    out.extend_from_slice(data);
                }
            }
        }
    }
}
