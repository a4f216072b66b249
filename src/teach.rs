//! Teaching: why each step happens, at three depths, and the common mistakes that it meets.

pub mod misconceptions;
pub mod topics;
pub mod why;

pub use why::{Why, explain};
