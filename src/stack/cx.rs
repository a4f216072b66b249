//! What every call into a host is handed: the time, the log, and why the call happens.

use super::record::{ConnId, Log, Record, What};
use crate::base::{NodeId, RecordId, Time};

/// The surroundings of one call into a host. Whoever runs the host makes it anew for each call.
#[derive(Debug)]
pub struct Cx<'a> {
    /// Now.
    pub now: Time,
    /// The node that is called.
    pub node: NodeId,
    /// The record that made the call happen; what the host records meanwhile has it as its cause, until a step of the
    /// host's own is put in its place.
    pub cause: Option<RecordId>,
    /// Where the truth is written.
    pub log: &'a mut Log,
}

impl Cx<'_> {
    /// Writes a record whose cause is [`Cx::cause`], and returns its id.
    pub fn record(
        &mut self,
        layer: u8,
        conn: Option<ConnId>,
        cite: &'static str,
        what: What,
    ) -> Option<RecordId> {
        let (time, node, cause) = (self.now, Some(self.node), self.cause);
        self.log.push(Record {
            time,
            node,
            layer,
            conn,
            cause,
            cite,
            what,
        })
    }

    /// Like [`Cx::record`], and makes the new record the cause of what follows in this call.
    pub fn step(&mut self, layer: u8, conn: Option<ConnId>, cite: &'static str, what: What) {
        if let Some(id) = self.record(layer, conn, cite, what) {
            self.cause = Some(id);
        }
    }
}
