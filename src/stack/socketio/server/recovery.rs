//! Connection state recovery: a client that was cut off finds its id, its rooms, and what it missed.
//!
//! Each event that could be missed carries one argument more, its offset; the client tells the last one that it had.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use serde::Deserialize;

use super::namespace::Namespace;
use super::{Audience, Gone};
use crate::base::Time;
use crate::stack::socketio::Args;

/// So many bytes of events are kept for those who miss them; who has missed more begins anew.
const MAX_KEPT: usize = 16 * 1024 * 1024;

/// What a namespace remembers.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    /// The events that may have been missed, the oldest first.
    kept: VecDeque<Kept>,
    /// How many bytes they are.
    kept_bytes: usize,
    next_offset: u64,
    /// Who was cut off, by the private id that only the client knows.
    lost: BTreeMap<String, Lost>,
}

#[derive(Debug)]
struct Kept {
    until: Time,
    offset: String,
    audience: Audience,
    name: String,
    args: Args,
}

impl Kept {
    /// About how many bytes it takes.
    fn len(&self) -> usize {
        let values = self.args.values.iter().map(String::len);
        let attachments = self.args.attachments.iter().map(Vec::len);
        size_of::<Self>() + self.name.len() + values.chain(attachments).sum::<usize>()
    }
}

#[derive(Debug)]
struct Lost {
    until: Time,
    restored: Restored,
}

/// What a client is given back.
#[derive(Debug, Clone, Default)]
pub(super) struct Restored {
    pub(super) sid: String,
    pub(super) rooms: Vec<String>,
    /// The events that it missed: name and arguments.
    pub(super) missed: Vec<(String, Args)>,
}

/// What a client says of the connection that it had, beside its credentials.
#[derive(Debug, Deserialize)]
struct Claim {
    pid: String,
    offset: String,
}

impl Namespace {
    /// Keeps an event for those who miss it, and writes its offset behind its arguments.
    pub(super) fn keep(
        &mut self,
        now: Time,
        span: Duration,
        audience: Audience,
        name: &str,
        args: &mut Args,
    ) {
        let recovery = &mut self.recovery;
        recovery.forget(now);
        let offset = format!("{:06}", recovery.next_offset);
        recovery.next_offset += 1;
        args.values.push(format!("\"{offset}\""));
        let kept = Kept {
            until: now + span,
            offset,
            audience,
            name: name.to_owned(),
            args: args.clone(),
        };
        recovery.kept_bytes += kept.len();
        recovery.kept.push_back(kept);
        while recovery.kept_bytes > MAX_KEPT && recovery.kept.len() > 1 {
            recovery.forget_first();
        }
    }

    /// A client was cut off.
    pub(super) fn remember(&mut self, now: Time, span: Duration, pid: String, gone: &Gone) {
        let restored = Restored {
            sid: gone.sid.clone(),
            rooms: gone.rooms.clone(),
            missed: Vec::new(),
        };
        let until = now + span;
        self.recovery.lost.insert(pid, Lost { until, restored });
    }

    /// What the client is given back that says this of itself; `None` where nothing is known of it any more.
    pub(super) fn restore(&mut self, now: Time, auth: &str) -> Option<(String, Restored)> {
        let claim: Claim = serde_json::from_str(auth).ok()?;
        self.recovery.forget(now);
        let kept = &self.recovery.kept;
        let last = kept.iter().position(|event| event.offset == claim.offset)?;
        let lost = self.recovery.lost.remove(&claim.pid)?;
        let mut restored = lost.restored;
        let own: BTreeSet<&String> = restored.rooms.iter().collect();
        let is_in = |rooms: &[String]| rooms.iter().any(|room| own.contains(room));
        let heard = |event: &&Kept| {
            let audience = &event.audience;
            (audience.rooms.is_empty() || is_in(&audience.rooms)) && !is_in(&audience.except)
        };
        let missed = kept.iter().skip(last + 1).filter(heard);
        restored.missed = missed
            .map(|event| (event.name.clone(), event.args.clone()))
            .collect();
        Some((claim.pid, restored))
    }
}

impl Recovery {
    fn forget(&mut self, now: Time) {
        while self.kept.front().is_some_and(|event| event.until < now) {
            self.forget_first();
        }
        self.lost.retain(|_, lost| lost.until >= now);
    }

    fn forget_first(&mut self) {
        if let Some(event) = self.kept.pop_front() {
            self.kept_bytes -= event.len();
        }
    }
}

#[cfg(test)]
impl Recovery {
    /// How many events are kept.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }
}
