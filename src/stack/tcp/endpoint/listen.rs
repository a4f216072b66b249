//! SEGMENT ARRIVES in LISTEN (RFC 9293 §3.10.7.2), with SYN cookies (RFC 4987 §3.6), and TIME-WAIT that gives way to a
//! new connection (RFC 9293 §3.6.1, RFC 6191).

use std::net::SocketAddr;

use super::{Endpoint, decide, discard, record_arrival};
use crate::proto::tcp::{TcpFlags, TcpHeader};
use crate::stack::cx::Cx;
use crate::stack::record::ConnId;
use crate::stack::tcp::config::TcpConfig;
use crate::stack::tcp::connection::{Connection, Opening, usual_iss};
use crate::stack::tcp::isn::COOKIE_LIFETIME;
use crate::stack::tcp::options::{Options, default_mss, header_len};
use crate::stack::tcp::receive::Receive;
use crate::stack::tcp::segment::Segment;
use crate::stack::tcp::seq::Seq;

const LISTEN: &str = "RFC 9293 §3.10.7.2";
const COOKIE: &str = "RFC 4987 §3.6";

impl Endpoint {
    /// RFC 9293 §3.10.7.2: first RST, second ACK, third SYN, fourth anything else. `iss` is the initial sequence
    /// number of a new connection, where it is not for the secret key to make.
    pub(super) fn arrives_in_listen(
        &mut self,
        cx: &mut Cx<'_>,
        ends: [SocketAddr; 2],
        header: &TcpHeader,
        text: &[u8],
        iss: Option<Seq>,
    ) {
        let outer = cx.cause;
        let [local, remote] = ends;
        let is_full = self.listeners[&local.port()].waiting.len() >= self.config.backlog;
        if header.flags.has(TcpFlags::RST) {
            record_arrival(cx, LISTEN, header, text);
            discard(cx, LISTEN, "RST in LISTEN");
        } else if header.flags.has(TcpFlags::ACK) {
            record_arrival(cx, LISTEN, header, text);
            if !self.takes_cookie(cx, ends, header, text) {
                self.reset(cx, LISTEN, local, remote, &Segment::new(header, text));
            }
        } else if !header.flags.has(TcpFlags::SYN) {
            record_arrival(cx, LISTEN, header, text);
            discard(cx, LISTEN, "no SYN in LISTEN");
        } else if is_full && self.config.syn_cookies {
            record_arrival(cx, LISTEN, header, text);
            self.send_cookie(cx, ends, header);
        } else if is_full {
            record_arrival(cx, LISTEN, header, text);
            discard(cx, LISTEN, "too many connections in SYN-RECEIVED");
        } else {
            let opening = Opening {
                iss,
                ..self.opening(cx.now, local, remote)
            };
            let conn = Connection::accept(cx, opening, header, text);
            let id = self.add(conn);
            if let Some(listener) = self.listeners.get_mut(&local.port()) {
                listener.waiting.insert(id);
            }
        }
        cx.cause = outer;
    }

    /// A SYN, ACK that leaves nothing behind: what there is to remember is in its sequence number, which comes back
    /// in the ACK. Of the options only the MSS fits in there, and only roughly.
    fn send_cookie(&mut self, cx: &mut Cx<'_>, ends: [SocketAddr; 2], header: &TcpHeader) {
        let [local, remote] = ends;
        let syn = Segment::new(header, &[]);
        let theirs = syn.options.mss.unwrap_or(default_mss(remote.ip()));
        let mss = (self.config.mss).unwrap_or(self.mtu - header_len(local.ip()));
        let iss = self.secret.cookie(cx.now, ends, syn.seq, theirs);
        let why = "no room in the backlog: a SYN, ACK whose sequence number is a cookie";
        decide(cx, COOKIE, why);
        let header = TcpHeader {
            source_port: local.port(),
            destination_port: remote.port(),
            sequence_number: iss.0,
            acknowledgment_number: syn.end().0,
            flags: TcpFlags::SYN | TcpFlags::ACK,
            window: Receive::new(&self.config).syn_window(mss),
            urgent_pointer: 0,
            options: Options {
                mss: Some(mss),
                ..Options::default()
            }
            .write(),
        };
        self.send_unconnected(cx, COOKIE, [local.ip(), remote.ip()], header);
        if let Some(listener) = self.listeners.get_mut(&local.port()) {
            listener.cookies_until = Some(cx.now + COOKIE_LIFETIME);
        }
    }

    /// Makes the connection that a cookie stands for, if the ACK brings back one that was handed out.
    fn takes_cookie(
        &mut self,
        cx: &mut Cx<'_>,
        ends: [SocketAddr; 2],
        header: &TcpHeader,
        text: &[u8],
    ) -> bool {
        let [local, remote] = ends;
        let seg = Segment::new(header, text);
        if self.listeners[&local.port()].cookies_until < Some(cx.now) || seg.has(TcpFlags::SYN) {
            return false;
        }
        let (irs, iss) = (seg.seq - 1, seg.ack - 1);
        let Some(mss) = self.secret.mss_of_cookie(cx.now, ends, irs, iss) else {
            discard(cx, COOKIE, "its acknowledgment number is no cookie of ours");
            return false;
        };
        decide(
            cx,
            COOKIE,
            "it brings a cookie back: the connection is made from it",
        );
        let opening = self.opening(cx.now, local, remote);
        let opening = Opening {
            iss: Some(iss),
            // What the SYN has offered is forgotten.
            config: TcpConfig {
                window_scaling: false,
                sack: false,
                timestamps: false,
                ..opening.config
            },
            ..opening
        };
        let conn = Connection::accept_cookie(cx, opening, mss, header, text);
        self.add(conn);
        true
    }

    /// Whether a SYN may end the TIME-WAIT of a connection and begin a new one.
    pub(super) fn is_reopened(&self, id: ConnId, header: &TcpHeader) -> bool {
        let seg = Segment::new(header, &[]);
        self.connections[id.0 as usize].is_reopened_by(&seg)
    }

    /// TIME-WAIT ends early: the new connection's numbers lie beyond those of the old one, in both directions.
    pub(super) fn reopen(&mut self, cx: &mut Cx<'_>, old: ConnId, header: &TcpHeader, text: &[u8]) {
        let outer = cx.cause;
        let beyond = self.on(old, |conn| conn.give_way(cx));
        let conn = &self.connections[old.0 as usize];
        let ends = [conn.local(), conn.remote()];
        let id = ConnId(self.connections.len() as u32);
        let usual = usual_iss(&self.config, &self.secret, id, cx.now, ends);
        let iss = if beyond.lt(usual) { usual } else { beyond };
        self.arrives_in_listen(cx, ends, header, text, Some(iss));
        cx.cause = outer;
    }
}
