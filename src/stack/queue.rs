//! What a machine has ready to be fetched, each item with the record that made it.

use std::collections::VecDeque;

use super::cx::Cx;
use crate::base::RecordId;

/// A queue between a machine and whoever runs it. An item remembers the cause it was put in with, and puts it in place
/// again when it is taken out, so that what follows from it is recorded as following from it.
#[derive(Debug, Clone)]
pub struct Queue<T>(VecDeque<(Option<RecordId>, T)>);

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Queue<T> {
    /// Puts an item in, with the record that made it.
    pub fn push(&mut self, cx: &Cx<'_>, item: T) {
        self.0.push_back((cx.cause, item));
    }

    /// Takes one out, and puts the record that made it in place of `cx.cause`.
    pub fn pop(&mut self, cx: &mut Cx<'_>) -> Option<T> {
        let (cause, item) = self.0.pop_front()?;
        cx.cause = cause.or(cx.cause);
        Some(item)
    }
}
