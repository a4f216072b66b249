//! Addresses, ports and headers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::{Meaning, Wrong};
use crate::scenario::mistake::quote;

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
pub(in crate::scenario) struct Prefixed {
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
        let usual = "a network of 256 addresses is written";
        let (ip, len) = prefixed(text, "IPv4", usual, 24, 32)?;
        Ok(Self { ip, len })
    }
}

impl Meaning for Ipv6Addr {
    const WORDS: &'static str = "IPv6 address";
    const EXAMPLES: &'static str = "`\"2001:db8::1\"`";
    const PATTERN: &'static str = "^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        text.parse()
            .map_err(|_| Wrong::all(format!("{} is no IPv6 address", quote(text))))
    }
}

/// An IPv6 address with the length of its network's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scenario) struct Prefixed6 {
    /// The address.
    pub ip: Ipv6Addr,
    /// How many leading bits are the network's.
    pub len: u8,
}

impl Meaning for Prefixed6 {
    const WORDS: &'static str = "IPv6 address with prefix length";
    const EXAMPLES: &'static str = "`\"2001:db8::2/64\"`";
    const PATTERN: &'static str = "^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*/[0-9]{1,3}$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        let (ip, len) = prefixed(text, "IPv6", "the usual network is written", 64, 128)?;
        Ok(Self { ip, len })
    }
}

impl Meaning for IpAddr {
    const WORDS: &'static str = "IP address";
    const EXAMPLES: &'static str = "`\"10.0.0.1\"`, `\"2001:db8::1\"`";
    const PATTERN: &'static str = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        text.parse()
            .map_err(|_| Wrong::all(format!("{} is no IP address", quote(text))))
    }
}

/// An IPv4 or IPv6 address with the length of its network's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scenario) struct PrefixedAny {
    /// The address.
    pub ip: IpAddr,
    /// How many leading bits are the network's.
    pub len: u8,
}

impl Meaning for PrefixedAny {
    const WORDS: &'static str = "IP address with prefix length";
    const EXAMPLES: &'static str = "`\"10.0.3.0/24\"`, `\"2001:db8:3::/64\"`";
    const PATTERN: &'static str =
        r"^([0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*/[0-9]{1,3})$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        if text.contains(':') {
            let Prefixed6 { ip, len } = Prefixed6::parse(text)?;
            let ip = ip.into();
            return Ok(Self { ip, len });
        }
        let Prefixed { ip, len } = Prefixed::parse(text)?;
        let ip = ip.into();
        Ok(Self { ip, len })
    }
}

/// An address and the length of a prefix of at most `most` bits, separated by a slash.
fn prefixed<A: FromStr>(
    text: &str,
    family: &str,
    usual: &str,
    usual_len: u8,
    most: u8,
) -> Result<(A, u8), Wrong> {
    let no_address = |text: &str| format!("{} is no {family} address", quote(text));
    let Some((ip, len)) = text.split_once('/') else {
        return Err(match text.parse::<A>() {
            Ok(_) => Wrong {
                help: Some(format!("{usual} {text}/{usual_len}")),
                ..Wrong::all("the length of the network's prefix is missing")
            },
            Err(_) => Wrong::all(no_address(text)),
        });
    };
    let Ok(address) = ip.parse() else {
        return Err(Wrong {
            at: Some(0..ip.len()),
            ..Wrong::all(no_address(ip))
        });
    };
    match len.parse::<u8>() {
        Ok(len) if len <= most => Ok((address, len)),
        _ => Err(Wrong {
            at: Some(ip.len() + 1..text.len()),
            ..Wrong::all(format!("a prefix has 0 to {most} bits, not {}", quote(len)))
        }),
    }
}

/// A MAC address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scenario) struct Mac(pub [u8; 6]);

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
pub(in crate::scenario) struct Hex(pub Vec<u8>);

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
pub(in crate::scenario) struct Target {
    /// A node's name, or an address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Meaning for Target {
    const WORDS: &'static str = "node or address, and port";
    const EXAMPLES: &'static str = "`\"server:80\"`";
    const PATTERN: &'static str = r"^([^:]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        let in_brackets = text.strip_prefix('[').and_then(|text| text.split_once(']'));
        let (host, rest) = match in_brackets {
            Some((host, rest)) if host.parse::<Ipv6Addr>().is_ok() => (host, rest),
            Some((host, _)) => {
                return Err(Wrong {
                    at: Some(1..1 + host.len()),
                    ..Wrong::all(format!("{} is no IPv6 address", quote(host)))
                });
            }
            None if text.matches(':').count() > 1 => {
                return Err(Wrong {
                    help: Some("such as \"[2001:db8::2]:80\"".to_owned()),
                    ..Wrong::all("an IPv6 address with a port is written in brackets")
                });
            }
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let Some(port) = rest.strip_prefix(':') else {
            return Err(Wrong::all("the port is missing"));
        };
        match port.parse::<u16>() {
            Ok(port) if port > 0 && !host.is_empty() => {
                let host = host.to_owned();
                Ok(Self { host, port })
            }
            _ => {
                let message = format!("{} is no port from 1 to 65535", quote(port));
                let at = Some(text.len() - port.len()..text.len());
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
pub(in crate::scenario) struct Header {
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
