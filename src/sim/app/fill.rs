//! How templates are filled with what is known of an event.

use serde_json::{Value, json};

use crate::proto::socketio::placeholder;
use crate::sim::spec::{Condition, Piece, Slot, Source, Template};
use crate::stack::socketio::Args;

/// What is known when an event is handled.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The arguments of the event.
    pub args: Args,
    /// What the client said of itself, JSON text.
    pub auth: Option<String>,
    /// The id of the socket.
    pub id: String,
    /// Its namespace.
    pub nsp: String,
    /// The name of the event.
    pub event: String,
    /// Why the socket is no more.
    pub reason: String,
    /// The room that it joined last.
    pub room: Option<String>,
    /// How often the handler was run.
    pub count: u64,
    /// How many sockets are in the namespace.
    pub sockets: usize,
}

impl Known {
    /// The arguments that these templates make.
    pub fn args(&self, templates: &[Template]) -> Args {
        if let [Template::All] = templates {
            return self.args.clone();
        }
        let mut out = Args::default();
        for template in templates {
            match template {
                Template::All => {
                    for value in &self.args.values {
                        let value = self.renumbered(value, &mut out.attachments);
                        out.values.push(value);
                    }
                }
                other => {
                    let value = self.json(other, &mut out.attachments);
                    out.values.push(value);
                }
            }
        }
        out
    }

    /// The text that these pieces make.
    pub fn text(&self, pieces: &[Piece]) -> String {
        let one = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Value(slot) => match self.value(slot) {
                Value::String(text) => text,
                other => other.to_string(),
            },
        };
        pieces.iter().map(one).collect()
    }

    /// Whether a condition holds, where there is one.
    pub fn allows(&self, condition: Option<&Condition>) -> bool {
        condition.is_none_or(|condition| {
            (self.value(&condition.slot) == condition.value) == condition.equal
        })
    }

    /// A value; null where there is none.
    pub fn value(&self, slot: &Slot) -> Value {
        let parsed = |text: &String| serde_json::from_str(text).unwrap_or_default();
        let mut value: Value = match slot.source {
            Source::Argument(index) => self.args.values.get(index).map(parsed).unwrap_or_default(),
            Source::Auth => self.auth.as_ref().map_or_else(|| json!({}), parsed),
            Source::Id => self.id.as_str().into(),
            Source::Nsp => self.nsp.as_str().into(),
            Source::Event => self.event.as_str().into(),
            Source::Reason => self.reason.as_str().into(),
            Source::Room => self.room.as_deref().map(Value::from).unwrap_or_default(),
            Source::Count => self.count.into(),
            Source::Sockets => self.sockets.into(),
        };
        // a text that is JSON, as programs send it over a WebSocket, is looked into
        if let Value::String(text) = &value
            && !slot.path.is_empty()
        {
            value = parsed(text);
        }
        for name in &slot.path {
            let index = name.parse::<usize>().ok().filter(|_| value.is_array());
            let inner = match index {
                Some(index) => value.get_mut(index),
                None => value.get_mut(name),
            };
            value = inner.map(Value::take).unwrap_or_default();
        }
        value
    }

    /// The JSON text that a template makes; its attachments are put behind those that are there.
    pub fn json(&self, template: &Template, attachments: &mut Vec<Vec<u8>>) -> String {
        match template {
            Template::Json(text) => text.clone(),
            Template::Text(pieces) => quoted(&self.text(pieces)),
            Template::Value(slot) => self.slot_json(slot, attachments),
            // the reader of scenarios lets it stand in lists alone
            Template::All => format!("[{}]", self.args.values.join(",")),
            Template::Bytes(bytes) => {
                attachments.push(bytes.clone());
                placeholder(attachments.len() as u64 - 1)
            }
            Template::List(all) => {
                let mut values = Vec::new();
                for one in all {
                    match one {
                        Template::All => {
                            let all = self.args.values.iter();
                            values.extend(all.map(|value| self.renumbered(value, attachments)));
                        }
                        other => values.push(self.json(other, attachments)),
                    }
                }
                format!("[{}]", values.join(","))
            }
            Template::Object(members) => {
                let member = |(name, value): &(String, Template)| {
                    format!("{}:{}", quoted(name), self.json(value, attachments))
                };
                let members: Vec<String> = members.iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    fn slot_json(&self, slot: &Slot, attachments: &mut Vec<Vec<u8>>) -> String {
        match (slot.source, slot.path.as_slice()) {
            (Source::Argument(index), []) => match self.args.values.get(index) {
                Some(value) => self.renumbered(value, attachments),
                None => "null".to_owned(),
            },
            // as `handshake.auth` of npm's server is
            (Source::Auth, []) => self.auth.clone().unwrap_or("{}".to_owned()),
            (Source::Argument(_), _) => self.renumbered(&self.value(slot).to_string(), attachments),
            _ => self.value(slot).to_string(),
        }
    }

    /// A value of the arguments whose attachments go along, under their new numbers.
    fn renumbered(&self, value: &str, attachments: &mut Vec<Vec<u8>>) -> String {
        if self.args.attachments.is_empty() || !value.contains("_placeholder") {
            return value.to_owned();
        }
        let mut parsed: Value = serde_json::from_str(value).unwrap_or_default();
        self.take_along(&mut parsed, attachments);
        parsed.to_string()
    }

    fn take_along(&self, value: &mut Value, attachments: &mut Vec<Vec<u8>>) {
        match value {
            Value::Array(all) => {
                all.iter_mut()
                    .for_each(|one| self.take_along(one, attachments));
            }
            Value::Object(members) if members.get("_placeholder") == Some(&Value::Bool(true)) => {
                let number = members.get("num").and_then(Value::as_u64);
                let index = number.and_then(|number| usize::try_from(number).ok());
                let bytes = index.and_then(|index| self.args.attachments.get(index));
                if let Some(bytes) = bytes {
                    members.insert("num".to_owned(), attachments.len().into());
                    attachments.push(bytes.clone());
                }
            }
            Value::Object(members) => {
                members
                    .values_mut()
                    .for_each(|one| self.take_along(one, attachments));
            }
            _ => {}
        }
    }
}

fn quoted(text: &str) -> String {
    // text always has a JSON form
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        Known {
            args: Args {
                values: vec![
                    r#"{"b":2, "a":[1,{"c":"x"}]}"#.into(),
                    r#"{"picture":{"_placeholder":true,"num":1}}"#.into(),
                    "\"hi \\\"you\\\"\"".into(),
                ],
                attachments: vec![vec![0], vec![1]],
            },
            auth: Some(r#"{"name":"Ada"}"#.into()),
            id: "abc".into(),
            count: 3,
            ..Known::default()
        }
    }

    fn filled(text: &str) -> String {
        let template = Template::of_text(text).expect("it means something");
        known().json(&template, &mut Vec::new())
    }

    #[test]
    fn values_come_as_they_are_and_texts_as_they_are_read() {
        for (text, expected) in [
            ("$1", r#"{"b":2, "a":[1,{"c":"x"}]}"#),
            ("$1.a.1.c", r#""x""#),
            ("$1.a.7", "null"),
            ("$9", "null"),
            ("$auth", r#"{"name":"Ada"}"#),
            ("$count", "3"),
            (
                "${auth.name} says ${3}, $$5",
                r#""Ada says hi \"you\", $5""#,
            ),
            ("${1.a}", r#""[1,{\"c\":\"x\"}]""#),
            ("plain", r#""plain""#),
            ("", r#""""#),
        ] {
            assert_eq!(filled(text), expected, "{text}");
        }
        for wrong in ["$what", "$0", "a $1", "${nothing}", "$"] {
            assert!(Template::of_text(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn attachments_go_along_under_new_numbers() {
        let templates = [
            Template::Bytes(vec![9]),
            Template::of_text("$2.picture").expect("it means something"),
            Template::All,
        ];
        let args = known().args(&templates);
        assert_eq!(args.attachments, [vec![9], vec![1], vec![1]]);
        assert_eq!(args.values[0], placeholder(0));
        assert_eq!(args.values[1], placeholder(1));
        assert_eq!(
            args.values[3],
            format!(r#"{{"picture":{}}}"#, placeholder(2))
        );
        assert_eq!(known().args(&[Template::All]), known().args);
    }
}
