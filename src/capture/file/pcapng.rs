//! The pcapng format (draft-ietf-opsawg-pcapng): sections of blocks, each block with its type and its length twice.
//!
//! The frame of each block, and every number in an option, is read here; `pcap-parser` takes the blocks apart. (It
//! reads numbers in options as little-endian in big-endian sections too, and refuses resolutions that are powers of
//! two.)

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pcap_parser::{
    Block, DSB_MAGIC, DecryptionSecretsBlock, EPB_MAGIC, EnhancedPacketBlock, IDB_MAGIC,
    InterfaceDescriptionBlock, NRB_MAGIC, NameRecordType, NameResolutionBlock, PcapNGOption,
    SHB_MAGIC, SPB_MAGIC, SimplePacketBlock, parse_block_be, parse_block_le,
};

use super::source::Source;
use super::{Damage, MAX_LEN, ReadError};
use crate::base::{LinkType, Time};
use crate::capture::packet::{Capture, Direction, Interface, Packet, ResolvedName, Secrets};

mod bytes;
mod clock;

use bytes::{Bytes, Endian};
use clock::Clock;

/// Block type of the section header, the same in both byte orders.
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// Block type of the packet block that the enhanced one has replaced (appendix A of the draft).
const OBSOLETE_PACKET: u32 = 2;
/// The blocks that are read; all others (statistics, journals, custom ones) are passed over.
const READ: [u32; 7] = [
    SHB_MAGIC,
    IDB_MAGIC,
    OBSOLETE_PACKET,
    SPB_MAGIC,
    NRB_MAGIC,
    EPB_MAGIC,
    DSB_MAGIC,
];

const OPT_COMMENT: u16 = 1;
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const IF_FCSLEN: u16 = 13;
const IF_TSOFFSET: u16 = 14;
/// `epb_flags` and `pack_flags`.
const PACKET_FLAGS: u16 = 2;
const EPB_DROPCOUNT: u16 = 4;

/// True if a file that starts so is pcapng.
pub(super) fn starts(start: &[u8]) -> bool {
    start.starts_with(&SECTION_HEADER)
}

/// Reads a pcapng file.
pub(super) fn read<R: Read>(source: &mut Source<R>) -> Result<(Capture, Damage), ReadError> {
    let mut reader = Reader::default();
    let mut damage = Damage::default();
    loop {
        let read = reader.capture.packets.len();
        match next_len(source, reader.endian) {
            Ok(None) => break,
            Ok(Some((endian, len))) => {
                if let Err(what) = reader.block(endian, &source.peek()[..len]) {
                    if let Broken::Version(found) = what {
                        return Err(ReadError::Version(found, "1"));
                    }
                    damage.note(read, source.offset(), what);
                }
                source.take(len);
            }
            Err(what) => {
                damage.note(read, source.offset(), what);
                break;
            }
        }
    }
    Ok((reader.capture, damage))
}

/// What is wrong with a block whose frame is whole, so that reading can go on after it.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("pcapng {0}")]
    Version(String),
    #[error("a block of type {0:#010x} does not hold together; left out")]
    Block(u32),
    #[error("a packet names interface {0}, which the file does not describe; left out")]
    Interface(u32),
    #[error("a packet claims {claimed} bytes in a block with room for {room}; left out")]
    Packet { claimed: u32, room: usize },
}

/// The byte order and the length of the block that comes next, all of it in the source; none at the end of the file.
fn next_len<R: Read>(
    source: &mut Source<R>,
    endian: Endian,
) -> Result<Option<(Endian, usize)>, String> {
    let available = fill(source, 12)?;
    if available == 0 {
        return Ok(None);
    }
    if available < 12 {
        return Err(format!(
            "the file ends {available} bytes into a block's header of 12"
        ));
    }
    let endian = if starts(source.peek()) {
        Endian::of_section(source.peek()).ok_or("a section header has no byte-order magic")?
    } else {
        endian
    };
    let claimed = endian.u32(&source.peek()[4..]);
    if claimed < 12 || !claimed.is_multiple_of(4) {
        return Err(format!(
            "a block claims {claimed} bytes, which no block has: the file is broken here"
        ));
    }
    if claimed > MAX_LEN {
        return Err(format!(
            "a block claims {claimed} bytes, more than any capture holds: the file is broken here"
        ));
    }
    let len = claimed as usize;
    let available = fill(source, len)?;
    if available < len {
        return Err(format!(
            "the file ends {available} bytes into a block of {len}"
        ));
    }
    let again = endian.u32(&source.peek()[len - 4..]);
    if again != claimed {
        return Err(format!(
            "a block claims {claimed} bytes at its start and {again} at its end: the file is broken here"
        ));
    }
    Ok(Some((endian, len)))
}

fn fill<R: Read>(source: &mut Source<R>, len: usize) -> Result<usize, String> {
    let filled = source.fill(len);
    filled.map_err(|error| format!("reading failed: {error}"))
}

/// What is known while the blocks go by.
#[derive(Default)]
struct Reader {
    capture: Capture,
    endian: Endian,
    /// The interfaces of this section, which number from 0 in each.
    interfaces: Vec<SectionInterface>,
}

/// An interface as the packets of its section need it.
#[derive(Clone, Copy)]
struct SectionInterface {
    /// Its index in the capture.
    index: u32,
    snap_len: u32,
    clock: Clock,
}

impl Reader {
    /// Reads one block whose frame is whole.
    fn block(&mut self, endian: Endian, bytes: &[u8]) -> Result<(), Broken> {
        self.endian = endian;
        let parse = match endian {
            Endian::Little => parse_block_le,
            Endian::Big => parse_block_be,
        };
        let kind = endian.u32(bytes);
        if !READ.contains(&kind) {
            return Ok(());
        }
        let (_, block) = parse(bytes).map_err(|_| Broken::Block(kind))?;
        match block {
            Block::SectionHeader(section) => {
                if section.major_version != 1 {
                    let (major, minor) = (section.major_version, section.minor_version);
                    return Err(Broken::Version(format!("{major}.{minor}")));
                }
                self.interfaces.clear();
                self.capture.comments.extend(comments(&section.options));
            }
            Block::InterfaceDescription(interface) => self.interface(&interface),
            Block::EnhancedPacket(packet) => return self.enhanced_packet(&packet),
            Block::SimplePacket(packet) => return self.simple_packet(&packet),
            Block::NameResolution(names) => self.names(&names),
            Block::DecryptionSecrets(secrets) => self.secrets(&secrets),
            // Of the kinds that are read, only the obsolete packet is unknown to the parser.
            Block::Unknown(block) => return self.obsolete_packet(block.data),
            _ => {}
        }
        Ok(())
    }

    fn interface(&mut self, block: &InterfaceDescriptionBlock<'_>) {
        let options = &block.options;
        let offset = option(options, IF_TSOFFSET).and_then(|value| self.endian.i64(value));
        let resolution = option(options, IF_TSRESOL).and_then(|value| value.first());
        self.interfaces.push(SectionInterface {
            index: self.capture.interfaces.len() as u32,
            snap_len: block.snaplen,
            clock: Clock::new(resolution.copied(), offset),
        });
        self.capture.interfaces.push(Interface {
            name: option(options, IF_NAME).map(text),
            link_type: LinkType((block.linktype.0 & 0xffff) as u16),
            snap_len: block.snaplen,
            fcs_len: option(options, IF_FCSLEN).and_then(|value| value.first().copied()),
            comments: comments(options),
        });
    }

    fn enhanced_packet(&mut self, block: &EnhancedPacketBlock<'_>) -> Result<(), Broken> {
        let interface = self.section_interface(block.if_id)?;
        let dropped = option(&block.options, EPB_DROPCOUNT);
        let packet = Packet {
            time: interface.clock.time(block.ts_high, block.ts_low),
            interface: interface.index,
            bytes: data(block.data, block.caplen)?.into(),
            original_len: block.origlen,
            dropped: dropped.and_then(|d| self.endian.u64(d)).unwrap_or(0),
            ..self.described(&block.options)
        };
        self.capture.packets.push(packet);
        Ok(())
    }

    /// A simple packet has no time, belongs to the first interface and is cut at its snapshot length.
    fn simple_packet(&mut self, block: &SimplePacketBlock<'_>) -> Result<(), Broken> {
        let interface = self.section_interface(0)?;
        let cut = match interface.snap_len {
            0 => u32::MAX,
            snap_len => snap_len,
        };
        let packet = Packet {
            interface: interface.index,
            bytes: data(block.data, block.origlen.min(cut))?.into(),
            original_len: block.origlen,
            ..self.described(&[])
        };
        self.capture.packets.push(packet);
        Ok(())
    }

    fn obsolete_packet(&mut self, body: &[u8]) -> Result<(), Broken> {
        let broken = || Broken::Block(OBSOLETE_PACKET);
        let mut bytes = Bytes::new(body, self.endian);
        let id = bytes.u16().ok_or_else(broken)?;
        let drops = bytes.u16().ok_or_else(broken)?;
        let mut word = || bytes.u32().ok_or_else(broken);
        let (high, low, captured_len, original_len) = (word()?, word()?, word()?, word()?);
        let interface = self.section_interface(u32::from(id))?;
        let captured = data(bytes.rest(), captured_len)?;
        bytes.skip(captured.len().next_multiple_of(4));
        let options = bytes.options();
        let packet = Packet {
            time: interface.clock.time(high, low),
            interface: interface.index,
            bytes: captured.into(),
            original_len,
            // All ones: not known.
            dropped: if drops == u16::MAX { 0 } else { drops.into() },
            ..self.described(&options)
        };
        self.capture.packets.push(packet);
        Ok(())
    }

    fn section_interface(&self, id: u32) -> Result<SectionInterface, Broken> {
        let interface = self.interfaces.get(id as usize).copied();
        interface.ok_or(Broken::Interface(id))
    }

    /// A packet of which only what its options say is filled in.
    fn described(&self, options: &[PcapNGOption<'_>]) -> Packet {
        let flags = option(options, PACKET_FLAGS).and_then(|flags| self.endian.u32_option(flags));
        let flags = flags.unwrap_or(0);
        Packet {
            time: Time::ZERO,
            interface: 0,
            bytes: Vec::new().into(),
            original_len: 0,
            direction: match flags & 0b11 {
                1 => Some(Direction::Inbound),
                2 => Some(Direction::Outbound),
                _ => None,
            },
            checksum_not_ready: flags & (1 << 9) != 0,
            dropped: 0,
            comments: comments(options),
        }
    }

    fn names(&mut self, block: &NameResolutionBlock<'_>) {
        for record in &block.nr {
            if let Some(name) = resolved(record.record_type, record.record_value) {
                self.capture.names.push(name);
            }
        }
    }

    fn secrets(&mut self, block: &DecryptionSecretsBlock<'_>) {
        let len = block.data.len().min(block.secrets_len as usize);
        self.capture.secrets.push(Secrets {
            kind: block.secrets_type.0,
            data: block.data[..len].to_vec(),
        });
    }
}

/// The packet's bytes without their padding.
fn data(padded: &[u8], claimed: u32) -> Result<&[u8], Broken> {
    let room = padded.len();
    let bytes = padded.get(..claimed as usize);
    bytes.ok_or(Broken::Packet { claimed, room })
}

/// An address and its names, each of which ends with a zero byte; none for kinds of record that are not known.
fn resolved(kind: NameRecordType, value: &[u8]) -> Option<ResolvedName> {
    let (addr, names): (IpAddr, &[u8]) = match kind {
        NameRecordType::Ipv4 => {
            let (addr, names) = value.split_first_chunk::<4>()?;
            (Ipv4Addr::from(*addr).into(), names)
        }
        NameRecordType::Ipv6 => {
            let (addr, names) = value.split_first_chunk::<16>()?;
            (Ipv6Addr::from(*addr).into(), names)
        }
        _ => return None,
    };
    let names = names.split(|&byte| byte == 0);
    let names = names.filter(|name| !name.is_empty()).map(text).collect();
    Some(ResolvedName { addr, names })
}

/// The value of the first option with this code, before the end of the options.
fn option<'a>(options: &'a [PcapNGOption<'_>], code: u16) -> Option<&'a [u8]> {
    values(options, code).next()
}

fn comments(options: &[PcapNGOption<'_>]) -> Vec<String> {
    values(options, OPT_COMMENT).map(text).collect()
}

fn values<'a>(options: &'a [PcapNGOption<'_>], code: u16) -> impl Iterator<Item = &'a [u8]> {
    options
        .iter()
        .take_while(|option| option.code.0 != 0)
        .filter(move |option| option.code.0 == code)
        .filter_map(|option| option.as_bytes().ok())
}

/// Text as the file has it; some writers end it with a zero byte.
fn text(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |i| i + 1);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
