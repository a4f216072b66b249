//! A world at the pace of the clock, with real hosts behind TAP devices.
//!
//! [`Tap`] is such a device, [`Attached`] the world with its devices: simulated time follows the monotonic clock,
//! frames that come out of a device enter the world, and frames that arrive at a real node go into its device. The
//! world itself knows nothing of this: it is told what time it is.

mod clock;
pub mod connect;
mod drive;
pub mod plain;
pub mod record;
pub mod serve;
pub mod site;
mod tap;

pub use drive::{Attached, Port};
pub use tap::{Tap, TapError};
