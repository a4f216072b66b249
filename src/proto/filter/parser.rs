//! Tokens to a tree that knows no types yet.
//!
//! ```text
//! or      = and { ("||" | "or") and }
//! and     = not { ("&&" | "and") not }
//! not     = ("!" | "not") not | "(" or ")" | test
//! test    = ["any" | "all"] value [ operator value | ["not"] "in" "{" item { "," item } "}" ]
//! item    = value [ ".." value ]
//! value   = (WORD | TEXT | CHAR) [ SLICE ] [ "&" value ]
//! ```

use std::ops::Range;

use super::FilterError;
use super::lexer::{Token, TokenKind, tokens};

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Any(Vec<Expr>),
    All(Vec<Expr>),
    Not(Box<Expr>),
    /// The value is there; with a mask: it is not zero.
    Present(Entity),
    Compare {
        quantifier: Quantifier,
        left: Entity,
        op: Op,
        right: Entity,
    },
    In {
        left: Entity,
        items: Vec<(Entity, Option<Entity>)>,
    },
}

/// A field, a protocol or a literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entity {
    pub span: Range<usize>,
    pub kind: EntityKind,
    pub slice: Option<Vec<SliceRange>>,
    pub mask: Option<Box<Entity>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum EntityKind {
    Word(String),
    Text(Vec<u8>),
    Char(u8),
}

/// A part of a slice; a negative start counts from the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SliceRange {
    pub start: i64,
    pub end: SliceEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SliceEnd {
    /// `[start:len]`, or a length of 1 for `[start]`.
    Len(usize),
    /// `[start-last]`.
    Last(i64),
    /// `[start:]`.
    Open,
}

/// Which of the values of a field that occurs more than once must satisfy the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantifier {
    Any,
    All,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Contains,
}

impl Op {
    /// The operator of this spelling, and which values must satisfy it unless `any` or `all` says otherwise.
    fn parse(spelling: &str) -> Option<(Self, Quantifier)> {
        Some(match spelling {
            "==" | "eq" | "any_eq" => (Self::Eq, Quantifier::Any),
            "===" | "all_eq" => (Self::Eq, Quantifier::All),
            "!=" | "ne" | "all_ne" => (Self::Ne, Quantifier::All),
            "!==" | "~=" | "any_ne" => (Self::Ne, Quantifier::Any),
            "<" | "lt" => (Self::Lt, Quantifier::Any),
            "<=" | "le" => (Self::Le, Quantifier::Any),
            ">" | "gt" => (Self::Gt, Quantifier::Any),
            ">=" | "ge" => (Self::Ge, Quantifier::Any),
            "contains" => (Self::Contains, Quantifier::Any),
            _ => return None,
        })
    }
}

/// Parentheses and `not`s nested deeper than this are refused: the depth of the tree is the depth of the stack.
const MAX_DEPTH: usize = 100;

/// Reads a whole filter.
pub(super) fn parse(text: &str) -> Result<Expr, FilterError> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
    };
    let expr = parser.or()?;
    match parser.peek() {
        TokenKind::End => Ok(expr),
        TokenKind::Symbol(")") => Err(parser.error("this parenthesis was never opened")),
        _ => Err(parser.error("an `and` or `or` is missing before this")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn or(&mut self) -> Result<Expr, FilterError> {
        let mut terms = vec![self.and()?];
        while self.take_any(&["||", "or"]) {
            terms.push(self.and()?);
        }
        Ok(one_or(terms, Expr::Any))
    }

    fn and(&mut self) -> Result<Expr, FilterError> {
        let mut terms = vec![self.not()?];
        while self.take_any(&["&&", "and"]) {
            terms.push(self.not()?);
        }
        Ok(one_or(terms, Expr::All))
    }

    fn not(&mut self) -> Result<Expr, FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("nested too deeply"));
        }
        let opened = self.span();
        let expr = if self.take_any(&["!", "not"]) {
            Expr::Not(Box::new(self.not()?))
        } else if self.take_any(&["("]) {
            let inner = self.or()?;
            if !self.take_any(&[")"]) {
                return Err(FilterError::at(opened, "this parenthesis is never closed"));
            }
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn test(&mut self) -> Result<Expr, FilterError> {
        let quantifier = self.quantifier();
        let left = self.entity()?;
        if self.follows(&["not", "in"]) {
            self.at += 2;
            return Ok(Expr::Not(Box::new(self.set(left)?)));
        }
        if self.take_any(&["in"]) {
            return self.set(left);
        }
        if let Some((op, usual)) = Op::parse(self.spelling()) {
            self.at += 1;
            let right = self.entity()?;
            if Op::parse(self.spelling()).is_some() {
                return Err(self.error("comparisons cannot be chained; join two with `and`"));
            }
            let quantifier = quantifier.unwrap_or(usual);
            return Ok(Expr::Compare {
                quantifier,
                left,
                op,
                right,
            });
        }
        match self.spelling() {
            "matches" | "~" => {
                Err(self.error("regular expressions are not known here; try `contains`"))
            }
            _ if quantifier.is_some() => Err(self.error("`any` and `all` need a comparison")),
            _ => Ok(Expr::Present(left)),
        }
    }

    fn quantifier(&mut self) -> Option<Quantifier> {
        let next_is_word = matches!(self.tokens.get(self.at + 1)?.kind, TokenKind::Word(_));
        let quantifier = match self.spelling() {
            "any" if next_is_word => Quantifier::Any,
            "all" if next_is_word => Quantifier::All,
            _ => return None,
        };
        self.at += 1;
        Some(quantifier)
    }

    fn set(&mut self, left: Entity) -> Result<Expr, FilterError> {
        if !self.take_any(&["{"]) {
            return Err(self.error("`in` wants a set, such as {80, 8000..8080}"));
        }
        let mut items = Vec::new();
        loop {
            let first = self.entity()?;
            let last = if self.take_any(&[".."]) {
                Some(self.entity()?)
            } else {
                None
            };
            items.push((first, last));
            if self.take_any(&["}"]) {
                return Ok(Expr::In { left, items });
            }
            if !self.take_any(&[","]) {
                return Err(
                    self.error("the members of a set are separated by commas, and it ends with }")
                );
            }
        }
    }

    fn entity(&mut self) -> Result<Entity, FilterError> {
        let span = self.span();
        let kind = match self.peek().clone() {
            TokenKind::Word(word) if !is_reserved(&word) => EntityKind::Word(word),
            TokenKind::Text(text) => EntityKind::Text(text),
            TokenKind::Char(char) => EntityKind::Char(char),
            TokenKind::End => {
                return Err(self.error("the filter ends here, but something must follow"));
            }
            _ => return Err(self.error("a field or a value is wanted here")),
        };
        self.at += 1;
        let slice = self.slice()?;
        let mask = match self.take_any(&["&", "bitwise_and"]) {
            true => Some(Box::new(self.entity()?)),
            false => None,
        };
        Ok(Entity {
            span,
            kind,
            slice,
            mask,
        })
    }

    fn slice(&mut self) -> Result<Option<Vec<SliceRange>>, FilterError> {
        let TokenKind::Slice(text) = self.peek() else {
            return Ok(None);
        };
        let ranges: Option<Vec<_>> = text
            .split(',')
            .map(|part| slice_range(part.trim()))
            .collect();
        let ranges = ranges.ok_or_else(|| {
            self.error("no slice; write [start:length], [first-last], [at], [:length] or [start:]")
        })?;
        self.at += 1;
        Ok(Some(ranges))
    }

    fn peek(&self) -> &TokenKind {
        &self.tokens[self.at].kind
    }

    fn span(&self) -> Range<usize> {
        self.tokens[self.at].span.clone()
    }

    /// The token as an operator is spelled; empty for one that is none.
    fn spelling(&self) -> &str {
        spelling(&self.tokens[self.at])
    }

    fn take_any(&mut self, spellings: &[&str]) -> bool {
        let found = spellings.contains(&self.spelling());
        self.at += usize::from(found);
        found
    }

    fn follows(&self, spellings: &[&str]) -> bool {
        let next = self.tokens[self.at..].iter().map(spelling);
        next.take(spellings.len()).eq(spellings.iter().copied())
    }

    fn error(&self, message: &str) -> FilterError {
        FilterError::at(self.span(), message)
    }
}

fn spelling(token: &Token) -> &str {
    match &token.kind {
        TokenKind::Word(word) => word,
        TokenKind::Symbol(symbol) => symbol,
        _ => "",
    }
}

/// Words that are operators, so no field and no value.
fn is_reserved(word: &str) -> bool {
    matches!(
        word,
        "and" | "or" | "not" | "in" | "matches" | "bitwise_and"
    ) || Op::parse(word).is_some()
}

fn one_or(mut terms: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match terms.len() {
        1 => terms.swap_remove(0),
        _ => many(terms),
    }
}

/// One part of a slice, without the brackets.
fn slice_range(part: &str) -> Option<SliceRange> {
    if let Some((start, len)) = part.split_once(':') {
        let start = if start.is_empty() {
            0
        } else {
            start.trim().parse().ok()?
        };
        let end = match len.trim() {
            "" => SliceEnd::Open,
            len => SliceEnd::Len(len.parse().ok().filter(|len| *len > 0)?),
        };
        return Some(SliceRange { start, end });
    }
    // A minus sign in front is a sign; one behind a digit makes a range.
    let minus = part.char_indices().skip(1).find(|(_, char)| *char == '-');
    match minus {
        Some((at, _)) => {
            let (start, last) = (
                part[..at].trim().parse().ok()?,
                part[at + 1..].trim().parse().ok()?,
            );
            Some(SliceRange {
                start,
                end: SliceEnd::Last(last),
            })
        }
        None => Some(SliceRange {
            start: part.parse().ok()?,
            end: SliceEnd::Len(1),
        }),
    }
}
