//! HTTP/1.1 programs: a server with fixed pages, a client that asks one thing after the other.

use std::collections::VecDeque;

use sha1::{Digest, Sha1};

use super::patience::Patience;
use super::script::{SCENARIO, alarm};
use super::talk::{Order, Orders, Talk};
use crate::base::{Time, imf_fixdate};
use crate::proto::http::{Request, Response};
use crate::sim::spec::{self, Content, Page};
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;
use crate::stack::http::{Client, ClientEvent, Server, ServerEvent};
use crate::stack::record::{ConnId, What};

/// What our programs call themselves in `User-Agent` and `Server`.
pub const PRODUCT: &str = "layerwalk";

/// A server's end of a connection.
#[derive(Debug)]
pub struct HttpServer {
    conn: ConnId,
    server: Server,
    pages: Vec<Page>,
    upload: Option<Upload>,
    /// The bytes to make up behind the head that was sent.
    made_up: Option<u64>,
    patience: Patience,
    orders: Orders,
}

impl HttpServer {
    /// Answers with these pages.
    pub fn new(conn: ConnId, spec: &spec::HttpServer) -> Self {
        let server = match spec.upload {
            Some(_) => Server::in_pieces(Some(conn)),
            None => Server::new(Some(conn)),
        };
        Self {
            conn,
            server,
            pages: spec.pages.clone(),
            upload: spec.upload.clone().map(Upload::new),
            made_up: None,
            patience: Patience::default(),
            orders: Orders::default(),
        }
    }

    /// The same server, which waits no longer than this for requests.
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    fn pump(&mut self, cx: &mut Cx) {
        loop {
            while let Some(bytes) = self.server.poll_transmit(cx) {
                self.orders.push(cx, Order::Send(bytes.into()));
            }
            if let Some(len) = self.made_up.take() {
                self.orders.push(cx, Order::SendMadeUp(0..len));
            }
            match self.server.poll_event(cx) {
                None => return,
                Some(ServerEvent::Body(bytes)) => {
                    if let Some(upload) = &mut self.upload {
                        upload.add(&bytes);
                    }
                }
                Some(ServerEvent::Request(request)) => {
                    self.patience.note_request();
                    self.answer(cx, &request);
                    self.patience.start(cx.now);
                }
                Some(ServerEvent::Failed(error)) => {
                    event(cx, self.conn, format!("unreadable request: {error}"));
                }
                Some(ServerEvent::Disconnect) => self.orders.push(cx, Order::Close),
            }
        }
    }

    fn answer(&mut self, cx: &mut Cx, request: &Request) {
        event(
            cx,
            self.conn,
            format!("request received: {}", request.line()),
        );
        let path = request.target.split('?').next().unwrap_or_default();
        let answer = self
            .upload
            .as_mut()
            .and_then(|upload| upload.answer(path, request));
        let page = self.pages.iter().find(|page| page.path == path);
        let response = match (answer, page) {
            (Some(text), _) => response(cx.now, &text_page(path, 200, text)),
            (None, Some(page)) => {
                self.made_up = page.made_up.filter(|_| request.method != "HEAD");
                response(cx.now, page)
            }
            (None, None) => {
                let text = format!("{path} is not here\n");
                response(cx.now, &text_page(path, 404, text))
            }
        };
        call(cx, self.conn, format!("respond {}", response.line()));
        self.server.respond(cx, response);
    }
}

/// What comes to the path that takes uploads. Nothing of it is kept but its length and its hash.
#[derive(Debug)]
struct Upload {
    path: String,
    len: u64,
    sha1: Sha1,
}

impl Upload {
    fn new(path: String) -> Self {
        Self {
            path,
            len: 0,
            sha1: Sha1::new(),
        }
    }

    /// Bytes of the body of a request came, whichever it is.
    fn add(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        self.sha1.update(bytes);
    }

    /// The request is whole: what to answer if it is an upload.
    fn answer(&mut self, path: &str, request: &Request) -> Option<String> {
        self.add(&request.body);
        let len = std::mem::take(&mut self.len);
        let hash = std::mem::take(&mut self.sha1).finalize();
        let is_upload = path == self.path && matches!(&*request.method, "PUT" | "POST");
        let hex =
            |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
        is_upload.then(|| format!("{len} bytes, SHA-1 {}\n", hex(&hash)))
    }
}

fn text_page(path: &str, status: u16, text: String) -> Page {
    Page {
        path: path.to_owned(),
        status,
        headers: Vec::new(),
        body: Content::Text(text.into()),
        made_up: None,
    }
}

/// The response with a page, with the headers that servers send.
fn response(now: Time, page: &Page) -> Response {
    let mut response = Response::new(page.status)
        .with("Date", &imf_fixdate(now))
        .with("Server", PRODUCT);
    let names_type = page
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    for (name, value) in &page.headers {
        response.headers.push(name, value);
    }
    let body = page.body.bytes();
    let len = page.made_up.unwrap_or(body.len() as u64);
    if len == 0 && page.made_up.is_none() {
        return response;
    }
    if !names_type {
        response
            .headers
            .push("Content-Type", content_type(&page.body));
    }
    response.headers.push("Content-Length", len.to_string());
    if page.made_up.is_none() {
        response.body = body.to_vec();
    }
    response
}

fn content_type(content: &Content) -> &'static str {
    match content {
        Content::Text(_) => "text/plain; charset=utf-8",
        Content::Binary(_) => "application/octet-stream",
    }
}

impl Talk for HttpServer {
    fn handle_open(&mut self, cx: &mut Cx) {
        self.patience.start(cx.now);
    }

    fn handle_input(&mut self, cx: &mut Cx, bytes: &[u8]) {
        self.patience.note_input(cx.now, &self.server);
        self.server.handle_input(cx, bytes);
        self.pump(cx);
    }

    fn handle_end(&mut self, cx: &mut Cx) {
        self.server.handle_end(cx);
        self.pump(cx);
    }

    fn handle_gone(&mut self, cx: &mut Cx) {
        self.server.handle_end(cx);
        self.pump(cx);
    }

    fn handle_timeout(&mut self, cx: &mut Cx) {
        let Some(farewell) = self.patience.give_up(cx.now, &self.server) else {
            return;
        };
        if !farewell.is_empty() {
            self.orders.push(cx, Order::Send(farewell.into()));
        }
        self.orders.push(cx, Order::Close);
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.patience.due(&self.server)
    }

    fn poll_order(&mut self, cx: &mut Cx) -> Option<Order> {
        self.orders.pop(cx)
    }
}

/// A client's end of a connection.
#[derive(Debug)]
pub struct HttpClient {
    conn: ConnId,
    client: Client,
    host: String,
    requests: VecDeque<spec::Request>,
    /// Until the next request.
    pause: Option<Alarm>,
    is_over: bool,
    orders: Orders,
}

impl HttpClient {
    /// Asks what the program is to ask.
    pub fn new(conn: ConnId, spec: &spec::HttpClient) -> Self {
        Self {
            conn,
            client: Client::new(Some(conn)),
            host: spec.host.clone(),
            requests: spec.requests.iter().cloned().collect(),
            pause: None,
            is_over: false,
            orders: Orders::default(),
        }
    }

    /// Waits as long as the next request wants, or makes it, or closes if there is none.
    fn next(&mut self, cx: &mut Cx) {
        match self.requests.front() {
            None => self.close(cx),
            Some(request) if request.after.is_zero() => self.request(cx),
            Some(request) => {
                self.pause = Some(alarm(cx, Some(self.conn), "wait", request.after));
            }
        }
    }

    fn request(&mut self, cx: &mut Cx) {
        if let Some(spec) = self.requests.pop_front() {
            let request = request(&spec, &self.host);
            call(
                cx,
                self.conn,
                format!("request {} {}", spec.method, spec.path),
            );
            self.client.request(cx, request);
            self.pump(cx);
        }
    }

    fn close(&mut self, cx: &mut Cx) {
        if !self.is_over {
            self.is_over = true;
            call(cx, self.conn, "close".to_owned());
            self.orders.push(cx, Order::Close);
        }
    }

    fn pump(&mut self, cx: &mut Cx) {
        loop {
            while let Some(bytes) = self.client.poll_transmit(cx) {
                self.orders.push(cx, Order::Send(bytes.into()));
            }
            match self.client.poll_event(cx) {
                None => return,
                Some(ClientEvent::Interim(response)) => {
                    event(
                        cx,
                        self.conn,
                        format!("interim response: {}", response.line()),
                    );
                }
                Some(ClientEvent::Response(response)) => {
                    let (line, len) = (response.line(), response.body.len());
                    event(
                        cx,
                        self.conn,
                        format!("response received: {line}, {len} bytes"),
                    );
                    self.next(cx);
                }
                Some(ClientEvent::Failed(error)) => {
                    event(cx, self.conn, format!("no response: {error}"));
                }
                Some(ClientEvent::Disconnect) => self.close(cx),
            }
        }
    }
}

fn request(spec: &spec::Request, host: &str) -> Request {
    let mut request = Request::new(&spec.method, &spec.path, host)
        .with("User-Agent", PRODUCT)
        .with("Accept", "*/*");
    for (name, value) in &spec.headers {
        request.headers.push(name, value);
    }
    match &spec.body {
        None => request,
        Some(body) => request.with_body(content_type(body), body.bytes()),
    }
}

impl Talk for HttpClient {
    fn handle_open(&mut self, cx: &mut Cx) {
        self.next(cx);
    }

    fn handle_input(&mut self, cx: &mut Cx, bytes: &[u8]) {
        self.client.handle_input(cx, bytes);
        self.pump(cx);
    }

    fn handle_end(&mut self, cx: &mut Cx) {
        self.client.handle_end(cx);
        self.pump(cx);
    }

    fn handle_gone(&mut self, cx: &mut Cx) {
        self.pause = None;
        self.is_over = true;
        self.client.handle_end(cx);
        self.pump(cx);
    }

    fn handle_timeout(&mut self, cx: &mut Cx) {
        if let Some(pause) = self.pause.take_if(|pause| pause.at <= cx.now) {
            pause.expire(cx);
            self.request(cx);
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.pause.as_ref().map(|pause| pause.at)
    }

    fn poll_order(&mut self, cx: &mut Cx) -> Option<Order> {
        self.orders.pop(cx)
    }
}

fn call(cx: &mut Cx, conn: ConnId, text: String) {
    cx.step(7, Some(conn), SCENARIO, What::AppCall(text.into()));
}

fn event(cx: &mut Cx, conn: ConnId, text: String) {
    cx.step(7, Some(conn), SCENARIO, What::AppEvent(text.into()));
}
