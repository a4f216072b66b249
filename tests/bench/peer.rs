//! The same with smoltcp: two of its interfaces, joined by queues in memory.

use std::collections::VecDeque;

use layerwalk::base::Rng;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer, State};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpAddress, IpCidr};

use crate::transfer::{BUFFER, Loss, PORT, Received, Transfer};

/// Does the transfer with so many pairs at the same time, each by turns; how many frames it took.
pub fn run(pairs: usize, transfer: Transfer, data: &[u8]) -> usize {
    let mut pairs: Vec<Pair<'_>> = (0..pairs).map(|_| Pair::new(transfer, data)).collect();
    while pairs
        .iter_mut()
        .fold(false, |goes_on, pair| pair.turn() | goes_on)
    {}
    pairs.into_iter().map(Pair::finish).sum()
}

/// A client, and a server that sends it the data.
struct Pair<'a> {
    client: Node,
    server: Node,
    loss: Loss,
    now: Instant,
    frames: usize,
    data: &'a [u8],
    written: usize,
    received: Received<'a>,
    buffer: Vec<u8>,
}

impl<'a> Pair<'a> {
    fn new(transfer: Transfer, data: &'a [u8]) -> Self {
        let (mut client, mut server) = (Node::new(1), Node::new(2));
        server.socket().listen(PORT).unwrap();
        client.connect();
        Self {
            client,
            server,
            loss: Loss::of(transfer),
            now: Instant::ZERO,
            frames: 0,
            data,
            written: 0,
            received: Received::of(data),
            buffer: vec![0; BUFFER],
        }
    }

    /// Does what can be done now, or goes on to when something can; whether there was any.
    fn turn(&mut self) -> bool {
        let (client, server) = (&mut self.client, &mut self.server);
        client.poll(self.now);
        server.poll(self.now);
        let moved = carry(client, server, &mut self.loss) + carry(server, client, &mut self.loss);
        self.frames += moved;
        let socket = server.socket();
        if socket.may_send() && self.written < self.data.len() && socket.can_send() {
            self.written += socket.send_slice(&self.data[self.written..]).unwrap();
        }
        if socket.state() == State::CloseWait {
            socket.close();
        }
        let socket = client.socket();
        while socket.can_recv() {
            let len = socket.recv_slice(&mut self.buffer).unwrap();
            self.received.take(&self.buffer[..len]);
        }
        if self.received.is_whole() && socket.state() == State::Established {
            socket.close();
        }
        if moved > 0 {
            return true;
        }
        let next = [client.poll_at(self.now), server.poll_at(self.now)];
        let next = next.into_iter().flatten().min();
        self.now = next.map_or(self.now, |next| self.now.max(next));
        next.is_some()
    }

    fn finish(mut self) -> usize {
        assert!(self.received.is_whole(), "the transfer stalls");
        for node in [&mut self.client, &mut self.server] {
            assert_eq!(node.socket().state(), State::Closed);
        }
        self.frames
    }
}

/// Carries the frames of one node to the other; how many there were.
fn carry(from: &mut Node, to: &mut Node, loss: &mut Loss) -> usize {
    let frames = from.wire.outgoing.len();
    let arriving = from.wire.outgoing.drain(..);
    to.wire
        .incoming
        .extend(arriving.filter(|_| !loss.strikes()));
    frames
}

/// An interface with one socket.
struct Node {
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    wire: Wire,
}

impl Node {
    fn new(number: u8) -> Self {
        let mut wire = Wire::default();
        let mac = EthernetAddress([2, 0, 0, 0, 0, number]);
        let mut config = Config::new(mac.into());
        config.random_seed = Rng::new(number.into(), "secret").next_u64();
        let mut interface = Interface::new(config, &mut wire, Instant::ZERO);
        interface.update_ip_addrs(|addrs| {
            let ip = IpAddress::v4(10, 0, 0, number);
            addrs.push(IpCidr::new(ip, 24)).expect("room for one");
        });
        let buffer = || SocketBuffer::new(vec![0; BUFFER]);
        let mut socket = Socket::new(buffer(), buffer());
        socket.set_congestion_control(CongestionControl::Reno);
        socket.set_ack_delay(None);
        // The options are on every segment, as on ours; nothing is measured by this clock.
        socket.set_tsval_generator(Some(|| 1));
        let mut sockets = SocketSet::new(Vec::new());
        let handle = sockets.add(socket);
        Self {
            interface,
            sockets,
            handle,
            wire,
        }
    }

    fn socket(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    fn connect(&mut self) {
        let socket = self.sockets.get_mut::<Socket>(self.handle);
        let to = (IpAddress::v4(10, 0, 0, 2), PORT);
        socket
            .connect(self.interface.context(), to, 49_152)
            .unwrap();
    }

    fn poll(&mut self, now: Instant) {
        self.interface.poll(now, &mut self.wire, &mut self.sockets);
    }

    fn poll_at(&mut self, now: Instant) -> Option<Instant> {
        self.interface.poll_at(now, &self.sockets)
    }
}

/// The wire at one end: what has come, and what is to go. Checksums are computed and verified, as by our hosts.
#[derive(Default)]
struct Wire {
    incoming: VecDeque<Vec<u8>>,
    outgoing: VecDeque<Vec<u8>>,
}

impl Device for Wire {
    type RxToken<'a> = Arriving;
    type TxToken<'a> = Leaving<'a>;

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        // An IP packet of 1500 bytes and the Ethernet header.
        capabilities.max_transmission_unit = 1514;
        capabilities
    }

    fn receive(&mut self, _: Instant) -> Option<(Arriving, Leaving<'_>)> {
        let frame = self.incoming.pop_front()?;
        Some((Arriving(frame), Leaving(&mut self.outgoing)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Leaving<'_>> {
        Some(Leaving(&mut self.outgoing))
    }
}

struct Arriving(Vec<u8>);

impl RxToken for Arriving {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

struct Leaving<'a>(&'a mut VecDeque<Vec<u8>>);

impl TxToken for Leaving<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        let mut frame = vec![0; len];
        let result = write(&mut frame);
        self.0.push_back(frame);
        result
    }
}
