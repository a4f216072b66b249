//! A WebSocket frame (RFC 6455 §5.2) as a value: `parse` and `emit`.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-------+-+-------------+-------------------------------+
//! |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
//! |I|S|S|S|  (4)  |A|     (7)     |           (16/64)             |
//! |N|V|V|V|       |S|             |   (if payload len==126/127)   |
//! | |1|2|3|       |K|             |                               |
//! +-+-+-+-+-------+-+-------------+-------------------------------+
//! |        Masking-key (4, if MASK set)  |  Payload …             |
//! +--------------------------------------+------------------------+
//! ```

/// The kind of a frame (RFC 6455 §5.2, §11.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// Goes on with a fragmented message.
    Continuation,
    /// Begins a message of UTF-8 text.
    Text,
    /// Begins a message of bytes.
    Binary,
    /// Closes, with a status code and a reason.
    Close,
    /// Asks for a pong.
    Ping,
    /// Answers a ping, or comes unasked as a heartbeat.
    Pong,
    /// Reserved: 3 to 7 for data, 11 to 15 for control.
    Reserved(u8),
}

impl Opcode {
    /// The opcode of this number; only the low four bits count.
    pub fn from_bits(bits: u8) -> Self {
        match bits & 0x0f {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            other => Self::Reserved(other),
        }
    }

    /// Its number, 0 to 15.
    pub fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
            Self::Reserved(bits) => bits & 0x0f,
        }
    }

    /// Whether it is a control frame: at most 125 bytes, never fragmented (§5.5).
    pub fn is_control(self) -> bool {
        self.bits() & 0x08 != 0
    }

    /// Its name, as RFC 6455 and Wireshark write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Continuation => "Continuation",
            Self::Text => "Text",
            Self::Binary => "Binary",
            Self::Close => "Connection Close",
            Self::Ping => "Ping",
            Self::Pong => "Pong",
            Self::Reserved(_) => "Reserved",
        }
    }
}

/// RSV1: with permessage-deflate, the message is compressed (RFC 7692 §6).
pub const RSV1: u8 = 0b100;

/// What stands before the payload of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// FIN: the last frame of its message.
    pub fin: bool,
    /// RSV1 to RSV3, RSV1 being the highest of three bits.
    pub rsv: u8,
    /// The kind.
    pub opcode: Opcode,
    /// The masking key, if the payload is masked.
    pub mask: Option<[u8; 4]>,
    /// The payload's length in bytes, as claimed.
    pub payload_len: u64,
    /// How many bytes the length was written in beyond the first seven bits: 0, 2 or 8.
    pub extended_len: usize,
}

impl FrameHeader {
    /// Reads a header; `None` if more bytes are needed. Every sequence of bytes is some header.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (&first, &second) = (bytes.first()?, bytes.get(1)?);
        let (payload_len, extended_len) = match second & 0x7f {
            126 => {
                let len: [u8; 2] = bytes.get(2..4)?.try_into().ok()?;
                (u64::from(u16::from_be_bytes(len)), 2)
            }
            127 => {
                let len: [u8; 8] = bytes.get(2..10)?.try_into().ok()?;
                (u64::from_be_bytes(len), 8)
            }
            len => (u64::from(len), 0),
        };
        let mask = if second & 0x80 != 0 {
            let at = 2 + extended_len;
            Some(bytes.get(at..at + 4)?.try_into().ok()?)
        } else {
            None
        };
        Some(Self {
            fin: first & 0x80 != 0,
            rsv: (first >> 4) & 0x07,
            opcode: Opcode::from_bits(first),
            mask,
            payload_len,
            extended_len,
        })
    }

    /// How many bytes the header takes, 2 to 14.
    pub fn header_len(&self) -> usize {
        2 + self.extended_len + if self.mask.is_some() { 4 } else { 0 }
    }

    /// Whether the length was written in the fewest bytes, as §5.2 demands.
    pub fn is_minimal(&self) -> bool {
        self.extended_len == extended_len(self.payload_len)
    }

    /// How many bytes the whole frame takes; `None` if no memory could hold it.
    pub fn frame_len(&self) -> Option<usize> {
        usize::try_from(self.payload_len)
            .ok()?
            .checked_add(self.header_len())
    }
}

/// How many bytes a payload length needs beyond the first seven bits.
fn extended_len(payload_len: u64) -> usize {
    match payload_len {
        0..=125 => 0,
        126..=0xffff => 2,
        _ => 8,
    }
}

/// A whole frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// FIN: the last frame of its message.
    pub fin: bool,
    /// RSV1 to RSV3, RSV1 being the highest of three bits.
    pub rsv: u8,
    /// The kind.
    pub opcode: Opcode,
    /// The masking key: `parse` has undone it, `emit` applies it.
    pub mask: Option<[u8; 4]>,
    /// The payload in the clear.
    pub payload: Vec<u8>,
}

impl Frame {
    /// An unmasked frame that is a message by itself.
    pub fn new(opcode: Opcode, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            fin: true,
            rsv: 0,
            opcode,
            mask: None,
            payload: payload.into(),
        }
    }

    /// A Close frame (§5.5.1): without a code it is empty, and then `reason` is left out.
    pub fn close(code: Option<u16>, reason: &str) -> Self {
        Self::new(Opcode::Close, CloseBody::emit(code, reason))
    }

    /// The same frame, masked with `key` when it is emitted.
    #[must_use]
    pub fn masked(mut self, key: [u8; 4]) -> Self {
        self.mask = Some(key);
        self
    }

    /// Reads a frame and tells how many bytes it took; `None` if more bytes are needed.
    pub fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let header = FrameHeader::parse(bytes)?;
        let len = header.frame_len()?;
        let mut payload = bytes.get(header.header_len()..len)?.to_vec();
        if let Some(key) = header.mask {
            apply_mask(&mut payload, key);
        }
        let frame = Self {
            fin: header.fin,
            rsv: header.rsv,
            opcode: header.opcode,
            mask: header.mask,
            payload,
        };
        Some((frame, len))
    }

    /// The frame's bytes, its length written in the fewest bytes.
    pub fn emit(&self) -> Vec<u8> {
        emit_frame(self.fin, self.rsv, self.opcode, self.mask, &self.payload)
    }
}

/// The bytes of a frame with this payload, which is masked if there is a `mask`; its length is written in the fewest
/// bytes.
pub fn emit_frame(
    fin: bool,
    rsv: u8,
    opcode: Opcode,
    mask: Option<[u8; 4]>,
    payload: &[u8],
) -> Vec<u8> {
    let len = payload.len();
    let mut out = Vec::with_capacity(len + 14);
    out.push(u8::from(fin) << 7 | (rsv & 0x07) << 4 | opcode.bits());
    let mask_bit = u8::from(mask.is_some()) << 7;
    match extended_len(len as u64) {
        0 => out.push(mask_bit | len as u8),
        2 => {
            out.push(mask_bit | 126);
            out.extend((len as u16).to_be_bytes());
        }
        _ => {
            out.push(mask_bit | 127);
            out.extend((len as u64).to_be_bytes());
        }
    }
    out.extend(mask.iter().flatten());
    let start = out.len();
    out.extend_from_slice(payload);
    if let Some(key) = mask {
        apply_mask(&mut out[start..], key);
    }
    out
}

/// Masks a payload, or undoes it: octet `i` is combined with octet `i mod 4` of the key (§5.3).
pub fn apply_mask(payload: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let twice = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut eights = payload.chunks_exact_mut(8);
    for eight in &mut eights {
        let word = u64::from_ne_bytes((&*eight).try_into().expect("eight bytes"));
        eight.copy_from_slice(&(word ^ twice).to_ne_bytes());
    }
    for (octet, key) in eights.into_remainder().iter_mut().zip(key.iter().cycle()) {
        *octet ^= key;
    }
}

/// Like [`apply_mask`], for the piece of a payload that starts at octet `at` of it.
pub fn apply_mask_from(piece: &mut [u8], mut key: [u8; 4], at: usize) {
    key.rotate_left(at % 4);
    apply_mask(piece, key);
}

/// The payload of a Close frame, taken apart (§5.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseBody<'a> {
    /// No payload: no code was given.
    Empty,
    /// One lone byte, which is no code.
    Short,
    /// A code, and the reason's bytes, which ought to be UTF-8.
    Code(u16, &'a [u8]),
}

impl<'a> CloseBody<'a> {
    /// The payload of a Close frame: without a code it is empty, and then `reason` is left out.
    pub fn emit(code: Option<u16>, reason: &str) -> Vec<u8> {
        let code = code.map(u16::to_be_bytes);
        let reason = code.map_or("", |_| reason);
        [
            code.as_ref().map_or(&[][..], |code| code),
            reason.as_bytes(),
        ]
        .concat()
    }

    /// Takes a Close frame's payload apart.
    pub fn parse(payload: &'a [u8]) -> Self {
        match payload {
            [] => Self::Empty,
            [_] => Self::Short,
            [high, low, reason @ ..] => Self::Code(u16::from_be_bytes([*high, *low]), reason),
        }
    }
}

/// Whether a Close frame may carry this code (§7.4; 1012 to 1014 from IANA's registry).
pub fn close_code_is_valid(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// What a close code means, in the words of §7.4.1 and IANA's registry.
pub fn close_code_name(code: u16) -> &'static str {
    match code {
        1000 => "Normal Closure",
        1001 => "Going Away",
        1002 => "Protocol Error",
        1003 => "Unsupported Data",
        1005 => "No Status Rcvd",
        1006 => "Abnormal Closure",
        1007 => "Invalid frame payload data",
        1008 => "Policy Violation",
        1009 => "Message Too Big",
        1010 => "Mandatory Extension",
        1011 => "Internal Error",
        1012 => "Service Restart",
        1013 => "Try Again Later",
        1014 => "Bad Gateway",
        1015 => "TLS handshake",
        3000..=3999 => "Registered",
        4000..=4999 => "Private use",
        _ => "Unknown",
    }
}

/// A frame in one line, such as `Text "hi"` or `Connection Close 1000 (Normal Closure)`; long text is cut.
pub fn describe(fin: bool, rsv: u8, opcode: Opcode, payload: &[u8]) -> String {
    if rsv & RSV1 != 0 {
        return describe_compressed(fin, opcode, payload.len());
    }
    let mut out = name_of(opcode);
    match CloseBody::parse(payload) {
        CloseBody::Code(code, reason) if opcode == Opcode::Close => {
            out += &format!(" {code} ({})", close_code_name(code));
            out += &quoted(reason);
        }
        _ if matches!(opcode, Opcode::Text | Opcode::Ping | Opcode::Pong) => {
            out += &quoted(payload)
        }
        CloseBody::Empty => {}
        _ => out += &format!(", {} bytes", payload.len()),
    }
    out + more_follows(fin)
}

/// A frame of a compressed message, whose payload has `len` bytes, in one line.
pub fn describe_compressed(fin: bool, opcode: Opcode, len: usize) -> String {
    format!(
        "{}, {len} bytes, compressed{}",
        name_of(opcode),
        more_follows(fin)
    )
}

fn name_of(opcode: Opcode) -> String {
    match opcode {
        Opcode::Reserved(bits) => format!("Reserved opcode {bits}"),
        other => other.name().to_owned(),
    }
}

fn more_follows(fin: bool) -> &'static str {
    if fin { "" } else { " (more follows)" }
}

/// ` "text"`, cut after [`SHOWN`] characters; nothing for no text; the length alone where it is no UTF-8.
fn quoted(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok("") => String::new(),
        Ok(text) => match text.char_indices().nth(SHOWN) {
            Some((at, _)) => format!(" \"{}…\"", &text[..at]),
            None => format!(" \"{text}\""),
        },
        Err(_) => format!(", {} bytes", bytes.len()),
    }
}

/// How many characters of a text [`describe`] shows.
const SHOWN: usize = 40;
