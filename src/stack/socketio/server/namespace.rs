//! A namespace: who is in it, and in which rooms.

use std::collections::{BTreeMap, BTreeSet};

use super::recovery::Recovery;
use super::{Audience, SocketId};

/// The sockets of a namespace and its rooms.
#[derive(Debug, Default)]
pub(super) struct Namespace {
    sockets: BTreeSet<SocketId>,
    rooms: BTreeMap<String, BTreeSet<SocketId>>,
    pub(super) recovery: Recovery,
}

impl Namespace {
    pub(super) fn len(&self) -> usize {
        self.sockets.len()
    }

    pub(super) fn sockets(&self) -> impl Iterator<Item = SocketId> {
        self.sockets.iter().copied()
    }

    pub(super) fn add(&mut self, socket: SocketId) {
        self.sockets.insert(socket);
    }

    /// Takes a socket out, of its rooms too.
    pub(super) fn remove(&mut self, socket: SocketId, rooms: &BTreeSet<String>) {
        self.sockets.remove(&socket);
        for room in rooms {
            self.leave(socket, room);
        }
    }

    pub(super) fn join(&mut self, socket: SocketId, room: &str) {
        self.rooms
            .entry(room.to_owned())
            .or_default()
            .insert(socket);
    }

    /// A room without sockets is none.
    pub(super) fn leave(&mut self, socket: SocketId, room: &str) {
        if let Some(sockets) = self.rooms.get_mut(room) {
            sockets.remove(&socket);
            if sockets.is_empty() {
                self.rooms.remove(room);
            }
        }
    }

    /// Who hears a broadcast, each once, in the order in which they came.
    pub(super) fn audience(&self, audience: &Audience) -> Vec<SocketId> {
        let members = |room: &String| self.rooms.get(room).into_iter().flatten().copied();
        let left_out: BTreeSet<SocketId> = audience.except.iter().flat_map(members).collect();
        let hears =
            |socket: &SocketId| audience.without != Some(*socket) && !left_out.contains(socket);
        match audience.rooms.as_slice() {
            [] => self.sockets().filter(hears).collect(),
            rooms => {
                let all: BTreeSet<SocketId> = rooms.iter().flat_map(members).collect();
                all.into_iter().filter(hears).collect()
            }
        }
    }
}
