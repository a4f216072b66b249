//! A display filter as the value of a key.

use super::values::{Meaning, Wrong};

/// A display filter.
#[derive(Debug, Clone)]
pub struct Filter(pub String);

impl Meaning for Filter {
    const WORDS: &'static str = "display filter";
    const EXAMPLES: &'static str = "`'tcp.flags.syn == 1'`";
    const PATTERN: &'static str = "";

    fn parse(text: &str) -> Result<Self, Wrong> {
        Ok(Self(text.to_owned()))
    }
}
