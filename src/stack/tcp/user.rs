//! The application's calls on a connection (RFC 9293 §3.10.2 to §3.10.5).

use super::Event;
use super::connection::Connection;
use crate::stack::cx::Cx;
use crate::stack::record::TcpState;

impl Connection {
    /// SEND: takes as much of `bytes` as there is room for and returns how much that is. With less than all taken, or
    /// none, [`Event::Writable`] tells when to go on. Nothing is taken after the sending side was closed.
    pub fn send(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) -> usize {
        let open = matches!(
            self.state,
            TcpState::SynSent | TcpState::SynReceived | TcpState::Established | TcpState::CloseWait
        );
        if !open || self.snd.is_ended() {
            return 0;
        }
        self.as_one_call(cx, |conn, _| {
            let taken = conn.snd.write(bytes);
            conn.writer_waits |= taken < bytes.len();
            taken
        })
    }

    /// RECEIVE: hands over at most `max` bytes that came in order.
    pub fn receive(&mut self, cx: &mut Cx<'_>, max: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.receive_into(cx, max, &mut bytes);
        bytes
    }

    /// Like [`Connection::receive`], behind what is in `bytes` already; how many bytes came.
    pub fn receive_into(&mut self, cx: &mut Cx<'_>, max: usize, bytes: &mut Vec<u8>) -> usize {
        self.as_one_call(cx, |conn, cx| {
            let len = conn.rcv.read(max, bytes);
            conn.end_urgent_mode(cx);
            let peer_may_send = matches!(
                conn.state,
                TcpState::Established | TcpState::FinWait1 | TcpState::FinWait2
            );
            if len > 0 && peer_may_send && conn.rcv.wants_update(conn.snd.mss) {
                let cite = "RFC 9293 §3.8.6.2.2";
                conn.decide(cx, cite, "room again: window update");
                conn.ack_due = true;
            }
            len
        })
    }

    /// Turns the Nagle algorithm on or off for this connection (RFC 9293 §3.7.4, MUST-17; `TCP_NODELAY` turns it off).
    /// What it has held back goes out at once.
    pub fn set_nagle(&mut self, cx: &mut Cx<'_>, on: bool) {
        self.as_one_call(cx, |conn, _| conn.snd.nagle = on);
    }

    /// CLOSE of the sending side (a half close): a FIN follows what was written. Receiving goes on.
    pub fn shutdown(&mut self, cx: &mut Cx<'_>) {
        self.as_one_call(cx, |conn, cx| conn.close_sending(cx));
    }

    /// CLOSE of both sides: nobody sends, nobody reads any more. With data unread it is lost, which a RST says
    /// (RFC 1122 §4.2.2.13); so are data that come later.
    pub fn close(&mut self, cx: &mut Cx<'_>) {
        self.reader_gone = true;
        let may_tell = !matches!(self.state, TcpState::Closed | TcpState::TimeWait);
        if self.rcv.readable() > 0 && may_tell {
            self.as_one_call(cx, |conn, cx| {
                let cite = "RFC 1122 §4.2.2.13";
                conn.decide(cx, cite, "closed with data unread: RST");
                conn.send_rst(cx, cite);
                conn.end(cx, cite);
            });
        } else {
            self.as_one_call(cx, |conn, cx| conn.close_sending(cx));
        }
        self.rcv.discard();
    }

    fn close_sending(&mut self, cx: &mut Cx<'_>) {
        let cite = "RFC 9293 §3.10.4";
        match self.state {
            TcpState::SynSent => self.end(cx, cite),
            // The FIN waits until ESTABLISHED.
            TcpState::SynReceived => self.snd.want_fin(),
            TcpState::Established => {
                self.snd.want_fin();
                self.enter(cx, TcpState::FinWait1, cite);
            }
            TcpState::CloseWait => {
                self.snd.want_fin();
                self.enter(cx, TcpState::LastAck, cite);
            }
            _ => {}
        }
    }

    /// ABORT: breaks the connection off with a RST where the peer knows of it.
    pub fn abort(&mut self, cx: &mut Cx<'_>) {
        let cite = "RFC 9293 §3.10.5";
        self.reader_gone = true;
        self.as_one_call(cx, |conn, cx| {
            match conn.state {
                TcpState::SynReceived
                | TcpState::Established
                | TcpState::FinWait1
                | TcpState::FinWait2
                | TcpState::CloseWait => conn.send_rst(cx, cite),
                _ => {}
            }
            conn.end(cx, cite);
        });
        self.rcv.discard();
    }

    /// The end that the application itself has asked for.
    fn end(&mut self, cx: &mut Cx<'_>, cite: &'static str) {
        if self.state != TcpState::Closed {
            self.delete(cx, cite);
            self.tell(cx, Event::Closed(self.id));
        }
    }
}
