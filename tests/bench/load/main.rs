//! The load that a Socket.IO server carries: processor time a message, and memory a connection, of `layerwalk serve`
//! beside npm's `socket.io` and `socketioxide`. `docs/load.md` tells what is measured.
//!
//! The servers are processes of their own; the clients are this one, and take turns, so that no server waits for them
//! less than another.

mod client;
mod servers;

use std::io;
use std::process::ExitCode;

use client::Client;
use servers::{Running, SERVERS, Server};

/// Clients that echo, and that hear what is told to all.
const CLIENTS: usize = 50;
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
    let scale = if is_test { Scale::SMALL } else { Scale::WHOLE };
    let mut contestants = Vec::new();
    for server in &SERVERS {
        match Contestant::start(server, &scale) {
            Ok(contestant) => contestants.push(contestant),
            Err(why) if is_test => eprintln!("{}: not measured: {why}", server.name),
            Err(why) => {
                eprintln!("{}: {why}", server.name);
                return ExitCode::FAILURE;
            }
        }
    }
    match measure(&mut contestants, &scale) {
        Ok(all) => print(&all),
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// How much is done.
struct Scale {
    /// How often a contestant has its turn.
    turns: usize,
    /// Messages of each client in a turn.
    rounds: usize,
    /// Connections that only stand there.
    idle: usize,
}

impl Scale {
    const WHOLE: Self = Self {
        turns: 15,
        rounds: 300,
        idle: 1000,
    };
    const SMALL: Self = Self {
        turns: 1,
        rounds: 5,
        idle: 20,
    };
}

/// A server that runs, and its clients.
struct Contestant {
    name: &'static str,
    running: Running,
    clients: Vec<Client>,
    echoes: Vec<f64>,
    deliveries: Vec<f64>,
}

impl Contestant {
    fn start(server: &Server, scale: &Scale) -> io::Result<Self> {
        let running = server.start()?;
        let clients = (0..CLIENTS).map(|_| Client::connect(running.address));
        let mut clients: Vec<Client> = clients.collect::<io::Result<_>>()?;
        // the first rounds are for what is made once: buffers, compiled code
        echo(&mut clients, scale.rounds)?;
        tell_all(&mut clients, scale.rounds)?;
        Ok(Self {
            name: server.name,
            running,
            clients,
            echoes: Vec::new(),
            deliveries: Vec::new(),
        })
    }

    fn take_turn(&mut self, rounds: usize) -> io::Result<()> {
        let messages = (CLIENTS * rounds) as f64;
        let echoed = spent(&self.running, || echo(&mut self.clients, rounds))?;
        self.echoes.push(echoed / messages);
        let told = spent(&self.running, || tell_all(&mut self.clients, rounds))?;
        self.deliveries.push(told / messages);
        Ok(())
    }

    /// Kilobytes for each connection that only stands there.
    fn idle(&self, count: usize) -> io::Result<f64> {
        let before = self.running.memory()?;
        let standing = (0..count).map(|_| Client::connect(self.running.address));
        let _standing: Vec<Client> = standing.collect::<io::Result<_>>()?;
        let memory = self.running.memory()?.saturating_sub(before);
        Ok(memory as f64 / count as f64)
    }
}

/// All take turns, so that what else the machine does meets all alike; of each the best turn counts.
fn measure(contestants: &mut [Contestant], scale: &Scale) -> io::Result<Vec<Measured>> {
    for _ in 0..scale.turns {
        for contestant in contestants.iter_mut() {
            contestant.take_turn(scale.rounds)?;
        }
    }
    let measured = contestants.iter_mut().map(|contestant| {
        Ok(Measured {
            name: contestant.name,
            echo: least(&contestant.echoes),
            delivery: least(&contestant.deliveries),
            idle: contestant.idle(scale.idle)?,
        })
    });
    measured.collect()
}

/// What the turn cost that was disturbed least.
fn least(turns: &[f64]) -> f64 {
    turns.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Each client sends an event and hears it, so many times.
fn echo(clients: &mut [Client], rounds: usize) -> io::Result<()> {
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
fn tell_all(clients: &mut [Client], rounds: usize) -> io::Result<()> {
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
fn spent(running: &Running, work: impl FnOnce() -> io::Result<()>) -> io::Result<f64> {
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
