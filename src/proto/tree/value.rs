//! How values are written.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Kind, Value};

/// Bytes beyond this many are counted in a field's text, not written out.
const BYTES_IN_TEXT: usize = 24;

impl Value {
    /// The value as `tshark -T fields` (4.0) writes it.
    pub fn tshark(&self, kind: Kind) -> String {
        match (self, kind) {
            (Self::None, _) => "1".to_owned(),
            (Self::Bool(flag), _) => u8::from(*flag).to_string(),
            (Self::Uint(n), Kind::Hex(digits)) => format!("0x{n:0width$x}", width = digits.into()),
            (Self::Uint(n), _) => n.to_string(),
            (Self::Int(n), _) => n.to_string(),
            (Self::Bytes(bytes), _) if bytes.is_empty() => "<none>".to_owned(),
            (Self::Bytes(bytes), _) => hex(bytes, ""),
            (Self::Str(text), _) => text.clone(),
            (Self::Mac(mac), _) => hex(mac, ":"),
            (Self::Ipv4(addr), _) => addr.to_string(),
            (Self::Ipv6(addr), _) => addr.to_string(),
            (Self::Time(nanos), _) => seconds(*nanos),
        }
    }

    /// The value as a person reads it, where its field has nothing better to say; not yet made safe for a terminal.
    pub fn text(&self, kind: Kind) -> String {
        match self {
            Self::None => String::new(),
            Self::Bool(true) => "Set".to_owned(),
            Self::Bool(false) => "Not set".to_owned(),
            Self::Bytes(bytes) if bytes.len() > BYTES_IN_TEXT => {
                format!(
                    "{}… ({} bytes)",
                    hex(&bytes[..BYTES_IN_TEXT], ""),
                    bytes.len()
                )
            }
            Self::Time(nanos) => format!("{} s", seconds(*nanos)),
            _ => self.tshark(kind),
        }
    }
}

/// Hexadecimal digits, two a byte, with `separator` between the bytes.
fn hex(bytes: &[u8], separator: &str) -> String {
    let mut out = String::with_capacity(bytes.len() * (2 + separator.len()));
    for (i, byte) in bytes.iter().enumerate() {
        if i > 0 {
            out.push_str(separator);
        }
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Seconds with nine decimals.
fn seconds(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    format!(
        "{sign}{}.{:09}",
        nanos / 1_000_000_000,
        nanos % 1_000_000_000
    )
}

macro_rules! value_from {
    ($($from:ty => $arm:expr;)*) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                $arm(value.into())
            }
        }
    )*};
}

value_from! {
    bool => Value::Bool;
    u8 => Value::Uint;
    u16 => Value::Uint;
    u32 => Value::Uint;
    u64 => Value::Uint;
    i64 => Value::Int;
    &[u8] => Value::Bytes;
    Vec<u8> => Value::Bytes;
    &str => Value::Str;
    String => Value::Str;
    [u8; 6] => Value::Mac;
    Ipv4Addr => Value::Ipv4;
    Ipv6Addr => Value::Ipv6;
}

impl From<()> for Value {
    fn from((): ()) -> Self {
        Self::None
    }
}

impl From<IpAddr> for Value {
    fn from(addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(addr) => Self::Ipv4(addr),
            IpAddr::V6(addr) => Self::Ipv6(addr),
        }
    }
}

/// A number of things in memory, which fits.
impl From<usize> for Value {
    fn from(n: usize) -> Self {
        Self::Uint(n as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Value};

    #[test]
    fn values_are_written_as_tshark_does() {
        let check = |value: Value, kind, expected: &str| assert_eq!(value.tshark(kind), expected);
        check(Value::None, Kind::None, "1");
        check(Value::Bool(false), Kind::Bool, "0");
        check(Value::Uint(0x12), Kind::Hex(4), "0x0012");
        check(Value::Uint(18), Kind::Dec, "18");
        check(Value::Bytes(vec![0, 0xab]), Kind::Bytes, "00ab");
        check(
            Value::Mac([2, 0, 0, 0, 0, 10]),
            Kind::Mac,
            "02:00:00:00:00:0a",
        );
        check(Value::Time(-1_500_000_000), Kind::Time, "-1.500000000");
        check(
            "fe80::1".parse::<std::net::Ipv6Addr>().unwrap().into(),
            Kind::Ipv6,
            "fe80::1",
        );
    }
}
