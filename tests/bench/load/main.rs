//! The load that a Socket.IO server carries: processor time a message, and memory a connection, of `layerwalk serve`
//! beside npm's `socket.io` and `socketioxide`. `docs/load.md` tells what is measured.
//!
//! The servers are processes of their own; the clients are this one, and take turns, so that no server waits for them
//! less than another.

mod client;
mod servers;

use std::process::ExitCode;

use client::Client;
use servers::{Running, SERVERS, Server};

/// Clients that echo, and that hear what is told to all.
const CLIENTS: usize = 50;
/// Connections that only stand there.
const IDLE: usize = 1000;
/// The text that is sent: 100 bytes.
const TEXT: &str = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789";

/// What was measured of one server.
struct Measured {
    name: &'static str,
    /// Microseconds of processor time for each event that is echoed.
    echo: f64,
    /// Microseconds of processor time for each delivery of an event to all.
    delivery: f64,
    /// Kilobytes of memory for each connection that stands there.
    idle: f64,
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let first = args.next();
    if first.as_deref() == Some(servers::OXIDE) {
        servers::run_oxide();
        return ExitCode::SUCCESS;
    }
    // `cargo test --benches` wants to know only whether it runs
    let is_test = first.as_deref() != Some("--bench");
    let rounds = if is_test { 5 } else { 1500 };
    let idle = if is_test { 20 } else { IDLE };
    let mut all = Vec::new();
    for server in SERVERS {
        match measure(&server, rounds, idle) {
            Ok(measured) => all.push(measured),
            Err(why) if is_test => eprintln!("{}: not measured: {why}", server.name),
            Err(why) => {
                eprintln!("{}: {why}", server.name);
                return ExitCode::FAILURE;
            }
        }
    }
    print(&all);
    ExitCode::SUCCESS
}

fn measure(server: &Server, rounds: usize, idle: usize) -> std::io::Result<Measured> {
    let running = server.start()?;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Client::connect(running.address)?);
    }
    // the first rounds are for what is made once: buffers, compiled code
    echo(&mut clients, rounds / 5 + 1)?;
    tell_all(&mut clients, rounds / 5 + 1)?;
    let echoed = spent(&running, || echo(&mut clients, rounds))?;
    let told = spent(&running, || tell_all(&mut clients, rounds))?;
    let before = running.memory()?;
    let standing: Vec<Client> = (0..idle)
        .map(|_| Client::connect(running.address))
        .collect::<Result<_, _>>()?;
    let memory = running.memory()?.saturating_sub(before);
    drop(standing);
    let messages = (CLIENTS * rounds) as f64;
    Ok(Measured {
        name: server.name,
        echo: echoed / messages,
        delivery: told / messages,
        idle: memory as f64 / idle as f64,
    })
}

/// Each client sends an event and hears it, so many times.
fn echo(clients: &mut [Client], rounds: usize) -> std::io::Result<()> {
    let event = format!(r#"42["echo","{TEXT}"]"#);
    for _ in 0..rounds {
        for client in clients.iter_mut() {
            client.send(&event)?;
        }
        for client in clients.iter_mut() {
            client.expect(&event)?;
        }
    }
    Ok(())
}

/// One client after the other tells something to all.
fn tell_all(clients: &mut [Client], rounds: usize) -> std::io::Result<()> {
    let event = format!(r#"42["all","{TEXT}"]"#);
    for round in 0..rounds {
        let teller = round % clients.len();
        clients[teller].send(&event)?;
        for client in clients.iter_mut() {
            client.expect(&event)?;
        }
    }
    Ok(())
}

/// Microseconds of processor time that the server spends meanwhile.
fn spent(running: &Running, work: impl FnOnce() -> std::io::Result<()>) -> std::io::Result<f64> {
    let before = running.processor_time()?;
    work()?;
    Ok((running.processor_time()? - before) as f64 / 1000.0)
}

fn print(all: &[Measured]) {
    println!("| server | µs an echo | µs a delivery to all | KB a connection |");
    println!("|---|---:|---:|---:|");
    for one in all {
        let (name, echo, delivery, idle) = (one.name, one.echo, one.delivery, one.idle);
        println!("| {name} | {echo:.1} | {delivery:.1} | {idle:.1} |");
    }
}
