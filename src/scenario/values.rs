//! What the value of a key can be: text, numbers, lists, and text with a meaning of its own.

use std::net::Ipv4Addr;
use std::ops::Range;
use std::time::Duration;

use serde_json::json;
use toml::Spanned;
use toml::de::DeValue;

use super::describe::{Described, Shape};
use super::mistake::{Mistake, advice, quote};
use super::read::{At, Reader, Value};

impl<T: Value> Value for Option<T> {
    const TABLE: bool = T::TABLE;

    fn shape(seen: &mut Described) -> Shape {
        T::shape(seen)
    }

    fn read(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Self> {
        T::read(reader, value).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// A list. One wrong element does not take the others away.
impl<T: Value> Value for Vec<At<T>> {
    fn shape(seen: &mut Described) -> Shape {
        let of = T::shape(seen);
        let json = json!({"type": "array", "items": of.json});
        Shape::new(json, format!("list of {}", of.words))
    }

    fn read(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Self> {
        let element = |reader: &mut Reader<'_>, element: &Spanned<DeValue<'_>>| At {
            span: element.span(),
            value: T::read(reader, element),
        };
        match value.get_ref() {
            DeValue::Array(list) => Some(list.iter().map(|e| element(reader, e)).collect()),
            DeValue::Table(_) if T::TABLE => {
                let message = "there may be several of these";
                let mistake = Mistake::new(value.span(), message, "a single table");
                let help = "write its name in two pairs of brackets: [[…]]".to_owned();
                reader.note(mistake.help(help));
                Some(vec![element(reader, value)])
            }
            _ => {
                reader.wrong_type("a list", value);
                None
            }
        }
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

/// Two of something.
impl<T: Value> Value for [At<T>; 2] {
    fn shape(seen: &mut Described) -> Shape {
        let of = T::shape(seen);
        let json = json!({"type": "array", "items": of.json, "minItems": 2, "maxItems": 2});
        Shape::new(json, format!("two times {} in a list", of.words))
    }

    fn read(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Self> {
        let list = Vec::<At<T>>::read(reader, value)?;
        let count = list.len();
        let two = <[At<T>; 2]>::try_from(list).ok();
        if two.is_none() {
            let message = format!("expected two, found {count}");
            reader.note(Mistake::new(
                value.span(),
                message,
                "a list of two belongs here",
            ));
        }
        two
    }
}

impl Value for bool {
    fn shape(_: &mut Described) -> Shape {
        Shape::new(json!({"type": "boolean"}), "`true` or `false`")
    }

    fn read(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Self> {
        let read = value.get_ref().as_bool();
        if read.is_none() {
            reader.wrong_type("true or false", value);
        }
        read
    }
}

/// A whole number of `MIN..=MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number<const MIN: u64, const MAX: u64>(pub u64);

/// A TCP or UDP port.
pub(super) type Port = Number<1, 65_535>;

impl<const MIN: u64, const MAX: u64> Number<MIN, MAX> {
    /// The number in a narrower type. Its range was checked when it was read, so `MAX` must fit.
    pub fn narrow<T: TryFrom<u64>>(self) -> T {
        match T::try_from(self.0) {
            Ok(number) => number,
            Err(_) => unreachable!("the declared range fits the type"),
        }
    }
}

impl<const MIN: u64, const MAX: u64> Value for Number<MIN, MAX> {
    fn shape(_: &mut Described) -> Shape {
        let json = json!({"type": "integer", "minimum": MIN, "maximum": MAX});
        Shape::new(json, format!("number, {MIN} to {MAX}"))
    }

    fn read(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Self> {
        let DeValue::Integer(integer) = value.get_ref() else {
            reader.wrong_type("a number", value);
            return None;
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.filter(|number| (MIN..=MAX).contains(number));
        if number.is_none() {
            let message = format!("{} is not from {MIN} to {MAX}", quote(&integer.to_string()));
            reader.note(Mistake::new(value.span(), message, "out of range"));
        }
        number.map(Self)
    }
}

/// Text with a meaning of its own.
pub(super) trait Meaning: Sized {
    /// In words: `time span`.
    const WORDS: &'static str;
    /// Right ones, for the advice.
    const EXAMPLES: &'static str;
    /// What it looks like, as a regular expression; empty for anything.
    const PATTERN: &'static str;

    /// The meaning of `text`.
    fn parse(text: &str) -> Result<Self, Wrong>;
}

/// What is wrong with a text, and where in it.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The place in the text, in bytes; `None`: all of it.
    pub at: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// What to write instead; else the examples are named.
    pub help: Option<String>,
}

impl Wrong {
    /// The whole text is wrong.
    pub fn all(message: impl Into<String>) -> Self {
        let message = message.into();
        let (at, help) = (None, None);
        Self { at, message, help }
    }
}

impl<T: Meaning> Value for T {
    fn shape(_: &mut Described) -> Shape {
        let mut json = json!({"type": "string"});
        if !T::PATTERN.is_empty() {
            json["pattern"] = json!(T::PATTERN);
        }
        let examples = match T::EXAMPLES {
            "" => String::new(),
            examples => format!(" such as {examples}"),
        };
        Shape::new(json, format!("{}{examples}", T::WORDS))
    }

    fn read(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Self> {
        let Some(text) = value.get_ref().as_str() else {
            let examples = match T::EXAMPLES {
                "" => String::new(),
                examples => format!(" such as {examples}"),
            };
            reader.wrong_type(&format!("{}{examples}", T::WORDS), value);
            return None;
        };
        T::parse(text)
            .map_err(|wrong| {
                let whole = value.span();
                let part = (wrong.at.as_ref())
                    .map(|at| place_in_string(reader.text, &whole, text, at.clone()));
                let mistake = Mistake::new(part.unwrap_or(whole), wrong.message, T::WORDS);
                let all_wrong = wrong.at.is_none() && !T::EXAMPLES.is_empty();
                let example = || format!("write it as {}", T::EXAMPLES);
                reader.note(mistake.help(wrong.help.or_else(|| all_wrong.then(example))));
            })
            .ok()
    }
}

/// Where the bytes `at` of a string's value stand in the file, where the string with its quotes is `whole`.
fn place_in_string(
    file: &str,
    whole: &Range<usize>,
    value: &str,
    at: Range<usize>,
) -> Range<usize> {
    let Some(literal) = file.get(whole.clone()) else {
        return whole.clone();
    };
    let quotes = if literal.starts_with("'''") || literal.starts_with("\"\"\"") {
        3
    } else {
        1
    };
    let inner = literal.get(quotes..literal.len().saturating_sub(quotes));
    // With escapes in it the value is not what stands in the file: then the whole string is meant.
    let Some(start) = inner.and_then(|inner| inner.find(value)) else {
        return whole.clone();
    };
    let base = whole.start + quotes + start;
    let end = at.end.min(value.len());
    base + at.start.min(end)..base + end
}

/// Any text.
impl Meaning for String {
    const WORDS: &'static str = "text";
    const EXAMPLES: &'static str = "";
    const PATTERN: &'static str = "";

    fn parse(text: &str) -> Result<Self, Wrong> {
        Ok(text.to_owned())
    }
}

/// The name of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(pub String);

impl Meaning for Name {
    const WORDS: &'static str = "name";
    const EXAMPLES: &'static str = "`\"client\"`";
    const PATTERN: &'static str = "^[A-Za-z][A-Za-z0-9_-]{0,31}$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        let letters = text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
        if letters && starts && text.len() <= 32 {
            return Ok(Self(text.to_owned()));
        }
        let message = "a name is a letter and up to 31 more letters, digits, `-` or `_`";
        Err(Wrong::all(message))
    }
}

/// A span of time.
impl Meaning for Duration {
    const WORDS: &'static str = "time span";
    const EXAMPLES: &'static str = "`\"10 ms\"` or `\"1.5 s\"`";
    const PATTERN: &'static str = r"^[0-9]+(\.[0-9]+)? *(ns|us|µs|ms|s|min)$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        const UNITS: &[(&str, u64)] = &[
            ("ns", 1),
            ("us", 1_000),
            ("µs", 1_000),
            ("ms", 1_000_000),
            ("s", 1_000_000_000),
            ("min", 60_000_000_000),
        ];
        with_unit(text, UNITS, "time").map(Duration::from_nanos)
    }
}

/// Bits a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate(pub u64);

impl Meaning for Rate {
    const WORDS: &'static str = "rate";
    const EXAMPLES: &'static str = "`\"100 Mbit/s\"`";
    const PATTERN: &'static str = r"^[0-9]+(\.[0-9]+)? *(bit/s|kbit/s|Mbit/s|Gbit/s)$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        const UNITS: &[(&str, u64)] = &[
            ("bit/s", 1),
            ("kbit/s", 1_000),
            ("Mbit/s", 1_000_000),
            ("Gbit/s", 1_000_000_000),
        ];
        match with_unit(text, UNITS, "rate")? {
            0 => Err(Wrong::all("with a rate of nothing no frame ever arrives")),
            rate => Ok(Self(rate)),
        }
    }
}

/// A decimal number and a unit, as a whole number of the smallest unit.
fn with_unit(text: &str, units: &[(&str, u64)], what: &str) -> Result<u64, Wrong> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim_start_matches(' '));
    let names: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
    let Some(&(_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        let unit_at = (!unit.is_empty()).then_some(text.len() - unit.len()..text.len());
        let (message, help) = if number.is_empty() {
            (format!("{} is no {what}", quote(text)), None)
        } else if unit.is_empty() {
            (
                "the unit is missing".into(),
                Some(format!("units: {}", names.join(", "))),
            )
        } else {
            (
                format!("unknown unit {}", quote(unit)),
                advice(unit, &names),
            )
        };
        let at = if number.is_empty() { None } else { unit_at };
        return Err(Wrong { at, message, help });
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    exact(whole, fraction, factor)
        .ok_or_else(|| Wrong::all(format!("{} is no {what} that can be kept", quote(text))))
}

/// `whole.fraction` times `factor`, rounded down; `None` if it is no number or does not fit.
fn exact(whole: &str, fraction: &str, factor: u64) -> Option<u64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction = &fraction[..fraction.len().min(12)];
    let parts: u64 = fraction.parse().ok()?;
    let scale = 10u128.pow(u32::try_from(fraction.len()).ok()?);
    let part = u128::from(parts) * u128::from(factor) / scale;
    let whole: u64 = whole.parse().ok()?;
    whole
        .checked_mul(factor)?
        .checked_add(u64::try_from(part).ok()?)
}

impl Meaning for Ipv4Addr {
    const WORDS: &'static str = "IPv4 address";
    const EXAMPLES: &'static str = "`\"10.0.0.1\"`";
    const PATTERN: &'static str = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        text.parse()
            .map_err(|_| Wrong::all(format!("{} is no IPv4 address", quote(text))))
    }
}

/// An IPv4 address with the length of its network's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefixed {
    /// The address.
    pub ip: Ipv4Addr,
    /// How many leading bits are the network's.
    pub len: u8,
}

impl Meaning for Prefixed {
    const WORDS: &'static str = "IPv4 address with prefix length";
    const EXAMPLES: &'static str = "`\"10.0.0.2/24\"`";
    const PATTERN: &'static str = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        let Some((ip, len)) = text.split_once('/') else {
            return Err(match text.parse::<Ipv4Addr>() {
                Ok(_) => Wrong {
                    help: Some(format!("a network of 256 addresses is written {text}/24")),
                    ..Wrong::all("the length of the network's prefix is missing")
                },
                Err(_) => Wrong::all(format!("{} is no IPv4 address", quote(text))),
            });
        };
        let Ok(address) = ip.parse() else {
            let message = format!("{} is no IPv4 address", quote(ip));
            let at = Some(0..ip.len());
            return Err(Wrong {
                at,
                ..Wrong::all(message)
            });
        };
        match len.parse::<u8>() {
            Ok(len) if len <= 32 => Ok(Self { ip: address, len }),
            _ => {
                let message = format!("a prefix has 0 to 32 bits, not {}", quote(len));
                let at = Some(ip.len() + 1..text.len());
                Err(Wrong {
                    at,
                    ..Wrong::all(message)
                })
            }
        }
    }
}

/// A MAC address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mac(pub [u8; 6]);

impl Meaning for Mac {
    const WORDS: &'static str = "MAC address";
    const EXAMPLES: &'static str = "`\"02:00:00:00:00:01\"`";
    const PATTERN: &'static str = "^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        let octet = |part: &str| (part.len() == 2).then(|| u8::from_str_radix(part, 16).ok());
        let octets: Option<Vec<u8>> = text.split(':').map(|part| octet(part).flatten()).collect();
        let mac = octets.and_then(|octets| <[u8; 6]>::try_from(octets).ok());
        match mac {
            None => Err(Wrong::all(format!("{} is no MAC address", quote(text)))),
            // IEEE 802: the lowest bit of the first octet marks a group address.
            Some(mac) if mac[0] & 1 == 1 => {
                Err(Wrong::all("a group address is no address of a single host"))
            }
            Some(mac) => Ok(Self(mac)),
        }
    }
}

/// Bytes as hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hex(pub Vec<u8>);

impl Meaning for Hex {
    const WORDS: &'static str = "bytes in hexadecimal";
    const EXAMPLES: &'static str = "`\"00 ff 7f\"`";
    const PATTERN: &'static str = "^ *([0-9A-Fa-f]{2} *)*$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|&c| c != ' ')
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        match digits {
            Some(digits) if digits.len().is_multiple_of(2) => Ok(Self(
                digits.chunks(2).map(|two| two[0] << 4 | two[1]).collect(),
            )),
            _ => Err(Wrong::all(format!(
                "{} is no bytes in hexadecimal",
                quote(text)
            ))),
        }
    }
}

/// A server to connect to: a node or an address, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// A node's name or an IPv4 address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Meaning for Target {
    const WORDS: &'static str = "node or address, and port";
    const EXAMPLES: &'static str = "`\"server:80\"`";
    const PATTERN: &'static str = "^[^:]+:[0-9]{1,5}$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        let Some((host, port)) = text.split_once(':') else {
            return Err(Wrong::all("the port is missing"));
        };
        match port.parse::<u16>() {
            Ok(port) if port > 0 && !host.is_empty() => {
                let host = host.to_owned();
                Ok(Self { host, port })
            }
            _ => {
                let message = format!("{} is no port from 1 to 65535", quote(port));
                let at = Some(host.len() + 1..text.len());
                Err(Wrong {
                    at,
                    ..Wrong::all(message)
                })
            }
        }
    }
}

/// An HTTP header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Meaning for Header {
    const WORDS: &'static str = "header";
    const EXAMPLES: &'static str = "`\"Content-Type: text/plain\"`";
    const PATTERN: &'static str = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\\r\\n]*$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        // RFC 9110 §5.1 and §5.6.2: a name is a token.
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+.^_`|~-".contains(c);
        match text.split_once(':') {
            Some((name, value))
                if !name.is_empty() && name.chars().all(token) && !value.contains(['\r', '\n']) =>
            {
                let (name, value) = (name.to_owned(), value.trim().to_owned());
                Ok(Self { name, value })
            }
            _ => Err(Wrong::all(format!("{} is no header", quote(text)))),
        }
    }
}
