//! What a step changed, in words.

use super::Walk;
use super::step::StepId;
use super::view::{Ends, Numbers};

/// Changes of these say nothing that the others do not.
const MINOR: [&str; 6] = ["timers", "SRTT", "MSS", "RTO", "unsent", "unread"];

impl Walk {
    /// What the step changed at the ends of its connection: `server LISTEN > SYN-RECEIVED; ISN, SND.NXT`. Empty if
    /// nothing that is known.
    pub fn changes(&self, at: StepId) -> String {
        let Some(now) = self.ends(at, Numbers::Relative) else {
            return String::new();
        };
        let flow = self.connection_at(at);
        let before = flow.map(|flow| self.ends_before(flow, at));
        let old = |end: usize| before.as_ref().and_then(|ends| ends[end].state);
        let ends = [0, 1].map(|end| {
            let old = old(end).map_or("-", crate::stack::record::TcpState::name);
            end_changes(&now, end, old)
        });
        let told: Vec<String> = ends.into_iter().flatten().collect();
        told.join("; ")
    }
}

/// What changed at one end, the state first.
fn end_changes(ends: &Ends, end: usize, old_state: &str) -> Option<String> {
    let mut words = Vec::new();
    let mut names = Vec::new();
    for row in ends.rows.iter().filter(|row| row.changed[end]) {
        if row.name == "state" {
            words.push(format!("{old_state} > {}", row.values[end]));
        } else if !MINOR.contains(&row.name) {
            names.push(row.name);
        }
    }
    if !names.is_empty() {
        words.push(names.join(", "));
    }
    (!words.is_empty()).then(|| format!("{} {}", ends.names[end], words.join("; ")))
}
