//! Two of our hosts back to back, without the simulator: the library alone.

use std::net::Ipv4Addr;
use std::time::Duration;

use layerwalk::base::{NodeId, Rng, Time};
use layerwalk::stack::cx::Cx;
use layerwalk::stack::host::{Host, HostConfig, HostEventKind};
use layerwalk::stack::record::{ConnId, Log, TcpState};
use layerwalk::stack::tcp::{Event, TcpConfig};

use crate::transfer::{Acks, BUFFER, Loss, PORT, Received, Transfer};

/// The switches of our TCP, here and in the simulator.
pub fn tcp(acks: Acks) -> TcpConfig {
    TcpConfig {
        send_buffer: BUFFER as u32,
        receive_buffer: BUFFER as u32,
        delayed_ack: (acks == Acks::Delayed).then_some(Duration::from_millis(40)),
        ..TcpConfig::default()
    }
}

/// Does the transfer; how many frames it took.
pub fn run(transfer: Transfer, data: &[u8]) -> usize {
    let mut pair = Pair::new(transfer);
    let (mut received, mut buffer) = (Received::of(data), Vec::new());
    let (mut written, mut sender) = (0, None);
    pair.on(SERVER, |host, cx| host.listen(cx, PORT)).unwrap();
    let address = (Ipv4Addr::new(10, 0, 0, 2), PORT).into();
    let client = pair
        .on(CLIENT, |host, cx| host.connect(cx, None, address))
        .unwrap();
    while pair.step() {
        while let Some(event) = pair.hosts[SERVER].poll_event() {
            match event.kind {
                HostEventKind::Tcp(Event::Accepted { conn, .. }) => sender = Some(conn),
                HostEventKind::Tcp(Event::PeerClosed(conn)) => {
                    pair.on(SERVER, |host, cx| host.close(cx, conn));
                }
                _ => {}
            }
            if let Some(conn) = sender {
                written += pair.on(SERVER, |host, cx| host.send(cx, conn, &data[written..]));
            }
        }
        while let Some(event) = pair.hosts[CLIENT].poll_event() {
            if let HostEventKind::Tcp(Event::Readable(conn)) = event.kind {
                buffer.clear();
                pair.on(CLIENT, |host, cx| {
                    host.receive_into(cx, conn, usize::MAX, &mut buffer)
                });
                received.take(&buffer);
                if received.is_whole() {
                    pair.on(CLIENT, |host, cx| host.close(cx, conn));
                }
            }
        }
    }
    assert!(received.is_whole(), "the transfer stalls");
    pair.assert_closed(CLIENT, client);
    pair.assert_closed(SERVER, sender.expect("a connection was accepted"));
    pair.frames
}

const CLIENT: usize = 0;
const SERVER: usize = 1;

struct Pair {
    hosts: [Host; 2],
    log: Log,
    now: Time,
    loss: Loss,
    frames: usize,
}

impl Pair {
    fn new(transfer: Transfer) -> Self {
        let mut rng = Rng::new(1, "secret");
        let mut host = |i: u8| {
            let ip = Ipv4Addr::new(10, 0, 0, i);
            let config = HostConfig::new("host", [2, 0, 0, 0, 0, i], ip, &mut rng);
            Host::new(HostConfig {
                tcp: tcp(transfer.acks),
                ..config
            })
        };
        Self {
            hosts: [host(1), host(2)],
            log: Log::off(),
            now: Time::ZERO,
            loss: Loss::of(transfer),
            frames: 0,
        }
    }

    fn on<T>(&mut self, side: usize, call: impl FnOnce(&mut Host, &mut Cx<'_>) -> T) -> T {
        let mut cx = Cx {
            now: self.now,
            node: NodeId(side as u32),
            cause: None,
            log: &mut self.log,
        };
        call(&mut self.hosts[side], &mut cx)
    }

    /// Carries what is ready from each host to the other, or lets time pass until one wants to be called. `false`:
    /// nothing is left to happen.
    fn step(&mut self) -> bool {
        let before = self.frames;
        for from in [CLIENT, SERVER] {
            while let Some(frame) = self.hosts[from].poll_transmit() {
                self.frames += 1;
                if !self.loss.strikes() {
                    self.on(1 - from, |host, cx| host.handle_frame(cx, &frame.bytes));
                }
            }
        }
        self.frames > before || self.wait()
    }

    fn wait(&mut self) -> bool {
        let timeouts = self.hosts.iter().filter_map(Host::poll_timeout);
        let Some(next) = timeouts.min() else {
            return false;
        };
        self.now = self.now.max(next);
        for side in [CLIENT, SERVER] {
            if self.hosts[side].poll_timeout() <= Some(self.now) {
                self.on(side, |host, cx| host.handle_timeout(cx));
            }
        }
        true
    }

    fn assert_closed(&self, side: usize, conn: ConnId) {
        assert_eq!(self.hosts[side].tcp_vars(conn).state, TcpState::Closed);
    }
}
