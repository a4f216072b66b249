//! What a step changed, in words.

use super::Walk;
use super::ends::variables::ROWS;
use super::step::{Grain, StepId};
use super::truth::EndNow;
use super::view::Numbers;
use crate::base::Time;
use crate::stack::record::TcpState;

impl Walk {
    /// What the step changed at the ends of its connection: `server LISTEN > SYN-RECEIVED; ISN, SND.NXT`. What arrived
    /// since the step before without being answered is told with its time: `earlier, at 1.030020 s: server …`. Empty if
    /// nothing that is known. `grain` is that of the walk, which says what the step before is.
    pub fn changes(&self, at: StepId, grain: Grain) -> String {
        let Some(flow_id) = self.connection_at(at) else {
            return String::new();
        };
        let names = self.names_of(self.pipeline.flows.get(flow_id).ends);
        let before = self.ends_before(flow_id, at, grain);
        let now = self.ends_now(flow_id, at, grain);
        let (between, times) = self
            .ends_between(flow_id, at, grain)
            .unwrap_or_else(|| (before.clone(), [None; 2]));
        let start = self.steps().first().map_or(Time::ZERO, |step| step.time);
        let own = (0..2).filter_map(|end| {
            let changes = end_changes(&between[end], &now[end])?;
            Some(format!("{} {changes}", names[end]))
        });
        let earlier = (0..2).filter_map(|end| {
            let changes = end_changes(&before[end], &between[end])?;
            let when = times[end].map_or_else(String::new, |time| {
                format!(", at {:.6} s", time.since(start).as_secs_f64())
            });
            Some(format!("earlier{when}: {} {changes}", names[end]))
        });
        let told: Vec<String> = own.chain(earlier).collect();
        told.join("; ")
    }
}

/// What changed at one end, the state first.
fn end_changes(before: &EndNow, now: &EndNow) -> Option<String> {
    let mut words = Vec::new();
    let mut names = Vec::new();
    for row in ROWS.iter().filter(|row| row.differs(before, now)) {
        if row.is_state() {
            words.extend(state_changes(before, now));
        } else if row.is_telling(&row.text(before, Numbers::Relative, Time::ZERO)) {
            names.push(row.name);
        }
    }
    if !names.is_empty() {
        words.push(names.join(", "));
    }
    (!words.is_empty()).then(|| words.join("; "))
}

/// The states that an end left and came to. What was an earlier connection's ended in CLOSED, whatever came after it.
fn state_changes(before: &EndNow, now: &EndNow) -> Vec<String> {
    let change = |from: Option<TcpState>, to: Option<TcpState>| {
        let name = |state: Option<TcpState>| state.map_or("-", TcpState::name);
        (from != to).then(|| format!("{} > {}", name(from), name(to)))
    };
    let changes = if now.is_after(before) {
        let begun = now.of.map_or(now.state, |of| Some(of.state));
        let ended = change(before.state, Some(TcpState::Closed));
        [ended, change(begun, now.state)]
    } else {
        [change(before.state, now.state), None]
    };
    changes.into_iter().flatten().collect()
}
