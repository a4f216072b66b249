//! Programs that speak datagrams.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::Program;
use super::bytes::{read_text, write_down};
use super::reason;
use super::script::{SCENARIO, Script, describe_received, readable};
use crate::base::Time;
use crate::sim::spec::{self, Action, Content};
use crate::stack::cx::Cx;
use crate::stack::host::{Host, HostEventKind};
use crate::stack::record::What;
use crate::stack::udp::Datagram;

/// Sends each datagram back (RFC 862).
pub struct UdpEcho {
    port: u16,
}

impl UdpEcho {
    /// Echoes on its port.
    pub fn new(spec: &spec::UdpEcho) -> Self {
        Self { port: spec.port }
    }
}

impl Program for UdpEcho {
    fn start(&mut self, cx: &mut Cx, host: &mut Host) {
        bind(cx, host, Some(self.port));
    }

    fn handle_event(&mut self, cx: &mut Cx, host: &mut Host, event: &HostEventKind) -> bool {
        if *event != (HostEventKind::UdpReadable { port: self.port }) {
            return false;
        }
        if let Some(Datagram { from, bytes }) = host.udp_receive(self.port) {
            received(cx, from, &bytes);
            send(cx, host, self.port, from, &Content::of(&bytes));
        }
        true
    }

    fn handle_timeout(&mut self, _cx: &mut Cx, _host: &mut Host) {}

    fn poll_timeout(&self) -> Option<Time> {
        None
    }
}

/// Sends and awaits datagrams as its script says.
pub struct UdpClient {
    to: SocketAddr,
    wanted_port: Option<u16>,
    /// Its port, once it is started.
    port: Option<u16>,
    script: Script,
    /// Datagrams that came and were not awaited yet.
    inbox: VecDeque<Vec<u8>>,
}

impl UdpClient {
    /// Speaks with its server.
    pub fn new(spec: &spec::UdpClient) -> Self {
        Self {
            to: spec.to,
            wanted_port: spec.local_port,
            port: None,
            script: Script::new(&spec.script),
            inbox: VecDeque::new(),
        }
    }

    fn run(&mut self, cx: &mut Cx, host: &mut Host) {
        let mut script = std::mem::take(&mut self.script);
        if let Some(port) = self.port {
            script.run(cx, None, |cx, action| self.perform(cx, host, port, action));
        }
        self.script = script;
    }

    /// Does an action; `false`: it has to wait.
    fn perform(&mut self, cx: &mut Cx, host: &mut Host, port: u16, action: &Action) -> bool {
        match action {
            Action::Send(content) => send(cx, host, port, self.to, content),
            Action::Await => return self.inbox.pop_front().is_some(),
            Action::AwaitContent(content) => return self.take_equal(content.bytes()),
            Action::Wait(_) | Action::Close { .. } => {}
            _ => cx.step(
                7,
                None,
                SCENARIO,
                What::Discarded("UDP knows no connection".into()),
            ),
        }
        true
    }

    /// Takes a datagram that is equal, if one is there; those before it stay.
    fn take_equal(&mut self, wanted: &[u8]) -> bool {
        let found = self.inbox.iter().position(|bytes| bytes == wanted);
        if let Some(at) = found {
            self.inbox.remove(at);
        }
        found.is_some()
    }
}

impl Program for UdpClient {
    fn start(&mut self, cx: &mut Cx, host: &mut Host) {
        self.port = bind(cx, host, self.wanted_port);
        self.run(cx, host);
    }

    fn handle_event(&mut self, cx: &mut Cx, host: &mut Host, event: &HostEventKind) -> bool {
        match *event {
            HostEventKind::UdpReadable { port } if self.port == Some(port) => {
                if let Some(Datagram { from, bytes }) = host.udp_receive(port) {
                    received(cx, from, &bytes);
                    self.inbox.push_back(bytes);
                    self.run(cx, host);
                }
                true
            }
            HostEventKind::UdpUnreachable { port, remote, why } if self.port == Some(port) => {
                let text = format!("{remote}: {}", reason(why));
                cx.step(7, None, SCENARIO, What::AppEvent(text.into()));
                true
            }
            _ => false,
        }
    }

    fn handle_timeout(&mut self, cx: &mut Cx, host: &mut Host) {
        self.script.handle_timeout(cx);
        self.run(cx, host);
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.script.poll_timeout()
    }
}

/// Opens a port, or any if none is wanted; `None` if it is taken.
fn bind(cx: &mut Cx, host: &mut Host, port: Option<u16>) -> Option<u16> {
    let bound = host.udp_bind(port);
    let what = match &bound {
        Ok(port) => What::AppCall(format!("open UDP port {port}").into()),
        Err(error) => What::AppEvent(error.to_string().into()),
    };
    cx.step(7, None, SCENARIO, what);
    bound.ok()
}

fn received(cx: &mut Cx, from: SocketAddr, bytes: &[u8]) {
    if let Some(text) = readable(bytes) {
        read_text(cx, None, text);
    }
    let text = format!("received {} from {from}", describe_received(bytes));
    cx.step(7, None, SCENARIO, What::AppEvent(text.into()));
}

fn send(cx: &mut Cx, host: &mut Host, port: u16, to: SocketAddr, content: &Content) {
    let call = format!("send {} to {to}", content.describe());
    cx.step(7, None, SCENARIO, What::AppCall(call.into()));
    write_down(cx, None, content);
    if let Err(error) = host.udp_send_to(cx, port, to, content.bytes()) {
        cx.step(7, None, SCENARIO, What::AppEvent(error.to_string().into()));
    }
}
