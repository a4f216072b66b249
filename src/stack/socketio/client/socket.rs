//! Sockets: one in each namespace.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{AckFailure, Client, ClientDisconnectReason, ClientEvent, ConnectError};
use crate::base::{RecordId, Time};
use crate::proto::socketio::PacketType;
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;
use crate::stack::engineio::ClientError;
use crate::stack::record::What;
use crate::stack::socketio::{Args, Whole, record_up};

/// A socket.
#[derive(Debug, Clone)]
pub(super) struct Socket {
    pub nsp: String,
    /// The JSON object that the server gets.
    pub auth: Option<String>,
    /// Whether it is to be connected, and again when the session breaks.
    pub is_active: bool,
    /// Its id, while it is connected.
    pub sid: Option<String>,
    /// By what the server knows the socket again after a break, where it can do that.
    pid: Option<String>,
    /// Up to where the server's events came.
    last_offset: Option<String>,
    /// Events that wait until it is connected.
    pub send_buffer: Vec<(Option<RecordId>, Whole)>,
    /// Events that came before the answer to CONNECT.
    receive_buffer: Vec<(Option<RecordId>, Whole)>,
    /// The number of the next event that wants an acknowledgment.
    next_id: u64,
    /// The numbers that wait for one, and how long.
    acks: BTreeMap<u64, Option<Alarm>>,
}

impl Socket {
    pub fn new(nsp: &str) -> Self {
        Self {
            nsp: nsp.to_owned(),
            auth: None,
            is_active: false,
            sid: None,
            pid: None,
            last_offset: None,
            send_buffer: Vec::new(),
            receive_buffer: Vec::new(),
            next_id: 0,
            acks: BTreeMap::new(),
        }
    }

    /// A number for an event that wants an acknowledgment.
    pub fn await_ack(&mut self, cx: &mut Cx<'_>, timeout: Option<Duration>) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let cite = "Socket.IO client 4, timeout";
        let alarm = timeout.map(|span| Alarm::set(cx, 5, None, cite, "acknowledgment", span));
        self.acks.insert(id, alarm);
        id
    }

    /// When acknowledgments are given up.
    pub fn timeouts(&self) -> impl Iterator<Item = Time> {
        self.acks.values().flatten().map(|alarm| alarm.at)
    }

    /// The data of CONNECT: what the application gives, and by what the server knows the socket again.
    fn connect_data(&self) -> Option<String> {
        let Some(pid) = &self.pid else {
            return self.auth.clone();
        };
        // text always has a JSON form
        let json = |text: &String| serde_json::to_string(text).unwrap_or_default();
        let mut data = format!(r#"{{"pid":{}"#, json(pid));
        if let Some(offset) = &self.last_offset {
            data += &format!(r#","offset":{}"#, json(offset));
        }
        let auth = self.auth.as_deref().unwrap_or_default().trim();
        let members = auth
            .strip_prefix('{')
            .and_then(|auth| auth.strip_suffix('}'));
        match members.map(str::trim) {
            None | Some("") => data += "}",
            Some(members) => data += &format!(",{members}}}"),
        }
        Some(data)
    }

    /// With state recovery, the last argument of each event of the server is the place that it has come to.
    fn note_offset(&mut self, args: &Args, has_ack: bool) {
        let last = args
            .values
            .last()
            .filter(|_| self.pid.is_some() && !has_ack);
        if let Some(offset) = last.and_then(|last| serde_json::from_str(last).ok()) {
            self.last_offset = Some(offset);
        }
    }
}

impl Client {
    pub(super) fn send_connect(&mut self, cx: &mut Cx<'_>, at: usize) {
        let socket = &self.sockets[at];
        let connect = Whole::plain(PacketType::Connect, &socket.nsp, socket.connect_data());
        self.send(cx, connect);
    }

    /// Takes a packet that came.
    pub(super) fn take_whole(&mut self, cx: &mut Cx<'_>, whole: Whole) {
        record_up(cx, self.conn(), &whole.packet);
        let nsp = &whole.packet.nsp;
        let at = self
            .sockets
            .iter()
            .position(|socket| socket.is_active && socket.nsp == *nsp);
        let Some(at) = at else {
            let why = "a packet for a namespace without a socket";
            cx.step(5, self.conn(), super::PROTOCOL, What::Discarded(why.into()));
            return;
        };
        match whole.packet.kind {
            PacketType::Connect => self.take_connect(cx, at, whole.packet.data.as_deref()),
            PacketType::ConnectError => self.take_refusal(cx, at, whole.packet.data.as_deref()),
            PacketType::Disconnect => {
                self.retire(cx, at);
                self.disconnected(cx, at, ClientDisconnectReason::IoServerDisconnect, None);
            }
            PacketType::Event | PacketType::BinaryEvent if self.sockets[at].sid.is_none() => {
                self.sockets[at].receive_buffer.push((cx.cause, whole));
            }
            PacketType::Event | PacketType::BinaryEvent => self.take_event(cx, at, whole),
            PacketType::Ack | PacketType::BinaryAck => self.take_ack(cx, at, whole),
        }
    }

    fn take_connect(&mut self, cx: &mut Cx<'_>, at: usize, data: Option<&str>) {
        let socket = &mut self.sockets[at];
        let Some(sid) = member(data, "sid") else {
            let (nsp, error) = (socket.nsp.clone(), ConnectError::OldServer);
            return self
                .events
                .push(cx, ClientEvent::ConnectError { nsp, error });
        };
        let pid = member(data, "pid");
        let recovered = pid.is_some() && pid == socket.pid;
        socket.pid = pid;
        socket.sid = Some(sid.clone());
        let nsp = socket.nsp.clone();
        let came = std::mem::take(&mut socket.receive_buffer);
        let waited = std::mem::take(&mut socket.send_buffer);
        let cause = cx.cause;
        for (why, whole) in came {
            cx.cause = why;
            self.take_event(cx, at, whole);
        }
        for (why, whole) in waited {
            cx.cause = why;
            self.send(cx, whole);
        }
        cx.cause = cause;
        let connect = ClientEvent::Connect {
            nsp,
            sid,
            recovered,
        };
        self.events.push(cx, connect);
    }

    fn take_refusal(&mut self, cx: &mut Cx<'_>, at: usize, data: Option<&str>) {
        self.retire(cx, at);
        let nsp = self.sockets[at].nsp.clone();
        // Servers of Socket.IO 3 and 4 send an object, those before a text.
        let text = || data.and_then(|data| serde_json::from_str(data).ok());
        let error = ConnectError::Refused {
            message: member(data, "message").or_else(text).unwrap_or_default(),
            data: raw_member(data, "data"),
        };
        self.events
            .push(cx, ClientEvent::ConnectError { nsp, error });
    }

    fn take_event(&mut self, cx: &mut Cx<'_>, at: usize, whole: Whole) {
        let (nsp, ack) = (whole.packet.nsp.clone(), whole.packet.id);
        if let Some((name, args)) = whole.into_event() {
            self.sockets[at].note_offset(&args, ack.is_some());
            let event = ClientEvent::Event {
                nsp,
                name,
                args,
                ack,
            };
            self.events.push(cx, event);
        }
    }

    fn take_ack(&mut self, cx: &mut Cx<'_>, at: usize, whole: Whole) {
        let (nsp, id) = (whole.packet.nsp.clone(), whole.packet.id);
        let awaited = id.and_then(|id| Some((id, self.sockets[at].acks.remove(&id)?)));
        let Some((id, alarm)) = awaited else {
            let why = "an acknowledgment that is not waited for";
            return cx.step(5, self.conn(), super::PROTOCOL, What::Discarded(why.into()));
        };
        if let Some(alarm) = alarm {
            alarm.stop(cx);
        }
        let args = whole.into_ack().unwrap_or_default();
        self.events.push(cx, ClientEvent::Ack { nsp, id, args });
    }

    /// The socket is not to be connected any more; where it was the last, the session is closed.
    pub(super) fn retire(&mut self, cx: &mut Cx<'_>, at: usize) {
        let cause = cx.cause;
        self.sockets[at].is_active = false;
        if !self.sockets.iter().any(|socket| socket.is_active) {
            self.close(cx);
        }
        cx.cause = cause;
    }

    /// The socket is not connected any more: the application is told, and of the acknowledgments that cannot come.
    pub(super) fn disconnected(
        &mut self,
        cx: &mut Cx<'_>,
        at: usize,
        reason: ClientDisconnectReason,
        error: Option<ClientError>,
    ) {
        let socket = &mut self.sockets[at];
        socket.sid = None;
        let nsp = socket.nsp.clone();
        let event = ClientEvent::Disconnect {
            nsp: nsp.clone(),
            reason,
            error,
        };
        self.events.push(cx, event);
        let waits = |id: &u64| {
            socket
                .send_buffer
                .iter()
                .any(|(_, w)| w.packet.id == Some(*id))
        };
        let lost: Vec<u64> = socket
            .acks
            .keys()
            .copied()
            .filter(|id| !waits(id))
            .collect();
        for id in lost {
            if let Some(Some(alarm)) = socket.acks.remove(&id) {
                alarm.stop(cx);
            }
            let (nsp, why) = (nsp.clone(), AckFailure::Disconnected);
            self.events
                .push(cx, ClientEvent::AckFailed { nsp, id, why });
        }
    }

    /// Gives up the acknowledgments that took too long.
    pub(super) fn expire_acks(&mut self, cx: &mut Cx<'_>) {
        let cause = cx.cause;
        for socket in &mut self.sockets {
            let is_due = |alarm: &Option<Alarm>| alarm.as_ref().is_some_and(|a| a.at <= cx.now);
            let due = socket.acks.iter().filter(|(_, alarm)| is_due(alarm));
            let due: Vec<u64> = due.map(|(id, _)| *id).collect();
            for id in due {
                if let Some(Some(alarm)) = socket.acks.remove(&id) {
                    alarm.expire(cx);
                }
                socket
                    .send_buffer
                    .retain(|(_, whole)| whole.packet.id != Some(id));
                let (nsp, why) = (socket.nsp.clone(), AckFailure::TimedOut);
                self.events
                    .push(cx, ClientEvent::AckFailed { nsp, id, why });
                cx.cause = cause;
            }
        }
    }
}

/// A member of the JSON object `data` that is text.
fn member(data: Option<&str>, name: &str) -> Option<String> {
    serde_json::from_str(&raw_member(data, name)?).ok()
}

/// A member of the JSON object `data`, as JSON.
fn raw_member(data: Option<&str>, name: &str) -> Option<String> {
    let members: BTreeMap<String, Box<serde_json::value::RawValue>> =
        serde_json::from_str(data?).ok()?;
    Some(members.get(name)?.get().to_owned())
}
