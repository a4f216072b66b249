//! Teaching: why each step happens, at three depths, and the common mistakes that it meets.
//!
//! `why` is the door. `subject` gathers what a step is about, with the topics of `frames` (messages of
//! Engine.IO in `engineio`), of `sent` (why a host sent a
//! segment) and of `records` (those of Socket.IO in `sessions`); `topics` has the words.

mod engineio;
mod frames;
pub mod misconceptions;
mod records;
mod sent;
mod sessions;
mod subject;
#[cfg(test)]
mod tests;
pub mod topics;
pub mod why;

pub use why::{Why, explain};
