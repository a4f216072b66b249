//! A walk as a file for other tools, by the ending of the file's name.

pub mod pcapng;

use std::io::{self, Write};

use crate::walk::Walk;

/// A kind of file that a walk can be written as.
pub struct Export {
    /// The ending of the file's name, without the dot.
    pub ending: &'static str,
    /// What it is, in a line.
    pub what: &'static str,
    /// Writes it.
    pub write: fn(&Walk, &Options, &mut dyn Write) -> io::Result<()>,
}

/// Every kind.
pub static EXPORTS: &[Export] = &[Export {
    ending: "pcapng",
    what: "a capture that Wireshark opens, each step's explanation as a packet comment",
    write: pcapng::write,
}];

/// What is written, where there is a choice.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The node at whose interface a simulated conversation is captured; the first host, where it is not said.
    pub at: Option<String>,
    /// The capture that the walk was read from, of which names and secrets are kept.
    pub capture: Option<crate::capture::packet::Capture>,
}

/// The kind of file that `path` names by its ending.
pub fn by_ending(path: &std::path::Path) -> Option<&'static Export> {
    let ending = path.extension()?.to_str()?;
    EXPORTS
        .iter()
        .find(|export| export.ending.eq_ignore_ascii_case(ending))
}
