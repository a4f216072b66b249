//! Requests: the opening of sessions, polls, and the upgrade to WebSocket; and why one is refused.

use super::connection::Happened;
use super::session::Transport;
use super::{Origins, Server, ServerEvent, SessionId};
use crate::proto::engineio::{Packet, parse_payload};
use crate::proto::http::{Headers, Request, Response};
use crate::stack::cx::Cx;
use crate::stack::record::ConnId;
use crate::stack::websocket;

/// Why a request is refused: the code and the message of the answer's JSON.
type Refusal = (u8, &'static str);

const UNKNOWN_TRANSPORT: Refusal = (0, "Transport unknown");
const UNKNOWN_SID: Refusal = (1, "Session ID unknown");
const BAD_HANDSHAKE_METHOD: Refusal = (2, "Bad handshake method");
const BAD_REQUEST: Refusal = (3, "Bad request");
const FORBIDDEN: Refusal = (4, "Forbidden");
const UNSUPPORTED_PROTOCOL_VERSION: Refusal = (5, "Unsupported protocol version");

impl Server {
    /// Takes what happened on a connection, until there is nothing more.
    pub(super) fn pump(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        let came = cx.cause;
        loop {
            self.fetch(cx, conn);
            let Some(connection) = self.connections.get_mut(&conn) else {
                break;
            };
            let Some(happened) = connection.poll_event(cx) else {
                break;
            };
            match happened {
                Happened::Request(request) => self.take_request(cx, conn, request),
                Happened::Unreadable(request) => self.take_unreadable(cx, conn, request.as_deref()),
                Happened::Message(session, _) | Happened::Closed(session, _) => {
                    if let Some(open) = self.sessions.get_mut(&session) {
                        open.take_websocket(cx, &mut self.connections, conn, happened);
                        self.settle(cx, session);
                    }
                }
            }
            cx.cause = came;
        }
        self.fetch(cx, conn);
        self.reschedule(conn);
        cx.cause = came;
    }

    /// What came is no whole request: a session whose poll or POST it was cannot go on.
    fn take_unreadable(&mut self, cx: &mut Cx<'_>, conn: ConnId, request: Option<&Request>) {
        self.events
            .push(cx, ServerEvent::Refused(conn, "unreadable request"));
        self.abandon_poll(cx, conn);
        let posted = request.filter(|request| {
            request.method == "POST" && request.target.starts_with(&self.options.path)
        });
        let sid = posted.and_then(|request| parameter(request, "sid"));
        if let Some(session) = sid.and_then(|sid| self.by_sid.get(sid).copied())
            && let Some(open) = self.sessions.get_mut(&session)
        {
            open.lose_posted(
                cx,
                &mut self.connections,
                "a POST that cannot be read whole",
            );
            self.settle(cx, session);
        }
    }

    /// A connection ended: the session whose poll waits there cannot go on.
    pub(super) fn abandon_poll(&mut self, cx: &mut Cx<'_>, conn: ConnId) {
        let connection = self.connections.get_mut(&conn);
        let Some(session) = connection.and_then(|connection| connection.polled_by.take()) else {
            return;
        };
        if let Some(open) = self.sessions.get_mut(&session) {
            open.abandon_poll(cx, &mut self.connections, conn);
            self.settle(cx, session);
        }
    }

    /// Answers the request that waits.
    pub(super) fn answer(&mut self, cx: &mut Cx<'_>, conn: ConnId, response: Response) {
        if let Some(connection) = self.connections.get_mut(&conn) {
            connection.respond(cx, response);
        }
    }

    fn take_request(&mut self, cx: &mut Cx<'_>, conn: ConnId, request: Request) {
        let headers = self.headers_of_answers(&request);
        if let Some(connection) = self.connections.get_mut(&conn) {
            connection.headers = headers;
        }
        if !request.target.starts_with(&self.options.path) {
            let request = Box::new(request);
            return self.events.push(cx, ServerEvent::Request(conn, request));
        }
        if is_preflight(&request) && self.options.origins != Origins::Unchecked {
            return self.answer(cx, conn, preflight(&request));
        }
        let upgrades = request.headers.has("Upgrade", "websocket");
        match self.verify(&request, upgrades) {
            Err(refusal) => self.refuse(cx, conn, upgrades, refusal),
            Ok(session) if upgrades => self.upgrade(cx, conn, request, session),
            Ok(None) => self.open_polling(cx, conn, &request),
            Ok(Some(session)) => self.carry_on(cx, conn, &request, session),
        }
    }

    /// The session that a request names, if it may ask for what it asks for.
    fn verify(&self, request: &Request, upgrades: bool) -> Result<Option<SessionId>, Refusal> {
        let options = &self.options;
        let transport = parameter(request, "transport");
        match transport {
            Some("polling") if options.polling => {}
            Some("websocket") if options.websocket => {}
            _ => return Err(UNKNOWN_TRANSPORT),
        }
        if !self.options.origins.allow(request) {
            return Err(FORBIDDEN);
        }
        let is_websocket = transport == Some("websocket");
        let is_version_4 = parameter(request, "EIO") == Some("4");
        if let Some(sid) = parameter(request, "sid").filter(|sid| !sid.is_empty()) {
            let session = *self.by_sid.get(sid).ok_or(UNKNOWN_SID)?;
            let polls = self.sessions[&session].transport() == Transport::Polling;
            // a session that went over to WebSocket is not polled any more
            let fits = if upgrades {
                is_websocket
            } else {
                polls && !is_websocket
            };
            return if fits && is_version_4 {
                Ok(Some(session))
            } else {
                Err(BAD_REQUEST)
            };
        }
        if request.method != "GET" {
            return Err(BAD_HANDSHAKE_METHOD);
        }
        if is_websocket != upgrades {
            return Err(BAD_REQUEST);
        }
        if !is_version_4 {
            return Err(UNSUPPORTED_PROTOCOL_VERSION);
        }
        Ok(None)
    }

    /// Tells why not: with JSON, and where a WebSocket was asked for with the bare text, as npm's server does.
    fn refuse(&mut self, cx: &mut Cx<'_>, conn: ConnId, upgrades: bool, (code, message): Refusal) {
        self.refused(cx, conn, message);
        let status = if code == FORBIDDEN.0 { 403 } else { 400 };
        let response = Response::new(status);
        let response = match upgrades {
            true => response
                .with("Connection", "close")
                .with_body("text/html", message),
            false => {
                let json = format!(r#"{{"code":{code},"message":"{message}"}}"#);
                response.with_body("application/json", json)
            }
        };
        self.answer(cx, conn, response);
    }

    fn open_polling(&mut self, cx: &mut Cx<'_>, conn: ConnId, request: &Request) {
        if self.is_full(cx, conn) {
            return;
        }
        let session = self.open(cx, conn, request, Transport::Polling);
        self.poll(cx, conn, session);
    }

    /// A GET waits for packets, a POST brings some.
    fn carry_on(&mut self, cx: &mut Cx<'_>, conn: ConnId, request: &Request, session: SessionId) {
        match request.method.as_str() {
            "GET" => self.poll(cx, conn, session),
            "POST" => self.post(cx, conn, request, session),
            _ => {
                self.refused(cx, conn, "neither GET nor POST");
                self.answer(cx, conn, Response::new(500));
            }
        }
    }

    fn poll(&mut self, cx: &mut Cx<'_>, conn: ConnId, session: SessionId) {
        let Some(open) = self.sessions.get_mut(&session) else {
            return;
        };
        if let Some(connection) = self.connections.get_mut(&conn) {
            connection.polled_by = Some(session);
        }
        let taken = open.take_poll(cx, &mut self.connections, conn);
        self.settle(cx, session);
        if let Err(why) = taken {
            self.refused(cx, conn, why);
            self.answer(cx, conn, Response::new(400));
        }
    }

    fn post(&mut self, cx: &mut Cx<'_>, conn: ConnId, request: &Request, session: SessionId) {
        let Some(open) = self.sessions.get_mut(&session) else {
            return;
        };
        let came = cx.cause;
        let text = std::str::from_utf8(&request.body);
        if request.headers.get("Content-Type") == Some("application/octet-stream") {
            let why = "bytes, and in protocol 4 a POST is text";
            open.lose_posted(cx, &mut self.connections, why);
            self.settle(cx, session);
            return self.answer(cx, conn, Response::new(400));
        }
        let packets = text.map_or(vec![None], |text| {
            let packets = parse_payload(text).into_iter();
            packets.map(Result::ok).collect::<Vec<Option<Packet>>>()
        });
        for packet in packets {
            open.take_posted(cx, &mut self.connections, packet, conn);
            cx.cause = came;
        }
        self.settle(cx, session);
        let response = match text {
            Ok(_) => Response::new(200).with_body("text/html", "ok"),
            Err(_) => Response::new(400),
        };
        self.answer(cx, conn, response);
    }

    /// A WebSocket: for a new session, or for one that polls.
    fn upgrade(
        &mut self,
        cx: &mut Cx<'_>,
        conn: ConnId,
        request: Request,
        session: Option<SessionId>,
    ) {
        if session.is_none() && self.is_full(cx, conn) {
            return;
        }
        let options = websocket::ServerOptions {
            deflate: self.options.deflate,
            limits: websocket::Limits {
                max_message: self.options.max_payload,
                max_frame: self.options.max_payload,
                ..websocket::Limits::default()
            },
            ..websocket::ServerOptions::default()
        };
        let Some(connection) = self.connections.get_mut(&conn) else {
            return;
        };
        let asked = request.clone();
        if !connection.upgrade(cx, request, options) {
            return;
        }
        let Some(session) = session else {
            let session = self.open(cx, conn, &asked, Transport::WebSocket(conn));
            if let Some(connection) = self.connections.get_mut(&conn) {
                connection.belong_to(session);
            }
            return self.settle(cx, session);
        };
        let may = (self.sessions.get_mut(&session)).is_some_and(|open| open.begin_probe(cx, conn));
        if let Some(connection) = self.connections.get_mut(&conn) {
            match may {
                true => connection.belong_to(session),
                false => connection.close_websocket(cx),
            }
        }
        self.settle(cx, session);
    }

    /// Whether there is no room for a session more; the client is told so.
    fn is_full(&mut self, cx: &mut Cx<'_>, conn: ConnId) -> bool {
        let is_full = self.sessions.len() >= self.options.max_sessions;
        if is_full {
            self.refused(cx, conn, "too many sessions");
            let response = Response::new(503).with("Connection", "close");
            self.answer(
                cx,
                conn,
                response.with_body("text/plain", "too many sessions\n"),
            );
        }
        is_full
    }
}

impl Server {
    /// The fields that every answer to this request has: the server's own, and those of CORS (Fetch standard, §3.3).
    fn headers_of_answers(&self, request: &Request) -> Headers {
        let mut headers = self.options.headers.clone();
        let allowed = match &self.options.origins {
            Origins::Unchecked => None,
            Origins::Any => Some("*"),
            Origins::Only(_) => {
                headers.push("Vary", "Origin");
                let origin = request.headers.get("Origin");
                origin.filter(|_| self.options.origins.allow(request))
            }
        };
        if let Some(origin) = allowed {
            headers.push("Access-Control-Allow-Origin", origin);
        }
        headers
    }
}

/// The answer to a poll.
pub(super) fn poll_response(body: String) -> Response {
    Response::new(200)
        .with_body("text/plain; charset=UTF-8", body)
        .with("Cache-Control", "no-store")
}

/// A browser asks whether a page of another origin may send a request (Fetch standard, §3.3.2).
fn is_preflight(request: &Request) -> bool {
    let asks = request
        .headers
        .get("Access-Control-Request-Method")
        .is_some();
    request.method == "OPTIONS" && asks
}

fn preflight(request: &Request) -> Response {
    let response = Response::new(204).with("Access-Control-Allow-Methods", "GET, POST");
    match request.headers.get("Access-Control-Request-Headers") {
        Some(headers) => response.with("Access-Control-Allow-Headers", headers),
        None => response,
    }
}

/// The value of a parameter of the query.
fn parameter<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let (_, query) = request.target.split_once('?')?;
    let mut parameters = query.split('&').filter_map(|one| one.split_once('='));
    let found = parameters.find(|(own, _)| *own == name);
    found.map(|(_, value)| value)
}
