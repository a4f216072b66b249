//! The world and its devices, driven by what comes first: a frame, or the time of an event.

use std::io;

use futures_util::FutureExt as _;
use futures_util::future::select_all;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::clock::{Alarm, Clock};
use super::tap::Tap;
use crate::base::NodeId;
use crate::sim::World;
use crate::sim::outcome::Piece;
use crate::sim::spec::{Limits, Spec};
use crate::sim::world::Seen;

/// So many events happen, and so many frames of a device are taken, before the others have their turn.
const TURN: usize = 256;
/// The longest frame of a device: of the largest MTU, with an Ethernet header and a VLAN tag.
const MAX_FRAME: usize = 65_535 + 18;

/// A real node, and the device that it is behind.
#[derive(Debug)]
pub struct Port {
    /// The node, a [`NodeKind::Real`](crate::sim::spec::NodeKind::Real) of the world.
    pub node: NodeId,
    /// The device.
    pub tap: Tap,
}

/// A world that runs as real time goes, with its devices.
pub struct Attached {
    world: World,
    ports: Vec<(NodeId, AsyncFd<Tap>)>,
    clock: Clock,
    alarm: Alarm,
    buffer: Vec<u8>,
    refused: u64,
}

impl Attached {
    /// Starts the world now, in the runtime (with I/O enabled) that this is called in. It has no limits of its own.
    /// Frames that pass the interface of `watched` are what [`Attached::next`] tells of.
    pub fn start(spec: &Spec, ports: Vec<Port>, watched: NodeId) -> io::Result<Self> {
        let endless = Spec {
            limits: Limits {
                duration: std::time::Duration::MAX,
                frames: usize::MAX,
                events: usize::MAX,
            },
            ..spec.clone()
        };
        let mut world = World::new(&endless);
        world.watch(watched);
        let register = |port: Port| {
            // SAFETY: the descriptor is the one that the device owns until it is dropped, never another.
            let tap = unsafe { AsyncFd::register_with_interest(port.tap, interest()) };
            Ok((port.node, tap.map_err(io::Error::from)?))
        };
        Ok(Self {
            world,
            ports: ports.into_iter().map(register).collect::<io::Result<_>>()?,
            alarm: Alarm::new()?,
            buffer: vec![0; MAX_FRAME],
            refused: 0,
            clock: Clock::start(),
        })
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// How many frames a device did not take: it was down, or its queue was full.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// The next piece of what the world leaves behind, where it records.
    pub fn take_piece(&mut self) -> Piece {
        self.world.take_piece()
    }

    /// Records nothing more; the frames that are sent from now on are kept where that is asked for.
    pub fn stop_recording(&mut self, keeping_frames: bool) {
        self.world.stop_recording(keeping_frames);
    }

    /// Goes on until frames pass the watched interface, or something is recorded, and returns the frames. Nothing is
    /// lost if the future is dropped.
    ///
    /// # Errors
    /// If a device is gone.
    pub async fn next(&mut self) -> io::Result<Vec<Seen>> {
        loop {
            let recorded = self.world.outcome().log.total();
            self.take_frames().await?;
            let is_up_to_date = self.world.run_until(self.clock.now(), TURN);
            self.deliver();
            let seen = self.world.take_seen();
            if !seen.is_empty() || self.world.outcome().log.total() > recorded {
                return Ok(seen);
            }
            if is_up_to_date {
                self.wait().await?;
            } else {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Takes frames out of the devices, as far as some are there.
    async fn take_frames(&mut self) -> io::Result<()> {
        for index in 0..self.ports.len() {
            let (node, tap) = &self.ports[index];
            let Some(ready) = tap.ready(interest()).now_or_never() else {
                continue;
            };
            let mut ready = ready?;
            for _ in 0..TURN {
                let Some(frame) = tap.get_ref().receive(&mut self.buffer)? else {
                    ready.clear_ready();
                    break;
                };
                // What is due before it happens before it, however long that takes.
                while !self.world.run_until(self.clock.now(), TURN) {}
                self.world.inject(*node, frame);
            }
        }
        Ok(())
    }

    /// Puts into the devices what has arrived at their nodes.
    fn deliver(&mut self) {
        for (node, tap) in &self.ports {
            while let Some(frame) = self.world.take_delivered(*node) {
                if !tap.get_ref().send(&frame) {
                    self.refused += 1;
                }
            }
        }
    }

    /// Waits until a device has a frame or the next event is due.
    async fn wait(&mut self) -> io::Result<()> {
        let next = self.world.next_time();
        let span = next.map(|next| next.since(self.clock.now()));
        let ports = &self.ports;
        let frame = async {
            let ready = ports.iter().map(|(_, tap)| Box::pin(tap.ready(interest())));
            select_all(ready).await.0.map(drop)
        };
        tokio::select! {
            ready = frame, if !ports.is_empty() => ready,
            rung = self.alarm.wait(span) => rung,
        }
    }
}

/// A frame, or that the device is gone.
fn interest() -> Interest {
    Interest::READABLE | Interest::ERROR
}
