//! Programs.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use crate::base::NodeId;
use crate::scenario::format::{self, List};
use crate::scenario::mistake::{Mistake, quote};
use crate::scenario::read::At;
use crate::scenario::values::{Header, Number, Port, Target};
use crate::sim::spec::{self, AppKind, Content, Reply};

use super::script::Carrier;

use super::{Builder, tables};

impl<'b> Builder<'b, '_> {
    pub(super) fn apps(&mut self) -> Vec<spec::App> {
        let file = self.file;
        self.unique_ports(tables(&file.app).collect());
        tables(&file.app)
            .filter_map(|app| self.one_app(app))
            .collect()
    }

    fn one_app(&mut self, app: &format::App) -> Option<spec::App> {
        let on = self.host(&app.on, "and no program runs on one");
        // The program's own keys are looked at, too, where its host is not known.
        let kind = self.kind(on, &app.kind);
        Some(spec::App {
            on: on?,
            start: app.start.value?,
            kind: kind?,
        })
    }

    fn kind(&mut self, on: Option<NodeId>, kind: &format::AppKind) -> Option<AppKind> {
        use format::AppKind as From;
        Some(match kind {
            From::WebSocketClient(app) => AppKind::WebSocketClient(self.websocket_client(on, app)?),
            From::WebSocketServer(app) => AppKind::WebSocketServer(self.websocket_server(app)?),
            From::SocketIoClient(app) => AppKind::SocketIoClient(self.socketio_client(on, app)?),
            From::EngineIoServer(app) => AppKind::EngineIoServer(self.engineio_server(app)?),
            From::SocketIoServer(app) => AppKind::SocketIoServer(self.socketio_server(app)?),
            From::Proxy(app) => AppKind::Proxy(self.proxy(on, app)?),
            From::HttpClient(app) => AppKind::HttpClient(self.http_client(on, app)?),
            From::HttpServer(app) => AppKind::HttpServer(self.http_server(app)?),
            From::TcpClient(app) => {
                let (to, script) = (
                    self.target(on, &app.to),
                    self.script(&app.script, Carrier::Tcp),
                );
                AppKind::TcpClient(spec::TcpClient {
                    to: to?,
                    local_port: app.local_port.value?.map(Number::narrow),
                    script: script?,
                })
            }
            From::TcpServer(app) => {
                let reply = self.reply(&app.echo, &app.answer);
                AppKind::TcpServer(spec::TcpServer {
                    script: self.script(&app.script, Carrier::Tcp)?,
                    port: app.port.value?.narrow(),
                    reply: reply?,
                })
            }
            From::UdpClient(app) => {
                let (to, script) = (
                    self.target(on, &app.to),
                    self.script(&app.script, Carrier::Udp),
                );
                AppKind::UdpClient(spec::UdpClient {
                    to: to?,
                    local_port: app.local_port.value?.map(Number::narrow),
                    script: script?,
                })
            }
            From::Balancer(app) => AppKind::Balancer(self.balancer(on, app)?),
            From::UdpEcho(app) => AppKind::UdpEcho(spec::UdpEcho {
                port: app.port.value?.narrow(),
            }),
            From::Ping(app) => AppKind::Ping(spec::Ping {
                to: self.address(on, app.to.get()?, &app.to.span)?,
                count: app.count.value?.narrow(),
                interval: app.interval.value?,
                size: app.size.value?.narrow(),
            }),
            From::RawTcp(app) => AppKind::RawTcp(self.raw_tcp(on, app)?),
            From::Unclear => return None,
        })
    }

    fn balancer(&mut self, on: Option<NodeId>, app: &format::Balancer) -> Option<spec::Balancer> {
        let servers = app.to.value.iter().flatten();
        let servers: Vec<_> = servers.map(|to| self.target(on, to)).collect();
        if servers.is_empty() {
            self.note(
                &app.to.span,
                "a balancer needs servers",
                "the names and ports of some",
            );
        }
        Some(spec::Balancer {
            port: app.port.value?.narrow(),
            servers: servers
                .into_iter()
                .collect::<Option<Vec<_>>>()
                .filter(|all| !all.is_empty())?,
        })
    }

    fn http_client(
        &mut self,
        on: Option<NodeId>,
        app: &format::HttpClient,
    ) -> Option<spec::HttpClient> {
        let to = self.target(on, &app.to);
        self.one_line(&app.host);
        let mut requests = Vec::new();
        for request in tables(&app.request) {
            self.path(&request.path);
            self.token(&request.method);
            requests.push(spec::Request {
                after: request.after.value?,
                method: request.method.value.clone()?,
                path: request.path.value.clone()?,
                headers: headers(&request.headers),
                body: request
                    .body
                    .value
                    .clone()?
                    .map(|text| Content::Text(text.into())),
            });
        }
        Some(spec::HttpClient {
            to: to?,
            host: host_header(&app.host, &app.to)?,
            local_port: app.local_port.value?.map(Number::narrow),
            requests,
        })
    }

    fn http_server(&mut self, app: &format::HttpServer) -> Option<spec::HttpServer> {
        let mut pages = Vec::new();
        for page in tables(&app.page) {
            self.path(&page.path);
            if page.body_size.given().is_some() && page.body.get().is_some_and(|b| !b.is_empty()) {
                let message = "`body` and `body_size` do not go together";
                self.note(&page.body_size.span, message, "one too much");
            }
            pages.push(spec::Page {
                path: page.path.value.clone()?,
                status: page.status.value?.narrow(),
                headers: headers(&page.headers),
                body: Content::Text(page.body.value.clone()?.into()),
                made_up: page.body_size.value?.map(|size| size.0),
            });
        }
        if let Some(path) = app.upload.given() {
            let value = Some(path.clone());
            let span = app.upload.span.clone();
            self.path(&At { span, value });
        }
        Some(spec::HttpServer {
            port: app.port.value?.narrow(),
            pages,
            upload: app.upload.value.clone()?,
        })
    }

    /// What a server answers with: nothing, the same, or a fixed text.
    pub(super) fn reply(&mut self, echo: &At<bool>, answer: &At<Option<String>>) -> Option<Reply> {
        match (echo.value?, answer.value.clone()?) {
            (true, Some(_)) => {
                self.note(
                    &answer.span,
                    "`echo` and `answer` do not go together",
                    "one too much",
                );
                None
            }
            (true, None) => Some(Reply::Echo),
            (false, Some(text)) => Some(Reply::Fixed(Content::Text(text.into()))),
            (false, None) => Some(Reply::Nothing),
        }
    }

    pub(super) fn target(&mut self, on: Option<NodeId>, at: &At<Target>) -> Option<SocketAddr> {
        let target = at.get()?;
        let ip = self.address(on, &target.host, &at.span)?;
        Some(SocketAddr::new(ip, target.port))
    }

    /// The address that a node's name or an address means, as seen from the host `on`.
    fn address(&mut self, on: Option<NodeId>, to: &str, span: &Range<usize>) -> Option<IpAddr> {
        let node = self.find(to);
        let ip = match (node, to.parse()) {
            (Some(node), _) if self.is_switch(node) => {
                let message = format!("{} is a switch, which has no address", quote(to));
                self.note(span, message, "a host belongs here");
                return None;
            }
            (Some(node), _) => self.address_of(on, node)?,
            (None, Ok(ip)) => ip,
            (None, Err(_)) => {
                self.unknown_node(to, span);
                return None;
            }
        };
        if let Some(on) = on {
            self.reachable(on, ip, span);
        }
        Some(ip)
    }

    fn reachable(&mut self, on: NodeId, ip: IpAddr, span: &Range<usize>) {
        let name = quote(self.name(on));
        let node = (0..self.nodes.len()).map(NodeId::from_index);
        let target = node.clone().find(|&n| match ip {
            IpAddr::V4(ip) => self.has_address(n, ip),
            IpAddr::V6(ip) => self.has_ipv6(n, ip),
        });
        if target == Some(on) {
            self.note(
                span,
                format!("{name} would connect to itself"),
                "its own address",
            );
        } else if let Some(target) = target
            && !self.connected(on, target)
            && self.links.len() == self.file.link.get().map_or(0, Vec::len)
        {
            let message = format!("no links lead from {name} to {}", quote(self.name(target)));
            self.note(span, message, "not connected");
        } else if let Some((message, label, help)) = self.no_way(on, ip) {
            let mistake = Mistake::new(span.clone(), message, label);
            self.reader.note(mistake.help(help));
        }
    }

    /// Notes two programs that listen on the same port of the same host.
    fn unique_ports(&mut self, apps: Vec<&'b format::App>) {
        let mut seen: Vec<(String, bool, Number<1, 65_535>, &At<Port>)> = Vec::new();
        for app in apps {
            let (udp, port) = match &app.kind {
                format::AppKind::WebSocketServer(app) => (false, &app.port),
                format::AppKind::HttpServer(app) => (false, &app.port),
                format::AppKind::EngineIoServer(app) => (false, &app.port),
                format::AppKind::SocketIoServer(app) => (false, &app.port),
                format::AppKind::Proxy(app) => (false, &app.port),
                format::AppKind::TcpServer(app) => (false, &app.port),
                format::AppKind::Balancer(app) => (false, &app.port),
                format::AppKind::UdpEcho(app) => (true, &app.port),
                _ => continue,
            };
            let (Some(on), Some(&number)) = (app.on.get(), port.get()) else {
                continue;
            };
            let same = seen.iter().find(|s| (&s.0, s.1, s.2) == (on, udp, number));
            if let Some((.., first)) = same {
                let message = format!("port {} of {} is taken twice", number.0, quote(on));
                let mistake = Mistake::new(port.span.clone(), message, "taken already");
                self.reader
                    .note(mistake.also(first.span.clone(), "first taken here"));
            }
            seen.push((on.clone(), udp, number, port));
        }
    }

    pub(super) fn path(&mut self, path: &At<String>) {
        let right =
            |path: &str| path.starts_with('/') && path.bytes().all(|b| b.is_ascii_graphic());
        if path.get().is_some_and(|path| !right(path)) {
            let message = "a path starts with `/` and has no spaces or letters beyond ASCII";
            self.note(&path.span, message, "not a path");
        }
    }

    pub(super) fn one_line(&mut self, text: &At<Option<String>>) {
        let right = |text: &String| text.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        if text
            .given()
            .is_some_and(|text| text.is_empty() || !right(text))
        {
            self.note(
                &text.span,
                "a header's value is one line of ASCII",
                "not a header's value",
            );
        }
    }

    pub(super) fn tokens(&mut self, list: &At<List<String>>) -> Vec<String> {
        for at in list.value.iter().flatten() {
            self.token(at);
        }
        tables(list).cloned().collect()
    }

    /// RFC 9110 §5.6.2.
    fn token(&mut self, at: &At<String>) {
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+.^_`|~-".contains(c);
        if at
            .get()
            .is_some_and(|text| text.is_empty() || !text.chars().all(token))
        {
            self.note(
                &at.span,
                "this is no token of HTTP",
                "letters, digits and a few signs only",
            );
        }
    }
}

fn headers(list: &At<List<Header>>) -> Vec<(String, String)> {
    tables(list)
        .map(|header| (header.name.clone(), header.value.clone()))
        .collect()
}

/// The `Host` header: the one given, or the target, without the port where it is the usual one (RFC 9110 §7.2).
pub(super) fn host_header(host: &At<Option<String>>, to: &At<Target>) -> Option<String> {
    let Target { host: named, port } = to.get()?;
    // RFC 3986 §3.2.2: an IPv6 address stands in brackets there, too.
    let named = if named.contains(':') {
        format!("[{named}]")
    } else {
        named.clone()
    };
    Some(match (host.value.clone()?, port) {
        (Some(host), _) => host,
        (None, 80) => named,
        (None, port) => format!("{named}:{port}"),
    })
}
