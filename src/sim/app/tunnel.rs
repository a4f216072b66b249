//! The way to a server through a proxy that is asked for it (RFC 9110 §9.3.6).

use super::http::PRODUCT;
use super::script::SCENARIO;
use super::talk::{Order, Orders};
use crate::proto::http::Request;
use crate::stack::cx::Cx;
use crate::stack::http::{Client, ClientEvent};
use crate::stack::record::{ConnId, What};

/// A client of a proxy, until the way is there.
#[derive(Debug)]
pub struct Tunnel {
    conn: ConnId,
    http: Client,
    /// The server, as the proxy is told it: `chat.example:80`.
    to: String,
}

impl Tunnel {
    /// To this server, over a connection to the proxy.
    pub fn new(conn: ConnId, to: &str) -> Self {
        Self {
            conn,
            http: Client::new(Some(conn)),
            to: to.to_owned(),
        }
    }

    /// Asks the proxy. Call [`Tunnel::pump`] after it, as after `handle_*`.
    pub fn ask(&mut self, cx: &mut Cx) {
        let text = format!("ask the proxy for a tunnel to {}", self.to);
        cx.step(7, Some(self.conn), SCENARIO, What::AppCall(text.into()));
        let request = Request::new("CONNECT", &self.to, &self.to).with("User-Agent", PRODUCT);
        self.http.request(cx, request);
    }

    /// Bytes came from the proxy.
    pub fn handle_input(&mut self, cx: &mut Cx, bytes: &[u8]) {
        self.http.handle_input(cx, bytes);
    }

    /// The proxy sends no more.
    pub fn handle_end(&mut self, cx: &mut Cx) {
        self.http.handle_end(cx);
    }

    /// Fetches what there is to be done and to be told; whether the way is there.
    pub fn pump(&mut self, cx: &mut Cx, orders: &mut Orders) -> bool {
        loop {
            while let Some(bytes) = self.http.poll_transmit(cx) {
                orders.push(cx, Order::Send(bytes.into()));
            }
            let why = match self.http.poll_event(cx) {
                None => return false,
                Some(ClientEvent::Response(response)) if (200..300).contains(&response.code) => {
                    return true;
                }
                Some(ClientEvent::Response(response)) => {
                    orders.push(cx, Order::Close);
                    response.line()
                }
                Some(ClientEvent::Failed(error)) => error.to_string(),
                Some(ClientEvent::Interim(_)) => continue,
                Some(ClientEvent::Disconnect) => {
                    orders.push(cx, Order::Close);
                    continue;
                }
            };
            let text = format!("no tunnel: {why}");
            cx.step(7, Some(self.conn), SCENARIO, What::AppEvent(text.into()));
        }
    }
}
