//! Places in JSON text that stays as it was written.

use std::ops::Range;

use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};

/// Whether this is one JSON text. Depth and size of numbers do not matter.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Where the elements of the array are that `text` is; none where it is no JSON array.
pub(super) fn elements(text: &str) -> Vec<Range<usize>> {
    items(text, '[', |at| {
        value_end(text, at).map(|end| (at..end, end))
    })
}

/// The names and the places of the values of the object that `text` is; none where it is no JSON object.
pub(super) fn members(text: &str) -> Vec<(String, Range<usize>)> {
    items(text, '{', |at| {
        let name_end = value_end(text, at)?;
        let name = serde_json::from_str(&text[at..name_end]).unwrap_or_default();
        // past the colon
        let start = skip_blank(text, skip_blank(text, name_end) + 1);
        let end = value_end(text, start)?;
        Some(((name, start..end), end))
    })
}

/// What `read` makes of each item of an array or an object: the item, and where it ends.
fn items<T>(text: &str, open: char, read: impl Fn(usize) -> Option<(T, usize)>) -> Vec<T> {
    let mut found = Vec::new();
    let start = skip_blank(text, 0);
    if !text[start..].starts_with(open) || !is_json(text) {
        return found;
    }
    let mut at = skip_blank(text, start + 1);
    while let Some((item, end)) = read(at) {
        found.push(item);
        let after = skip_blank(text, end);
        if !text[after..].starts_with(',') {
            break;
        }
        at = skip_blank(text, after + 1);
    }
    found
}

/// Where the value ends that starts at `at`.
fn value_end(text: &str, at: usize) -> Option<usize> {
    let mut values = Deserializer::from_str(&text[at..]).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(at + values.byte_offset())
}

/// A value as a person reads it: of text what it says, else the JSON.
pub(super) fn plain(value: &str) -> String {
    serde_json::from_str(value).unwrap_or_else(|_| value.to_owned())
}

/// The numbers of the placeholders of Socket.IO's attachments in this JSON text, from the first to the last.
pub(super) fn placeholders(text: &str) -> Vec<u64> {
    let mut found = Vec::new();
    if let Ok(value) = serde_json::from_str(text) {
        collect(&value, &mut found);
    }
    found.sort_unstable();
    found
}

fn collect(value: &Value, found: &mut Vec<u64>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Object(members) if members.get("_placeholder") == Some(&Value::Bool(true)) => {
            found.extend(members.get("num").and_then(Value::as_u64));
        }
        Value::Object(members) => members.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

const BLANK: [char; 4] = [' ', '\t', '\n', '\r'];

fn skip_blank(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches(BLANK).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_elements_and_members() {
        let of = |text: &'static str| -> Vec<&str> {
            let places = elements(text).into_iter();
            places.map(|place| &text[place]).collect()
        };
        assert_eq!(
            of(r#" ["a" , {"b":[1,2]},-1.5e3,null , "]" ] "#),
            [r#""a""#, r#"{"b":[1,2]}"#, "-1.5e3", "null", r#""]""#]
        );
        for none in ["[]", "[1,]", "{}", "", "[", "x"] {
            assert_eq!(of(none), [""; 0], "{none}");
        }
        let text = r#" { "a" : 1 ,"b":{"c":[2]}, "\u0063":"}" }"#;
        let members: Vec<_> = members(text)
            .into_iter()
            .map(|(name, place)| (name, &text[place]))
            .collect();
        let expected = [("a", "1"), ("b", r#"{"c":[2]}"#), ("c", r#""}""#)];
        assert_eq!(
            members,
            expected.map(|(name, value)| (name.to_owned(), value))
        );
    }

    #[test]
    fn placeholders_at_any_depth() {
        let text = r#"["a",{"b":[{"_placeholder":true,"num":1}]},{"num":0,"_placeholder":true}]"#;
        assert_eq!(placeholders(text), [0, 1]);
        assert_eq!(placeholders("[{\"num\":1}]"), [0u64; 0]);
        assert_eq!(placeholders("["), [0u64; 0]);
    }
}
