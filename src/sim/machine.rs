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
    plan: Plan,
    /// Which programs were started since the host is up.
    started: Vec<bool>,
    /// The servers that a crash has ended: they are started again with the host.
    services: Vec<usize>,
}

/// What a machine is made from, each time that it comes up.
struct Plan {
    seed: u64,
    /// Whether the programs keep ledgers.
    books: bool,
    name: String,
    host: spec::Host,
    apps: Vec<spec::AppKind>,
    /// How often the host has lost its power.
    crashes: u32,
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
        let plan = Plan {
            seed,
            books,
            name: name.to_owned(),
            host: host.clone(),
            apps: apps.map(|app| app.kind.clone()).collect(),
            crashes: 0,
        };
        Self {
            host: Host::new(plan.config()),
            programs: plan.programs(),
            started: vec![false; plan.apps.len()],
            services: Vec::new(),
            plan,
        }
    }

    /// Starts the program at this place.
    pub fn start(&mut self, cx: &mut Cx, index: usize) {
        self.started[index] = true;
        self.programs[index].start(cx, &mut self.host);
    }

    /// The host loses its power: it forgets everything, and its programs end without a word.
    pub fn crash(&mut self, cx: &mut Cx) {
        self.plan.crashes += 1;
        self.host.crash(cx, self.plan.config());
        self.programs = self.plan.programs();
        let served = |&index: &usize| self.started[index] && self.plan.apps[index].is_server();
        self.services = (0..self.started.len()).filter(served).collect();
        self.started.fill(false);
    }

    /// The host is up again, and its servers are started, as the services of a host are.
    pub fn come_up(&mut self, cx: &mut Cx) {
        let cause = cx.cause;
        for index in std::mem::take(&mut self.services) {
            cx.cause = cause;
            self.start(cx, index);
        }
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
        ipv6: interface.ipv6,
        mtu: interface.mtu,
        ..HostConfig::without_address(name, interface.mac, &mut rng)
    };
    router.interfaces.iter().map(config).collect()
}

impl Plan {
    /// What is drawn by chance is drawn anew each time that the host comes up.
    fn rng(&self, what: &str) -> Rng {
        let name = &self.name;
        let label = match self.crashes {
            0 => format!("{name} {what}"),
            crashes => format!("{name} {what} after crash {crashes}"),
        };
        Rng::new(self.seed, &label)
    }

    fn config(&self) -> HostConfig {
        let spec = &self.host;
        HostConfig {
            ipv4: spec.ipv4,
            ipv6: spec.ipv6,
            mtu: spec.mtu,
            tcp: spec.tcp.clone(),
            ..HostConfig::without_address(&self.name, spec.mac, &mut self.rng("secret"))
        }
    }

    fn programs(&self) -> Vec<Box<dyn Program>> {
        let program = |(index, kind)| {
            let rng = self.rng(&format!("program {index}"));
            app::program(kind, index, rng, self.books)
        };
        self.apps.iter().enumerate().map(program).collect()
    }
}
