//! The lines of a head and where they are, however wrong it is.

use std::ops::Range;

use super::head::{Headers, MAX_HEAD};

/// A head taken apart, with places as offsets from the start of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lines {
    /// The first line, without its line end.
    pub start_line: Range<usize>,
    /// The header fields.
    pub fields: Vec<FieldLine>,
    /// The length of the head: empty lines before it and the empty line that ends it included.
    pub len: usize,
}

/// A header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldLine {
    /// The line with its line end, and the lines that are folded into it.
    pub line: Range<usize>,
    /// The name; empty for a line without a colon.
    pub name: Range<usize>,
    /// The value without the white space around it.
    pub value: Range<usize>,
    /// Whether the value goes on in a further line (obs-fold, RFC 9112 §5.2).
    pub folded: bool,
}

/// What looking for a head came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Head(Lines),
    More,
    TooLong,
}

impl Lines {
    /// Finds the head that `bytes` begin with.
    pub(super) fn find(bytes: &[u8]) -> Found {
        let mut at = 0;
        while let Some(line) = next_line(bytes, at).filter(|line| line.text.is_empty()) {
            at = line.end;
        }
        let Some(first) = next_line(bytes, at) else {
            return unfinished(bytes);
        };
        let mut lines = Self {
            start_line: first.text,
            fields: Vec::new(),
            len: first.end,
        };
        loop {
            let Some(line) = next_line(bytes, lines.len) else {
                return unfinished(bytes);
            };
            let start = lines.len;
            lines.len = line.end;
            if lines.len > MAX_HEAD {
                return Found::TooLong;
            }
            if line.text.is_empty() {
                return Found::Head(lines);
            }
            lines.add(bytes, start, line);
        }
    }

    /// How many bytes of empty lines stand before the first line.
    pub(super) fn leading(&self) -> usize {
        self.start_line.start
    }

    /// Names and values, to be asked by name.
    pub(super) fn headers(&self, bytes: &[u8]) -> Headers {
        let mut headers = Headers::default();
        for field in &self.fields {
            headers.push(text(bytes, &field.name), field.value_text(bytes));
        }
        headers
    }

    fn add(&mut self, bytes: &[u8], start: usize, line: Line) {
        let is_fold = matches!(bytes[start], b' ' | b'\t');
        match self.fields.last_mut() {
            Some(last) if is_fold => {
                let more = trim(bytes, line.text);
                let value_start = if last.value.is_empty() {
                    more.start
                } else {
                    last.value.start
                };
                last.value = value_start..more.end.max(value_start);
                last.line.end = line.end;
                last.folded = true;
            }
            _ => self.fields.push(FieldLine::new(bytes, start, line)),
        }
    }
}

impl FieldLine {
    fn new(bytes: &[u8], start: usize, line: Line) -> Self {
        let colon = bytes[line.text.clone()]
            .iter()
            .position(|byte| *byte == b':');
        let (name, value) = match colon {
            Some(at) => (start..start + at, start + at + 1..line.text.end),
            None => (start..start, line.text),
        };
        Self {
            line: start..line.end,
            name,
            value: trim(bytes, value),
            folded: false,
        }
    }

    /// The value as text, a folded one in one line.
    pub(super) fn value_text(&self, bytes: &[u8]) -> String {
        let value = text(bytes, &self.value);
        match self.folded {
            true => value.split_ascii_whitespace().collect::<Vec<_>>().join(" "),
            false => value,
        }
    }
}

/// Looks for the end of a head in bytes of which more come with each call, and looks at each byte once.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct HeadSearch {
    /// How many bytes of empty lines stand before the first line.
    pub leading: usize,
    /// How many bytes were looked at.
    searched: usize,
}

impl HeadSearch {
    /// Finds the head that `bytes` begin with; they begin with the same bytes as at the last call.
    pub(super) fn find(&mut self, bytes: &[u8]) -> Found {
        let empty = bytes[self.leading..]
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'));
        // once a first line has begun, none is empty
        if self.searched <= self.leading {
            self.leading += empty.count();
        }
        let from = self.searched.saturating_sub(2).max(self.leading);
        self.searched = bytes.len();
        match has_empty_line(&bytes[from..]) {
            true => Lines::find(bytes),
            false => unfinished(bytes),
        }
    }
}

/// Whether a line end is followed by an empty line.
fn has_empty_line(bytes: &[u8]) -> bool {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let mut after = ends.map(|(at, _)| &bytes[at + 1..]);
    after.any(|rest| rest.starts_with(b"\n") || rest.starts_with(b"\r\n"))
}

/// Bytes as text, with U+FFFD for what is no UTF-8.
pub(super) fn text(bytes: &[u8], range: &Range<usize>) -> String {
    String::from_utf8_lossy(&bytes[range.clone()]).into_owned()
}

/// A line: its text, and where its line end ends.
struct Line {
    text: Range<usize>,
    end: usize,
}

/// The line at `at`; it ends with CRLF or with LF alone.
fn next_line(bytes: &[u8], at: usize) -> Option<Line> {
    let rest = bytes.get(at..)?;
    let len = rest.iter().position(|byte| *byte == b'\n')?;
    let text = rest[..len].strip_suffix(b"\r").unwrap_or(&rest[..len]);
    Some(Line {
        text: at..at + text.len(),
        end: at + len + 1,
    })
}

fn trim(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let text = &bytes[range.clone()];
    let start = range.start + (text.len() - text.trim_ascii_start().len());
    let len = text.trim_ascii().len();
    start..start + len
}

fn unfinished(bytes: &[u8]) -> Found {
    match bytes.len() > MAX_HEAD {
        true => Found::TooLong,
        false => Found::More,
    }
}
