//! What everything else stands on: time, a seeded random stream, the small numbers that name things,
//! and how foreign text is made safe to show.
//!
//! Knows nothing of networks, files or clocks.

mod date;
mod ids;
mod rng;
pub mod text;
mod time;

pub use date::imf_fixdate;
pub use ids::{FrameId, LinkId, LinkType, NodeId, RecordId};
pub use rng::Rng;
pub use time::Time;
