//! The world: an event queue, nodes, links, switches and faults. It runs hosts and writes the truth down.

pub mod outcome;
pub mod spec;
