//! Literals: what a value may be written as, by the kind of the field that it is compared with.

use std::cmp::Ordering;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::parser::EntityKind;
use crate::proto::tree::{Kind, Value};

/// A value in the form in which it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Datum {
    /// A number, a flag (0 or 1) or a time (nanoseconds).
    Number(i128),
    /// Bytes or text.
    Bytes(Vec<u8>),
    /// An IPv4 address and the mask of the bits that count.
    Ipv4(u32, u32),
    /// An IPv6 address and the mask of the bits that count.
    Ipv6(u128, u128),
}

impl Datum {
    /// The value of a field; `None` for one that is only there or not.
    pub(super) fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::None => return None,
            Value::Bool(flag) => Self::Number(i128::from(*flag)),
            Value::Uint(n) => Self::Number(i128::from(*n)),
            Value::Int(n) | Value::Time(n) => Self::Number(i128::from(*n)),
            Value::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Value::Str(text) => Self::Bytes(text.clone().into_bytes()),
            Value::Mac(mac) => Self::Bytes(mac.to_vec()),
            Value::Ipv4(addr) => Self::Ipv4(addr.to_bits(), u32::MAX),
            Value::Ipv6(addr) => Self::Ipv6(addr.to_bits(), u128::MAX),
        })
    }

    /// Their order; of addresses only the bits that count on both sides. `None` for values of different kinds.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        Some(match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::Ipv4(a, mask_a), Self::Ipv4(b, mask_b)) => {
                let mask = mask_a & mask_b;
                (a & mask).cmp(&(b & mask))
            }
            (Self::Ipv6(a, mask_a), Self::Ipv6(b, mask_b)) => {
                let mask = mask_a & mask_b;
                (a & mask).cmp(&(b & mask))
            }
            _ => return None,
        })
    }

    /// Its bytes, in network order.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Number(n) => n.to_be_bytes().to_vec(),
            Self::Bytes(bytes) => bytes,
            Self::Ipv4(addr, _) => addr.to_be_bytes().to_vec(),
            Self::Ipv6(addr, _) => addr.to_be_bytes().to_vec(),
        }
    }
}

/// What a kind is called in a sentence: "… is an IPv4 address".
pub(super) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::None => "without a value",
        Kind::Bool => "a flag",
        Kind::Dec | Kind::Hex(_) | Kind::Int => "a number",
        Kind::Bytes => "bytes",
        Kind::Str => "text",
        Kind::Mac => "a MAC address",
        Kind::Ipv4 => "an IPv4 address",
        Kind::Ipv6 => "an IPv6 address",
        Kind::Time => "a time",
    }
}

/// The literal as a value of this kind, or how such a value is written instead.
pub(super) fn parse(literal: &EntityKind, kind: Kind) -> Result<Datum, &'static str> {
    match kind {
        Kind::None => None,
        Kind::Bool => flag(literal),
        Kind::Dec => number(literal).filter(|n| (0..=i128::from(u64::MAX)).contains(n)),
        Kind::Hex(digits) => number(literal).filter(|n| (0..limit(digits)).contains(n)),
        Kind::Int => number(literal),
        Kind::Time => word(literal).and_then(seconds),
        Kind::Str => return Ok(Datum::Bytes(text(literal))),
        Kind::Bytes => return bytes(literal).map(Datum::Bytes).ok_or(how(kind)),
        Kind::Mac => {
            let mac = bytes(literal).filter(|mac| mac.len() == 6);
            return mac.map(Datum::Bytes).ok_or(how(kind));
        }
        Kind::Ipv4 => return word(literal).and_then(ipv4).ok_or(how(kind)),
        Kind::Ipv6 => return word(literal).and_then(ipv6).ok_or(how(kind)),
    }
    .map(Datum::Number)
    .ok_or(how(kind))
}

fn how(kind: Kind) -> &'static str {
    match kind {
        Kind::None => "so it can only be there or not",
        Kind::Bool => "written 1 or 0, True or False",
        Kind::Dec | Kind::Int => "written like 80, 0x50 or 0120",
        Kind::Hex(_) => "written like 0x0800 or 2048, and no greater than its bits allow",
        Kind::Bytes => "written like 0a:1b:2c, or as \"text\"",
        Kind::Str => "written in double quotes",
        Kind::Mac => "written like 02:00:00:00:00:01, without quotes",
        Kind::Ipv4 => "written like 10.0.0.1 or 10.0.0.0/8, without quotes",
        Kind::Ipv6 => "written like fe80::1 or fe80::/10, without quotes",
        Kind::Time => "written in seconds, like 0.25",
    }
}

/// One more than the greatest number of this many hexadecimal digits.
fn limit(digits: u8) -> i128 {
    1 << (4 * u32::from(digits)).min(64)
}

fn word(literal: &EntityKind) -> Option<&str> {
    match literal {
        EntityKind::Word(word) => Some(word),
        _ => None,
    }
}

fn text(literal: &EntityKind) -> Vec<u8> {
    match literal {
        EntityKind::Word(word) => word.clone().into_bytes(),
        EntityKind::Text(text) => text.clone(),
        EntityKind::Char(char) => vec![*char],
    }
}

fn flag(literal: &EntityKind) -> Option<i128> {
    match word(literal)? {
        word if word.eq_ignore_ascii_case("true") => Some(1),
        word if word.eq_ignore_ascii_case("false") => Some(0),
        _ => number(literal).map(|n| i128::from(n != 0)),
    }
}

/// Decimal, `0x` hexadecimal, `0b` binary, or octal with a leading 0; a minus sign before it.
fn number(literal: &EntityKind) -> Option<i128> {
    let word = match literal {
        EntityKind::Char(char) => return Some(i128::from(*char)),
        literal => word(literal)?,
    };
    let (sign, digits) = match word.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, word),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    let n = u64::from_str_radix(digits, radix).ok();
    n.filter(|_| !digits.starts_with('+'))
        .map(|n| sign * i128::from(n))
}

/// Pairs of hexadecimal digits, with `:`, `-`, `.` or nothing between; or text.
fn bytes(literal: &EntityKind) -> Option<Vec<u8>> {
    let word = match literal {
        EntityKind::Word(word) => word.strip_prefix("0x").unwrap_or(word),
        other => return Some(text(other)),
    };
    let mut bytes = Vec::new();
    for group in word.split([':', '-', '.']) {
        match group.len() {
            1 => bytes.push(u8::from_str_radix(group, 16).ok()?),
            len if len > 0 && len % 2 == 0 && group.is_ascii() => {
                for at in (0..len).step_by(2) {
                    bytes.push(u8::from_str_radix(&group[at..at + 2], 16).ok()?);
                }
            }
            _ => return None,
        }
    }
    Some(bytes)
}

/// An address, or an address and the length of a prefix.
fn ipv4(word: &str) -> Option<Datum> {
    let (addr, len) = word.split_once('/').unwrap_or((word, "32"));
    let addr: Ipv4Addr = addr.parse().ok()?;
    let len: u32 = len.parse().ok().filter(|len| *len <= 32)?;
    let mask = u32::MAX.checked_shl(32 - len).unwrap_or(0);
    Some(Datum::Ipv4(addr.to_bits(), mask))
}

fn ipv6(word: &str) -> Option<Datum> {
    let (addr, len) = word.split_once('/').unwrap_or((word, "128"));
    let addr: Ipv6Addr = addr.parse().ok()?;
    let len: u32 = len.parse().ok().filter(|len| *len <= 128)?;
    let mask = u128::MAX.checked_shl(128 - len).unwrap_or(0);
    Some(Datum::Ipv6(addr.to_bits(), mask))
}

/// Seconds with up to nine decimals, in nanoseconds.
fn seconds(word: &str) -> Option<i128> {
    let (sign, digits) = match word.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, word),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 9 || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let nanos: u64 = format!("{fraction:0<9}").parse().ok()?;
    Some(sign * (i128::from(whole) * 1_000_000_000 + i128::from(nanos)))
}
