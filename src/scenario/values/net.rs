//! Addresses, ports and headers.

use std::net::Ipv4Addr;

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
