//! Text to tokens.

use std::ops::Range;

use super::FilterError;

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub span: Range<usize>,
    pub kind: TokenKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name, a number, an address, or an operator's name: what it is depends on where it stands.
    Word(String),
    /// A string in double quotes, its escapes undone.
    Text(Vec<u8>),
    /// A character in single quotes.
    Char(u8),
    /// What stands in square brackets.
    Slice(String),
    /// An operator or a parenthesis.
    Symbol(&'static str),
    /// The end of the text.
    End,
}

/// Longer ones first, so that `==` is not read as half of `===`.
const SYMBOLS: [&str; 20] = [
    "===", "!==", "==", "!=", "~=", "<=", ">=", "&&", "||", "..", "<", ">", "!", "&", "~", "(",
    ")", "{", "}", ",",
];

/// The tokens of `text`, the last one being [`TokenKind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next()?;
        let is_end = token.kind == TokenKind::End;
        tokens.push(token);
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<Token, FilterError> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        let start = self.at;
        let kind = self.kind()?;
        let span = start..self.at;
        Ok(Token { span, kind })
    }

    fn kind(&mut self) -> Result<TokenKind, FilterError> {
        let rest = &self.text[self.at..];
        let Some(first) = rest.chars().next() else {
            return Ok(TokenKind::End);
        };
        if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            self.at += symbol.len();
            return Ok(TokenKind::Symbol(symbol));
        }
        match first {
            '"' => Ok(TokenKind::Text(self.quoted('"')?)),
            'r' if rest.starts_with("r\"") => Ok(TokenKind::Text(self.raw()?)),
            '\'' => self.character(),
            '[' => self.slice(),
            first if is_word(first) => Ok(self.word()),
            other => Err(self.error(
                other.len_utf8(),
                format!("`{}` means nothing here", other.escape_debug()),
            )),
        }
    }

    /// A word ends before `..`, which makes a range in a set.
    fn word(&mut self) -> TokenKind {
        let rest = &self.text[self.at..];
        let end = rest.find(|char| !is_word(char)).unwrap_or(rest.len());
        let end = rest[..end].find("..").unwrap_or(end);
        self.at += end;
        TokenKind::Word(rest[..end].to_owned())
    }

    fn slice(&mut self) -> Result<TokenKind, FilterError> {
        let rest = &self.text[self.at..];
        let Some(end) = rest.find(']') else {
            return Err(self.error(1, "`[` is never closed".into()));
        };
        self.at += end + 1;
        Ok(TokenKind::Slice(rest[1..end].to_owned()))
    }

    fn character(&mut self) -> Result<TokenKind, FilterError> {
        let start = self.at;
        match self.quoted('\'')?[..] {
            [byte] => Ok(TokenKind::Char(byte)),
            _ => Err(FilterError::at(
                start..self.at,
                "single quotes hold one character; use double quotes for text",
            )),
        }
    }

    fn raw(&mut self) -> Result<Vec<u8>, FilterError> {
        let body = &self.text[self.at + 2..];
        let Some(end) = body.find('"') else {
            return Err(self.error(2, "this string is never closed".into()));
        };
        self.at += 2 + end + 1;
        Ok(body.as_bytes()[..end].to_vec())
    }

    /// A string up to `quote`, with its escapes undone.
    fn quoted(&mut self, quote: char) -> Result<Vec<u8>, FilterError> {
        let start = self.at;
        let mut out = Vec::new();
        self.at += 1;
        loop {
            let Some(char) = self.text[self.at..].chars().next() else {
                return Err(FilterError::at(
                    start..start + 1,
                    "this string is never closed",
                ));
            };
            self.at += char.len_utf8();
            match char {
                '\\' => out.push(self.escape()?),
                char if char == quote => return Ok(out),
                char => out.extend(char.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }

    /// What a backslash and the characters after it stand for.
    fn escape(&mut self) -> Result<u8, FilterError> {
        let rest = &self.text[self.at..];
        let (len, byte) = match rest.bytes().next() {
            Some(b'x') => (
                3,
                rest.get(1..3)
                    .and_then(|hex| u8::from_str_radix(hex, 16).ok()),
            ),
            Some(b'0'..=b'7') => {
                let len = rest
                    .bytes()
                    .take(3)
                    .take_while(|byte| (b'0'..b'8').contains(byte))
                    .count();
                (len, u8::from_str_radix(&rest[..len], 8).ok())
            }
            Some(b'n') => (1, Some(b'\n')),
            Some(b'r') => (1, Some(b'\r')),
            Some(b't') => (1, Some(b'\t')),
            Some(byte @ (b'\\' | b'"' | b'\'')) => (1, Some(byte)),
            _ => (0, None),
        };
        match byte {
            Some(byte) => {
                self.at += len;
                Ok(byte)
            }
            None => Err(FilterError::at(
                self.at - 1..self.at,
                "an unknown escape; \\\\ is a backslash",
            )),
        }
    }

    fn error(&self, len: usize, message: String) -> FilterError {
        FilterError::at(self.at..self.at + len, message)
    }
}

/// What names, numbers and addresses are made of.
fn is_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | ':' | '/' | '-' | '+' | '*')
}
