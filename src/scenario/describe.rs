//! What the declared tables look like: as a JSON Schema, and as a reference to read.

use serde_json::{Map, Value as Json, json};

use super::read::{Keys, Value};

/// The tables described so far, each with its keys, in the order in which they were first met.
#[derive(Debug, Default)]
pub(super) struct Described {
    tables: Vec<Object>,
}

/// What a value looks like.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// As a JSON Schema.
    pub json: Json,
    /// In words: `text`, `list of numbers`.
    pub words: String,
}

/// A table, or a part of one.
#[derive(Debug, Clone, Default)]
pub(super) struct Object {
    name: &'static str,
    doc: String,
    keys: Vec<Key>,
    choice: Option<Choice>,
}

#[derive(Debug, Clone)]
struct Key {
    name: &'static str,
    doc: String,
    shape: Shape,
    required: bool,
    default: Option<&'static str>,
}

/// Sets of keys of which a table has one.
#[derive(Debug, Clone)]
struct Choice {
    /// The key that says which; `None`: each set has a key that tells it.
    tag: Option<&'static str>,
    doc: String,
    variants: Vec<Object>,
}

impl Shape {
    /// A value of this JSON type.
    pub fn new(json: Json, words: impl Into<String>) -> Self {
        let words = words.into();
        Self { json, words }
    }

    /// One of these words, each with what it means.
    pub fn words(words: &[(&str, &str)]) -> Self {
        let of = |&(word, doc): &(&str, &str)| json!({"const": word, "description": tidy(doc)});
        let json = json!({"type": "string", "oneOf": words.iter().map(of).collect::<Vec<_>>()});
        let names: Vec<String> = words
            .iter()
            .map(|(word, _)| format!("`\"{word}\"`"))
            .collect();
        Self::new(json, names.join(" or "))
    }
}

impl Described {
    /// Describes a table, once, and returns a reference to it.
    pub fn table<T: Keys>(&mut self, name: &'static str, doc: &str) -> Shape {
        if !self.tables.iter().any(|table| table.name == name) {
            let index = self.tables.len();
            let doc = tidy(doc);
            let mut object = Object {
                name,
                doc,
                ..Object::default()
            };
            self.tables.push(object.clone());
            T::describe(&mut object, self);
            self.tables[index] = object;
        }
        Shape::new(
            json!({"$ref": format!("#/$defs/{name}")}),
            format!("[{name}](#{})", name.to_lowercase()),
        )
    }

    /// The JSON Schema (draft 2020-12) of a file whose top table is `T`.
    pub fn schema<T: Value>(title: &str) -> Json {
        let mut described = Self::default();
        T::shape(&mut described);
        let mut tables = described.tables.iter();
        let mut schema = tables.next().map_or_else(Map::new, Object::json);
        schema.insert(
            "$schema".into(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        schema.insert("title".into(), json!(title));
        let defs: Map<String, Json> = tables
            .map(|table| (table.name.to_owned(), Json::Object(table.json())))
            .collect();
        schema.insert("$defs".into(), Json::Object(defs));
        Json::Object(schema)
    }

    /// The reference of a file whose top table is `T`, in Markdown.
    pub fn reference<T: Value>() -> String {
        let mut described = Self::default();
        T::shape(&mut described);
        described.tables.iter().map(Object::markdown).collect()
    }
}

/// The names of all keys of `K`, those of every choice included.
pub(super) fn key_names<K: Keys>() -> Vec<&'static str> {
    let mut object = Object::default();
    K::describe(&mut object, &mut Described::default());
    object.names()
}

impl Object {
    /// Adds a key.
    pub fn key<T: Value>(
        &mut self,
        name: &'static str,
        doc: &str,
        default: Option<&'static str>,
        seen: &mut Described,
    ) {
        self.keys.push(Key {
            name,
            doc: tidy(doc),
            shape: T::shape(seen),
            required: default.is_none() && T::absent().is_none(),
            default,
        });
    }

    /// Opens a choice between sets of keys.
    pub fn choice(&mut self, tag: Option<&'static str>, doc: &str) {
        self.choice = Some(Choice {
            tag,
            doc: tidy(doc),
            variants: Vec::new(),
        });
    }

    /// Adds a set of keys to the open choice: the one that `word` chooses.
    pub fn variant<K: Keys>(&mut self, word: &'static str, doc: &str, seen: &mut Described) {
        let mut object = Self {
            name: word,
            doc: tidy(doc),
            ..Self::default()
        };
        K::describe(&mut object, seen);
        if let Some(choice) = &mut self.choice {
            choice.variants.push(object);
        }
    }

    fn names(&self) -> Vec<&'static str> {
        let own = self.keys.iter().map(|key| key.name);
        let choice = self.choice.iter();
        let chosen = choice.flat_map(|choice| choice.variants.iter().flat_map(Object::names));
        own.chain(chosen).collect()
    }

    fn json(&self) -> Map<String, Json> {
        let mut properties: Map<String, Json> = Map::new();
        let mut required = Vec::new();
        for key in &self.keys {
            properties.insert(key.name.into(), key.json());
            if key.required {
                required.push(json!(key.name));
            }
        }
        let mut object = Map::from_iter([
            ("type".to_owned(), json!("object")),
            ("description".to_owned(), json!(self.doc)),
            ("properties".to_owned(), Json::Object(properties)),
        ]);
        if !required.is_empty() {
            object.insert("required".into(), Json::Array(required));
        }
        match &self.choice {
            None => object.insert("additionalProperties".into(), json!(false)),
            Some(choice) => {
                object.insert("oneOf".into(), choice.json());
                object.insert("unevaluatedProperties".into(), json!(false))
            }
        };
        object
    }

    fn markdown(&self) -> String {
        let mut text = format!("\n### {}\n\n{}\n", self.name, self.doc);
        text += &self.rows();
        if let Some(choice) = &self.choice {
            text += &format!("\n{}\n", choice.doc);
            for variant in &choice.variants {
                let chosen = match choice.tag {
                    Some(tag) => format!("`{tag} = \"{}\"`", variant.name),
                    None => format!("With `{}`", variant.name),
                };
                text += &format!("\n**{chosen}**: {}\n{}", variant.doc, variant.rows());
            }
        }
        text
    }

    fn rows(&self) -> String {
        if self.keys.is_empty() {
            return String::new();
        }
        let mut rows = "\n| key | value | default | what it is |\n|---|---|---|---|\n".to_owned();
        for key in &self.keys {
            let default = match (key.default, key.required) {
                (Some(default), _) => format!("`{default}`"),
                (None, true) => "needed".into(),
                (None, false) => String::new(),
            };
            let (words, doc) = (&key.shape.words, key.doc.replace('|', "\\|"));
            rows += &format!("| `{}` | {words} | {default} | {doc} |\n", key.name);
        }
        rows
    }
}

impl Key {
    fn json(&self) -> Json {
        let mut json = self.shape.json.clone();
        json["description"] = json!(self.doc);
        if let Some(default) = self.default {
            json["default"] = serde_json::from_str(default).expect("a default is JSON, too");
        }
        json
    }
}

impl Choice {
    fn json(&self) -> Json {
        let variant = |object: &Object| {
            let mut json = object.json();
            // The whole table denies unknown keys: a part cannot, it does not know the others' keys.
            json.remove("additionalProperties");
            json.remove("unevaluatedProperties");
            if let Some(tag) = self.tag {
                json["properties"][tag] = json!({"const": object.name});
            }
            // The key that tells which it is.
            let key = json!(self.tag.unwrap_or(object.name));
            let required = json.entry("required").or_insert_with(|| json!([]));
            let required = required.as_array_mut().expect("it was made as a list");
            if !required.contains(&key) {
                required.push(key);
            }
            Json::Object(json)
        };
        self.variants.iter().map(variant).collect()
    }
}

/// A doc comment as one paragraph.
fn tidy(doc: &str) -> String {
    let words: Vec<&str> = doc.split_whitespace().collect();
    words.join(" ")
}
