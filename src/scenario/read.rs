//! The reader of scenario files: each key is declared once, as a field of a struct with a doc comment, and that
//! declaration gives the reading, the mistakes, the JSON Schema and the reference.
//!
//! Reading never stops at a mistake: it is noted, and what can be read is read. So a value is an [`At`]: its place,
//! and the value itself where it was right.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::describe::{Described, Object, Shape};
use super::format::File;
use super::mistake::{Mistake, advice, list, nearest, quote};

/// A value and its place in the file.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    /// The place; that of the whole table where the key is absent.
    pub span: Range<usize>,
    /// The value; `None` if it was wrong, which was noted as a mistake.
    pub value: Option<T>,
}

impl<T> At<T> {
    /// The value, if it was right.
    pub fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }
}

impl<T> At<Option<T>> {
    /// The value, if there is one and it was right.
    pub fn given(&self) -> Option<&T> {
        self.value.as_ref()?.as_ref()
    }
}

/// Something that can be the value of a key.
pub(super) trait Value: Sized {
    /// What it looks like, for the JSON Schema and the reference.
    fn shape(seen: &mut Described) -> Shape;

    /// Reads it; `None` with a mistake noted where it is wrong.
    fn read(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Self>;

    /// What stands for an absent key; `None`: the key must be there.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether it is a table: then a list of it is written with `[[…]]`.
    const TABLE: bool = false;
}

/// What a file's tables are read with: the text, and the mistakes so far.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    /// The file's text.
    pub text: &'a str,
    /// The mistakes so far.
    pub mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    /// Notes a mistake, unless its place already has one (then it only follows from that one).
    pub fn note(&mut self, mistake: Mistake) {
        if !self.mistakes.iter().any(|m| m.span == mistake.span) {
            self.mistakes.push(mistake);
        }
    }

    /// Notes that the value is of the wrong type.
    pub fn wrong_type(&mut self, expected: &str, value: &Spanned<DeValue<'_>>) {
        let found = type_name(value.get_ref());
        let message = format!("expected {expected}, found {found}");
        self.note(Mistake::new(
            value.span(),
            message,
            format!("this is {found}"),
        ));
    }

    /// Reads a table with the keys of `T` and notes each key that it does not have.
    pub fn table<T: Keys>(&mut self, value: &Spanned<DeValue<'_>>) -> Option<T> {
        let DeValue::Table(entries) = value.get_ref() else {
            self.wrong_type("a table", value);
            return None;
        };
        let mut table = Table {
            reader: self,
            entries,
            span: value.span(),
            known: Vec::new(),
            passed_over: Vec::new(),
        };
        let read = T::read_keys(&mut table);
        table.finish();
        Some(read)
    }
}

/// A table while it is read.
#[derive(Debug)]
pub(super) struct Table<'r, 'a> {
    reader: &'r mut Reader<'a>,
    entries: &'r DeTable<'r>,
    span: Range<usize>,
    known: Vec<&'static str>,
    /// Keys that belong to one of several sets, where it is not clear which set it is.
    passed_over: Vec<&'static str>,
}

impl Table<'_, '_> {
    /// The value of the key `name`; of `default`, written as in the file, where the key is absent.
    pub fn key<T: Value>(&mut self, name: &'static str, default: Option<&str>) -> At<T> {
        self.known.push(name);
        if let Some(value) = self.entries.get(name) {
            let (span, value) = (value.span(), T::read(self.reader, value));
            return At { span, value };
        }
        let value = match default {
            Some(text) => default_value(text),
            None => T::absent(),
        };
        if value.is_none() {
            self.missing(&[name]);
        }
        let span = self.span.clone();
        At { span, value }
    }

    /// The place of the whole table (of its header).
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Whether the table has this key.
    pub fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// Notes that one of these keys must be there.
    pub fn missing(&mut self, names: &[&str]) {
        let (message, label) = match names {
            [name] => (
                format!("the key `{name}` is missing"),
                format!("needs `{name}`"),
            ),
            _ => (
                "a key is missing".into(),
                format!("needs one of {}", list(names)),
            ),
        };
        // A key that is nearly the missing one will be reported as unknown; that tells more.
        if !self.misspelled(names) {
            let mistake = Mistake::new(self.span.clone(), message, label);
            self.reader.mistakes.push(mistake);
        }
    }

    /// Takes these keys as known without reading them: which of them belong here could not be told.
    pub fn pass_over(&mut self, names: &[&'static str]) {
        self.passed_over.extend(names);
    }

    fn knows(&self, key: &str) -> bool {
        self.known
            .iter()
            .chain(&self.passed_over)
            .any(|&known| known == key)
    }

    fn misspelled(&self, names: &[&str]) -> bool {
        let unknown = |key: &str| !names.contains(&key) && !self.knows(key);
        self.entries
            .iter()
            .map(|(key, _)| key.get_ref())
            .any(|key| unknown(key) && nearest(key, names.iter().copied()).is_some())
    }

    fn finish(self) {
        for (key, _) in self.entries {
            let name = key.get_ref();
            if !self.knows(name) {
                let message = format!("unknown key {}", quote(name));
                let mistake = Mistake::new(key.span(), message, "no such key here");
                self.reader.note(mistake.help(self.advice(name)));
            }
        }
    }

    /// The key that was meant, or else those that are not there yet.
    fn advice(&self, wrong: &str) -> Option<String> {
        let all = self.known.iter().chain(&self.passed_over).copied();
        if let Some(word) = nearest(wrong, all) {
            return Some(format!("did you mean `{word}`?"));
        }
        let free: Vec<&str> = self
            .known
            .iter()
            .copied()
            .filter(|key| !self.has(key))
            .collect();
        advice(wrong, &free)
    }
}

/// The keys of a table, or of a part of one.
pub(super) trait Keys: Sized {
    /// Adds the keys to the description of their table.
    fn describe(object: &mut Object, seen: &mut Described);

    /// Reads them.
    fn read_keys(table: &mut Table<'_, '_>) -> Self;
}

/// The file's tables; `None` where it has not even a beginning of them.
pub(super) fn file(reader: &mut Reader<'_>) -> Option<File> {
    let (document, errors) = DeTable::parse_recoverable(reader.text);
    for error in errors {
        let end = reader.text.len();
        let span = error.span().unwrap_or(end..end);
        let span = span.start.min(end)..span.end.min(end);
        reader.note(Mistake::new(span, error.message(), "this is no TOML"));
    }
    // The top table has no header to point at: what it lacks is missing at the start.
    let top = Spanned::new(0..0, DeValue::Table(document.into_inner()));
    reader.table(&top)
}

/// The value that a default, written as in the file, stands for.
fn default_value<T: Value>(text: &str) -> Option<T> {
    let value = DeValue::parse(text).expect("a default is written as in the file");
    let mut reader = Reader {
        text,
        mistakes: Vec::new(),
    };
    T::read(&mut reader, &value)
}

/// The type of a value in words.
fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// No more keys.
#[derive(Debug, Clone)]
pub(super) struct NoKeys;

impl Keys for NoKeys {
    fn describe(_: &mut Object, _: &mut Described) {}

    fn read_keys(_: &mut Table<'_, '_>) -> Self {
        Self
    }
}

impl Table<'_, '_> {
    /// Which of `words` the table is: the value of the key `tag`, or without a tag the one that is a key of it.
    pub fn choose(
        &mut self,
        tag: Option<&'static str>,
        words: &[&'static str],
    ) -> Option<&'static str> {
        let Some(tag) = tag else {
            let mut present = words.iter().copied().filter(|word| self.has(word));
            let (first, second) = (present.next(), present.next());
            if let (Some(first), Some(second)) = (first, second) {
                self.both(first, second);
            } else if first.is_none() {
                self.missing(words);
                self.known.extend(words);
            }
            return first;
        };
        self.known.push(tag);
        let Some(value) = self.entries.get(tag) else {
            self.missing(&[tag]);
            return None;
        };
        self.reader.word(value, words)
    }

    fn both(&mut self, first: &'static str, second: &'static str) {
        let key = |name: &str| self.entries.get_key_value(name).map(|(key, _)| key.span());
        if let (Some(a), Some(b)) = (key(first), key(second)) {
            let message = format!("`{first}` and `{second}` do not go together");
            let mistake = Mistake::new(b, message, "one of the two is too much");
            self.reader.note(mistake.also(a, "the other"));
            self.known.push(second);
        }
    }
}

impl Reader<'_> {
    /// The one of `words` that the value is.
    pub fn word(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        words: &[&'static str],
    ) -> Option<&'static str> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(&format!("one of {}", list(words)), value);
            return None;
        };
        let found = words.iter().copied().find(|&word| word == text);
        if found.is_none() {
            let message = format!("unknown word {}", quote(text));
            let mistake = Mistake::new(value.span(), message, "not a word that fits here");
            self.note(mistake.help(advice(text, words)));
        }
        found
    }
}
