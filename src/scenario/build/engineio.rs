//! Servers of Engine.IO: by itself, and what those of Socket.IO have of it.

use crate::scenario::format::engineio as format;
use crate::scenario::format::engineio::Transports;
use crate::scenario::read::At;
use crate::sim::spec::{EngineIo, EngineIoServer};

use super::Builder;

impl Builder<'_, '_> {
    pub(super) fn engineio_server(
        &mut self,
        app: &format::EngineIoServer,
    ) -> Option<EngineIoServer> {
        let engine = self.engine(&app.path, &app.engine);
        let reply = self.reply(&app.echo, &app.answer);
        let handlers = self.message_handlers(&app.handle);
        Some(EngineIoServer {
            port: app.port.value?.narrow(),
            engine: engine?,
            reply: reply?,
            handlers: handlers?,
        })
    }

    pub(super) fn engine(
        &mut self,
        path: &At<String>,
        keys: &format::EngineKeys,
    ) -> Option<EngineIo> {
        self.path(path);
        if path.get().is_some_and(|path| !path.ends_with('/')) {
            let message = "the path of Engine.IO, and of Socket.IO, ends with `/`";
            self.note(&path.span, message, "no `/` at its end");
        }
        for span in [&keys.ping_interval, &keys.ping_timeout] {
            if span.get().is_some_and(std::time::Duration::is_zero) {
                let message = "pings without a pause would never end";
                self.note(&span.span, message, "no time");
            }
        }
        let transports = keys.transports.value?;
        Some(EngineIo {
            path: path.value.clone()?,
            polling: transports != Transports::WebSocket,
            websocket: transports != Transports::Polling,
            ping_interval: keys.ping_interval.value?,
            ping_timeout: keys.ping_timeout.value?,
            upgrade_timeout: keys.upgrade_timeout.value?,
            max_payload: keys.max_payload.value?.narrow(),
            deflate: keys.deflate.value?,
        })
    }
}
