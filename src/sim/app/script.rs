//! What a program still has to do, and the waiting in between.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::base::Time;
use crate::sim::spec::{Action, Content};
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;
use crate::stack::record::ConnId;

/// A list of actions that is worked off.
#[derive(Debug, Clone, Default)]
pub struct Script {
    actions: VecDeque<Action>,
    waiting: Option<Alarm>,
}

impl Script {
    /// A script of these actions.
    pub fn new(actions: &[Action]) -> Self {
        Self {
            actions: actions.iter().cloned().collect(),
            waiting: None,
        }
    }

    /// Works actions off as long as `perform` says that they are done; [`Action::Wait`] is waited for here. All
    /// follow from the same cause: that of the call.
    pub fn run(
        &mut self,
        cx: &mut Cx,
        conn: Option<ConnId>,
        mut perform: impl FnMut(&mut Cx, &Action) -> bool,
    ) {
        let cause = cx.cause;
        while self.waiting.is_none()
            && let Some(action) = self.actions.front()
        {
            if let Action::Wait(span) = *action {
                self.waiting = Some(alarm(cx, conn, "wait", span));
            } else if perform(cx, action) {
                self.actions.pop_front();
            } else {
                break;
            }
            cx.cause = cause;
        }
    }

    /// Ends a wait that is over. What follows has it as its cause.
    pub fn handle_timeout(&mut self, cx: &mut Cx) {
        if let Some(alarm) = self.waiting.take_if(|alarm| alarm.at <= cx.now) {
            alarm.expire(cx);
            self.actions.pop_front();
        }
    }

    /// When the wait is over that is going on.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.waiting.as_ref().map(|alarm| alarm.at)
    }

    /// Whether everything is done.
    pub fn is_done(&self) -> bool {
        self.actions.is_empty()
    }

    /// Forgets what is left.
    pub fn stop(&mut self) {
        *self = Self::default();
    }
}

/// Starts a timer of a program.
pub fn alarm(cx: &mut Cx, conn: Option<ConnId>, name: &'static str, span: Duration) -> Alarm {
    Alarm::set(cx, 7, conn, SCENARIO, name, span)
}

/// What the program does because the scenario says so, and no standard.
pub const SCENARIO: &str = "scenario";

impl Content {
    /// Text if the bytes can be read, or else the bytes.
    pub fn of(bytes: &[u8]) -> Self {
        match readable(bytes) {
            Some(text) => Self::Text(text.into()),
            None => Self::Binary(bytes.into()),
        }
    }

    /// The bytes: text as UTF-8.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// The bytes, shared.
    pub fn shared_bytes(&self) -> Bytes {
        match self.clone() {
            Self::Text(text) => Bytes::from_owner(Arc::<[u8]>::from(text)),
            Self::Binary(bytes) => Bytes::from_owner(bytes),
        }
    }

    /// What it is, in a few words: `text "hi"`, `3 bytes 01 02 03`.
    pub fn describe(&self) -> String {
        match self {
            Self::Text(text) => format!("text {}", quote(text)),
            Self::Binary(bytes) => describe_bytes(bytes),
        }
    }
}

/// Bytes that a person would read as text: UTF-8 without control characters but line ends and tabs.
pub fn readable(bytes: &[u8]) -> Option<&str> {
    let is_readable = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.is_empty() && text.chars().all(is_readable)).then_some(text)
}

/// Bytes in a few words: as text if they can be read.
pub fn describe_received(bytes: &[u8]) -> String {
    match readable(bytes) {
        Some(text) => format!("{} {}", count(bytes.len()), quote(text)),
        None => describe_bytes(bytes),
    }
}

fn count(bytes: usize) -> String {
    let plural = if bytes == 1 { "" } else { "s" };
    format!("{bytes} byte{plural}")
}

fn describe_bytes(bytes: &[u8]) -> String {
    const SHOWN: usize = 16;
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = count(bytes.len());
    for &byte in bytes.iter().take(SHOWN) {
        let digits = [byte >> 4, byte & 15].map(|digit| char::from(HEX[usize::from(digit)]));
        text.extend([' ', digits[0], digits[1]]);
    }
    if bytes.len() > SHOWN {
        text.push('…');
    }
    text
}

/// Text in quotes, escaped, and cut where it is long.
pub fn quote(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
