//! What is done from time to time, and what may not be done too often.

use std::collections::BTreeMap;
use std::time::Duration;

use super::script::alarm;
use crate::base::Time;
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;

/// The handlers that are run from time to time: when, and which.
#[derive(Debug, Default)]
pub struct Ticks(Vec<(usize, Alarm)>);

impl Ticks {
    /// Runs the handler at this place when so much time has passed.
    pub fn set(&mut self, cx: &mut Cx, handler: usize, span: Duration) {
        let alarm = alarm(cx, None, "handler", span);
        self.0.push((handler, alarm));
    }

    /// The handlers whose time has come.
    pub fn take_due(&mut self, now: Time) -> Vec<(usize, Alarm)> {
        self.0
            .extract_if(.., |(_, alarm)| alarm.is_due(now))
            .collect()
    }

    /// When the next one is run.
    pub fn next_time(&self) -> Option<Time> {
        self.0.iter().map(|(_, alarm)| alarm.at).min()
    }
}

/// How often each of several did something in the second that goes on.
#[derive(Debug)]
pub struct Rates<K> {
    most: Option<u32>,
    counts: BTreeMap<K, (Time, u32)>,
}

impl<K: Ord> Rates<K> {
    /// At most so often in a second.
    pub fn new(most: Option<u32>) -> Self {
        Self {
            most,
            counts: BTreeMap::new(),
        }
    }

    /// It did it once more; whether that is too often.
    pub fn is_too_fast(&mut self, now: Time, key: K) -> bool {
        let Some(most) = self.most else {
            return false;
        };
        let (since, count) = self.counts.entry(key).or_insert((now, 0));
        if now.since(*since) >= Duration::from_secs(1) {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count > most
    }

    /// It is no more.
    pub fn forget(&mut self, key: &K) {
        self.counts.remove(key);
    }
}
