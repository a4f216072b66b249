//! What `Sec-WebSocket-Extensions` says (RFC 6455 §9.1), and the parameters of permessage-deflate in it
//! (RFC 7692 §7.1).

use crate::proto::http::Headers;

/// The name under which compression is agreed (RFC 7692 §7).
pub const PERMESSAGE_DEFLATE: &str = "permessage-deflate";

/// The largest window of DEFLATE, as its base-2 logarithm (RFC 7692 §7.1.2).
pub const MAX_WINDOW_BITS: u8 = 15;

/// An extension that is offered or agreed, with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension<'a> {
    /// Its name, such as `permessage-deflate`.
    pub name: &'a str,
    /// Each parameter's name, and its value if it has one, without quotes.
    pub params: Vec<(&'a str, Option<&'a str>)>,
}

/// The extensions in their order; `None` where they break the grammar.
pub fn extensions(headers: &Headers) -> Option<Vec<Extension<'_>>> {
    headers
        .list("Sec-WebSocket-Extensions")
        .map(Extension::parse)
        .collect()
}

impl<'a> Extension<'a> {
    /// Reads one member of the list.
    pub fn parse(member: &'a str) -> Option<Self> {
        let mut parts = member.split(';').map(str::trim);
        let name = parts.next().filter(|name| is_token(name))?;
        let params = parts.map(parse_param).collect::<Option<_>>()?;
        Some(Self { name, params })
    }
}

fn parse_param(param: &str) -> Option<(&str, Option<&str>)> {
    let Some((name, value)) = param.split_once('=') else {
        return is_token(param).then_some((param, None));
    };
    let (name, value) = (name.trim_end(), value.trim_start());
    let quoted = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let value = quoted.unwrap_or(value);
    (is_token(name) && is_token(value)).then_some((name, Some(value)))
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    let is_tchar = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(is_tchar)
}

/// The four parameters of permessage-deflate, of an offer or of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeflateParams {
    /// The server forgets its window after each message (§7.1.1.1).
    pub server_no_context_takeover: bool,
    /// The client forgets its window after each message (§7.1.1.2).
    pub client_no_context_takeover: bool,
    /// The server's window is at most 2 to the power of this, 8 to 15 (§7.1.2.1).
    pub server_max_window_bits: Option<u8>,
    /// The client's window is at most 2 to the power of this, 8 to 15 (§7.1.2.2). In an offer, 15 also stands for
    /// the parameter without a value: the client would obey a limit.
    pub client_max_window_bits: Option<u8>,
}

impl DeflateParams {
    /// The parameters that a client offers; `None` for any that §7.1 does not allow, and for another extension.
    pub fn parse_offer(extension: &Extension<'_>) -> Option<Self> {
        Self::parse(extension, Some(MAX_WINDOW_BITS))
    }

    /// The parameters that a server answers with, where a window needs its value.
    pub fn parse_answer(extension: &Extension<'_>) -> Option<Self> {
        Self::parse(extension, None)
    }

    fn parse(extension: &Extension<'_>, without_value: Option<u8>) -> Option<Self> {
        if !extension.name.eq_ignore_ascii_case(PERMESSAGE_DEFLATE) {
            return None;
        }
        let mut params = Self::default();
        for (name, value) in &extension.params {
            match *name {
                "server_no_context_takeover" => {
                    set_flag(&mut params.server_no_context_takeover, *value)?;
                }
                "client_no_context_takeover" => {
                    set_flag(&mut params.client_no_context_takeover, *value)?;
                }
                "server_max_window_bits" => {
                    set_bits(&mut params.server_max_window_bits, *value, None)?;
                }
                "client_max_window_bits" => {
                    set_bits(&mut params.client_max_window_bits, *value, without_value)?;
                }
                _ => return None,
            }
        }
        Some(params)
    }

    /// The value of the header field in a request.
    pub fn offer(&self) -> String {
        self.emit(true)
    }

    /// The value of the header field in a response.
    pub fn answer(&self) -> String {
        self.emit(false)
    }

    fn emit(&self, is_offer: bool) -> String {
        let mut out = PERMESSAGE_DEFLATE.to_owned();
        if self.server_no_context_takeover {
            out += "; server_no_context_takeover";
        }
        if self.client_no_context_takeover {
            out += "; client_no_context_takeover";
        }
        if let Some(bits) = self.server_max_window_bits {
            out += &format!("; server_max_window_bits={bits}");
        }
        match self.client_max_window_bits {
            Some(MAX_WINDOW_BITS) if is_offer => out += "; client_max_window_bits",
            Some(bits) => out += &format!("; client_max_window_bits={bits}"),
            None => {}
        }
        out
    }

    /// Whether a server may answer this offer with `answer` (§7.1).
    pub fn allows(&self, answer: &Self) -> bool {
        let keeps_takeover = !self.server_no_context_takeover || answer.server_no_context_takeover;
        let keeps_window = self.server_max_window_bits.is_none_or(|most| {
            answer
                .server_max_window_bits
                .is_some_and(|bits| bits <= most)
        });
        let may_limit =
            answer.client_max_window_bits.is_none() || self.client_max_window_bits.is_some();
        keeps_takeover && keeps_window && may_limit
    }
}

/// A parameter without a value that may stand there once.
fn set_flag(flag: &mut bool, value: Option<&str>) -> Option<()> {
    (value.is_none() && !std::mem::replace(flag, true)).then_some(())
}

/// A decimal number without leading zeros, 8 to 15, that may stand there once.
fn set_bits(bits: &mut Option<u8>, value: Option<&str>, without_value: Option<u8>) -> Option<()> {
    let number = match value {
        None => without_value?,
        Some(text) => (8..=MAX_WINDOW_BITS).find(|number| number.to_string() == text)?,
    };
    bits.replace(number).is_none().then_some(())
}

#[cfg(test)]
mod tests {
    use super::{DeflateParams, Extension, extensions};
    use crate::proto::http::Headers;

    #[test]
    fn lists_of_extensions() {
        let read = |value: &str| {
            let mut headers = Headers::default();
            headers.push("Sec-WebSocket-Extensions", value);
            extensions(&headers).map(|list| format!("{list:?}"))
        };
        assert_eq!(read("").as_deref(), Some("[]"));
        let two = read("a, b;c ; d = \"8\";e=f").unwrap();
        let expected = "[Extension { name: \"a\", params: [] }, Extension { name: \"b\", \
                        params: [(\"c\", None), (\"d\", Some(\"8\")), (\"e\", Some(\"f\"))] }]";
        assert_eq!(two, expected);
        for wrong in ["a;", "a;b=", "a b", "a;b=\"c", "a;=b", ";a", "a;b=\"\""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn parameters() {
        let check = |text: &str, offer: Option<&str>, answer: Option<&str>| {
            let text = format!("permessage-deflate{text}");
            let extension = Extension::parse(&text).unwrap();
            let full = |params: &str| format!("permessage-deflate{params}");
            let read = DeflateParams::parse_offer(&extension);
            assert_eq!(read.map(|params| params.offer()), offer.map(full), "{text}");
            let read = DeflateParams::parse_answer(&extension);
            assert_eq!(
                read.map(|params| params.answer()),
                answer.map(full),
                "{text}"
            );
        };
        let both = |text: &str| check(text, Some(text), Some(text));
        let neither = |text: &str| check(text, None, None);
        both("");
        both("; server_no_context_takeover; client_no_context_takeover");
        both("; server_max_window_bits=8; client_max_window_bits=9");
        check(
            "; client_max_window_bits",
            Some("; client_max_window_bits"),
            None,
        );
        let most = "; client_max_window_bits=15";
        check(most, Some("; client_max_window_bits"), Some(most));
        neither("; server_max_window_bits");
        neither("; server_max_window_bits=16");
        neither("; server_max_window_bits=7");
        neither("; server_max_window_bits=08");
        neither("; server_max_window_bits=10; server_max_window_bits=10");
        neither("; server_no_context_takeover; server_no_context_takeover");
        neither("; server_no_context_takeover=1");
        neither("; level=9");
        assert_eq!(
            DeflateParams::parse_offer(&Extension::parse("x").unwrap()),
            None
        );
    }

    #[test]
    fn an_answer_keeps_to_its_offer() {
        let read = |text: &str| {
            let text = format!("permessage-deflate{text}");
            DeflateParams::parse_offer(&Extension::parse(&text).unwrap()).unwrap()
        };
        let check = |offer: &str, answer: &str, expected: bool| {
            assert_eq!(
                read(offer).allows(&read(answer)),
                expected,
                "{offer} {answer}"
            );
        };
        check("", "", true);
        check("", "; server_max_window_bits=9", true);
        check("", "; client_no_context_takeover", true);
        check("", "; client_max_window_bits=9", false);
        check(
            "; client_max_window_bits",
            "; client_max_window_bits=9",
            true,
        );
        check("; client_max_window_bits", "", true);
        check("; server_max_window_bits=10", "", false);
        check(
            "; server_max_window_bits=10",
            "; server_max_window_bits=11",
            false,
        );
        check(
            "; server_max_window_bits=10",
            "; server_max_window_bits=9",
            true,
        );
        check("; server_no_context_takeover", "", false);
        check(
            "; server_no_context_takeover",
            "; server_no_context_takeover",
            true,
        );
    }
}
