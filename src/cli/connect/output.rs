//! What is printed: a line for each thing that happens, as text or as JSON.

use std::io::{self, Write as _};
use std::time::Duration;

use serde_json::{Map, Value, json};

use tokio::sync::mpsc::UnboundedReceiver;

use super::prompt::{Prompt, Typed};
use crate::base::text::safe;
use crate::show::Format;

/// Standard output, with the prompt below it where a person types.
pub struct Output {
    format: Format,
    prompt: Option<Prompt>,
    /// The commands that come through a pipe.
    piped: Option<UnboundedReceiver<String>>,
}

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Sent.
    Out,
    /// Came.
    In,
    /// Something else happened.
    Note,
}

impl Output {
    /// Prints in this format. Commands come from who types at the prompt, or through a pipe.
    pub fn new(
        format: Format,
        prompt: Option<Prompt>,
        piped: Option<UnboundedReceiver<String>>,
    ) -> Self {
        Self {
            format,
            prompt,
            piped,
        }
    }

    /// Whether a person types.
    pub fn is_interactive(&self) -> bool {
        self.prompt.is_some()
    }

    /// The next command: what the person has typed, at once; what comes through a pipe, when it is its turn. Never,
    /// where there is none.
    pub async fn typed(&mut self, is_its_turn: bool) -> Typed {
        if let Some(prompt) = &mut self.prompt {
            return prompt.next().await;
        }
        let Some(piped) = self.piped.as_mut().filter(|_| is_its_turn) else {
            return std::future::pending().await;
        };
        match piped.recv().await {
            Some(line) => Typed::Line(line),
            None => {
                self.piped = None;
                Typed::End
            }
        }
    }

    /// Prints one thing: for people `text`, for programs an object with these members. The text has to be safe.
    ///
    /// # Errors
    /// If the reader is gone.
    pub fn put(
        &mut self,
        at: Duration,
        mark: Mark,
        text: &str,
        members: Map<String, Value>,
    ) -> io::Result<()> {
        let seconds = at.as_secs_f64();
        match self.format {
            Format::Text => {
                let mark = match mark {
                    Mark::Out => '>',
                    Mark::In => '<',
                    Mark::Note => '*',
                };
                self.line(&format!("{seconds:9.3} {mark} {text}"))
            }
            Format::Jsonl => {
                let mut object = Map::new();
                object.insert("time".to_owned(), json!((seconds * 1e6).round() / 1e6));
                object.extend(members);
                self.line(&Value::Object(object).to_string())
            }
        }
    }

    /// Prints a line for the person who types.
    ///
    /// # Errors
    /// If the reader is gone.
    pub fn tell(&mut self, text: &str) -> io::Result<()> {
        self.line(&safe(text))
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        if let Some(prompt) = &mut self.prompt {
            return prompt.print_above(line);
        }
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }
}

/// The members of an object, in words.
pub fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => [("value".to_owned(), other)].into_iter().collect(),
    }
}
