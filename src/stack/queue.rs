//! What a machine has ready to be fetched, each item with the record that made it.

use std::collections::VecDeque;

use super::cx::Cx;
use crate::base::RecordId;

/// A queue between a machine and whoever runs it. An item remembers the cause it was put in with, and puts it in place
/// again when it is taken out, so that what follows from it is recorded as following from it.
#[derive(Debug, Clone)]
pub(super) struct Queue<T>(VecDeque<(Option<RecordId>, T)>);

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Queue<T> {
    pub(super) fn push(&mut self, cx: &Cx<'_>, item: T) {
        self.0.push_back((cx.cause, item));
    }

    pub(super) fn pop(&mut self, cx: &mut Cx<'_>) -> Option<T> {
        let (cause, item) = self.0.pop_front()?;
        cx.cause = cause.or(cx.cause);
        Some(item)
    }
}
