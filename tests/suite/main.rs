//! The integration tests, one module a subject. What needs root or another tool is ignored with the reason, and is run by
//! `cargo test -- --ignored`.

mod abuse;
mod architecture;
mod attach;
mod cli;
mod connect;
mod crafted;
mod determinism;
mod export;
mod filters;
mod linux_comparison;
mod live;
mod page;
mod scenarios;
mod screen;
mod serve;
mod socketio;
mod stack_linux;
mod terminal;
mod tool;
mod tshark_layers;
mod tshark_streams;
mod websocket_peers;
