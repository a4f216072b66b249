//! WebSocket programs, and the proxy before them.

use std::net::SocketAddr;

use crate::base::NodeId;
use crate::proto::websocket::{DeflateParams, MAX_WINDOW_BITS};
use crate::scenario::format::{self, Deflate};
use crate::scenario::read::At;
use crate::scenario::values::{Number, Target};
use crate::sim::spec::{self, ClientPolicy, ServerPolicy};
use crate::stack::websocket::{DeflateOptions, WrongAnswer, WrongRequest};

use super::app::host_header;
use super::script::Carrier;
use super::{Builder, tables};

impl Builder<'_, '_> {
    pub(super) fn websocket_client(
        &mut self,
        on: Option<NodeId>,
        app: &format::WebSocketClient,
    ) -> Option<spec::WebSocketClient> {
        let to = self.target(on, &app.to);
        let way = self.way(on, &app.proxy);
        let script = self.script(&app.script, Carrier::WebSocket);
        self.path(&app.path);
        self.one_line(&app.host);
        self.one_line(&app.origin);
        let host = host_header(&app.host, &app.to);
        let tunnel = way.map(|_| authority(&app.host, &app.to));
        Some(spec::WebSocketClient {
            to: way.or(to)?,
            host: host?,
            origin: app.origin.value.clone()?,
            path: app.path.value.clone()?,
            version: app.version.value?.narrow(),
            subprotocols: self.tokens(&app.subprotocols),
            policy: ClientPolicy {
                deflate: offered(&app.deflate)?,
                max_message: app.max_message.value?.narrow(),
                needs_subprotocol: app.needs_subprotocol.value?,
                wrong: app.mistake.value?.map(wrong_request),
            },
            tunnel: match tunnel {
                Some(tunnel) => Some(tunnel?),
                None => None,
            },
            local_port: app.local_port.value?.map(Number::narrow),
            script: script?,
        })
    }

    /// The proxy on the way, if there is one.
    fn way(&mut self, on: Option<NodeId>, proxy: &At<Option<Target>>) -> Option<SocketAddr> {
        let value = Some(proxy.given()?.clone());
        let span = proxy.span.clone();
        self.target(on, &At { span, value })
    }

    pub(super) fn websocket_server(
        &mut self,
        app: &format::WebSocketServer,
    ) -> Option<spec::WebSocketServer> {
        let script = self.script(&app.script, Carrier::WebSocket);
        let reply = self.reply(&app.echo, &app.answer);
        let handlers = self.message_handlers(&app.handle);
        self.path(&app.path);
        if app
            .ping_every
            .given()
            .is_some_and(std::time::Duration::is_zero)
        {
            self.note(
                &app.ping_every.span,
                "pings without a pause would never end",
                "no time",
            );
        }
        Some(spec::WebSocketServer {
            port: app.port.value?.narrow(),
            path: app.path.value.clone()?,
            subprotocols: self.tokens(&app.subprotocols),
            reply: reply?,
            ping_interval: app.ping_every.value?,
            policy: ServerPolicy {
                origins: tables(&app.origins).cloned().collect(),
                deflate: agreed_to(&app.deflate)?,
                max_message: app.max_message.value?.narrow(),
                wrong: app.mistake.value?.map(wrong_answer),
            },
            script: script?,
            handlers: handlers?,
        })
    }

    pub(super) fn proxy(&mut self, on: Option<NodeId>, app: &format::Proxy) -> Option<spec::Proxy> {
        let to = self.target(on, &app.to);
        Some(spec::Proxy {
            port: app.port.value?.narrow(),
            to: to?,
            upgrades: app.upgrades.value?,
        })
    }
}

/// What a proxy is asked for: the host of the URL, always with its port (RFC 9110 §9.3.6).
fn authority(host: &At<Option<String>>, to: &At<Target>) -> Option<String> {
    let named = host_header(host, to)?;
    let has_port = named.rsplit_once(':').is_some_and(|(_, port)| {
        !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit())
    });
    Some(match has_port {
        true => named,
        false => format!("{named}:{}", to.get()?.port),
    })
}

/// A client without a limit of its own says that it would obey the server's.
fn offered(table: &At<Option<Deflate>>) -> Option<Option<DeflateOptions>> {
    let mut options = agreed_to(table)?;
    if let Some(options) = &mut options {
        let bits = &mut options.params.client_max_window_bits;
        *bits = bits.or(Some(MAX_WINDOW_BITS));
    }
    Some(options)
}

fn agreed_to(table: &At<Option<Deflate>>) -> Option<Option<DeflateOptions>> {
    let Some(table) = table.value.as_ref()? else {
        return Some(None);
    };
    Some(Some(DeflateOptions {
        params: DeflateParams {
            server_no_context_takeover: table.server_no_context_takeover.value?,
            client_no_context_takeover: table.client_no_context_takeover.value?,
            server_max_window_bits: table.server_max_window_bits.value?.map(Number::narrow),
            client_max_window_bits: table.client_max_window_bits.value?.map(Number::narrow),
        },
        threshold: table.threshold.value?.narrow(),
        level: table.level.value?.narrow(),
    }))
}

fn wrong_request(word: format::MistakenRequest) -> WrongRequest {
    use format::MistakenRequest as From;
    match word {
        From::NoKey => WrongRequest::NoKey,
        From::ShortKey => WrongRequest::ShortKey,
        From::TwoKeys => WrongRequest::TwoKeys,
        From::Post => WrongRequest::Post,
        From::Http10 => WrongRequest::Http10,
        From::NoHost => WrongRequest::NoHost,
        From::NoUpgrade => WrongRequest::NoUpgrade,
    }
}

fn wrong_answer(word: format::MistakenAnswer) -> WrongAnswer {
    use format::MistakenAnswer as From;
    match word {
        From::Accept => WrongAnswer::Accept,
        From::Subprotocol => WrongAnswer::Subprotocol,
        From::Extension => WrongAnswer::Extension,
    }
}
