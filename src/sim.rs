//! The world: an event queue, nodes, links, switches and faults. It runs hosts and writes the truth down.
//!
//! [`run`] takes a [`spec::Spec`], plain data, and gives an [`outcome::Outcome`]. The same data gives the same outcome,
//! always. "What if" is the same spec with one more [`spec::Fault`].
//!
//! - [`invariants`]: what must hold whatever happens, watched at every event of a run.
//! - [`world`]: the event loop; `link`, `switch` and [`fault`] are what a frame meets on its way, `machine` is a host
//!   with its programs ([`app`]).

pub mod app;
pub mod fault;
pub mod invariants;
pub mod ledger;
mod link;
mod machine;
pub mod outcome;
mod queue;
pub mod spec;
mod switch;
#[cfg(test)]
mod tests;
pub mod world;

use outcome::Outcome;
use spec::Spec;
pub use world::World;

/// Runs a world to its end, or to one of its limits.
pub fn run(spec: &Spec) -> Outcome {
    let mut world = World::new(spec);
    while world.step() {}
    world.into_outcome()
}
