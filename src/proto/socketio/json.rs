//! Places in JSON text that stays as it was written.

use std::ops::Range;

use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};

/// Whether this is one JSON text. Depth and size of numbers do not matter.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Where the elements of the array are that `text` is; none where it is no JSON array.
pub fn elements(text: &str) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    if !text.trim_start_matches(BLANK).starts_with('[') || !is_json(text) {
        return places;
    }
    let mut at = skip_blank(text, 0) + 1;
    loop {
        at = skip_blank(text, at);
        let mut values = Deserializer::from_str(&text[at..]).into_iter::<IgnoredAny>();
        let Some(Ok(_)) = values.next() else {
            return places;
        };
        let end = at + values.byte_offset();
        places.push(at..end);
        // a comma, or the bracket, after which nothing is read
        at = skip_blank(text, end) + 1;
        if !text[..at].ends_with(',') {
            return places;
        }
    }
}

/// The numbers of the placeholders in this JSON text, from the first to the last.
pub fn placeholders(text: &str) -> Vec<u64> {
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
