//! A host and the programs that run on it.

use super::app::{self, Program};
use super::ledger::Ledger;
use super::spec;
use crate::base::{Rng, Time};
use crate::stack::cx::Cx;
use crate::stack::host::{Host, HostConfig, Transmit};

/// A host and the programs that run on it.
///
/// [`Machine::start`] and `handle_*` as things happen; after each, [`Machine::poll_transmit`] until it is empty, and
/// [`Machine::handle_event`], and again, until that has nothing more to tell; then [`Machine::poll_timeout`].
pub struct Machine {
    host: Host,
    programs: Vec<Box<dyn Program>>,
}

impl Machine {
    /// The host of this name before it runs, with these programs. Its chance comes from `seed` and its name;
    /// `books` says whether the programs keep ledgers.
    pub fn new<'a>(
        seed: u64,
        books: bool,
        name: &str,
        host: &spec::Host,
        apps: impl Iterator<Item = &'a spec::App>,
    ) -> Self {
        let program = |(index, app): (usize, &spec::App)| {
            app::program(
                &app.kind,
                index,
                Rng::new(seed, &format!("{name} program {index}")),
                books,
            )
        };
        let host = Host::new(config(seed, name, host));
        Self {
            host,
            programs: apps.enumerate().map(program).collect(),
        }
    }

    /// Starts the program at this place.
    pub fn start(&mut self, cx: &mut Cx, index: usize) {
        self.programs[index].start(cx, &mut self.host);
    }

    /// A frame came whole.
    pub fn handle_frame(&mut self, cx: &mut Cx, bytes: &[u8]) {
        self.host.handle_frame(cx, bytes);
    }

    /// The time of [`Machine::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, cx: &mut Cx) {
        if self.host.poll_timeout().is_some_and(|due| due <= cx.now) {
            self.host.handle_timeout(cx);
        }
        let cause = cx.cause;
        for program in &mut self.programs {
            cx.cause = cause;
            program.handle_timeout(cx, &mut self.host);
        }
    }

    /// Hands one thing that the host tells to the program that it is for; `false`: there is none.
    pub fn handle_event(&mut self, cx: &mut Cx) -> bool {
        let Some(event) = self.host.poll_event() else {
            return false;
        };
        cx.cause = event.cause;
        for program in &mut self.programs {
            if program.handle_event(cx, &mut self.host, &event.kind) {
                break;
            }
        }
        true
    }

    /// The next frame to send, and the record that is its cause.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.host.poll_transmit()
    }

    /// The books of its programs, where they are kept.
    pub fn ledgers(&self) -> impl Iterator<Item = &Ledger> {
        self.programs.iter().flat_map(|program| program.ledgers())
    }

    /// When something wants to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        let programs = self
            .programs
            .iter()
            .filter_map(|program| program.poll_timeout());
        programs.chain(self.host.poll_timeout()).min()
    }
}

/// What the interfaces of the router of this name are made from.
pub fn interfaces(seed: u64, name: &str, router: &spec::Router) -> Vec<HostConfig> {
    let mut rng = Rng::new(seed, &format!("{name} secret"));
    let config = |interface: &spec::Interface| HostConfig {
        ipv4: interface.ipv4,
        mtu: interface.mtu,
        ..HostConfig::without_address(name, interface.mac, &mut rng)
    };
    router.interfaces.iter().map(config).collect()
}

fn config(seed: u64, name: &str, spec: &spec::Host) -> HostConfig {
    let mut rng = Rng::new(seed, &format!("{name} secret"));
    HostConfig {
        ipv4: spec.ipv4,
        mtu: spec.mtu,
        tcp: spec.tcp.clone(),
        ..HostConfig::without_address(name, spec.mac, &mut rng)
    }
}
