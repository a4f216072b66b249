//! Events as people type them: `chat message "hi" {"a":1} <01 ff>`.

use serde_json::value::RawValue;

use crate::proto::socketio::{RESERVED_EVENTS, placeholder};
use crate::stack::socketio::Args;

/// An event to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub args: Args,
}

/// Reads a name and arguments. The name is JSON text, or all up to where JSON begins; an argument is JSON, or bytes in
/// hexadecimal between `<` and `>`.
///
/// # Errors
/// In words, if it is no event.
pub fn parse_event(text: &str) -> Result<Event, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("an event has a name".to_owned());
    }
    let (name, args) = match text.starts_with('"') {
        true => {
            let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
            let Some(Ok(name)) = values.next() else {
                return Err("the name begins with a quote, and is no JSON text".to_owned());
            };
            let rest = &text[values.byte_offset()..];
            (name, parse_args(rest).ok_or_else(|| no_args(rest))?)
        }
        false => bare(text)?,
    };
    if RESERVED_EVENTS.contains(&name.as_str()) {
        return Err(format!(
            "no event may be called {name}: it is one of the library's own"
        ));
    }
    Ok(Event { name, args })
}

/// A name without quotes: the shortest behind which there are arguments.
fn bare(text: &str) -> Result<(String, Args), String> {
    let first_blank = text.find(char::is_whitespace).unwrap_or(text.len());
    let ends = text.match_indices(char::is_whitespace).map(|(at, _)| at);
    for at in ends {
        let (name, rest) = text.split_at(at);
        if !rest.trim().is_empty()
            && let Some(args) = parse_args(rest)
        {
            return Ok((name.trim_end().to_owned(), args));
        }
    }
    match text[first_blank..].trim() {
        "" => Ok((text.to_owned(), Args::default())),
        rest => Err(no_args(rest)),
    }
}

fn no_args(rest: &str) -> String {
    let rest = rest.trim();
    format!(
        "`{rest}` is no JSON: text stands in double quotes, such as \"hi\"; a name with blanks, too"
    )
}

/// Arguments, one after the other, with blanks between; `None` where one is none.
fn parse_args(text: &str) -> Option<Args> {
    let mut args = Args::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('<') {
            let (hex, after) = inner.split_once('>')?;
            args.values.push(placeholder(args.attachments.len() as u64));
            args.attachments.push(parse_hex(hex)?);
            rest = after.trim_start();
            continue;
        }
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        args.values.push(values.next()?.ok()?.get().to_owned());
        rest = rest[values.byte_offset()..].trim_start();
    }
    Some(args)
}

/// Bytes in hexadecimal, with or without blanks between.
pub fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.split_whitespace().collect();
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let pair = |at| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    (0..digits.len()).step_by(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arguments() {
        let check = |text: &str, expected: &str| {
            let event = parse_event(text).unwrap();
            assert_eq!(event.args.describe(&event.name), expected, "{text}");
        };
        check("ping", "ping()");
        check("  ping  ", "ping()");
        check(r#"chat "hi""#, r#"chat("hi")"#);
        check(
            r#"chat message "hi" {"a": 1}"#,
            r#"chat message("hi", {"a": 1})"#,
        );
        check(r#""chat message""#, "chat message()");
        check(r#""a b"  1 null"#, "a b(1, null)");
        check("file <01 fF> <> 2", "file(<01 ff>, <>, 2)");
        check("5 6", "5(6)");
    }

    #[test]
    fn what_is_no_event() {
        for (text, part) in [
            ("", "has a name"),
            ("chat hi", "`hi` is no JSON"),
            ("chat {a}", "no JSON"),
            ("chat <0>", "no JSON"),
            ("\"open", "no JSON text"),
            ("\"a\" b", "`b` is no JSON"),
            ("disconnect 1", "library's own"),
        ] {
            let error = parse_event(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
