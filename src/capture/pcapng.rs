//! Writing pcapng (draft-ietf-opsawg-pcapng): little-endian, times in nanoseconds.
//!
//! Every block goes out whole, and [`Writer::flush`] hands it to the operating system, so that a file whose writer is
//! killed can be read up to its last packet.

mod block;
#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::io::{self, Write};
use std::net::IpAddr;

use super::packet::{Capture, Direction, Interface, Packet, ResolvedName, Secrets};
use crate::base::Time;
use block::Block;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const NAME_RESOLUTION: u32 = 4;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;

const OPT_COMMENT: u16 = 1;
const SHB_USERAPPL: u16 = 4;
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const IF_FCSLEN: u16 = 13;
const EPB_FLAGS: u16 = 2;
const EPB_DROPCOUNT: u16 = 4;
const ISB_IFRECV: u16 = 4;
const ISB_OSDROP: u16 = 7;

/// Writes a whole capture.
pub fn write(out: impl Write, capture: &Capture) -> io::Result<()> {
    write_packets(out, capture, capture.packets.iter())
}

/// Writes a capture with these packets in place of its own, each as it comes.
pub fn write_packets<P: Borrow<Packet>>(
    out: impl Write,
    capture: &Capture,
    packets: impl Iterator<Item = P>,
) -> io::Result<()> {
    let mut writer = Writer::new(out, &capture.comments)?;
    for interface in &capture.interfaces {
        writer.interface(interface)?;
    }
    // Secrets come before the packets that they decrypt.
    for secrets in &capture.secrets {
        writer.secrets(secrets)?;
    }
    writer.names(&capture.names)?;
    for packet in packets {
        writer.packet(packet.borrow())?;
    }
    writer.flush()
}

/// A pcapng file that is being written: first the interfaces, then what was seen on them.
pub struct Writer<W: Write> {
    out: W,
    interfaces: u32,
}

impl<W: Write> Writer<W> {
    /// Starts a file, with comments on all of it.
    pub fn new(out: W, comments: &[String]) -> io::Result<Self> {
        let mut block = Block::new(SECTION_HEADER);
        block.u32(0x1a2b_3c4d);
        block.u16(1);
        block.u16(0);
        // The section's length: not known.
        block.u64(u64::MAX);
        block.texts(OPT_COMMENT, comments);
        let program = concat!("layerwalk ", env!("CARGO_PKG_VERSION"));
        block.option(SHB_USERAPPL, program.as_bytes());
        let mut writer = Self { out, interfaces: 0 };
        writer.block(block)?;
        Ok(writer)
    }

    /// Adds an interface, and returns the number that its packets name it by (0, 1, 2 and so on).
    pub fn interface(&mut self, interface: &Interface) -> io::Result<u32> {
        let mut block = Block::new(INTERFACE_DESCRIPTION);
        block.u16(interface.link_type.0);
        block.u16(0);
        block.u32(interface.snap_len);
        block.texts(OPT_COMMENT, &interface.comments);
        if let Some(name) = &interface.name {
            block.option(IF_NAME, name.as_bytes());
        }
        block.option(IF_TSRESOL, &[9]);
        if let Some(fcs_len) = interface.fcs_len {
            block.option(IF_FCSLEN, &[fcs_len]);
        }
        self.block(block)?;
        self.interfaces += 1;
        Ok(self.interfaces - 1)
    }

    /// Adds a packet. Its interface must have been added, or it is `InvalidInput`: nobody could read the file.
    pub fn packet(&mut self, packet: &Packet) -> io::Result<()> {
        if packet.interface >= self.interfaces {
            let what = format!("the packet's interface {} is not there", packet.interface);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let mut block = Block::new(ENHANCED_PACKET);
        block.u32(packet.interface);
        block.time(packet.time);
        block.u32(packet.bytes.len() as u32);
        block.u32(packet.original_len);
        block.padded(&packet.bytes);
        block.texts(OPT_COMMENT, &packet.comments);
        if let Some(flags) = flags(packet) {
            block.option(EPB_FLAGS, &flags.to_le_bytes());
        }
        if packet.dropped > 0 {
            block.option(EPB_DROPCOUNT, &packet.dropped.to_le_bytes());
        }
        self.block(block)
    }

    /// Adds secrets with which the packets after them can be decrypted.
    pub fn secrets(&mut self, secrets: &Secrets) -> io::Result<()> {
        let mut block = Block::new(DECRYPTION_SECRETS);
        block.u32(secrets.kind);
        block.u32(secrets.data.len() as u32);
        block.padded(&secrets.data);
        self.block(block)
    }

    /// Adds names of addresses; nothing if there are none.
    pub fn names(&mut self, names: &[ResolvedName]) -> io::Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        let mut block = Block::new(NAME_RESOLUTION);
        for name in names {
            let mut record = Vec::new();
            let kind = match name.addr {
                IpAddr::V4(addr) => {
                    record.extend(addr.octets());
                    1
                }
                IpAddr::V6(addr) => {
                    record.extend(addr.octets());
                    2
                }
            };
            for name in &name.names {
                record.extend(name.as_bytes());
                record.push(0);
            }
            block.option(kind, &record);
        }
        // The record that ends the records; the end of the options that follow is another.
        block.u32(0);
        self.block(block)
    }

    /// Adds what an interface counted until `time`: packets received, and packets that the system had to drop.
    pub fn statistics(
        &mut self,
        interface: u32,
        time: Time,
        received: u64,
        dropped: u64,
    ) -> io::Result<()> {
        let mut block = Block::new(INTERFACE_STATISTICS);
        block.u32(interface);
        block.time(time);
        block.option(ISB_IFRECV, &received.to_le_bytes());
        block.option(ISB_OSDROP, &dropped.to_le_bytes());
        self.block(block)
    }

    /// Hands everything so far to what is beneath.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Ends the file, and returns what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        Ok(self.out)
    }

    /// One block in one write.
    fn block(&mut self, block: Block) -> io::Result<()> {
        self.out.write_all(&block.finish())
    }
}

/// `epb_flags`: which way, and that the checksums were not computed yet. None if there is nothing to say.
fn flags(packet: &Packet) -> Option<u32> {
    let direction = match packet.direction {
        None => 0,
        Some(Direction::Inbound) => 1,
        Some(Direction::Outbound) => 2,
    };
    let flags = direction | u32::from(packet.checksum_not_ready) << 9;
    (flags != 0).then_some(flags)
}
