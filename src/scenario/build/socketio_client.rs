//! Socket.IO clients.

use crate::base::NodeId;
use crate::proto::socketio::RESERVED_EVENTS;
use crate::scenario::format::List;
use crate::scenario::format::socketio_client as format;
use crate::scenario::format::socketio_client::{
    Awaited, ClientAction as Action, ClientActionKind as Kind, ClientDeedKind, ClientTransports,
};
use crate::scenario::mistake::quote;
use crate::scenario::read::At;
use crate::scenario::values::{Filled, Number};
use crate::sim::spec::{
    self, SocketIoAction, SocketIoDeed, SocketIoEmit, SocketIoHandler, Template,
};
use crate::stack::engineio::Transports;

use super::app::host_header;
use super::socketio::templates;
use super::{Builder, tables};

impl Builder<'_, '_> {
    pub(super) fn socketio_client(
        &mut self,
        on: Option<NodeId>,
        app: &format::SocketIoClient,
    ) -> Option<spec::SocketIoClient> {
        let to = self.target(on, &app.to);
        self.path(&app.path);
        self.one_line(&app.host);
        self.one_line(&app.origin);
        let auth = self.auth(&app.auth);
        for nsp in app.namespaces.value.iter().flatten() {
            self.namespace(nsp);
        }
        let handlers: Vec<_> = tables(&app.handle)
            .map(|handle| self.client_handler(handle))
            .collect();
        let script: Vec<_> = tables(&app.script)
            .map(|action| self.socketio_action(action))
            .collect();
        let mut namespaces: Vec<String> = tables(&app.namespaces).cloned().collect();
        if namespaces.is_empty() {
            namespaces.push("/".to_owned());
        }
        let path = app.path.value.as_deref()?.trim_end_matches('/');
        Some(spec::SocketIoClient {
            to: to?,
            host: host_header(&app.host, &app.to)?,
            origin: app.origin.value.clone()?,
            path: format!("{path}/"),
            transports: match app.transports.value? {
                ClientTransports::Upgrade => Transports::Upgrade,
                ClientTransports::Polling => Transports::Polling,
                ClientTransports::WebSocket => Transports::WebSocket,
            },
            namespaces,
            auth: auth?,
            reconnection: app.reconnection.value?,
            reconnection_delay: app.reconnection_delay.value?,
            reconnection_delay_max: app.reconnection_delay_max.value?,
            reconnection_attempts: app.reconnection_attempts.value?.map(Number::narrow),
            connect_timeout: app.connect_timeout.value?,
            ack_timeout: app.ack_timeout.value?,
            version: app.eio.value?.narrow(),
            skip_upgrade_packet: app.skip_upgrade_packet.value?,
            answer_pings: app.answer_pings.value?,
            handlers: handlers.into_iter().collect::<Option<_>>()?,
            script: script.into_iter().collect::<Option<_>>()?,
        })
    }

    fn client_handler(&mut self, handle: &format::ClientHandle) -> Option<SocketIoHandler> {
        self.namespace(&handle.namespace);
        let deeds: Vec<Option<SocketIoDeed>> = tables(&handle.r#do)
            .map(|deed| client_deed(&deed.what))
            .collect();
        Some(SocketIoHandler {
            nsp: handle.namespace.value.clone()?,
            event: handle.event.value.clone()?,
            deeds: deeds.into_iter().collect::<Option<_>>()?,
        })
    }

    /// Values that are the same whatever comes.
    fn fixed(&mut self, list: &At<List<Filled>>) -> Option<Vec<Template>> {
        for value in list.value.iter().flatten() {
            self.is_fixed(value);
        }
        templates(list)
    }

    fn is_fixed(&mut self, value: &At<Filled>) {
        if value.get().is_some_and(|value| value.0.has_places()) {
            let message = "nothing has come here that a `$` could stand for";
            self.note(&value.span, message, "a dollar sign is written as `$$`");
        }
    }

    fn socketio_action(&mut self, action: &Action) -> Option<SocketIoAction> {
        Some(match &action.what {
            Kind::Emit(a) => {
                self.namespace(&a.namespace);
                self.event_name(&a.emit);
                if a.timeout.given().is_some() && a.ack.value == Some(false) {
                    let message = "a `timeout` is one for an acknowledgment: it takes `ack = true`";
                    self.note(&a.timeout.span, message, "nothing is waited for");
                }
                SocketIoAction::Emit(SocketIoEmit {
                    nsp: a.namespace.value.clone()?,
                    name: a.emit.value.clone()?,
                    args: self.fixed(&a.args)?,
                    ack: a.ack.value?,
                    timeout: a.timeout.value?,
                    volatile: a.volatile.value?,
                })
            }
            Kind::Await(a) => {
                self.namespace(&a.namespace);
                match a.r#await.value? {
                    Awaited::Connect => SocketIoAction::AwaitConnect(a.namespace.value.clone()?),
                    Awaited::Upgrade => SocketIoAction::AwaitUpgrade,
                    Awaited::Disconnect => SocketIoAction::AwaitDisconnect,
                    Awaited::ConnectError => SocketIoAction::AwaitConnectError,
                    Awaited::Ack => SocketIoAction::AwaitAck,
                }
            }
            Kind::AwaitEvent(a) => {
                self.namespace(&a.namespace);
                SocketIoAction::AwaitEvent {
                    nsp: a.namespace.value.clone()?,
                    name: a.await_event.value.clone()?,
                    args: match a.args.value.clone()? {
                        None => None,
                        Some(list) => {
                            let (span, value) = (a.args.span.clone(), Some(list));
                            Some(self.fixed(&At { span, value })?)
                        }
                    },
                }
            }
            Kind::Wait(a) => SocketIoAction::Wait(a.wait.value?),
            Kind::Connect(a) => {
                self.namespace(&a.connect);
                SocketIoAction::Connect(a.connect.value.clone()?)
            }
            Kind::Disconnect(a) => {
                self.namespace(&a.disconnect);
                SocketIoAction::Disconnect(a.disconnect.value.clone()?)
            }
            Kind::Abort(a) => {
                if a.abort.value == Some(false) {
                    let message = "without `true` this action does nothing";
                    self.note(&a.abort.span, message, "`true` belongs here");
                }
                SocketIoAction::Abort
            }
            Kind::Unclear => return None,
        })
    }

    /// JSON that a server can take for `auth`.
    fn auth(&mut self, auth: &At<Option<Filled>>) -> Option<Option<String>> {
        let Some(filled) = auth.value.as_ref()? else {
            return Some(None);
        };
        match &filled.0 {
            Template::Json(json) if json.starts_with('{') => return Some(Some(json.clone())),
            _ => {}
        }
        let message = "`auth` is a table, without bytes and `$` in it";
        self.note(&auth.span, message, "a table belongs here");
        None
    }

    pub(super) fn namespace(&mut self, nsp: &At<String>) {
        let right = |nsp: &str| {
            nsp.starts_with('/')
                && !nsp
                    .chars()
                    .any(|c| matches!(c, ',' | '?') || c.is_control())
        };
        if nsp.get().is_some_and(|nsp| !right(nsp)) {
            let message = "a namespace starts with `/` and has no `,` or `?`";
            self.note(&nsp.span, message, "not a namespace");
        }
    }

    pub(super) fn event_name(&mut self, name: &At<String>) {
        if let Some(name_given) = name.get().filter(|n| RESERVED_EVENTS.contains(&n.as_str())) {
            let message = format!("no event may be called {}", quote(name_given));
            self.note(&name.span, message, "the library's own name");
        }
    }
}

fn client_deed(what: &ClientDeedKind) -> Option<SocketIoDeed> {
    Some(match what {
        ClientDeedKind::Emit(emit) => {
            SocketIoDeed::Emit(emit.emit.value.clone()?.0, templates(&emit.args)?)
        }
        ClientDeedKind::Answer(answer) => SocketIoDeed::Answer(templates(&answer.answer)?),
        ClientDeedKind::Unclear => return None,
    })
}
