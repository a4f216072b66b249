//! `layerwalk connect`: a testing client for any Socket.IO or WebSocket server.

mod explain;
mod output;
mod plain;
mod prompt;
mod socketio;
mod tap;
mod target;
mod told;
mod words;

use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::output::Output;
use self::prompt::{Prompt, piped};
use self::target::{Scheme, Target};
use self::words::{Event, parse_event};
use super::capture::time::parse_duration;
use super::exit::{Exit, Result};
use crate::proto::http::Headers;
use crate::show::Format;
use crate::stack::engineio::Transports;
use crate::stack::websocket::DeflateOptions;

/// Connect to a Socket.IO or WebSocket server, and see every packet explained
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  layerwalk connect http://localhost:3000
      a Socket.IO server, with a prompt: emit \"chat message\" \"hi\"
  layerwalk connect http://localhost:3000/admin --auth '{\"token\":\"x\"}' --transport websocket
      a namespace, over WebSocket alone
  layerwalk connect http://localhost:3000 --emit 'echo {\"a\":1} <01 ff>' --ack
      one event, with bytes, and the acknowledgment of it
  layerwalk connect http://localhost:3000 --on news --count 3 --duration 10s
      until three such events came; exit code 1 if they did not within 10 seconds
  layerwalk connect ws://localhost:8080/chat --send hello --count 1
      a WebSocket by itself
  printf 'ack join \"red\"\nemit to \"red\" \"hi\"\n' | layerwalk connect http://localhost:3000
      the commands of the prompt through a pipe, each when the one before is done; it ends with them

Exit codes: 0 done, 1 what was to come did not come, 2 wrong use, 3 something else is at the other end.
TLS (https, wss) is not spoken.")]
pub struct ConnectArgs {
    /// http://HOST[:PORT][/NAMESPACE] for Socket.IO, ws://HOST[:PORT][/PATH] for a WebSocket by itself
    url: String,
    /// Show and count this event alone; may be given several times
    #[arg(long, value_name = "EVENT")]
    on: Vec<String>,
    /// Send this event once connected: its name, and its arguments as JSON, or <01 ff> for bytes; may be given several
    /// times
    #[arg(long, value_name = "EVENT JSON…", value_parser = parse_event)]
    emit: Vec<Event>,
    /// Ask for an acknowledgment of each event that is sent with --emit, and wait for it before the next
    #[arg(long)]
    ack: bool,
    /// How long an acknowledgment is waited for; else 10s
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    ack_timeout: Option<Duration>,
    /// Answer each event of this name that asks for it with these values, written as with --emit; may be given several
    /// times
    #[arg(long, value_name = "EVENT JSON…", value_parser = parse_event)]
    answer: Vec<Event>,
    /// The namespace, in place of the one in the URL
    #[arg(long, value_name = "NAME", value_parser = parse_namespace)]
    namespace: Option<String>,
    /// What the server gets as auth: a JSON object
    #[arg(long, value_name = "JSON", value_parser = parse_auth)]
    auth: Option<String>,
    /// By what it connects; else by upgrade
    #[arg(long, value_enum)]
    transport: Option<Transport>,
    /// The path of Socket.IO; else /socket.io/
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Do not connect again when the connection breaks
    #[arg(long)]
    no_reconnect: bool,
    /// How often it is tried to connect again; else for ever
    #[arg(long, value_name = "N")]
    reconnect_attempts: Option<u32>,
    /// Send this text over a WebSocket by itself, once it is open; may be given several times
    #[arg(long, value_name = "TEXT")]
    send: Vec<String>,
    /// One more header field of each request; may be given several times
    #[arg(long, value_name = "NAME: VALUE", value_parser = parse_header)]
    header: Vec<(String, String)>,
    /// The Origin of the requests, as a browser would send it for a page of that origin
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
    /// A subprotocol to offer (ws:// alone); may be given several times
    #[arg(long, value_name = "NAME")]
    subprotocol: Vec<String>,
    /// Do not offer compression of WebSocket messages
    #[arg(long)]
    no_deflate: bool,
    /// End when so many events, or messages, came
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End after this time, such as 500ms, 10s or 2min
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    duration: Option<Duration>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// By what a client connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Transport {
    /// HTTP long-polling, and then WebSocket
    Upgrade,
    /// HTTP long-polling alone
    Polling,
    /// WebSocket alone
    Websocket,
}

impl From<Transport> for Transports {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Upgrade => Self::Upgrade,
            Transport::Polling => Self::Polling,
            Transport::Websocket => Self::WebSocket,
        }
    }
}

/// Runs the command, until it is done or told to end.
///
/// # Errors
/// If it was used wrongly, or what was to come did not come.
pub fn run(args: &ConnectArgs) -> Result {
    let target = Target::parse(&args.url).map_err(Exit::usage)?;
    args.check(&target)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Exit::usage(format!("the client could not be started: {error}")))?;
    let done = runtime.block_on(async {
        let prompt = Prompt::open(args.is_interactive());
        let piped = piped().filter(|_| prompt.is_none());
        let output = Output::new(args.format, prompt, piped);
        match target.scheme {
            Scheme::SocketIo => socketio::run(args, &target, output).await,
            Scheme::WebSocket => plain::run(args, &target, output).await,
        }
    });
    // A name that is still looked up is not waited for.
    runtime.shutdown_background();
    done
}

impl ConnectArgs {
    /// Options of the one kind of server do not fit the other.
    fn check(&self, target: &Target) -> Result {
        let socket_io = "it is for Socket.IO";
        let misplaced = match target.scheme {
            Scheme::SocketIo => vec![
                (!self.send.is_empty(), "--send", "--emit sends an event"),
                (
                    !self.subprotocol.is_empty(),
                    "--subprotocol",
                    "it is for ws://",
                ),
            ],
            Scheme::WebSocket => vec![
                (!self.emit.is_empty(), "--emit", "--send sends a text"),
                (!self.on.is_empty(), "--on", "messages have no names"),
                (self.ack, "--ack", socket_io),
                (self.ack_timeout.is_some(), "--ack-timeout", socket_io),
                (!self.answer.is_empty(), "--answer", socket_io),
                (self.auth.is_some(), "--auth", socket_io),
                (self.namespace.is_some(), "--namespace", socket_io),
                (self.transport.is_some(), "--transport", socket_io),
                (self.path.is_some(), "--path", "the URL has it"),
                (self.no_reconnect, "--no-reconnect", "it never does"),
                (
                    self.reconnect_attempts.is_some(),
                    "--reconnect-attempts",
                    "it never does",
                ),
            ],
        };
        match misplaced.iter().find(|(is_there, ..)| *is_there) {
            Some((_, option, why)) => {
                let message = format!("{option} does not fit {}: {why}", self.url);
                Err(Exit::usage(message))
            }
            None if !self.path().starts_with('/') => Err(Exit::usage(format!(
                "--path {}: a path starts with /",
                self.path()
            ))),
            None => Ok(()),
        }
    }

    fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/socket.io/")
    }

    /// Whether it ends by itself at some time, or when something came.
    fn has_end(&self) -> bool {
        self.count.is_some() || self.duration.is_some()
    }

    /// Whether a person types: at a terminal, and no end is told.
    fn is_interactive(&self) -> bool {
        self.format == Format::Text && !self.has_end()
    }

    /// The header fields of every request.
    fn headers(&self) -> Headers {
        let mut headers = Headers::default();
        let own = |name: &str| {
            self.header
                .iter()
                .any(|(n, _)| n.eq_ignore_ascii_case(name))
        };
        if !own("User-Agent") {
            headers.push(
                "User-Agent",
                concat!("layerwalk/", env!("CARGO_PKG_VERSION")),
            );
        }
        if let Some(origin) = &self.origin {
            headers.push("Origin", origin);
        }
        for (name, value) in &self.header {
            headers.push(name, value);
        }
        headers
    }

    fn deflate(&self) -> Option<DeflateOptions> {
        (!self.no_deflate).then(DeflateOptions::default)
    }
}

fn parse_header(text: &str) -> std::result::Result<(String, String), String> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+.^_`|~-".contains(c);
    match text.split_once(':') {
        Some((name, value))
            if !name.is_empty()
                && name.chars().all(token)
                && !value.chars().any(char::is_control) =>
        {
            Ok((name.to_owned(), value.trim().to_owned()))
        }
        _ => Err("write it as 'Name: value'".to_owned()),
    }
}

fn parse_namespace(text: &str) -> std::result::Result<String, String> {
    let text = if text.starts_with('/') {
        text.to_owned()
    } else {
        format!("/{text}")
    };
    match text.contains([',', '?']) || text.chars().any(char::is_control) {
        true => Err("a namespace has no comma and no question mark".to_owned()),
        false => Ok(text),
    }
}

fn parse_auth(text: &str) -> std::result::Result<String, String> {
    let is_object =
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok();
    match is_object {
        true => Ok(text.trim().to_owned()),
        false => Err("it is a JSON object, such as '{\"token\":\"x\"}'".to_owned()),
    }
}

/// How long it goes on after the last command that was piped in.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// That the user, or the system, wants it to end.
struct Stop {
    signals: Option<(Signal, Signal)>,
}

impl Stop {
    fn new() -> Self {
        let signals = signal(SignalKind::interrupt()).and_then(|interrupt| {
            let terminate = signal(SignalKind::terminate())?;
            Ok((interrupt, terminate))
        });
        Self {
            signals: signals.ok(),
        }
    }

    async fn wanted(&mut self) {
        let Some((interrupt, terminate)) = &mut self.signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// Until this time has passed since the start; for ever where none is given.
async fn until(span: Option<Duration>, elapsed: Duration) {
    match span {
        Some(span) => tokio::time::sleep(span.saturating_sub(elapsed)).await,
        None => std::future::pending().await,
    }
}
