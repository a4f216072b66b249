//! What the value of a key can be: text, numbers, lists, and text with a meaning of its own.
//!
//! Text with a meaning of its own is a [`Meaning`]; those of networks are in `net`, times and rates in `units`.

mod net;
mod template;
mod units;

use std::ops::Range;

use serde_json::json;
use toml::Spanned;
use toml::de::DeValue;

use super::describe::{Described, Shape};
use super::mistake::{Mistake, quote};
use super::read::{At, Reader, Value};

pub(super) use net::{Header, Hex, Mac, Prefixed, Prefixed6, PrefixedAny, Target};
pub(super) use template::{Filled, Known, Line};
pub(super) use units::{Percent, Rate, Size};

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
