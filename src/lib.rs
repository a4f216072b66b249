//! layerwalk: walk through a network conversation, forward and back, byte by byte and layer by layer.
//!
//! The map of the modules, and who may import whom, is `docs/architecture.md`; a test holds the code to it.
//!
//! # The network stack as a library
//!
//! [`stack::host::Host`] is one host with one Ethernet interface: ARP and Neighbor Discovery, IPv4 and IPv6, ICMP, UDP,
//! and a whole TCP with as many listeners and connections as there are ports. It is usable without the simulator and
//! without a network: it knows no clock, no socket and no thread. Whoever runs it hands in frames and the time, and
//! takes out frames, events, and the time at which it wants to be called next.
//!
//! | to | call |
//! |---|---|
//! | listen on a port | [`listen`](stack::host::Host::listen) |
//! | accept | nothing: [`Event::Accepted`](stack::tcp::Event::Accepted) brings the id of each new connection |
//! | connect | [`connect`](stack::host::Host::connect), then wait for [`Event::Connected`](stack::tcp::Event::Connected) |
//! | send, receive | [`send`](stack::host::Host::send), [`receive`](stack::host::Host::receive) |
//! | shut down the sending side | [`shutdown`](stack::host::Host::shutdown) |
//! | close, abort | [`close`](stack::host::Host::close), [`abort`](stack::host::Host::abort) |
//! | hand a frame in, take frames out | [`handle_frame`](stack::host::Host::handle_frame), [`poll_transmit`](stack::host::Host::poll_transmit) |
//! | learn what happened | [`poll_event`](stack::host::Host::poll_event) |
//! | let time pass | [`poll_timeout`](stack::host::Host::poll_timeout), [`handle_timeout`](stack::host::Host::handle_timeout) |
//!
//! Here two hosts stand back to back, with two connections at the same time, one over each version of IP. Data go both
//! ways, and both ends close in good order. Time is virtual: where no frame is left to carry, it jumps to the next
//! timer.
//!
//! ```
//! use std::net::Ipv6Addr;
//! use std::time::Duration;
//!
//! use layerwalk::base::{NodeId, Rng, Time};
//! use layerwalk::stack::cx::Cx;
//! use layerwalk::stack::host::{Host, HostConfig, HostEventKind};
//! use layerwalk::stack::ipv6;
//! use layerwalk::stack::record::{Log, TcpState};
//! use layerwalk::stack::tcp::Event;
//!
//! fn host(number: u8) -> Host {
//!     let mac = [2, 0, 0, 0, 0, number];
//!     let ipv6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number.into());
//!     // What must not be guessed, such as initial sequence numbers, is made from this stream.
//!     let mut rng = Rng::new(42, &format!("secret of {number}"));
//!     Host::new(HostConfig {
//!         ipv6: Some(ipv6::Interface::new(mac, ipv6, 64)),
//!         ..HostConfig::new("host", mac, [10, 0, 0, number].into(), &mut rng)
//!     })
//! }
//!
//! /// Each call is told what time it is, and where to write down what happens: here, nowhere.
//! fn at(now: Time, side: usize, log: &mut Log) -> Cx<'_> {
//!     Cx { now, node: NodeId(side as u32), cause: None, log }
//! }
//!
//! const CLIENT: usize = 0;
//! const SERVER: usize = 1;
//! let mut hosts = [host(1), host(2)];
//! let (mut now, mut log) = (Time::ZERO, Log::off());
//!
//! hosts[SERVER].listen(&mut at(now, SERVER, &mut log), 7)?;
//! let mut connections = Vec::new();
//! for server in ["10.0.0.2:7", "[2001:db8::2]:7"] {
//!     let cx = &mut at(now, CLIENT, &mut log);
//!     connections.push(hosts[CLIENT].connect(cx, None, server.parse()?)?);
//! }
//!
//! let (mut accepted, mut answers) = (0, Vec::new());
//! loop {
//!     let mut idle = true;
//!     for side in [CLIENT, SERVER] {
//!         // The wire: what one host sends, the other one gets.
//!         while let Some(frame) = hosts[side].poll_transmit() {
//!             let other = 1 - side;
//!             hosts[other].handle_frame(&mut at(now, other, &mut log), &frame.bytes);
//!             idle = false;
//!         }
//!         // The programs: the server answers in capital letters.
//!         while let Some(event) = hosts[side].poll_event() {
//!             let (host, cx) = (&mut hosts[side], &mut at(now, side, &mut log));
//!             match event.kind {
//!                 HostEventKind::Tcp(Event::Connected(conn)) => {
//!                     host.send(cx, conn, b"hello");
//!                 }
//!                 HostEventKind::Tcp(Event::Accepted { .. }) => accepted += 1,
//!                 HostEventKind::Tcp(Event::Readable(conn)) if side == SERVER => {
//!                     let bytes = host.receive(cx, conn, usize::MAX);
//!                     host.send(cx, conn, &bytes.to_ascii_uppercase());
//!                 }
//!                 HostEventKind::Tcp(Event::Readable(conn)) => {
//!                     answers.push(host.receive(cx, conn, usize::MAX));
//!                     host.close(cx, conn);
//!                 }
//!                 HostEventKind::Tcp(Event::PeerClosed(conn)) => host.close(cx, conn),
//!                 _ => {}
//!             }
//!             idle = false;
//!         }
//!     }
//!     if idle {
//!         let Some(next) = hosts.iter().filter_map(Host::poll_timeout).min() else {
//!             break; // Nothing is left to happen.
//!         };
//!         now = now.max(next);
//!         for side in [CLIENT, SERVER] {
//!             if hosts[side].poll_timeout().is_some_and(|due| due <= now) {
//!                 hosts[side].handle_timeout(&mut at(now, side, &mut log));
//!             }
//!         }
//!     }
//! }
//!
//! assert_eq!(accepted, 2);
//! assert_eq!(answers, [b"HELLO", b"HELLO"]);
//! for conn in connections {
//!     assert_eq!(hosts[CLIENT].tcp_vars(conn).state, TcpState::Closed);
//! }
//! // Who closes first stays in TIME-WAIT for twice the maximum segment lifetime (RFC 9293 §3.6.1).
//! assert!(now >= Time::ZERO + Duration::from_secs(240));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
