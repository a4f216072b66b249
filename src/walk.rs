//! The thing that is walked: frames, what they mean, and the steps through them, forward and back.
//!
//! One pipeline for every frame, simulated, read or live. Views are looked up at a step; going back runs nothing.

pub mod step;
pub mod view;
