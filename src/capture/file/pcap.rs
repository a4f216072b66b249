//! The pcap format (draft-ietf-opsawg-pcap): a file header of 24 bytes, then records of a header and a packet.

use std::io::Read;

use pcap_parser::{
    LegacyPcapBlock, PcapHeader, parse_pcap_frame, parse_pcap_frame_be, parse_pcap_frame_modified,
    parse_pcap_header,
};

use super::source::Source;
use super::{Damage, MAX_LEN, ReadError};
use crate::base::{LinkType, Time};
use crate::capture::packet::{Capture, Interface, Packet};

const HEADER_LEN: usize = 24;

/// What the first four bytes of a pcap file say about the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Format {
    big_endian: bool,
    nanoseconds: bool,
    /// Record headers are eight bytes longer (a variant that an old Linux libpcap wrote).
    modified: bool,
}

impl Format {
    /// The format of a file that starts so, if it is pcap.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        let (big_endian, nanoseconds, modified) = match start.get(..4)? {
            b"\xd4\xc3\xb2\xa1" => (false, false, false),
            b"\xa1\xb2\xc3\xd4" => (true, false, false),
            b"\x4d\x3c\xb2\xa1" => (false, true, false),
            b"\xa1\xb2\x3c\x4d" => (true, true, false),
            b"\x34\xcd\xb2\xa1" => (false, false, true),
            _ => return None,
        };
        Some(Self {
            big_endian,
            nanoseconds,
            modified,
        })
    }

    fn record_header_len(self) -> usize {
        if self.modified { 24 } else { 16 }
    }

    /// The captured length in the record header that `bytes` starts with.
    fn captured_len(self, bytes: &[u8]) -> u32 {
        let len = [bytes[8], bytes[9], bytes[10], bytes[11]];
        if self.big_endian {
            u32::from_be_bytes(len)
        } else {
            u32::from_le_bytes(len)
        }
    }

    /// The record in `bytes`, which must be whole.
    fn record(self, bytes: &[u8]) -> Option<LegacyPcapBlock<'_>> {
        let parse = match self {
            Self { modified: true, .. } => parse_pcap_frame_modified,
            Self {
                big_endian: true, ..
            } => parse_pcap_frame_be,
            _ => parse_pcap_frame,
        };
        parse(bytes).ok().map(|(_, record)| record)
    }

    fn packet(self, record: &LegacyPcapBlock<'_>) -> Packet {
        let unit = if self.nanoseconds { 1 } else { 1000 };
        let nanos = u64::from(record.ts_sec) * 1_000_000_000 + u64::from(record.ts_usec) * unit;
        Packet {
            time: Time(nanos),
            interface: 0,
            bytes: record.data.into(),
            original_len: record.origlen,
            direction: None,
            checksum_not_ready: false,
            dropped: 0,
            comments: Vec::new(),
        }
    }
}

/// Reads a pcap file.
pub(super) fn read<R: Read>(
    source: &mut Source<R>,
    format: Format,
) -> Result<(Capture, Damage), ReadError> {
    let available = source.fill(HEADER_LEN).map_err(ReadError::Read)?;
    let Ok((_, header)) = parse_pcap_header(source.peek()) else {
        return Err(ReadError::Damaged(format!(
            "the file ends at byte {available}, within its header of {HEADER_LEN} bytes"
        )));
    };
    if header.version_major != 2 {
        let found = format!("pcap {}.{}", header.version_major, header.version_minor);
        return Err(ReadError::Version(found, "2"));
    }
    source.take(HEADER_LEN);
    let mut capture = Capture {
        interfaces: vec![interface(&header)],
        ..Capture::default()
    };
    let mut damage = Damage::default();
    loop {
        match next(source, format) {
            Ok(Some(packet)) => capture.packets.push(packet),
            Ok(None) => break,
            Err(what) => {
                damage.note(capture.packets.len(), source.offset(), what);
                break;
            }
        }
    }
    Ok((capture, damage))
}

/// The next packet, none at the end of the file, or what is broken.
fn next<R: Read>(source: &mut Source<R>, format: Format) -> Result<Option<Packet>, String> {
    let header_len = format.record_header_len();
    let available = fill(source, header_len)?;
    if available == 0 {
        return Ok(None);
    }
    if available < header_len {
        return Err(format!(
            "the file ends {available} bytes into a packet's header of {header_len}"
        ));
    }
    let captured_len = format.captured_len(source.peek());
    if captured_len > MAX_LEN {
        return Err(format!(
            "a packet claims {captured_len} bytes, more than any capture holds: the file is broken here"
        ));
    }
    let len = header_len + captured_len as usize;
    let available = fill(source, len)?;
    if available < len {
        return Err(format!(
            "the file ends {} bytes into a packet of {captured_len}",
            available - header_len
        ));
    }
    let record = format.record(source.peek());
    let packet = record.map(|record| format.packet(&record));
    source.take(len);
    Ok(packet)
}

fn fill<R: Read>(source: &mut Source<R>, len: usize) -> Result<usize, String> {
    let filled = source.fill(len);
    filled.map_err(|error| format!("reading failed: {error}"))
}

/// The one interface that a pcap file is of. The link type's field says more in its upper bits: bit 26 that the frames
/// end with a frame check sequence, the top four how many 16-bit words it has.
fn interface(header: &PcapHeader) -> Interface {
    let field = header.network.0.cast_unsigned();
    let fcs_present = field & 0x0400_0000 != 0;
    Interface {
        name: None,
        link_type: LinkType((field & 0xffff) as u16),
        snap_len: header.snaplen,
        fcs_len: fcs_present.then_some(((field >> 28) * 2) as u8),
        comments: Vec::new(),
    }
}
