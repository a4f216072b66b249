//! Scenarios: the file format, its mistakes, and the built-in ones.
//!
//! A scenario is one TOML file: the world that is run, what is taught with it, and what must come out. The tables and
//! keys are declared in `format`, each once; reading, mistakes, JSON Schema and reference all come from there.
//!
//! [`find`] takes a built-in's name, a path, or `random:SEED` for one that chance has written ([`random`]); [`read`] takes a text. Every mistake of a file is reported in one run,
//! each with its place and the nearest right word ([`Mistakes`]).

mod build;
mod catalogue;
mod declare;
mod describe;
mod filter;
mod format;
mod mistake;
mod model;
pub mod random;
mod read;
#[cfg(test)]
mod tests;
mod values;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::base::text::{self, safe};
use crate::sim::spec::{Spec, VALUES};

pub use catalogue::{builtin, catalogue, texts};
pub use mistake::{Mistake, Mistakes};
pub use model::{
    Anchor, Ask, Breaks, Expect, Expected, Expert, Filter, Idea, Note, RecordKind, Times, Variable,
    Which, WrongAnswer,
};

/// A scenario: the world that is run, what is taught with it, and what must come out.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The built-in's name, or the file's.
    pub name: String,
    /// The file itself.
    pub text: String,
    /// What the file says.
    pub parts: Parts,
}

/// What a scenario file says.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What the walk is called.
    pub title: String,
    /// One line for the catalogue.
    pub summary: String,
    /// Its place in the catalogue; smaller numbers come first.
    pub order: u32,
    /// What the learner reads before the walk; paragraphs are separated by an empty line.
    pub lesson: String,
    /// Explanations at certain frames.
    pub notes: Vec<Note>,
    /// Questions before certain frames.
    pub asks: Vec<Ask>,
    /// What must be true of the run.
    pub expects: Vec<Expect>,
    /// Expert findings that are meant.
    pub experts: Vec<Expert>,
    /// Invariants that are meant to break.
    pub breaks: Vec<Breaks>,
    /// The world, with the scenario's own seed.
    pub spec: Spec,
}

impl std::ops::Deref for Scenario {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Scenario {
    /// The world to run, with another seed than the scenario's own if one is given.
    pub fn spec(&self, seed: Option<u64>) -> Spec {
        let mut spec = self.parts.spec.clone();
        spec.seed = seed.unwrap_or(spec.seed);
        spec
    }
}

/// Why there is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no built-in of this name.
    #[error("there is no built-in scenario {}{}", mistake::quote(name), did_you_mean(*nearest))]
    UnknownName {
        /// The name.
        name: String,
        /// The built-in that was most likely meant.
        nearest: Option<&'static str>,
    },
    /// The file could not be read.
    #[error("{}: {source}", safe(path))]
    Unreadable {
        /// The path.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// There is no random scenario of this seed.
    #[error(
        "`random:` takes a number from 0 to {}, not {}",
        random::LARGEST_SEED,
        mistake::quote(text)
    )]
    Seed {
        /// What stands in its place.
        text: String,
    },
    /// The file has mistakes.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
}

fn did_you_mean(nearest: Option<&str>) -> String {
    match nearest {
        Some(name) => format!("; did you mean `{name}`?"),
        None => "; `layerwalk list scenarios` names them all".into(),
    }
}

/// The scenario that `name` means: the random one of a seed for `random:SEED`, a path where it ends in `.toml` or has a
/// slash in it, else a built-in.
pub fn find(name: &str) -> Result<Scenario, Error> {
    if let Some(seed) = name.strip_prefix(random::PREFIX) {
        return random::scenario(random::seed(seed)?);
    }
    if name.contains(['/', '\\']) || name.ends_with(".toml") {
        load(Path::new(name))
    } else {
        builtin(name)
    }
}

/// The scenario in the file at `path`.
pub fn load(path: &Path) -> Result<Scenario, Error> {
    /// Far more than any scenario needs: a wrong file is not read to its end.
    const LARGEST: u64 = 4 << 20;
    let name = path.display().to_string();
    let unreadable = |source| Error::Unreadable {
        path: name.clone(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let size = file.take(LARGEST + 1).read_to_end(&mut bytes);
    if size.map_err(unreadable)? as u64 > LARGEST {
        let message = format!("more than {LARGEST} bytes are too many for a scenario");
        return Err(unreadable(io::Error::other(message)));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
            + 1;
        unreadable(io::Error::other(format!(
            "line {line} is not written in UTF-8"
        )))
    })?;
    Ok(read(&name, &text)?)
}

/// The scenario that is written in `text`; `name` is what it is called in messages.
///
/// # Errors
/// All mistakes of the text, in the order of their places.
pub fn read(name: &str, text: &str) -> Result<Scenario, Mistakes> {
    let mut reader = read::Reader {
        text,
        mistakes: Vec::new(),
    };
    let file = read::file(&mut reader);
    let parts = file.and_then(|file| build::build(&file, &mut reader));
    let mut list = reader.mistakes;
    let name = name.to_owned();
    match parts {
        Some(parts) if list.is_empty() => Ok(Scenario {
            name,
            text: text.to_owned(),
            parts,
        }),
        _ => {
            list.sort_by_key(|mistake| (mistake.span.start, mistake.span.end));
            let text = text::safe_in_place(text);
            Err(Mistakes { name, text, list })
        }
    }
}

/// The JSON Schema (draft 2020-12) of a scenario file.
pub fn schema() -> serde_json::Value {
    describe::Described::schema::<format::File>("A layerwalk scenario")
}

/// The reference of all tables and keys, in Markdown.
pub fn reference() -> String {
    let values = VALUES
        .iter()
        .map(|(name, _, what)| format!("| `${name}` | {what} |\n"));
    let keys = describe::Described::reference::<format::File>();
    format!("{keys}{VALUES_BEFORE}{}", values.collect::<String>())
}

/// What stands in the reference before the values that have a name.
const VALUES_BEFORE: &str = "
### Values

What a handler can name. In place of a text it is written as `\"$1\"`, and stands for the value as it came, of any type; \
within a text as `${1}`. A point goes down into it: `$1.user.name`, `$1.0`.

| value | what it is |
|---|---|
| `$1`, `$2`, … | An argument of the event, or of the answer; of a bare message `$1`, the message. |
| `$*` | All arguments, one after the other, bytes as bytes: in `args`, `answer` or a list, by itself. |
| `$$` | A dollar sign. |
";
