//! A display filter as the value of a key.

use super::mistake::quote;
use super::values::{Meaning, Wrong};
use crate::proto::filter::Filter;

impl Meaning for Filter {
    const WORDS: &'static str = "display filter";
    const EXAMPLES: &'static str = "`'tcp.flags.syn == 1'`";
    const PATTERN: &'static str = "";

    fn parse(text: &str) -> Result<Self, Wrong> {
        Self::compile(text).map_err(|error| Wrong {
            at: Some(error.span),
            message: error.message,
            help: error
                .suggestion
                .map(|word| format!("did you mean {}?", quote(&word))),
        })
    }
}
