//! `layerwalk serve`: a real server that does what a scenario's handlers say.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use super::capture::time::parse_duration;
use super::exit::{Exit, Result};
use super::screen::{self, Look};
use super::source;
use crate::base::text::safe;
use crate::base::{LinkType, Rng};
use crate::capture::packet::{Interface, Packet};
use crate::capture::pcapng::Writer;
use crate::live::record::Recorder;
use crate::live::serve::{Limits, Server, Witness};
use crate::live::site::{self, Preset};
use crate::sim::app::{self, Outside, Said};
use crate::sim::spec::{self, AppKind, Spec, WebSocketServer};
use crate::stack::websocket::DeflateOptions;
use crate::tui::{self, Coming};
use crate::walk::Walk;

/// The scenario whose server runs where none is named.
const DEFAULT: &str = "socketio-chat";

/// Serve Socket.IO or WebSocket to real clients, as a scenario's handlers say
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  layerwalk serve
      a chat with rooms at http://127.0.0.1:3000/, with a page to try it
  layerwalk serve my.toml --listen 0.0.0.0:8080 --cors http://localhost:5173
      the server of your own scenario, for a page of another origin, too
  layerwalk serve --static public
      your own page beside it

What a handler can do stands in docs/scenarios.md. Ctrl-C ends it, and tells the clients.")]
pub struct ServeArgs {
    /// A built-in scenario's name, or a .toml file; else a chat with rooms
    scenario: Option<String>,
    /// The node whose server it is; else the first that has one
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// Where to listen: an address and a port, or one of them; may be given several times
    #[arg(long, value_name = "ADDRESS", value_parser = parse_listen)]
    listen: Vec<(Option<IpAddr>, Option<u16>)>,
    /// Time from a pong, or of a WebSocket server from a ping, to the next ping, such as 25s
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    ping_interval: Option<Duration>,
    /// Time in which a ping must be answered
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    ping_timeout: Option<Duration>,
    /// Time in which a client must have asked for a namespace
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    connect_timeout: Option<Duration>,
    /// The longest poll and message, in bytes
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(100..=16_000_000))]
    max_payload: Option<u64>,
    /// Agree to compress messages over WebSocket, as Socket.IO's clients offer it
    #[arg(long)]
    deflate: bool,
    /// The path of its sessions, such as /socket.io/, or of a WebSocket server
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// The origin of a page that may use it, such as http://localhost:5173, or * for any; may be given several times
    #[arg(long, value_name = "ORIGIN", value_parser = parse_origin)]
    cors: Vec<String>,
    /// A folder whose files are served beside it
    #[arg(long = "static", value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The most connections at one time
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    max_connections: u64,
    /// The most events, or messages, of one client in a second; one that sends more is sent away
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    max_events: u32,
    /// The most bytes that wait for a client that does not read; it is cut off then
    #[arg(long, value_name = "BYTES", default_value_t = 4_000_000)]
    max_unsent: usize,
    /// Time in which a request must be there whole
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    request_timeout: Duration,
    /// Time that a connection may stand without a request
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration)]
    idle_timeout: Duration,
    /// Write what passes to this file (pcapng): the bytes of the streams, in segments made for them
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Show what passes on the screen, as a walk that grows; `q` ends the server
    #[arg(long)]
    walk: bool,
    /// Print only who comes and goes, and the scenario's log
    #[arg(short, long)]
    quiet: bool,
    /// Print nothing but where it listens
    #[arg(long)]
    silent: bool,
}

/// Runs the command.
///
/// # Errors
/// If the scenario has no server, or an address cannot be listened at.
pub fn run(args: &ServeArgs, look: Look) -> Result {
    let name = args.scenario.as_deref().unwrap_or(DEFAULT).to_owned();
    let spec = source::read_scenario(&name)?.spec(None);
    let mut kind = server(&spec, args.node.as_deref(), &name)?;
    args.adjust(&mut kind)?;
    let outside = args.outside(preset_of(&kind))?;
    let place = place_of(&kind);
    let addresses = args.addresses(port_of(&kind));
    raise_file_limit();
    let limits = Limits {
        connections: args.most_connections(),
        unsent: args.max_unsent,
    };
    let file = args.file()?;
    let (quiet, silent) = (args.quiet || args.silent, args.silent || args.walk);
    let say = move |said| match said {
        Said::Line(_) | Said::Event(_) if silent => {}
        Said::Event(_) if quiet => {}
        Said::Line(text) | Said::Event(text) => print(&safe(&text)),
    };
    let serve = move |screen: Option<mpsc::Sender<Coming>>, ready: Ready| {
        let is_seen = file.is_some() || screen.is_some();
        let sink = sink(file, screen.clone());
        let witness: Box<dyn Witness> = match is_seen {
            true => Box::new(Recorder::new(rng(), sink)),
            false => Box::new(()),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(Exit::unreadable)?;
        let (_, service) = app::service(&kind, rng(), outside).ok_or_else(|| no_server(&name))?;
        LocalSet::new().block_on(&runtime, async {
            let server = Server::bind(&addresses, service, limits, Box::new(say), witness).await;
            let server = server.map_err(|error| cannot_listen(&addresses, &error))?;
            ready(&server.addresses());
            server.run(stopped(screen)).await;
            Ok(())
        })
    };
    let told = move |addresses: &[SocketAddr]| told(addresses, place.as_deref());
    match args.walk {
        true => on_screen(serve, told, look),
        false => serve(None, Box::new(move |addresses| print(&told(addresses)))),
    }
}

/// What is called with the addresses when the server listens.
type Ready = Box<dyn FnOnce(&[SocketAddr])>;

/// Where it listens, and at what place of each address it speaks, where that is to be known: a line each.
fn told(addresses: &[SocketAddr], place: Option<&str>) -> String {
    let lines = addresses.iter().flat_map(|address| {
        let place = place.map(|place| place.replace("ADDRESS", &address.to_string()));
        let listens = format!("listening at http://{address}/");
        std::iter::once(listens).chain(place.map(|place| format!("  {place}")))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Where on `ADDRESS` a server speaks; `None` where every client knows it.
fn place_of(kind: &AppKind) -> Option<String> {
    match kind {
        AppKind::WebSocketServer(server) => {
            Some(format!("WebSocket at ws://ADDRESS{}", server.path))
        }
        AppKind::EngineIoServer(server) => Some(format!(
            "Engine.IO, without Socket.IO, at http://ADDRESS{}",
            server.engine.path
        )),
        AppKind::SocketIoServer(server) if server.engine.path != SOCKET_IO => {
            Some(format!("Socket.IO at http://ADDRESS{}", server.engine.path))
        }
        _ => None,
    }
}

/// What the testing page begins with.
fn preset_of(kind: &AppKind) -> Preset {
    let (is_plain, path) = match kind {
        AppKind::WebSocketServer(server) => (true, Some(server.path.clone())),
        AppKind::EngineIoServer(server) => {
            // by hand, with the digits written by who tries it
            let path = format!("{}?EIO=4&transport=websocket", server.engine.path);
            (true, Some(path))
        }
        AppKind::SocketIoServer(server) => {
            let path = Some(server.engine.path.clone());
            (false, path.filter(|path| path != SOCKET_IO))
        }
        _ => (false, None),
    };
    Preset { is_plain, path }
}

/// The path of Socket.IO that every client knows.
const SOCKET_IO: &str = "/socket.io/";

/// Serves on a thread of its own, and shows what passes on the screen.
fn on_screen(
    serve: impl FnOnce(Option<mpsc::Sender<Coming>>, Ready) -> Result + Send + 'static,
    told: impl FnOnce(&[SocketAddr]) -> String + Send + 'static,
    look: Look,
) -> Result {
    if !tui::has_terminal() {
        return Err(Exit::usage(
            "--walk needs a terminal; --record writes a file instead",
        ));
    }
    let (sender, packets) = mpsc::channel(WAITING);
    let (ready, is_ready) = std::sync::mpsc::channel();
    let server = thread::spawn(move || {
        let ready = move |addresses: &[SocketAddr]| {
            let title = addresses.first().map(SocketAddr::to_string);
            drop(ready.send((title.unwrap_or_default(), told(addresses))));
        };
        serve(Some(sender), Box::new(ready))
    });
    let Ok((title, told)) = is_ready.recv() else {
        // it did not begin
        return server.join().expect("the server does not panic");
    };
    let how = "in a browser it is a page to try it with; in another terminal:\n  layerwalk connect http://";
    let walk = Walk::live(&title, interface()).invite(&format!("{told}\n{how}{title}"));
    let shown = screen::show(walk, Some(packets), look);
    let served = server.join().expect("the server does not panic");
    shown.and(served)
}

/// So many packets wait for the screen; what comes beyond it is not shown.
const WAITING: usize = 100_000;

/// Who gets the packets.
fn sink(
    file: Option<Writer<BufWriter<File>>>,
    screen: Option<mpsc::Sender<Coming>>,
) -> Box<dyn Fn(Packet)> {
    let file = RefCell::new(file);
    Box::new(move |packet| {
        let mut file = file.borrow_mut();
        let written = file.as_mut().map(|writer| {
            writer.packet(&packet)?;
            writer.flush()
        });
        if let Some(Err(error)) = written {
            eprintln!("layerwalk: nothing more is recorded: {error}");
            *file = None;
        }
        if let Some(screen) = &screen {
            drop(screen.try_send(Coming::Packet(packet)));
        }
    })
}

/// What is recorded, described.
fn interface() -> Interface {
    let how = "The bytes of the streams are those that passed. A program on a socket sees no packets: \
               the segments were made for them, with their numbers and acknowledgments.";
    Interface {
        name: Some("layerwalk serve".to_owned()),
        link_type: LinkType::RAW,
        snap_len: 0,
        fcs_len: None,
        comments: vec![how.to_owned()],
    }
}

impl ServeArgs {
    /// Puts what the options say in place of what the scenario says.
    fn adjust(&self, kind: &mut AppKind) -> Result {
        self.check(kind)?;
        match kind {
            AppKind::SocketIoServer(server) => {
                server.connect_timeout = self.connect_timeout.unwrap_or(server.connect_timeout);
                self.adjust_engine(&mut server.engine)
            }
            AppKind::EngineIoServer(server) => self.adjust_engine(&mut server.engine),
            AppKind::WebSocketServer(server) => self.adjust_websocket(server),
            _ => Ok(()),
        }
    }

    /// An option that means nothing to a server of this kind is refused.
    fn check(&self, kind: &AppKind) -> Result {
        let (is_http, is_plain) = match kind {
            AppKind::SocketIoServer(_) => return Ok(()),
            AppKind::EngineIoServer(_) => (false, false),
            AppKind::WebSocketServer(_) => (false, true),
            _ => (true, true),
        };
        let given = [
            (self.connect_timeout.is_some(), "--connect-timeout"),
            (is_plain && self.ping_timeout.is_some(), "--ping-timeout"),
            (is_http && self.ping_interval.is_some(), "--ping-interval"),
            (is_http && self.max_payload.is_some(), "--max-payload"),
            (is_http && self.deflate, "--deflate"),
            (is_http && self.path.is_some(), "--path"),
            (is_http && !self.cors.is_empty(), "--cors"),
            (is_http && self.folder.is_some(), "--static"),
        ];
        let what = match kind {
            AppKind::EngineIoServer(_) => "a server of Engine.IO by itself",
            AppKind::WebSocketServer(_) => "a WebSocket server",
            _ => "an HTTP server",
        };
        match given.iter().find(|(is_given, _)| *is_given) {
            Some((_, option)) => Err(Exit::usage(format!("{option} means nothing to {what}"))),
            None => Ok(()),
        }
    }

    fn adjust_engine(&self, server: &mut spec::EngineIo) -> Result {
        server.ping_interval = self.ping_interval.unwrap_or(server.ping_interval);
        server.ping_timeout = self.ping_timeout.unwrap_or(server.ping_timeout);
        server.deflate |= self.deflate;
        if let Some(bytes) = self.max_payload {
            server.max_payload = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        if let Some(path) = self.path()? {
            server.path = format!("{}/", path.trim_end_matches('/'));
        }
        Ok(())
    }

    fn adjust_websocket(&self, server: &mut WebSocketServer) -> Result {
        server.ping_interval = self.ping_interval.or(server.ping_interval);
        if self.deflate && server.policy.deflate.is_none() {
            server.policy.deflate = Some(DeflateOptions::default());
        }
        if let Some(bytes) = self.max_payload {
            server.policy.max_message = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        if let Some(path) = self.path()? {
            server.path = path.to_owned();
        }
        Ok(())
    }

    fn path(&self) -> Result<Option<&str>> {
        match &self.path {
            Some(path) if !path.starts_with('/') => {
                Err(Exit::usage(format!("--path {path}: a path starts with /")))
            }
            path => Ok(path.as_deref()),
        }
    }

    fn most_connections(&self) -> usize {
        usize::try_from(self.max_connections).unwrap_or(usize::MAX)
    }

    /// The file to record into, begun.
    fn file(&self) -> Result<Option<Writer<BufWriter<File>>>> {
        let Some(path) = &self.record else {
            return Ok(None);
        };
        let begin = || {
            let mut writer = Writer::new(BufWriter::new(File::create(path)?), &[])?;
            writer.interface(&interface())?;
            writer.flush()?;
            Ok(Some(writer))
        };
        begin().map_err(|error: io::Error| {
            Exit::unreadable(format!("{} cannot be written: {error}", path.display()))
        })
    }

    fn outside(&self, preset: Preset) -> Result<Outside> {
        if let Some(folder) = &self.folder
            && !folder.is_dir()
        {
            let folder = folder.display();
            return Err(Exit::usage(format!(
                "--static {folder}: there is no such folder"
            )));
        }
        let folder = self.folder.clone();
        Ok(Outside {
            origins: Some(self.cors.clone()),
            request_timeout: Some(self.request_timeout),
            idle_timeout: Some(self.idle_timeout),
            says_events: !(self.quiet || self.silent || self.walk),
            max_sessions: Some(self.most_connections()),
            max_unsent: Some(self.max_unsent),
            most_a_second: Some(self.max_events),
            site: Some(Box::new(move |request| {
                site::answer(folder.as_deref(), &preset, request)
            })),
        })
    }

    /// Where to listen; the scenario's port where no other is given.
    fn addresses(&self, port: u16) -> Vec<SocketAddr> {
        let whole = |(ip, given): &(Option<IpAddr>, Option<u16>)| {
            let ip = ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
            SocketAddr::new(ip, given.unwrap_or(port))
        };
        match self.listen.as_slice() {
            [] => vec![whole(&(None, None))],
            given => given.iter().map(whole).collect(),
        }
    }
}

fn parse_listen(text: &str) -> std::result::Result<(Option<IpAddr>, Option<u16>), String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok((Some(address.ip()), Some(address.port())));
    }
    if let Ok(ip) = text.parse() {
        return Ok((Some(ip), None));
    }
    match text.trim_start_matches(':').parse() {
        Ok(port) => Ok((None, Some(port))),
        Err(_) => Err("write it as 127.0.0.1:3000, [::1]:3000, 0.0.0.0 or 3000".to_owned()),
    }
}

/// An origin as browsers write it (RFC 6454 §6.2), or `*`.
fn parse_origin(text: &str) -> std::result::Result<String, String> {
    let is_origin = text.split_once("://").is_some_and(|(scheme, host)| {
        let is_written = |c: char| c.is_ascii_alphanumeric() || "+-.:[]_".contains(c);
        !scheme.is_empty()
            && !host.is_empty()
            && (scheme.chars().chain(host.chars())).all(is_written)
    });
    match is_origin || text == "*" {
        true => Ok(text.to_ascii_lowercase()),
        false => Err(
            "an origin is written as http://localhost:5173, without a path; * is any".to_owned(),
        ),
    }
}

/// The server of the scenario: of the node that is named, or the first.
fn server(spec: &Spec, node: Option<&str>, scenario: &str) -> Result<AppKind> {
    if let Some(name) = node
        && !spec.nodes.iter().any(|node| node.name == name)
    {
        let names: Vec<&str> = spec.nodes.iter().map(|node| node.name.as_str()).collect();
        let (scenario, name) = (safe(scenario), safe(name));
        return Err(Exit::usage(format!(
            "{scenario} has no node {name}; its nodes are {}",
            safe(&names.join(", "))
        )));
    }
    let named = |app: &&spec::App| node.is_none_or(|name| spec.nodes[app.on.index()].name == name);
    let serves = |app: &&spec::App| {
        matches!(
            app.kind,
            AppKind::SocketIoServer(_)
                | AppKind::EngineIoServer(_)
                | AppKind::WebSocketServer(_)
                | AppKind::HttpServer(_)
        )
    };
    let found = spec.apps.iter().filter(named).find(serves);
    found
        .map(|app| app.kind.clone())
        .ok_or_else(|| no_server(scenario))
}

fn port_of(kind: &AppKind) -> u16 {
    match kind {
        AppKind::SocketIoServer(server) => server.port,
        AppKind::EngineIoServer(server) => server.port,
        AppKind::WebSocketServer(server) => server.port,
        AppKind::HttpServer(server) => server.port,
        _ => 0,
    }
}

fn no_server(scenario: &str) -> Exit {
    Exit::usage(format!(
        "{} has no server that can be served: a `[[app]]` of kind socketio-server, engineio-server, websocket-server or http-server",
        safe(scenario)
    ))
}

fn cannot_listen(addresses: &[SocketAddr], error: &io::Error) -> Exit {
    let addresses: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
    let message = format!("cannot listen at {}: {error}", addresses.join(", "));
    match error.kind() {
        io::ErrorKind::PermissionDenied => Exit::not_permitted(message),
        io::ErrorKind::AddrInUse => Exit::usage(format!(
            "{message}; another program does, choose another with --listen"
        )),
        _ => Exit::usage(message),
    }
}

/// Until the user, or the system, ends it, or the screen is closed.
async fn stopped(screen: Option<mpsc::Sender<Coming>>) {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return std::future::pending().await;
    };
    let is_shown = screen.is_some();
    let closed = async {
        match screen {
            Some(screen) => screen.closed().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = closed => {}
    }
    if !is_shown {
        print("ending");
    }
}

/// The reader of the lines may be gone; the server goes on.
fn print(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Names of sessions must not be guessed: they are drawn from the system's own chance.
pub(super) fn rng() -> Rng {
    let draw = || {
        let mut bytes = [0; 8];
        // SAFETY: the buffer is ours and of this length.
        let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
        assert_eq!(got, 8, "the system has chance to give");
        u64::from_ne_bytes(bytes)
    };
    Rng::new(draw(), &draw().to_string())
}

/// Each connection is an open file: as many as the system lets us have.
fn raise_file_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the struct is ours, and lives until both calls are over.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
        }
    }
}
