//! layerwalk: walk through a network conversation, forward and back, byte by byte and layer by layer.
//!
//! The map of the modules, and who may import whom, is `docs/architecture.md`; a test holds the code to it.

pub mod base;
pub mod capture;
pub mod cli;
pub mod export;
pub mod live;
pub mod proto;
pub mod scenario;
pub mod show;
pub mod sim;
pub mod stack;
pub mod teach;
pub mod tui;
pub mod walk;
