//! Makes captured text safe to show.
//!
//! What a peer sends may hold escape sequences that command a terminal, marks that turn the direction of writing, or
//! bytes that are no text at all. All of them become escapes that can be seen.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` on one line, with every control character, escape, mark of direction and invisible character written out:
/// `\n`, `\x1b`, `\u{202e}`.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        push_safe(&mut out, c);
    }
    Cow::Owned(out)
}

/// As [`safe`], of lines, with each byte where it was: what is unsafe becomes question marks.
pub fn safe_in_place(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\r' | '\t' => c.to_string(),
        c if is_unsafe(c) => "?".repeat(c.len_utf8()),
        c => c.to_string(),
    };
    text.chars().map(shown).collect()
}

/// As [`safe`], of bytes: what is no UTF-8 becomes `\xff`.
pub fn safe_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_safe(&mut out, c);
        }
        for byte in chunk.invalid() {
            push(&mut out, format_args!("\\x{byte:02x}"));
        }
    }
    out
}

/// As [`safe`], with ASCII alone: every other character becomes `\u{e9}`.
pub fn ascii(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_ascii() {
            push_safe(&mut out, c);
        } else {
            push(&mut out, format_args!("\\u{{{:x}}}", u32::from(c)));
        }
    }
    Cow::Owned(out)
}

/// Text of ours (not of the wire) in ASCII alone, lines and all: what has a plain spelling gets it.
pub fn plain(text: &str) -> String {
    let spelled = |c: char| match c {
        '§' => "section ".to_owned(),
        '…' => "...".to_owned(),
        '–' | '—' => "-".to_owned(),
        c if c.is_ascii() => c.to_string(),
        c => format!("\\u{{{:x}}}", u32::from(c)),
    };
    text.chars().map(spelled).collect()
}

/// Whether a terminal or a page could take `c` as anything but a character that is seen.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn push_safe(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if !is_unsafe(c) => out.push(c),
        c if u32::from(c) < 0x100 => push(out, format_args!("\\x{:02x}", u32::from(c))),
        c => push(out, format_args!("\\u{{{:x}}}", u32::from(c))),
    }
}

fn push(out: &mut String, args: std::fmt::Arguments<'_>) {
    out.write_fmt(args).expect("a string takes everything");
}

#[cfg(test)]
mod tests {
    use super::{ascii, safe, safe_bytes};

    #[test]
    fn what_could_command_a_terminal_is_written_out() {
        for (text, expected) in [
            ("plain text", "plain text"),
            ("GET / HTTP/1.1\r\n", "GET / HTTP/1.1\\r\\n"),
            ("\x1b[2J\x07", "\\x1b[2J\\x07"),
            ("\u{9b}31m", "\\x9b31m"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("naïve 日本", "naïve 日本"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
        ] {
            assert_eq!(safe(text), expected);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_written_out() {
        assert_eq!(safe_bytes(b"hi \xff\xc3\xa9\x00"), "hi \\xffé\\x00");
    }

    #[test]
    fn ascii_leaves_nothing_else() {
        assert_eq!(ascii("é\t日"), "\\u{e9}\\t\\u{65e5}");
    }
}
