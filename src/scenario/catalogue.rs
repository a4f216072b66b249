//! The built-in scenarios: the files of `scenarios/`, put in by `build.rs`.

use std::sync::LazyLock;

use super::mistake::nearest;
use super::{Error, Scenario, read};

/// Name (the file's without `.toml`) and text of each.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// All built-in scenarios, in the order in which they teach best.
pub fn catalogue() -> &'static [Scenario] {
    static ALL: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
        let mut all: Vec<Scenario> = FILES
            .iter()
            .map(|(name, text)| read(name, text).unwrap_or_else(|mistakes| panic!("{mistakes}")))
            .collect();
        all.sort_by(|a, b| (a.order, &a.name).cmp(&(b.order, &b.name)));
        all
    });
    &ALL
}

/// The built-in scenario of this name.
pub fn builtin(name: &str) -> Result<Scenario, Error> {
    match FILES.iter().find(|(known, _)| *known == name) {
        Some((name, text)) => Ok(read(name, text)?),
        None => Err(Error::UnknownName {
            name: name.to_owned(),
            nearest: nearest(name, FILES.iter().map(|(name, _)| *name)),
        }),
    }
}

/// Name and text of each built-in scenario, in the order of the names.
pub fn texts() -> &'static [(&'static str, &'static str)] {
    FILES
}
