//! A conversation over a WebSocket by itself.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};

use super::explain::{cut, digits, hex};
use super::output::{Mark, Output, members};
use super::prompt::Typed;
use super::tap::Tap;
use super::target::Target;
use super::words::parse_hex;
use super::{ConnectArgs, LAST_WORDS, Stop, until};
use crate::base::text::safe;
use crate::cli::exit::{Exit, Result};
use crate::cli::serve::rng;
use crate::live::connect::Connected;
use crate::live::plain::{PlainEvent, PlainWebSocket};
use crate::stack::websocket::{ClientOptions, Event, Message};

/// How long the server has to answer a Close, and the connection to end.
const FAREWELL: Duration = Duration::from_secs(2);

const HELP: &str = "\
send TEXT            send a message of text
hex 01 ff            send a message of bytes
ping [TEXT]          send a ping
close [CODE REASON]  send a Close frame
quit                 close, and end";

/// Connects, and goes on until it is done.
pub async fn run(args: &ConnectArgs, target: &Target, output: Output) -> Result {
    let machine = PlainWebSocket::new(options(args, target), rng());
    let tap = Tap::new(true);
    let witness = Box::new(tap.clone());
    let connected = Connected::new(machine, &target.host, target.port, witness);
    let mut session = Session {
        args,
        connected,
        tap,
        end: args.duration,
        sends: args.send.iter().cloned().collect(),
        left: args.count,
        is_listening: output.is_interactive()
            || args.duration.is_some()
            || args.send.is_empty() && args.count.is_none(),
        output,
        is_open: false,
        is_over: false,
        failed: false,
    };
    let done = session.go_on().await;
    session.leave().await?;
    done
}

fn options(args: &ConnectArgs, target: &Target) -> ClientOptions {
    let path = match target.path.as_str() {
        "" => "/",
        path => path,
    };
    let target_text = match target.query.as_str() {
        "" => path.to_owned(),
        query => format!("{path}?{query}"),
    };
    let mut options = ClientOptions::new(&target.authority, &target_text);
    options.subprotocols = args.subprotocol.clone();
    options.headers = args.headers();
    options.deflate = args.deflate();
    options.limits.opening = Some(Duration::from_secs(20));
    options
}

struct Session<'a> {
    args: &'a ConnectArgs,
    connected: Connected<PlainWebSocket>,
    tap: Tap,
    /// When it ends at the latest.
    end: Option<Duration>,
    output: Output,
    /// Texts still to be sent.
    sends: VecDeque<String>,
    /// Messages still to come, where they are counted.
    left: Option<u64>,
    /// Whether it goes on when all was sent and came.
    is_listening: bool,
    is_open: bool,
    is_over: bool,
    /// Whether the server has gone without a Close.
    failed: bool,
}

impl Session<'_> {
    async fn go_on(&mut self) -> Result {
        let mut stop = Stop::new();
        while !self.is_done() {
            let elapsed = self.connected.elapsed();
            let goes_on = tokio::select! {
                event = self.connected.next() => self.take(event)?,
                typed = self.output.typed(self.is_open) => match typed {
                    Typed::Line(line) => self.command(&line)?,
                    Typed::End if self.output.is_interactive() => false,
                    Typed::End => {
                        self.end_soon();
                        true
                    }
                },
                () = stop.wanted() => false,
                () = until(self.end, elapsed) => false,
            };
            if !goes_on {
                break;
            }
        }
        self.show_passed()?;
        match self.missing() {
            Some(missing) => Err(Exit::failed_for(missing)),
            None if self.failed => Err(Exit::failed()),
            None => Ok(()),
        }
    }

    /// The commands that were piped in are done: what they make the server say may still come.
    fn end_soon(&mut self) {
        if !self.args.has_end() {
            self.end = Some(self.connected.elapsed() + LAST_WORDS);
        }
    }

    /// What was to come and did not.
    fn missing(&self) -> Option<String> {
        if self.output.is_interactive() || self.failed {
            return None;
        }
        let elapsed = format!("{:.1} s", self.connected.elapsed().as_secs_f64());
        if !self.is_open {
            return Some(format!(
                "no WebSocket was opened in {elapsed}: the server did not answer"
            ));
        }
        let left = self.left.filter(|left| *left > 0)?;
        let of = self.args.count.unwrap_or(left);
        Some(format!("{left} of {of} messages did not come in {elapsed}"))
    }

    /// Shows what passed below the messages.
    fn show_passed(&mut self) -> Result {
        let elapsed = |at| self.connected.elapsed_at(at);
        Ok(self.tap.show(&mut self.output, elapsed)?)
    }

    /// What was typed means nothing. A script that is piped in has failed then.
    fn complain(&mut self, text: &str) -> Result {
        self.failed |= !self.output.is_interactive();
        Ok(self.output.tell(text)?)
    }

    /// What the server agreed to, for people and for programs.
    fn opened(&mut self, subprotocol: Option<String>) -> Result {
        let extension = self.connected.call(|machine, _| {
            let params = machine.socket()?.deflate_params()?;
            Some(params.answer())
        });
        let compressed = extension.as_ref().map_or_else(
            || "no compression".to_owned(),
            |extension| safe(extension).into_owned(),
        );
        let spoken = match &subprotocol {
            Some(name) => format!("subprotocol {}", safe(name)),
            None => "no subprotocol".to_owned(),
        };
        let object = json!({"what": "open", "subprotocol": subprotocol, "extension": extension});
        self.note(&format!("open, {spoken}, {compressed}"), object)?;
        if subprotocol.is_none() && !self.args.subprotocol.is_empty() {
            let text = "the server speaks none of the subprotocols that were offered: a browser would end here, \
                        and RFC 6455 §4.1 lets a client go on";
            self.note(text, json!({"what": "no_subprotocol"}))?;
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        let has_all = match self.left {
            Some(left) => left == 0,
            None => !self.is_listening && self.is_open,
        };
        has_all && self.sends.is_empty()
    }

    /// Closes, and waits a little for the server's own Close.
    async fn leave(mut self) -> Result {
        if self.is_open && !self.is_over {
            self.close(Some(1000), "")?;
        }
        let farewell = async {
            while self.is_open && !self.is_over {
                let event = self.connected.next().await;
                self.take(event)?;
            }
            Ok::<(), Exit>(())
        };
        if let Ok(done) = tokio::time::timeout(FAREWELL, farewell).await {
            done?;
        }
        // where nothing was said, nothing is waited for
        let most = if self.is_open {
            FAREWELL
        } else {
            Duration::ZERO
        };
        self.connected.finish(most).await;
        Ok(())
    }

    /// Whether it goes on.
    fn take(&mut self, event: PlainEvent) -> Result<bool> {
        self.show_passed()?;
        let PlainEvent::WebSocket(event) = event else {
            let why = self.connected.take_trouble().unwrap_or_default();
            let text = format!("not connected: {}", safe(&why));
            self.note(&text, json!({"what": "not_connected", "system": why}))?;
            return Err(Exit::failed());
        };
        match event {
            Event::Open { subprotocol, .. } => {
                self.is_open = true;
                self.opened(subprotocol)?;
                while let Some(text) = self.sends.pop_front() {
                    self.send(Message::Text(text))?;
                }
            }
            Event::Message(message) => {
                let (text, object) = describe(&message, "in");
                self.put(Mark::In, &text, object)?;
                self.left = self.left.map(|left| left.saturating_sub(1));
            }
            Event::Ping(bytes) => {
                self.put_control(Mark::In, "ping", &bytes)?;
                self.put_control(Mark::Out, "pong", &bytes)?;
            }
            Event::Pong(bytes) => self.put_control(Mark::In, "pong", &bytes)?,
            Event::Closing { code, reason } => {
                let text = format!("close {}", close_text(code, &reason));
                let object = json!({"what": "close", "way": "in", "code": code, "reason": reason});
                self.put(Mark::In, &text, object)?;
            }
            Event::ProtocolError { code, why } => {
                let text = format!("the server breaks the protocol, {code}: {why}");
                self.note(
                    &text,
                    json!({"what": "protocol_error", "code": code, "error": why}),
                )?;
                return Err(Exit::unreadable(text));
            }
            Event::Closed {
                code,
                reason,
                clean,
            } => {
                self.is_over = true;
                self.failed |= !clean && !self.output.is_interactive();
                let how = if clean { "cleanly" } else { "not cleanly" };
                let text = format!("closed {how}: {}", close_text(code, &reason));
                let object =
                    json!({"what": "closed", "code": code, "reason": reason, "clean": clean});
                self.note(&text, object)?;
            }
            Event::Refused(response) => {
                let line = response.line();
                let text = format!("refused: {}", safe(&line));
                self.note(&text, json!({"what": "refused", "status": response.code}))?;
                return Err(Exit::unreadable(format!(
                    "there is no WebSocket: {}",
                    safe(&line)
                )));
            }
            Event::HandshakeFailed(error) => {
                let text = format!("not opened: {}", safe(&error.to_string()));
                self.note(
                    &text,
                    json!({"what": "not_opened", "error": error.to_string()}),
                )?;
                return Err(Exit::unreadable(format!("there is no WebSocket: {error}")));
            }
            Event::Disconnect => return Ok(false),
        }
        Ok(true)
    }

    /// Does what was typed; whether it goes on.
    fn command(&mut self, line: &str) -> Result<bool> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" => {}
            "send" => self.send(Message::Text(rest.to_owned()))?,
            "hex" => match parse_hex(rest) {
                Some(bytes) => self.send(Message::Binary(bytes))?,
                None => self.complain("bytes are pairs of hexadecimal digits: hex 01 ff")?,
            },
            "ping" => self.ping(rest.as_bytes())?,
            "close" => {
                let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
                match (code, code.parse()) {
                    ("", _) => self.close(None, "")?,
                    (_, Ok(code @ 1000..=4999)) => self.close(Some(code), reason)?,
                    _ => self.complain("a code is from 1000 to 4999: close 1000 bye")?,
                }
            }
            "help" | "?" => {
                for line in HELP.lines() {
                    self.output.tell(line)?;
                }
            }
            "quit" | "exit" => return Ok(false),
            other => self.complain(&format!("no command is called {other}: try help"))?,
        }
        Ok(true)
    }

    fn send(&mut self, message: Message) -> Result {
        let (text, object) = describe(&message, "out");
        let sent = self.connected.call(|machine, cx| {
            let socket = machine.socket()?;
            socket.send(cx, message).ok()
        });
        self.sent(sent, &text, object)
    }

    fn ping(&mut self, payload: &[u8]) -> Result {
        let sent = self.connected.call(|machine, cx| {
            let socket = machine.socket()?;
            socket.ping(cx, payload).ok()
        });
        match sent {
            Some(()) => self.put_control(Mark::Out, "ping", payload),
            None => self.sent(None, "", Value::Null),
        }
    }

    fn close(&mut self, code: Option<u16>, reason: &str) -> Result {
        let sent = self.connected.call(|machine, cx| {
            let socket = machine.socket()?;
            socket.close(cx, code, reason).ok()
        });
        let shown = code.map_or(String::new(), |code| close_text(code, reason));
        let object = json!({"what": "close", "way": "out", "code": code, "reason": reason});
        self.sent(sent, format!("close {shown}").trim_end(), object)
    }

    fn sent(&mut self, sent: Option<()>, text: &str, object: Value) -> Result {
        match sent {
            Some(()) => self.put(Mark::Out, text, object),
            // It is closing, and this is the second Close.
            None if self.is_open && !self.output.is_interactive() => Ok(()),
            None => self.complain("the WebSocket is not open"),
        }
    }

    fn put_control(&mut self, mark: Mark, what: &str, payload: &[u8]) -> Result {
        let shown = match std::str::from_utf8(payload) {
            Ok("") => String::new(),
            Ok(text) => format!(" {:?}", safe(text)),
            Err(_) => format!(" {}", hex(payload)),
        };
        let way = if mark == Mark::Out { "out" } else { "in" };
        let object = json!({"what": what, "way": way, "hex": digits(payload)});
        self.put(mark, &format!("{what}{shown}"), object)
    }

    fn note(&mut self, text: &str, object: Value) -> Result {
        self.put(Mark::Note, text, object)
    }

    fn put(&mut self, mark: Mark, text: &str, object: Value) -> Result {
        let at = self.connected.elapsed();
        self.output.put(at, mark, text, members(object))?;
        Ok(())
    }
}

/// A message, for people and for programs.
fn describe(message: &Message, way: &str) -> (String, Value) {
    match message {
        Message::Text(text) => (
            format!("text \"{}\"", cut(&safe(text))),
            json!({"what": "message", "way": way, "text": text}),
        ),
        Message::Binary(bytes) => (
            format!("binary {}", hex(bytes)),
            json!({"what": "message", "way": way, "hex": digits(bytes)}),
        ),
    }
}

/// A close code and its reason; 1005 and 1006 stand for what did not come (RFC 6455 §7.4.1).
fn close_text(code: u16, reason: &str) -> String {
    let meaning = match code {
        1005 => " (no code)",
        1006 => " (no Close frame)",
        _ => "",
    };
    match reason {
        "" => format!("{code}{meaning}"),
        reason => format!("{code} \"{}\"", cut(&safe(reason))),
    }
}
