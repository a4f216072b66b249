//! Mistakes in a scenario file: each with its place, all of them in one report.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::base::text::safe;

/// One mistake and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where, in bytes of the file.
    pub span: Range<usize>,
    /// What is wrong, such as ``unknown key `adress` ``.
    pub message: String,
    /// What stands beside the underlined place.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Another place that has to do with it, and what it is: `first used here`.
    pub also: Option<(Range<usize>, String)>,
}

impl Mistake {
    /// A mistake at `span`. The label stands beside the underlined place.
    pub fn new(span: Range<usize>, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            label: label.into(),
            help: None,
            also: None,
        }
    }

    /// With advice what to write instead.
    pub fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }

    /// With another place that has to do with it.
    pub fn also(mut self, span: Range<usize>, label: &str) -> Self {
        self.also = Some((span, label.into()));
        self
    }
}

/// So many mistakes are told at a time: one that is made in many places fills no more than some screens.
const MOST_TOLD: usize = 20;

/// All mistakes of one file, in the order of their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes {
    /// The file's name.
    pub name: String,
    /// Its text, with nothing in it that a terminal would obey; each byte stands where it stood.
    pub text: String,
    /// The mistakes, at least one.
    pub list: Vec<Mistake>,
}

impl Mistakes {
    /// The report: for each mistake the file, line and column, an excerpt and advice. Of very many the first are told.
    pub fn render(&self, coloured: bool) -> String {
        let renderer = if coloured {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let one = |mistake: &Mistake| renderer.render(&[self.group(mistake)]);
        let mut told: Vec<String> = self.list.iter().take(MOST_TOLD).map(one).collect();
        if let Some(more @ 1..) = self.list.len().checked_sub(MOST_TOLD) {
            told.push(format!("{more} more are not told: mend these first"));
        }
        told.join("\n\n")
    }

    /// Line and column of a mistake, both from 1, the column in characters.
    pub fn line_column(&self, mistake: &Mistake) -> (usize, usize) {
        let before = &self.text[..mistake.span.start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }

    fn group<'a>(&'a self, mistake: &'a Mistake) -> annotate_snippets::Group<'a> {
        let primary = AnnotationKind::Primary
            .span(mistake.span.clone())
            .label(&mistake.label);
        let mut snippet = Snippet::source(&self.text)
            .path(safe(&self.name))
            .annotation(primary);
        if let Some((span, label)) = &mistake.also {
            let context = AnnotationKind::Context.span(span.clone());
            snippet = snippet.annotation(context.label(label));
        }
        let group = Level::ERROR
            .primary_title(&mistake.message)
            .element(snippet);
        match &mistake.help {
            Some(help) => group.element(Level::HELP.message(help)),
            None => group,
        }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Mistakes {}

/// An `s` where there are several.
pub(super) fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A word of the file for a message: in backquotes, safe, and not longer than a line can bear.
pub(super) fn quote(word: &str) -> String {
    const LONGEST: usize = 60;
    let short: String = word.chars().take(LONGEST).collect();
    let more = if short.len() < word.len() { "…" } else { "" };
    format!("`{}{more}`", safe(&short))
}

/// The one of `words` that a person who wrote `wrong` most likely meant.
pub(super) fn nearest<'a>(
    wrong: &str,
    words: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // The distance takes time by the product of both lengths, and no name is that long.
    if wrong.len() > 64 {
        return None;
    }
    let wrong = wrong.to_lowercase();
    let distance = |word: &str| strsim::damerau_levenshtein(&wrong, &word.to_lowercase());
    words
        .into_iter()
        .map(|word| (distance(word), word))
        .filter(|&(distance, word)| {
            let longer = wrong.chars().count().max(word.chars().count());
            distance * 5 <= longer * 2 || (longer <= 4 && distance <= 1)
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, word)| word)
}

/// Advice for a wrong word: the nearest right one, or else all of them.
pub(super) fn advice(wrong: &str, words: &[&str]) -> Option<String> {
    if let Some(word) = nearest(wrong, words.iter().copied()) {
        return Some(format!("did you mean `{}`?", safe(word)));
    }
    match words {
        [] => None,
        [only] => Some(format!("the only one is {}", quote(only))),
        several => Some(format!("one of {}", list(several))),
    }
}

/// The words in backquotes, with commas.
pub(super) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    quoted.join(", ")
}
