//! What must hold when a run is over: of the streams, and of how connections ended.

use std::collections::BTreeMap;

use super::changes::vars_in_words;
use super::watch::{Place, Watch, host, segment_of};
use super::{Broken, ENDS_BY_ITSELF, Invariant, SAME_BYTE, first_broken};
use crate::base::{FrameId, Time};
use crate::sim::World;
use crate::sim::ledger::{Ending, Ledger};
use crate::sim::spec::{Host, Spec};
use crate::stack::record::TcpState;
use crate::stack::record::TcpVars;
use crate::stack::tcp::{Event, Seq};

/// One end of a connection when the run is over.
#[derive(Debug)]
pub struct End<'a> {
    /// Its last variables.
    pub vars: &'a TcpVars,
    /// The host and its switches.
    pub host: &'a Host,
    /// The program's books; `None` if no program was told of the connection.
    pub book: Option<&'a Ledger>,
    /// The other end's last variables and books, if it ever knew of the connection.
    pub peer: Option<(&'a TcpVars, Option<&'a Ledger>)>,
    /// How many RSTs went out from this address, and how many from the peer's, whoever sent them.
    pub resets: [usize; 2],
    /// Whether anything in the run was lost, late, damaged or thrown away.
    pub disturbed: bool,
}

impl End<'_> {
    fn is_over(&self) -> bool {
        self.vars.state == TcpState::Closed
    }

    fn peer_book(&self) -> Option<&Ledger> {
        self.peer.and_then(|(_, book)| book)
    }

    fn over(&self) -> Option<Event> {
        self.book.and_then(|book| book.over)
    }

    /// Whether it cannot learn that its peer is gone: it has nothing to send, and does not ask (RFC 9293 §3.5.1).
    fn is_half_open(&self) -> bool {
        let waits = matches!(self.vars.state, TcpState::Established | TcpState::FinWait2);
        let silent = self.vars.snd_una == self.vars.snd_nxt && self.vars.unsent == Some(0);
        let closed = self
            .book
            .is_some_and(|book| book.ending >= Some(Ending::Close));
        let gives_up = self.host.tcp.fin_wait_2.is_some() && closed;
        let asks =
            self.host.tcp.keep_alive.is_some() || gives_up && self.vars.state == TcpState::FinWait2;
        let peer_is_gone = self
            .peer
            .is_none_or(|(peer, _)| peer.state == TcpState::Closed);
        waits && silent && !asks && peer_is_gone
    }

    /// Whether its programs leave it open: neither has ended it, and everything has come.
    fn is_left_open(&self) -> bool {
        let idle = |vars: &TcpVars, book: Option<&Ledger>| {
            let silent = vars.snd_una == vars.snd_nxt && vars.unsent == Some(0);
            let open = book.is_some_and(|book| book.ending.is_none());
            vars.state == TcpState::Established && silent && open
        };
        let theirs = self.peer.is_some_and(|(vars, book)| idle(vars, book));
        idle(self.vars, self.book) && theirs
    }

    /// Both ends were told that the connection closed as they wanted, and neither broke it off.
    fn closed_orderly(&self) -> bool {
        let orderly = |book: &Ledger| {
            matches!(book.over, Some(Event::Closed(_))) && book.ending < Some(Ending::Abort)
        };
        let both = self.book.is_some_and(orderly) && self.peer_book().is_some_and(orderly);
        both && self.resets == [0, 0]
    }
}

/// Whether something holds of an end.
pub type OnEnd = fn(&End<'_>) -> bool;

/// What happened to the connections of a run, or of many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames that hosts sent.
    pub frames: usize,
    /// Those of them, and of their copies, that were lost.
    pub lost: usize,
    /// Bytes that programs read.
    pub bytes: usize,
    /// Ends of connections that programs were told of.
    pub ends: usize,
    /// Those that closed as both wanted, nothing missing.
    pub whole: usize,
    /// Those that were told of a close, but broke off or were not heard to the end.
    pub broken_off: usize,
    /// Those that were reset.
    pub reset: usize,
    /// Those that were refused.
    pub refused: usize,
    /// Those that timed out.
    pub timed_out: usize,
    /// Those whose peer could not be reached.
    pub unreachable: usize,
    /// Those that do not know that their peer is gone.
    pub half_open: usize,
}

impl Tally {
    /// Adds another one's counts.
    pub fn add(&mut self, other: &Self) {
        self.frames += other.frames;
        self.lost += other.lost;
        self.bytes += other.bytes;
        self.ends += other.ends;
        self.whole += other.whole;
        self.broken_off += other.broken_off;
        self.reset += other.reset;
        self.refused += other.refused;
        self.timed_out += other.timed_out;
        self.unreachable += other.unreachable;
        self.half_open += other.half_open;
    }

    fn count(&mut self, end: &End<'_>) {
        let Some(book) = end.book else {
            return;
        };
        self.ends += 1;
        self.bytes += book.read.len();
        let count = match book.over {
            Some(Event::Reset(_)) => &mut self.reset,
            Some(Event::Refused(_)) => &mut self.refused,
            Some(Event::TimedOut(_)) => &mut self.timed_out,
            Some(Event::Unreachable(..)) => &mut self.unreachable,
            Some(_) if end.closed_orderly() => &mut self.whole,
            Some(_) => &mut self.broken_off,
            None => &mut self.half_open,
        };
        *count += 1;
    }
}

/// On each end of each connection.
pub const ENDS: &[Invariant<OnEnd>] = &[
    Invariant {
        says: "no connection stalls: it is over, left open, or half-open without a way to know",
        cite: "RFC 9293 §3.5.1",
        holds: |e| e.is_over() || e.is_left_open() || e.is_half_open(),
    },
    Invariant {
        says: "what was read is a beginning of what the peer wrote",
        cite: "RFC 9293 §2.2",
        holds: |e| {
            let written = e.peer_book().map_or(&[][..], |book| &book.written);
            e.book.is_none_or(|book| written.starts_with(&book.read))
        },
    },
    Invariant {
        says: "who was told that the peer sends no more has read all that it wrote",
        cite: "RFC 9293 §3.6",
        holds: |e| match (e.book, e.peer_book()) {
            // Who has closed reads no more.
            (Some(book), Some(peer)) if book.peer_ended && book.ending < Some(Ending::Close) => {
                book.read == peer.written
            }
            _ => true,
        },
    },
    Invariant {
        says: "where both ends closed and none sent a RST, everything has come",
        cite: "RFC 9293 §3.6",
        holds: |e| match (e.book, e.peer_book()) {
            (Some(book), Some(peer)) if e.closed_orderly() => book.read == peer.written,
            _ => true,
        },
    },
    Invariant {
        says: "a program is told when its connection is over",
        cite: "RFC 9293 §3.9.1",
        holds: |e| !e.is_over() || e.book.is_none_or(|book| book.over.is_some()),
    },
    Invariant {
        says: "a connection is only called closed that its program has ended",
        cite: "RFC 9293 §3.10.4",
        holds: |e| {
            !matches!(e.over(), Some(Event::Closed(_)))
                || e.book.is_some_and(|book| book.ending.is_some())
        },
    },
    Invariant {
        says: "a reset and a refusal come from a RST in the peer's name",
        cite: "RFC 9293 §3.5.2",
        holds: |e| {
            !matches!(e.over(), Some(Event::Reset(_) | Event::Refused(_))) || e.resets[1] > 0
        },
    },
    Invariant {
        says: "nobody gives up a peer where nothing is lost, late or thrown away",
        cite: "RFC 9293 §3.8.3",
        holds: |e| {
            let gave_up = matches!(e.over(), Some(Event::TimedOut(_) | Event::Unreachable(..)));
            !gave_up || e.disturbed
        },
    },
];

/// Holds a run that is over against [`ENDS`] and the end of the run itself; what happened in it.
pub(super) fn check(spec: &Spec, world: &World, watch: &Watch<'_>) -> (Vec<Broken>, Tally) {
    let ended = world.outcome().ended;
    let books: BTreeMap<Place, &Ledger> = world
        .ledgers()
        .into_iter()
        .map(|(node, book)| ((node, book.conn), book))
        .collect();
    let mut broken = Vec::new();
    if let Some(limit) = world.outcome().cut_short {
        broken.push(Broken {
            says: ENDS_BY_ITSELF.to_owned(),
            cite: "RFC 9293 §3.8.3",
            time: ended,
            place: None,
            found: limit.to_string(),
        });
    }
    let (frames, lost) = watch.frames;
    let mut tally = Tally {
        frames,
        lost,
        ..Tally::default()
    };
    for (place, seen) in &watch.ends {
        let vars = &seen.vars;
        let peer = watch.peer(vars, seen.peer);
        let end = End {
            vars,
            host: host(spec, place.0),
            book: books.get(place).copied(),
            peer: peer.map(|(place, seen)| (&seen.vars, books.get(place).copied())),
            resets: [
                watch.resets(vars.local, vars.remote),
                watch.resets(vars.remote, vars.local),
            ],
            disturbed: watch.disturbed,
        };
        tally.count(&end);
        // A host that loses its power forgets its connections and its programs' books.
        if !spec.crashes.is_empty() {
            continue;
        }
        if let Some(invariant) = first_broken(ENDS, |holds| holds(&end)) {
            broken.push(Broken {
                says: invariant.says.to_owned(),
                cite: invariant.cite,
                time: ended,
                place: Some((place.0, Some(place.1))),
                found: described(&end),
            });
        }
    }
    if spec.crashes.is_empty() {
        broken.extend(wrong_text(world, watch, &books, ended));
    }
    (broken, tally)
}

/// An end in words: its books are too long to be shown.
fn described(end: &End<'_>) -> String {
    let book = |book: Option<&Ledger>| {
        book.map_or_else(
            || "no program".to_owned(),
            |book| {
                let Ledger { written, read, peer_ended, ending, over, .. } = book;
                let (written, read) = (written.len(), read.len());
                format!(
                    "wrote {written}, read {read}, peer ended {peer_ended}, asked for {ending:?}, told {over:?}"
                )
            },
        )
    };
    let peer = end.peer.map_or_else(
        || "never knew of it".to_owned(),
        |(vars, theirs)| format!("{} ({})", vars.state.name(), book(theirs)),
    );
    let (state, mine, [sent, came]) = (end.vars.state.name(), book(end.book), end.resets);
    let mut text =
        format!("{state} ({mine}), the peer {peer}, {sent} RST sent, {came} by the peer; ");
    // Infallible: a String takes everything.
    let _ = vars_in_words(end.vars, &mut text);
    text
}

/// A segment whose data are not what its program wrote there: a number means one byte, however often it is sent.
fn wrong_text(
    world: &World,
    watch: &Watch<'_>,
    books: &BTreeMap<Place, &Ledger>,
    ended: Time,
) -> Option<Broken> {
    for (index, frame) in world.outcome().frames.iter().enumerate() {
        if frame.repeats.is_some() || watch.spoilt.contains(&FrameId::from_index(index)) {
            continue;
        }
        let Some(Ok(segment)) = segment_of(&frame.bytes) else {
            continue;
        };
        let owner = watch.owners.get(&FrameId::from_index(index));
        let Some(place) = owner.filter(|_| !segment.text.is_empty()) else {
            continue;
        };
        let Some(seen) = watch.ends.get(place) else {
            continue;
        };
        let written = books.get(place).map_or(&[][..], |book| &book.written);
        let first = Seq(seen.vars.iss.unwrap_or_default()) + 1;
        let at = (Seq(segment.header.sequence_number) - first) as usize;
        if written.get(at..at + segment.text.len()) != Some(segment.text) {
            return Some(Broken {
                says: SAME_BYTE.to_owned(),
                cite: "RFC 9293 §3.4",
                time: ended,
                place: Some((place.0, Some(place.1))),
                found: format!(
                    "other bytes at {at} than were written there, sent at {} s",
                    frame.sent_at
                ),
            });
        }
    }
    None
}
