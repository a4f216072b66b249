//! Numbers in the byte order of a section.

use pcap_parser::{PcapNGOption, parse_option_be, parse_option_le};

/// The byte order of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Endian {
    #[default]
    Little,
    Big,
}

impl Endian {
    /// The byte order that the section header in `block` states; none if it states neither.
    pub(super) fn of_section(block: &[u8]) -> Option<Self> {
        match block.get(8..12)? {
            b"\x4d\x3c\x2b\x1a" => Some(Self::Little),
            b"\x1a\x2b\x3c\x4d" => Some(Self::Big),
            _ => None,
        }
    }

    /// The number that `bytes`, which has at least four, starts with.
    pub(super) fn u32(self, bytes: &[u8]) -> u32 {
        let four = [bytes[0], bytes[1], bytes[2], bytes[3]];
        match self {
            Self::Little => u32::from_le_bytes(four),
            Self::Big => u32::from_be_bytes(four),
        }
    }

    /// The number that an option's value is; none if it has another length.
    pub(super) fn u32_option(self, value: &[u8]) -> Option<u32> {
        (value.len() == 4).then(|| self.u32(value))
    }

    /// The number that an option's value is; none if it has another length.
    pub(super) fn u64(self, value: &[u8]) -> Option<u64> {
        let eight = value.try_into().ok()?;
        Some(match self {
            Self::Little => u64::from_le_bytes(eight),
            Self::Big => u64::from_be_bytes(eight),
        })
    }

    /// The signed number that an option's value is; none if it has another length.
    pub(super) fn i64(self, value: &[u8]) -> Option<i64> {
        self.u64(value).map(u64::cast_signed)
    }
}

/// Bytes that are read from front to back.
pub(super) struct Bytes<'a> {
    bytes: &'a [u8],
    endian: Endian,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8], endian: Endian) -> Self {
        Self { bytes, endian }
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        let (two, rest) = self.bytes.split_first_chunk::<2>()?;
        self.bytes = rest;
        Some(match self.endian {
            Endian::Little => u16::from_le_bytes(*two),
            Endian::Big => u16::from_be_bytes(*two),
        })
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        let (four, rest) = self.bytes.split_first_chunk::<4>()?;
        self.bytes = rest;
        Some(self.endian.u32(four))
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn skip(&mut self, len: usize) {
        self.bytes = self.bytes.get(len..).unwrap_or_default();
    }

    /// The options that the rest is.
    pub(super) fn options(&self) -> Vec<PcapNGOption<'a>> {
        let parse = match self.endian {
            Endian::Little => parse_option_le::<pcap_parser::PcapError<&[u8]>>,
            Endian::Big => parse_option_be,
        };
        let mut options = Vec::new();
        let mut rest = self.bytes;
        while let Ok((after, option)) = parse(rest) {
            options.push(option);
            rest = after;
        }
        options
    }
}
