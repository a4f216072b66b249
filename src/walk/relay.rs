//! Hosts between two others that hand bytes through, as balancers and tunnels do: what such a host sends it has not said.

use std::net::IpAddr;

use super::Walk;
use super::messages::Entry;
use super::step::MessageId;

/// How many messages before one are looked at: what is handed through leaves soon after it came.
const NEAR: u32 = 256;

impl Walk {
    /// The message as the one who said it sent it: another one where it only passes through its sender, byte for byte.
    pub fn original(&self, id: MessageId) -> MessageId {
        let copied = std::iter::successors(Some(id), |id| self.copied_from(*id));
        copied.last().unwrap_or(id)
    }

    /// The message that came to the sender of this one over another connection, with the same bytes.
    fn copied_from(&self, id: MessageId) -> Option<MessageId> {
        let entry = |id: MessageId| self.pipeline.messages().get(id.0 as usize);
        let copy = entry(id)?;
        let [sender, _] = self.hosts_of(copy);
        let is_alike = |other: &MessageId| {
            entry(*other).is_some_and(|other| {
                let [origin, receiver] = self.hosts_of(other);
                let is_between = receiver == sender && origin != sender;
                is_between && other.flow != copy.flow && other.len == copy.len
            })
        };
        let near = id.0.saturating_sub(NEAR)..id.0;
        let mut alike = near.rev().map(MessageId).filter(is_alike);
        let bytes = self.pipeline.message_bytes(id);
        alike.find(|other| self.pipeline.message_bytes(*other) == bytes)
    }

    /// Who sends a message, and to whom.
    fn hosts_of(&self, message: &Entry) -> [IpAddr; 2] {
        let ends = self.pipeline.flows.get(message.flow).ends;
        [message.dir, message.dir.reverse()].map(|dir| ends[dir.index()].ip())
    }
}
