//! The few facts that every frame is asked for, read with slices and without keeping anything: who talks to whom, and
//! for TCP its header. All offsets count in the buffer that was handed in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use etherparse::{LaxIpSlice, TcpOptionElement, TcpSlice, UdpSlice};

use crate::base::LinkType;

/// What a frame carries above its link layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Net {
    Arp(Arp),
    Ip(Ip),
    /// Something else, by its EtherType where there is one.
    Other(Option<u16>),
}

/// An ARP packet for IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arp {
    pub operation: u16,
    pub sender: Ipv4Addr,
    pub target: Ipv4Addr,
}

/// An IP packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ip {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub protocol: u8,
    /// Where the packet starts in the frame.
    pub start: usize,
    /// The payload as far as it was captured.
    pub payload: Range<usize>,
    /// The payload's length as the header says.
    pub wire_len: usize,
    pub fragment: Option<Fragment>,
}

/// The place of a fragment in its datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fragment {
    pub id: u32,
    /// In bytes.
    pub offset: usize,
    pub more: bool,
}

/// What an IP packet carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Transport {
    Tcp(Tcp),
    Udp {
        source: u16,
        destination: u16,
        payload: Range<usize>,
    },
    /// ICMP or ICMPv6; `id` of an echo.
    Icmp {
        v6: bool,
        kind: u8,
        code: u8,
        id: Option<u16>,
        seq: u16,
    },
    /// A Neighbor Solicitation or Advertisement (RFC 4861): what ARP is for IPv4.
    Neighbor {
        solicits: bool,
        target: Ipv6Addr,
    },
    Other(u8),
}

/// A TCP header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tcp {
    pub source: u16,
    pub destination: u16,
    pub seq: u32,
    pub ack: u32,
    pub flags: Flags,
    pub window: u16,
    /// The data as far as it was captured.
    pub payload: Range<usize>,
    /// The length of the data on the wire.
    pub wire_len: usize,
    pub mss: Option<u16>,
    pub window_scale: Option<u8>,
    pub sack_permitted: bool,
    pub timestamps: bool,
    /// The edges of the first SACK block.
    pub sack: Option<(u32, u32)>,
}

impl Tcp {
    /// How many sequence numbers the segment takes (`SEG.LEN`).
    pub fn seg_len(&self) -> u32 {
        let data = u32::try_from(self.wire_len).unwrap_or(u32::MAX);
        data + u32::from(self.flags.syn) + u32::from(self.flags.fin)
    }

    /// The sequence number of the first byte of data.
    pub fn data_seq(&self) -> u32 {
        self.seq.wrapping_add(u32::from(self.flags.syn))
    }
}

/// The control bits that matter here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub syn: bool,
    pub ack: bool,
    pub fin: bool,
    pub rst: bool,
    pub psh: bool,
}

/// Reads a frame up to its IP header; on the wire it was `wire_len` bytes long.
pub(super) fn net(link_type: LinkType, bytes: &[u8], wire_len: usize) -> Net {
    let mut net = link(link_type, bytes);
    if let Net::Ip(ip) = &mut net {
        // a length in a header is not to be believed past the end of the frame
        let most = wire_len.max(bytes.len()) - ip.payload.start;
        ip.wire_len = ip.wire_len.min(most);
    }
    net
}

fn link(link_type: LinkType, bytes: &[u8]) -> Net {
    match link_type {
        LinkType::ETHERNET => ethernet(bytes),
        LinkType::NULL | LinkType::LOOP => by_version(bytes, 4),
        LinkType::RAW | LinkType::RAW_BSD | LinkType::IPV4 | LinkType::IPV6 => by_version(bytes, 0),
        LinkType::LINUX_SLL => by_ethertype(bytes, u16_at(bytes, 14), 16),
        LinkType::LINUX_SLL2 => by_ethertype(bytes, u16_at(bytes, 0), 20),
        _ => Net::Other(None),
    }
}

fn ethernet(bytes: &[u8]) -> Net {
    let mut at = 12;
    // IEEE 802.1Q: tags stand before the EtherType, each four bytes
    while matches!(u16_at(bytes, at), Some(0x8100 | 0x88a8 | 0x9100)) {
        at += 4;
    }
    by_ethertype(bytes, u16_at(bytes, at), at + 2)
}

fn by_ethertype(bytes: &[u8], ethertype: Option<u16>, start: usize) -> Net {
    match ethertype {
        Some(0x0800 | 0x86dd) => by_version(bytes, start),
        Some(0x0806) => arp(bytes, start).unwrap_or(Net::Other(ethertype)),
        _ => Net::Other(ethertype),
    }
}

/// RFC 826, with Ethernet and IPv4 addresses.
fn arp(bytes: &[u8], start: usize) -> Option<Net> {
    let packet = bytes.get(start..start + 28)?;
    let ip = |at: usize| Ipv4Addr::new(packet[at], packet[at + 1], packet[at + 2], packet[at + 3]);
    (packet[..6] == [0, 1, 8, 0, 6, 4]).then(|| {
        Net::Arp(Arp {
            operation: u16::from_be_bytes([packet[6], packet[7]]),
            sender: ip(14),
            target: ip(24),
        })
    })
}

fn by_version(bytes: &[u8], start: usize) -> Net {
    ip(bytes, start).map_or(Net::Other(None), Net::Ip)
}

fn ip(bytes: &[u8], start: usize) -> Option<Ip> {
    let packet = bytes.get(start..)?;
    let (slice, _) = LaxIpSlice::from_slice(packet).ok()?;
    let payload = slice.payload();
    let header_len = payload.payload.as_ptr() as usize - packet.as_ptr() as usize;
    let (packet_len, fragment) = match &slice {
        LaxIpSlice::Ipv4(v4) => {
            let header = v4.header();
            let fragment = header.is_fragmenting_payload().then(|| Fragment {
                id: u32::from(header.identification()),
                offset: usize::from(header.fragments_offset().byte_offset()),
                more: header.more_fragments(),
            });
            (usize::from(header.total_len()), fragment)
        }
        LaxIpSlice::Ipv6(v6) => {
            let len = usize::from(v6.header().payload_length());
            (if len == 0 { 0 } else { len + 40 }, v6_fragment(v6))
        }
    };
    // a length of 0 is what offloading hardware leaves behind: then it is what was captured
    let captured = payload.payload.len();
    Some(Ip {
        source: slice.source_addr(),
        destination: slice.destination_addr(),
        protocol: payload.ip_number.0,
        start,
        payload: start + header_len..start + header_len + captured,
        wire_len: packet_len.saturating_sub(header_len).max(captured),
        fragment,
    })
}

fn v6_fragment(v6: &etherparse::LaxIpv6Slice<'_>) -> Option<Fragment> {
    v6.extensions()
        .clone()
        .into_iter()
        .find_map(|extension| match extension {
            etherparse::Ipv6ExtensionSlice::Fragment(header) if header.is_fragmenting_payload() => {
                Some(Fragment {
                    id: header.identification(),
                    offset: usize::from(header.fragment_offset().byte_offset()),
                    more: header.more_fragments(),
                })
            }
            _ => None,
        })
}

/// Reads what an unfragmented or reassembled IP packet carries: the bytes `payload` of `buffer`, which on the wire were
/// `wire_len` bytes.
pub(super) fn transport(
    buffer: &[u8],
    payload: Range<usize>,
    wire_len: usize,
    protocol: u8,
) -> Transport {
    let start = payload.start;
    let bytes = buffer.get(payload).unwrap_or(&[]);
    let known = match protocol {
        6 => tcp(bytes, start, wire_len),
        17 => udp(bytes, start),
        1 => icmp(bytes, false),
        58 => icmp(bytes, true),
        _ => None,
    };
    known.unwrap_or(Transport::Other(protocol))
}

fn tcp(bytes: &[u8], start: usize, wire_len: usize) -> Option<Transport> {
    let Ok(slice) = TcpSlice::from_slice(bytes) else {
        return cut_tcp(bytes, start, wire_len);
    };
    let header_len = slice.header_slice().len();
    let mut tcp = Tcp {
        source: slice.source_port(),
        destination: slice.destination_port(),
        seq: slice.sequence_number(),
        ack: slice.acknowledgment_number(),
        flags: Flags {
            syn: slice.syn(),
            ack: slice.ack(),
            fin: slice.fin(),
            rst: slice.rst(),
            psh: slice.psh(),
        },
        window: slice.window_size(),
        payload: start + header_len..start + bytes.len(),
        wire_len: wire_len.max(bytes.len()) - header_len,
        mss: None,
        window_scale: None,
        sack_permitted: false,
        timestamps: false,
        sack: None,
    };
    for option in slice.options_iterator().map_while(Result::ok) {
        match option {
            TcpOptionElement::MaximumSegmentSize(mss) => tcp.mss = Some(mss),
            // RFC 7323 §2.3: a shift above 14 counts as 14
            TcpOptionElement::WindowScale(shift) => tcp.window_scale = Some(shift.min(14)),
            TcpOptionElement::SelectiveAcknowledgementPermitted => tcp.sack_permitted = true,
            TcpOptionElement::Timestamp(..) => tcp.timestamps = true,
            TcpOptionElement::SelectiveAcknowledgement(first, _) => tcp.sack = Some(first),
            TcpOptionElement::Noop => {}
        }
    }
    Some(Transport::Tcp(tcp))
}

/// A header whose options were cut off: all that stands before them is there.
fn cut_tcp(bytes: &[u8], start: usize, wire_len: usize) -> Option<Transport> {
    let header_len = usize::from(bytes.get(12)? >> 4) * 4;
    let mut fixed: [u8; 20] = bytes.get(..20)?.try_into().ok()?;
    if header_len < 20 {
        return None;
    }
    fixed[12] = 5 << 4;
    let Some(Transport::Tcp(tcp)) = tcp(&fixed, start, 20) else {
        return None;
    };
    let end = start + bytes.len();
    Some(Transport::Tcp(Tcp {
        payload: end..end,
        wire_len: wire_len.saturating_sub(header_len),
        ..tcp
    }))
}

fn udp(bytes: &[u8], start: usize) -> Option<Transport> {
    let slice = UdpSlice::from_slice_lax(bytes).ok()?;
    Some(Transport::Udp {
        source: slice.source_port(),
        destination: slice.destination_port(),
        payload: start + 8..start + 8 + slice.payload().len(),
    })
}

/// RFC 792 and RFC 4443: type, code, checksum; of an echo then identifier and sequence number.
fn icmp(bytes: &[u8], v6: bool) -> Option<Transport> {
    let (kind, code) = (*bytes.first()?, *bytes.get(1)?);
    if let (true, 135 | 136, Some(target)) = (v6, kind, bytes.get(8..24)) {
        return Some(Transport::Neighbor {
            solicits: kind == 135,
            target: Ipv6Addr::from(<[u8; 16]>::try_from(target).ok()?),
        });
    }
    let echo = if v6 {
        matches!(kind, 128 | 129)
    } else {
        matches!(kind, 0 | 8)
    };
    Some(Transport::Icmp {
        v6,
        kind,
        code,
        id: u16_at(bytes, 4).filter(|_| echo),
        seq: u16_at(bytes, 6).unwrap_or(0),
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes([pair[0], pair[1]]))
}
