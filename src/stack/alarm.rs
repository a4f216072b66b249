//! Timers of the layers above transport, and which of many comes first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::cx::Cx;
use super::record::{ConnId, TimerAction, What};
use crate::base::{RecordId, Time};

/// A timer that runs.
#[derive(Debug, Clone)]
pub struct Alarm {
    /// When it expires.
    pub at: Time,
    name: &'static str,
    layer: u8,
    conn: Option<ConnId>,
    cite: &'static str,
    record: Option<RecordId>,
}

impl Alarm {
    /// Starts it, by the paragraph `cite`.
    pub fn set(
        cx: &mut Cx<'_>,
        layer: u8,
        conn: Option<ConnId>,
        cite: &'static str,
        name: &'static str,
        span: Duration,
    ) -> Self {
        let at = cx.now + span;
        let action = TimerAction::Started(at);
        let record = cx.record(layer, conn, cite, What::Timer { name, action });
        Self {
            at,
            name,
            layer,
            conn,
            cite,
            record,
        }
    }

    /// Whether it has expired.
    pub fn is_due(&self, now: Time) -> bool {
        self.at <= now
    }

    /// It has expired: what follows has it as its cause.
    pub fn expire(self, cx: &mut Cx<'_>) {
        cx.cause = self.record;
        let (name, action) = (self.name, TimerAction::Expired);
        cx.step(
            self.layer,
            self.conn,
            self.cite,
            What::Timer { name, action },
        );
    }
}

impl Alarm {
    /// It is not needed any more. What follows does not follow from this.
    pub fn stop(self, cx: &mut Cx<'_>) {
        let (name, action) = (self.name, TimerAction::Stopped);
        let what = What::Timer { name, action };
        cx.record(self.layer, self.conn, self.cite, what);
    }
}

/// When each of many wants to be called, and who is first.
#[derive(Debug, Clone)]
pub struct Schedule<K> {
    by_time: BTreeSet<(Time, K)>,
    by_key: BTreeMap<K, Time>,
}

impl<K> Default for Schedule<K> {
    fn default() -> Self {
        Self {
            by_time: BTreeSet::new(),
            by_key: BTreeMap::new(),
        }
    }
}

impl<K: Copy + Ord> Schedule<K> {
    /// `key` wants to be called at this time, and no more at any other; or not at all.
    pub fn set(&mut self, key: K, at: Option<Time>) {
        let before = match at {
            Some(at) => self.by_key.insert(key, at),
            None => self.by_key.remove(&key),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.by_time.remove(&(before, key));
        }
        if let Some(at) = at {
            self.by_time.insert((at, key));
        }
    }

    /// When the first one wants to be called.
    pub fn next_time(&self) -> Option<Time> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// The first one whose time has come; it is not called again unless it is set again.
    pub fn pop_due(&mut self, now: Time) -> Option<K> {
        let (at, key) = *self.by_time.first()?;
        if at > now {
            return None;
        }
        self.set(key, None);
        Some(key)
    }
}
