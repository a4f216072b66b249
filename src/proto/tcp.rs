//! The Transmission Control Protocol.
//!
//! ```text
//! | source port (16) | destination port (16) |
//! | sequence number (32) |
//! | acknowledgment number (32) |
//! | data offset (4) | reserved (3) | AE CWR ECE URG ACK PSH RST SYN FIN | window (16) |
//! | checksum (16) | urgent pointer (16) |
//! | options |
//! ```

mod options;
mod stateful;
mod wire;

pub use wire::*;

pub use stateful::{StreamFacts, add_stateful};

use etherparse::TcpHeaderSlice;

use super::dissect::{ChecksumSpecs, Dissector, LayerBuilder, Next, Span, Sum};
use super::names;
use super::registry::{Claim, Protocol, Reader, fields};
use super::tree::Severity;

fields! {
    SRCPORT = "tcp.srcport", "Source port", Dec;
    DSTPORT = "tcp.dstport", "Destination port", Dec;
    PORT = "tcp.port", "Source or destination port", Dec;
    STREAM = "tcp.stream", "Stream index", Dec, stateful;
    COMPLETENESS = "tcp.completeness", "Conversation completeness", Dec, stateful;
    LEN = "tcp.len", "Segment length", Dec;
    SEQ = "tcp.seq", "Sequence number (relative)", Dec, stateful;
    SEQ_RAW = "tcp.seq_raw", "Sequence number (raw)", Dec;
    NXTSEQ = "tcp.nxtseq", "Next sequence number (relative)", Dec, stateful;
    ACK = "tcp.ack", "Acknowledgment number (relative)", Dec, stateful;
    ACK_RAW = "tcp.ack_raw", "Acknowledgment number (raw)", Dec;
    HDR_LEN = "tcp.hdr_len", "Header length", Dec;
    FLAGS = "tcp.flags", "Flags", Hex(4);
    FLAGS_RES = "tcp.flags.res", "Reserved", Bool;
    FLAGS_AE = "tcp.flags.ae", "Accurate ECN (AE)", Bool;
    FLAGS_CWR = "tcp.flags.cwr", "Congestion window reduced (CWR)", Bool;
    FLAGS_ECE = "tcp.flags.ece", "ECN echo (ECE)", Bool;
    FLAGS_URG = "tcp.flags.urg", "Urgent (URG)", Bool;
    FLAGS_ACK = "tcp.flags.ack", "Acknowledgment (ACK)", Bool;
    FLAGS_PUSH = "tcp.flags.push", "Push (PSH)", Bool;
    FLAGS_RESET = "tcp.flags.reset", "Reset (RST)", Bool;
    FLAGS_SYN = "tcp.flags.syn", "Synchronize (SYN)", Bool;
    FLAGS_FIN = "tcp.flags.fin", "Finish (FIN)", Bool;
    FLAGS_STR = "tcp.flags.str", "Flags as letters", Str;
    WINDOW_SIZE_VALUE = "tcp.window_size_value", "Window", Dec;
    WINDOW_SIZE = "tcp.window_size", "Window (scaled)", Dec, stateful;
    WINDOW_SIZE_SCALEFACTOR = "tcp.window_size_scalefactor", "Window scaling factor", Int, stateful;
    CHECKSUM = "tcp.checksum", "Checksum", Hex(4);
    CHECKSUM_STATUS = "tcp.checksum.status", "Checksum status", Dec;
    CHECKSUM_CALCULATED = "tcp.checksum_calculated", "Calculated checksum", Hex(4);
    URGENT_POINTER = "tcp.urgent_pointer", "Urgent pointer", Dec;
    OPTIONS = "tcp.options", "Options", Bytes;
    OPTION_KIND = "tcp.option_kind", "Kind", Dec;
    OPTION_LEN = "tcp.option_len", "Length", Dec;
    OPT_EOL = "tcp.options.eol", "End of option list (EOL)", Bytes;
    OPT_NOP = "tcp.options.nop", "No-operation (NOP)", Bytes;
    OPT_MSS = "tcp.options.mss", "Maximum segment size (MSS)", Bytes;
    MSS_VAL = "tcp.options.mss_val", "MSS value", Dec;
    OPT_WSCALE = "tcp.options.wscale", "Window scale (WS)", Bytes;
    WSCALE_SHIFT = "tcp.options.wscale.shift", "Shift count", Dec;
    WSCALE_MULTIPLIER = "tcp.options.wscale.multiplier", "Multiplier", Dec;
    OPT_SACK_PERM = "tcp.options.sack_perm", "SACK permitted", Bytes;
    OPT_SACK = "tcp.options.sack", "Selective acknowledgment (SACK)", Bytes;
    SACK_LE = "tcp.options.sack_le", "Left edge", Dec, stateful;
    SACK_RE = "tcp.options.sack_re", "Right edge", Dec, stateful;
    DSACK_LE = "tcp.options.sack.dsack_le", "D-SACK left edge", Dec, stateful;
    DSACK_RE = "tcp.options.sack.dsack_re", "D-SACK right edge", Dec, stateful;
    SACK_COUNT = "tcp.options.sack.count", "Blocks", Dec;
    OPT_TIMESTAMP = "tcp.options.timestamp", "Timestamps", Bytes;
    TSVAL = "tcp.options.timestamp.tsval", "Timestamp value", Dec;
    TSECR = "tcp.options.timestamp.tsecr", "Timestamp echo reply", Dec;
    OPT_MD5 = "tcp.options.md5", "MD5 signature", Bytes;
    MD5_DIGEST = "tcp.options.md5.digest", "MD5 digest", Bytes;
    OPT_USER_TO = "tcp.options.user_to", "User timeout", Bytes;
    USER_TO_GRANULARITY = "tcp.options.user_to_granularity", "Granularity", Bool;
    USER_TO_VAL = "tcp.options.user_to_val", "User timeout", Dec;
    OPT_QS = "tcp.options.qs", "Quick-start response", Bytes;
    QS_RATE = "tcp.options.qs.rate", "Rate", Dec;
    QS_TTL_DIFF = "tcp.options.qs.ttl_diff", "TTL difference", Dec;
    OPT_AO = "tcp.options.ao", "Authentication option (TCP-AO)", Bytes;
    AO_KEYID = "tcp.options.ao.keyid", "Key id", Dec;
    AO_RNEXTKEYID = "tcp.options.ao.rnextkeyid", "Next key id of the receiver", Dec;
    AO_MAC = "tcp.options.ao.mac", "MAC", Bytes;
    OPT_MPTCP = "tcp.options.mptcp", "Multipath TCP", Bytes;
    MPTCP_SUBTYPE = "tcp.options.mptcp.subtype", "Multipath TCP subtype", Dec;
    OPT_TFO = "tcp.options.tfo", "Fast open (TFO)", Bytes;
    TFO_REQUEST = "tcp.options.tfo.request", "Fast open cookie request", None;
    TFO_COOKIE = "tcp.options.tfo.cookie", "Fast open cookie", Bytes;
    OPT_EXPERIMENTAL = "tcp.options.experimental", "Experimental", Bytes;
    EXPERIMENTAL_EXID = "tcp.options.experimental.exid", "Experiment identifier", Hex(4);
    EXPERIMENTAL_DATA = "tcp.options.experimental.data", "Data", Bytes;
    OPT_UNKNOWN = "tcp.options.unknown", "Unknown option", Bytes;
    UNKNOWN_PAYLOAD = "tcp.options.unknown.payload", "Payload", Bytes;
    TIME_RELATIVE = "tcp.time_relative", "Time since the first frame of the stream", Time, stateful;
    TIME_DELTA = "tcp.time_delta", "Time since the previous frame of the stream", Time, stateful;
    PAYLOAD = "tcp.payload", "Payload", Bytes;
    BOGUS_HEADER_LENGTH = "tcp.bogus_header_length", "Bogus TCP header length", None;
    CHECKSUM_BAD = "tcp.checksum_bad.expert", "Bad checksum", None;
    CHECKSUM_FFFF = "tcp.checksum.ffff", "Checksum 0xffff instead of 0x0000", None;
    SYN = "tcp.connection.syn", "Connection establish request (SYN)", None;
    SYNACK = "tcp.connection.synack", "Connection establish acknowledge (SYN+ACK)", None;
    FIN = "tcp.connection.fin", "Connection finish (FIN)", None;
    RST = "tcp.connection.rst", "Connection reset (RST)", None;
    ACK_NONZERO = "tcp.ack.nonzero", "Acknowledgment number without ACK", None;
    URGENT_NONZERO = "tcp.urgent_pointer.non_zero", "Urgent pointer without URG", None;
    DSACK = "tcp.options.sack.dsack", "D-SACK Sequence", None;
    OPTION_LEN_INVALID = "tcp.option.len.invalid", "Invalid length for option", None;
    WSCALE_INVALID = "tcp.options.wscale.shift.invalid", "Window scale shift exceeds 14", None;
    MSS_ABSENT = "tcp.options.mss.absent", "SYN without MSS option", None;
    MSS_PRESENT = "tcp.options.mss.present", "MSS option without SYN", None;
    NONZERO_AFTER_EOL = "tcp.non_zero_bytes_after_eol", "Bytes after the end of options", None;
}

/// TCP.
pub static PROTOCOL: Protocol = Protocol {
    id: "tcp",
    short: "TCP",
    name: "Transmission Control Protocol",
    osi: 4,
    source: "RFC 9293",
    fields: FIELDS,
    claims: &[Claim::IpProtocol(NUMBER)],
    reader: Reader::Packet(dissect),
};

static CHECKSUMS: ChecksumSpecs = ChecksumSpecs {
    sum: &CHECKSUM,
    status: &CHECKSUM_STATUS,
    calculated: Some(&CHECKSUM_CALCULATED),
    bad: &CHECKSUM_BAD,
};

/// The IP protocol number.
const NUMBER: u8 = 6;
/// The header without options.
const MIN_HEADER: usize = 20;
/// The longest header.
const MAX_HEADER: usize = 60;

fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
    let mut b = d.layer(&PROTOCOL, span);
    let head = b.head::<MAX_HEADER>();
    let header_len = usize::from(head[12] >> 4) * 4;
    let (src, dst) = (
        u16::from_be_bytes([head[0], head[1]]),
        u16::from_be_bytes([head[2], head[3]]),
    );
    put_ports(&mut b, src, dst);
    let Ok(tcp) = TcpHeaderSlice::from_slice(&head) else {
        return bogus(b, &head, header_len);
    };
    let payload = span.skip(header_len);
    let len = span.whole_len().saturating_sub(header_len);
    put_numbers(&mut b, &tcp, len);
    put_flags(&mut b, &tcp);
    b.put(&WINDOW_SIZE_VALUE, 14..16, tcp.window_size());
    put_checksum(&mut b, &tcp, span.whole_len());
    put_urgent(&mut b, &tcp);
    options::dissect(&mut b, &tcp);
    put_payload(&mut b, header_len, payload);
    summarize(&mut b, &tcp, len);
    // The walk puts streams together: a segment by itself is no message.
    b.finish(header_len, payload);
    None
}

fn put_ports(b: &mut LayerBuilder<'_, '_>, src: u16, dst: u16) {
    b.put(&SRCPORT, 0..2, src).text = names::port(src);
    b.put(&DSTPORT, 2..4, dst).text = names::port(dst);
    b.hidden(&PORT, 0..2, src);
    b.hidden(&PORT, 2..4, dst);
    b.summary(format!(
        "Transmission Control Protocol, Src Port: {src}, Dst Port: {dst}"
    ));
}

/// A header that says it is shorter than a header can be.
fn bogus(mut b: LayerBuilder<'_, '_>, head: &[u8], header_len: usize) -> Option<Next> {
    let number = |at: usize| head[at..at + 4].try_into().map_or(0, u32::from_be_bytes);
    b.put(&SEQ_RAW, 4..8, number(4));
    b.put(&ACK_RAW, 8..12, number(8));
    b.bits(&HDR_LEN, 96..100, header_len);
    let text = format!("Bogus TCP header length ({header_len}, must be at least {MIN_HEADER})");
    b.expert(Severity::Error, &BOGUS_HEADER_LENGTH, 12..13, text.clone());
    b.malformed(12, text);
    b.end()
}

fn put_numbers(b: &mut LayerBuilder<'_, '_>, tcp: &TcpHeaderSlice<'_>, len: usize) {
    b.derived(&LEN, len);
    b.put(&SEQ_RAW, 4..8, tcp.sequence_number());
    b.put(&ACK_RAW, 8..12, tcp.acknowledgment_number());
    if !tcp.ack() && tcp.acknowledgment_number() != 0 {
        let text = "The acknowledgment number field is nonzero while the ACK flag is not set";
        b.expert(Severity::Note, &ACK_NONZERO, 8..12, text);
    }
    let header_len = tcp.slice().len();
    b.bits(&HDR_LEN, 96..100, header_len).text = format!("{header_len} bytes ({})", header_len / 4);
}

fn put_flags(b: &mut LayerBuilder<'_, '_>, tcp: &TcpHeaderSlice<'_>) {
    let raw = u16::from_be_bytes([tcp.slice()[12], tcp.slice()[13]]);
    let flags = raw & 0x0fff;
    b.bits(&FLAGS, 100..112, flags).text = format!("{flags:#05x} ({})", flag_names(flags));
    b.nest(|b| {
        b.bits(&FLAGS_RES, 100..103, flags & 0x0e00 != 0);
        let one_bit = [
            &FLAGS_AE,
            &FLAGS_CWR,
            &FLAGS_ECE,
            &FLAGS_URG,
            &FLAGS_ACK,
            &FLAGS_PUSH,
            &FLAGS_RESET,
            &FLAGS_SYN,
            &FLAGS_FIN,
        ];
        for (i, spec) in one_bit.into_iter().enumerate() {
            b.flag(spec, 103 + i, flags >> (8 - i) & 1 != 0);
        }
        b.hidden_bits(&FLAGS_STR, 100..112, flag_letters(flags));
    });
    put_findings(b, tcp);
}

fn put_findings(b: &mut LayerBuilder<'_, '_>, tcp: &TcpHeaderSlice<'_>) {
    let flags = 13..14;
    if tcp.syn() && tcp.ack() {
        let text = format!(
            "Connection establish acknowledge (SYN+ACK): server port {}",
            tcp.source_port()
        );
        b.expert(Severity::Chat, &SYNACK, flags.clone(), text);
    } else if tcp.syn() {
        let text = format!(
            "Connection establish request (SYN): server port {}",
            tcp.destination_port()
        );
        b.expert(Severity::Chat, &SYN, flags.clone(), text);
    }
    if tcp.fin() {
        b.expert(
            Severity::Chat,
            &FIN,
            flags.clone(),
            "Connection finish (FIN)",
        );
    }
    if tcp.rst() {
        b.expert(Severity::Warn, &RST, flags, "Connection reset (RST)");
    }
}

fn put_checksum(b: &mut LayerBuilder<'_, '_>, tcp: &TcpHeaderSlice<'_>, len: usize) {
    let sum = b.transport_sum(NUMBER, 16, len);
    b.checksum(&CHECKSUMS, 16, tcp.checksum(), sum);
    if tcp.checksum() == 0xffff && matches!(sum, Sum::Computed(0 | 0xffff)) {
        let text = "TCP Checksum 0xffff instead of 0x0000 (see RFC 1624)";
        b.expert(Severity::Note, &CHECKSUM_FFFF, 16..18, text);
    }
}

fn put_urgent(b: &mut LayerBuilder<'_, '_>, tcp: &TcpHeaderSlice<'_>) {
    b.put(&URGENT_POINTER, 18..20, tcp.urgent_pointer());
    if tcp.urgent_pointer() != 0 && !tcp.urg() {
        let text = "The urgent pointer field is nonzero while the URG flag is not set";
        b.expert(Severity::Note, &URGENT_NONZERO, 18..20, text);
    }
}

fn put_payload(b: &mut LayerBuilder<'_, '_>, header_len: usize, payload: Span) {
    if !payload.is_empty() {
        b.raw(&PAYLOAD, header_len..header_len + payload.len()).text =
            format!("{} bytes", payload.len());
    }
}

fn summarize(b: &mut LayerBuilder<'_, '_>, tcp: &TcpHeaderSlice<'_>, len: usize) {
    let flags = u16::from_be_bytes([tcp.slice()[12], tcp.slice()[13]]) & 0x0fff;
    b.summary(format!(
        "Transmission Control Protocol, Src Port: {}, Dst Port: {}, {}, Len: {len}",
        tcp.source_port(),
        tcp.destination_port(),
        flag_names(flags),
    ));
}

/// The flags from the lowest bit on: their names, and the letters that stand for them.
const FLAG_WORDS: [(&str, char); 9] = [
    ("FIN", 'F'),
    ("SYN", 'S'),
    ("RST", 'R'),
    ("PSH", 'P'),
    ("ACK", 'A'),
    ("URG", 'U'),
    ("ECE", 'E'),
    ("CWR", 'C'),
    ("AE", 'A'),
];

/// `SYN, ACK`, or `none`.
pub fn flag_names(flags: u16) -> String {
    let set = FLAG_WORDS
        .iter()
        .enumerate()
        .filter(|(i, _)| flags >> i & 1 != 0);
    let names: Vec<_> = set.map(|(_, (name, _))| *name).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// The twelve bits, highest first, each a letter or a dot: `·······A··S·`.
fn flag_letters(flags: u16) -> String {
    let letter = |i: usize| match FLAG_WORDS.get(i) {
        _ if flags >> i & 1 == 0 => '·',
        Some((_, letter)) => *letter,
        None => 'R',
    };
    (0..12).rev().map(letter).collect()
}
