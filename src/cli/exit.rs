//! How a command ends: its exit code, and what it tells the user about a failure.

use std::fmt;
use std::io;

/// What a command returns.
pub type Result<T = ()> = std::result::Result<T, Exit>;

/// An early end of a command.
#[derive(Debug)]
pub struct Exit {
    /// The exit code.
    pub code: u8,
    /// What to tell the user on standard error; nothing where the command has told it all.
    pub message: Option<String>,
}

impl Exit {
    /// An expectation or a finding failed; the command has said which.
    pub fn failed() -> Self {
        Self {
            code: 1,
            message: None,
        }
    }

    /// What was to come did not come: what it was.
    pub fn failed_for(message: impl fmt::Display) -> Self {
        Self {
            code: 1,
            message: Some(message.to_string()),
        }
    }

    /// The command was used wrongly: what, and what to do.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self {
            code: 2,
            message: Some(message.to_string()),
        }
    }

    /// The input cannot be read: what, where, and what to do.
    pub fn unreadable(message: impl fmt::Display) -> Self {
        Self {
            code: 3,
            message: Some(message.to_string()),
        }
    }

    /// The system does not permit it: which capability is missing, and the command that grants it.
    pub fn not_permitted(message: impl fmt::Display) -> Self {
        Self {
            code: 4,
            message: Some(message.to_string()),
        }
    }
}

/// Output failed. That a pager or a pipe ended early is no error.
impl From<io::Error> for Exit {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self {
                code: 0,
                message: None,
            };
        }
        Self {
            code: 3,
            message: Some(format!("cannot write: {error}")),
        }
    }
}
