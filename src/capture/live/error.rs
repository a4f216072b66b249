//! Why a live capture did not start or ended.

use std::env;
use std::io;

/// Why a live capture did not start or ended, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// There is no interface of this name.
    #[error("there is no interface `{name}`{}; there are: {}", did_you_mean(.nearest), .existing.join(", "))]
    NoSuchInterface {
        /// The name that was asked for.
        name: String,
        /// The name most like it, if one is like it at all.
        nearest: Option<String>,
        /// The names of the interfaces that exist.
        existing: Vec<String>,
    },
    /// Opening the socket is not permitted.
    #[error(
        "capturing needs the capability CAP_NET_RAW. Give it to the program with\n    \
         sudo setcap cap_net_raw+ep {program}\nor run it with sudo"
    )]
    NotPermitted {
        /// The path of the running program, quoted for a shell where needed.
        program: String,
    },
    /// The interface is down, so nothing passes it.
    #[error("interface `{0}` is down: bring it up with `sudo ip link set {0} up`")]
    Down(String),
    /// The interface went down during the capture.
    #[error("interface `{0}` went down: the capture ends here")]
    WentDown(String),
    /// The interface went away during the capture.
    #[error("interface `{0}` is gone: the capture ends here")]
    Vanished(String),
    /// The socket could not be made ready.
    #[error("the capture cannot be opened: {0}")]
    Open(io::Error),
    /// Reading failed.
    #[error("reading from the interface failed: {0}")]
    Read(io::Error),
}

impl LiveError {
    /// The error with which opening the socket ended.
    pub(super) fn opening(error: io::Error) -> Self {
        if error.kind() != io::ErrorKind::PermissionDenied {
            return Self::Open(error);
        }
        let program = env::current_exe().map(|path| path.display().to_string());
        Self::NotPermitted {
            program: quoted(&program.unwrap_or_else(|_| "$(command -v layerwalk)".to_owned())),
        }
    }

    /// True if the user lacks a permission.
    pub fn is_permission(&self) -> bool {
        matches!(self, Self::NotPermitted { .. })
    }
}

/// The path as a shell takes it for one word.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,=@".contains(c);
    if path.starts_with("$(") || path.chars().all(plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

fn did_you_mean(nearest: &Option<String>) -> String {
    let nearest = nearest.as_ref();
    nearest.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_path_is_one_word_for_the_shell() {
        assert_eq!(quoted("/usr/bin/layerwalk"), "/usr/bin/layerwalk");
        assert_eq!(quoted("/my tools/it's"), r"'/my tools/it'\''s'");
    }
}
