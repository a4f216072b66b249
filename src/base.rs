//! What everything else stands on: time, a seeded random stream, and the small numbers that name things.
//!
//! Knows nothing of networks, files or clocks.

mod ids;
mod rng;
mod time;

pub use ids::{FrameId, LinkId, LinkType, NodeId, RecordId};
pub use rng::Rng;
pub use time::Time;
