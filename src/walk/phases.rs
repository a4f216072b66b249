//! The phases of a walk: what the talk as a whole is about, however many conversations are under way at once.

use std::collections::BTreeSet;
use std::net::SocketAddr;

/// A connection is opened.
pub(super) const OPEN: &str = "TCP";
/// A connection is closed.
pub(super) const CLOSE: &str = "Close";

/// Takes the frames in their order and tells the phase of each. What is new begins a phase; what there was before, in
/// another conversation or in this one, does not come back until no connection is open and one is opened again.
#[derive(Debug, Default)]
pub(super) struct Phases {
    current: Option<&'static str>,
    /// The phases since the last time that no connection was open.
    entered: Vec<&'static str>,
    /// The connections that are open, by their ends.
    open: BTreeSet<[SocketAddr; 2]>,
    /// A connection got beyond its handshake since then.
    is_used: bool,
}

impl Phases {
    /// The phase of a frame that is about `name`.
    pub fn turn_to(&mut self, name: &'static str) -> &'static str {
        if name == CLOSE || !self.entered.contains(&name) {
            self.entered.push(name);
            self.current = Some(name);
        }
        self.current.unwrap_or(name)
    }

    /// A connection begins, and an earlier one between the same ends is no more.
    pub fn begin(&mut self, ends: [SocketAddr; 2]) {
        self.open.remove(&in_order(ends));
        if self.open.is_empty() && self.is_used {
            self.entered.clear();
            self.is_used = false;
        }
    }

    /// The phase of a segment; `name` is what it is about, and `None` where it says nothing new. `is_closing` says that
    /// the connection is being closed: that is a phase when it was the last one.
    pub fn of_segment(
        &mut self,
        ends: [SocketAddr; 2],
        name: Option<&'static str>,
        is_closing: bool,
    ) -> &'static str {
        let ends = in_order(ends);
        if is_closing {
            self.open.remove(&ends);
        } else if name != Some(OPEN) {
            self.open.insert(ends);
        }
        // One that was being opened when the last other one was closed is talked over now.
        if !is_closing && name.is_some() && self.current == Some(CLOSE) {
            self.entered.clear();
        }
        self.is_used |= name != Some(OPEN);
        let name = name.filter(|name| *name != CLOSE || self.open.is_empty());
        self.turn_to(name.or(self.current).unwrap_or(OPEN))
    }
}

fn in_order(mut ends: [SocketAddr; 2]) -> [SocketAddr; 2] {
    ends.sort_unstable();
    ends
}

#[cfg(test)]
mod tests {
    use super::{CLOSE, OPEN, Phases};
    use std::net::SocketAddr;

    fn ends(client: u16) -> [SocketAddr; 2] {
        [client, 80].map(|port| SocketAddr::from(([10, 0, 0, 1], port)))
    }

    /// The phases of segments: the client's port, what each is about, and whether its connection is being closed.
    fn phases(segments: &[(u16, Option<&'static str>, bool)]) -> Vec<&'static str> {
        let mut phases = Phases::default();
        let all = segments.iter();
        let mut all: Vec<_> = all
            .map(|&(client, name, closing)| {
                if name == Some(OPEN) {
                    phases.begin(ends(client));
                }
                phases.of_segment(ends(client), name, closing)
            })
            .collect();
        all.dedup();
        all
    }

    #[test]
    fn one_after_the_other() {
        let one = |port| {
            [
                (port, Some(OPEN), false),
                (port, None, false),
                (port, Some("Data"), false),
                (port, None, false),
                (port, Some(CLOSE), true),
                (port, None, true),
            ]
        };
        let both = [one(1000), one(1001)].concat();
        assert_eq!(
            phases(&both),
            ["TCP", "Data", "Close", "TCP", "Data", "Close"]
        );
    }

    #[test]
    fn connections_that_overlap_go_through_the_phases_once() {
        let told = phases(&[
            (1000, Some(OPEN), false),
            (1000, None, false),
            (1000, Some("HTTP"), false),
            (1001, Some(OPEN), false),
            (1000, Some("WS"), false),
            (1001, None, false),
            (1001, Some("HTTP"), false),
            (1000, Some(CLOSE), true),
            (1001, Some("WS"), false),
            (1000, None, true),
            (1001, Some(CLOSE), true),
        ]);
        assert_eq!(told, ["TCP", "HTTP", "WS", "Close"]);
    }

    #[test]
    fn one_that_is_being_opened_goes_on_when_the_last_other_one_is_closed() {
        let told = phases(&[
            (1000, Some(OPEN), false),
            (1000, Some("Data"), false),
            (1001, Some(OPEN), false),
            (1000, Some(CLOSE), true),
            (1001, None, false),
            (1001, Some("Data"), false),
            (1000, Some(CLOSE), true),
            (1001, Some(CLOSE), true),
        ]);
        assert_eq!(told, ["TCP", "Data", "Close", "Data", "Close"]);
    }

    #[test]
    fn one_between_the_same_ends_takes_the_place_of_an_earlier_one() {
        let told = phases(&[
            (1000, Some(OPEN), false),
            (1000, Some("Data"), false),
            (1000, Some(OPEN), false),
            (1000, Some(CLOSE), true),
        ]);
        assert_eq!(told, ["TCP", "Data", "TCP", "Close"]);
    }
}
