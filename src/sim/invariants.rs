//! What must hold in every run, whatever goes wrong on the links.
//!
//! [`check`] runs a world and holds it, event by event, against four lists, each entry with its paragraph:
//!
//! - [`CHANGES`]: after each change of a connection's variables;
//! - [`EVENTS`]: at the end of each event, when everything that follows from it was done;
//! - [`SEGMENTS`]: on each TCP segment that a host puts on the wire;
//! - [`ENDS`]: on both ends of each connection, when the run is over: what was read against what was written, and why
//!   the connection ended.
//!
//! To these come the edges of the state diagram, the checksums, and that the run ends by itself.
//!
//! The first rule that breaks in a run is told, as what follows from it breaks others.

mod changes;
mod ends;
mod segments;
mod watch;

use std::fmt;

use crate::base::{NodeId, Time};
use crate::sim::World;
use crate::sim::spec::Spec;
use crate::stack::record::ConnId;
pub use changes::{CHANGES, Change, EDGES, EVENTS, Happened, OnChange};
pub use ends::{ENDS, End, OnEnd, Tally};
pub use segments::{OnSegment, SEGMENTS, Sent};
use watch::Watch;

/// Something that must hold; `F` is the function that looks whether it does.
#[derive(Debug)]
pub struct Invariant<F> {
    /// What, in words.
    pub says: &'static str,
    /// The paragraph that asks for it.
    pub cite: &'static str,
    /// Whether it holds.
    pub holds: F,
}

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// What should hold.
    pub says: String,
    /// The paragraph that asks for it.
    pub cite: &'static str,
    /// When it was seen not to.
    pub time: Time,
    /// On which host, and in which connection of it.
    pub place: Option<(NodeId, Option<ConnId>)>,
    /// What was found instead.
    pub found: String,
}

/// Without the host's name: see [`Report::lines`] for whole lines.
impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            says,
            cite,
            time,
            found,
            ..
        } = self;
        write!(
            f,
            "at {time} s does not hold: {says} ({cite}); found {found}"
        )
    }
}

/// How a run came out.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What does not hold; empty if all is well.
    pub broken: Vec<Broken>,
    /// What happened in it.
    pub tally: Tally,
    /// The hosts' names, by their ids.
    names: Vec<String>,
}

impl Report {
    /// A line for each invariant that does not hold.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.broken.iter().map(|broken| self.line(broken))
    }

    /// The line for one of them.
    pub fn line(&self, broken: &Broken) -> String {
        let place = broken.place.map_or_else(String::new, |(node, conn)| {
            let name = self.names.get(node.index()).map_or("?", String::as_str);
            let conn = conn.map_or_else(String::new, |conn| format!(" connection {}", conn.0));
            format!("{name}{conn} ")
        });
        format!("{place}{broken}")
    }
}

/// Runs a world to its end, or to the first invariant that breaks.
pub fn check(spec: &Spec) -> Report {
    let spec = Spec {
        recording: true,
        books: true,
        ..spec.clone()
    };
    let mut world = World::new(&spec);
    let mut watch = Watch::new(&spec);
    let mut broken = Vec::new();
    while broken.is_empty() && world.step() {
        broken.extend(watch.look(world.outcome()).err());
    }
    let mut tally = Tally::default();
    if broken.is_empty() {
        (broken, tally) = ends::check(&spec, &world, &watch);
    }
    Report {
        broken,
        tally,
        names: spec.nodes.into_iter().map(|node| node.name).collect(),
    }
}

/// What is held beside the lists, in words.
const EDGE: &str = "a state changes along an edge of the diagram";
const CHECKSUM: &str = "every checksum of what is sent is right";
const ENDS_BY_ITSELF: &str = "a run ends by itself";
const SAME_BYTE: &str = "a sequence number stands for the same byte whenever it is sent";

/// Everything that must hold, each as [`Broken::says`] has it.
pub fn all() -> impl Iterator<Item = &'static str> {
    let changes = CHANGES.iter().chain(EVENTS).map(|it| it.says);
    let segments = SEGMENTS.iter().map(|it| it.says);
    let ends = ENDS.iter().map(|it| it.says);
    let others = [EDGE, CHECKSUM, ENDS_BY_ITSELF, SAME_BYTE];
    changes.chain(segments).chain(ends).chain(others)
}

/// The first entry of a list that does not hold.
fn first_broken<F: Copy>(
    list: &'static [Invariant<F>],
    holds: impl Fn(F) -> bool,
) -> Option<&'static Invariant<F>> {
    list.iter().find(|invariant| !holds(invariant.holds))
}
