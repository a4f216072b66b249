//! JSON and text with places that are filled when an event is handled.

use serde_json::json;
use toml::Spanned;
use toml::de::DeValue;

use crate::scenario::describe::{Described, Shape};
use crate::scenario::mistake::{Mistake, quote};
use crate::scenario::read::{Reader, Value};
use crate::scenario::values::{Meaning, Wrong};
use crate::sim::spec::{Piece, Slot, Template, pieces};

use super::Hex;

/// A JSON value, written as a TOML value, with places to be filled: `$1` in place of a text, `${1}` within one;
/// `{ hex = "00 ff" }` is bytes.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::scenario) struct Filled(pub Template);

/// Text with places to be filled.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::scenario) struct Line(pub Vec<Piece>);

/// A value that is known when an event is handled: `$1.kind`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::scenario) struct Known(pub Slot);

impl Value for Filled {
    fn shape(_: &mut Described) -> Shape {
        Shape::new(json!({}), "any value, with `$1` and the like in it")
    }

    fn read(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Self> {
        template(reader, value).map(Self)
    }
}

fn template(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Template> {
    Some(match value.get_ref() {
        DeValue::String(text) => {
            let made = Template::of_text(text);
            let wrong = |message| Mistake::new(value.span(), message, "this means nothing");
            made.map_err(|message| reader.note(wrong(message))).ok()?
        }
        DeValue::Boolean(yes) => Template::Json(yes.to_string()),
        DeValue::Integer(integer) => {
            let number = i64::from_str_radix(integer.as_str(), integer.radix());
            let wrong = |_| {
                Mistake::new(
                    value.span(),
                    "this number is too large",
                    "of 64 bits at most",
                )
            };
            let number = number.map_err(|error| reader.note(wrong(error))).ok()?;
            Template::Json(number.to_string())
        }
        DeValue::Float(float) => {
            let number: Option<f64> = float.as_str().parse().ok();
            let Some(number) = number.filter(|number| number.is_finite()) else {
                reader.note(Mistake::new(
                    value.span(),
                    "JSON has no such number",
                    "not finite",
                ));
                return None;
            };
            Template::Json(json!(number).to_string())
        }
        DeValue::Datetime(time) => Template::Json(json!(time.to_string()).to_string()),
        DeValue::Array(all) => {
            let all = all.iter().map(|one| template(reader, one));
            closed(Template::List(all.collect::<Option<_>>()?))
        }
        DeValue::Table(members) => {
            let mut members: Vec<_> = members.iter().collect();
            if let [(key, hex)] = members.as_slice()
                && key.get_ref() == "hex"
                && hex.get_ref().is_str()
            {
                return Hex::read(reader, hex).map(|bytes| Template::Bytes(bytes.0));
            }
            // as they stand in the file
            members.sort_by_key(|(key, _)| key.span().start);
            let member = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
                let key: &toml::de::DeString<'_> = key.get_ref();
                Some((key.to_string(), template(reader, value)?))
            };
            let members = members.into_iter().map(member).collect::<Option<_>>()?;
            closed(Template::Object(members))
        }
    })
}

/// A list or an object without places is JSON that stands.
fn closed(template: Template) -> Template {
    fn text(template: &Template) -> Option<String> {
        let quoted = |name: &String| json!(name).to_string();
        Some(match template {
            Template::Json(text) => text.clone(),
            Template::List(all) => {
                let all: Option<Vec<String>> = all.iter().map(text).collect();
                format!("[{}]", all?.join(","))
            }
            Template::Object(members) => {
                let member = |(name, value)| Some(format!("{}:{}", quoted(name), text(value)?));
                let all: Option<Vec<String>> = members
                    .iter()
                    .map(|(name, value)| member((name, value)))
                    .collect();
                format!("{{{}}}", all?.join(","))
            }
            _ => return None,
        })
    }
    text(&template).map_or(template, Template::Json)
}

impl Meaning for Line {
    const WORDS: &'static str = "text, with `${1}` and the like in it";
    const EXAMPLES: &'static str = "`\"hello, ${auth.name}\"` or `\"$1\"`";
    const PATTERN: &'static str = "";

    fn parse(text: &str) -> Result<Self, Wrong> {
        if let Some(name) = text.strip_prefix('$')
            && !name.starts_with(['$', '{'])
        {
            let slot = Slot::parse(name).map_err(Wrong::all)?;
            return Ok(Self(vec![Piece::Value(slot)]));
        }
        pieces(text).map(Self).map_err(Wrong::all)
    }
}

impl Meaning for Known {
    const WORDS: &'static str = "value that is known";
    const EXAMPLES: &'static str = "`\"$1\"` or `\"$auth.name\"`";
    const PATTERN: &'static str = r"^\$";

    fn parse(text: &str) -> Result<Self, Wrong> {
        let Some(name) = text.strip_prefix('$') else {
            return Err(Wrong::all(format!("{} names no value", quote(text))));
        };
        Slot::parse(name).map(Self).map_err(Wrong::all)
    }
}
