//! Display filters in Wireshark's language (that of version 4.0): the common part.
//!
//! ```text
//! tcp.flags.syn == 1 && ip.src == 10.0.0.0/24     comparisons, and, or, not, parentheses
//! http || websocket.opcode == 9                   a name alone: it is there
//! tcp.port in {80, 443, 8000..8999}               sets with ranges
//! tcp.flags & 0x12                                bits: some of these are set
//! eth.src[0:3] == 02:00:00                        slices
//! http.host contains "example"                    parts of text or bytes
//! ```
//!
//! A field may occur more than once (`tcp.port`): `==` and the orders ask whether *any* occurrence fits, `!=` whether
//! *all* differ; `===` is all equal, `!==` any differs; `any` and `all` before a comparison say it in words. A
//! comparison with a field that is not there is false. `and` binds tighter than `or`.
//!
//! Left out: regular expressions, functions, arithmetic, the bytes of whole protocols (`tcp[13]`, `frame contains`).

mod check;
mod eval;
mod lexer;
mod literal;
mod parser;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::Range;

use self::check::{Name, Node};
use super::tree::Dissection;

/// A display filter, ready to be asked.
#[derive(Debug, Clone)]
pub struct Filter {
    text: String,
    root: Node,
}

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// Where in the text, in bytes. Empty at the end of the text.
    pub span: Range<usize>,
    /// What is wrong there.
    pub message: String,
    /// The nearest word that would be right in that place.
    pub suggestion: Option<String>,
}

impl FilterError {
    fn at(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            suggestion: None,
        }
    }
}

impl Filter {
    /// Reads a filter. Unknown names, and values that a field cannot have, are errors.
    pub fn compile(text: &str) -> Result<Self, FilterError> {
        let root = check::check(&parser::parse(text)?)?;
        let text = text.to_owned();
        Ok(Self { text, root })
    }

    /// Whether it selects a frame, given the frame's dissection and those of the messages that end in it.
    pub fn matches(&self, dissections: &[&Dissection]) -> bool {
        eval::holds(&self.root, dissections)
    }

    /// The text that it was made from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names of the fields and protocols that it asks for, in the order of the alphabet.
    pub fn names(&self) -> Vec<&'static str> {
        self.names_of(|_| true)
    }

    /// Those of its names that need more than the bytes of one frame, so that a fault may not depend on them: fields
    /// that tell of earlier frames, and all that is read from streams (`http`, `websocket.opcode`).
    pub fn stateful_fields(&self) -> Vec<&'static str> {
        self.names_of(Name::is_stateful)
    }

    /// Those of its names that messages of streams have, and frames do not: `http`, `websocket.opcode`.
    pub fn names_in_streams(&self) -> Vec<&'static str> {
        self.names_of(Name::is_in_stream)
    }

    fn names_of(&self, wanted: fn(&Name) -> bool) -> Vec<&'static str> {
        let mut names = Vec::new();
        self.root.names(&mut names);
        let names: BTreeSet<_> = names.into_iter().filter(wanted).map(Name::id).collect();
        names.into_iter().collect()
    }
}
