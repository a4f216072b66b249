//! A conversation with a Socket.IO server.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::json;

use super::explain::{digits, explain, raw};
use super::output::{Mark, Output, members};
use super::prompt::Typed;
use super::tap::Tap;
use super::target::Target;
use super::told::{describe, plainly};
use super::words::{Event, parse_event};
use super::{ConnectArgs, LAST_WORDS, Stop, Transport, parse_namespace, until};
use crate::base::text::safe;
use crate::cli::exit::{Exit, Result};
use crate::cli::serve::rng;
use crate::live::connect::Connected;
use crate::proto::engineio::{self, Packet};
use crate::stack::socketio::{Client, ClientEvent, ClientOptions, ConnectError, Emit};

/// How long the connections have to end.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long an acknowledgment is waited for unless the options say otherwise.
const ACK_TIMEOUT: Duration = Duration::from_secs(10);

const HELP: &str = "\
emit EVENT JSON…  send an event, such as: emit chat message \"hi\" {\"a\":1} <01 ff>
ack EVENT JSON…   the same, and show the acknowledgment
ns NAME           speak in this namespace, and connect to it where that was not done
connect           connect again after a disconnection
disconnect        leave the namespace
quit              leave all, and end";

/// Connects, and goes on until it is done.
pub async fn run(args: &ConnectArgs, target: &Target, output: Output) -> Result {
    let nsp = match (&args.namespace, target.path.as_str()) {
        (Some(nsp), _) => nsp.clone(),
        (None, "") => "/".to_owned(),
        (None, path) => parse_namespace(path).map_err(Exit::usage)?,
    };
    let client = Client::new(options(args, target), rng());
    let tap = Tap::new(false);
    let witness = Box::new(tap.clone());
    let connected = Connected::new(client, &target.host, target.port, witness);
    let mut session = Session {
        args,
        connected,
        tap,
        end: args.duration,
        emits: args.emit.iter().cloned().collect(),
        left: args.count,
        is_listening: output.is_interactive() || args.duration.is_some(),
        output,
        nsp: nsp.clone(),
        asked: BTreeMap::new(),
        was_open: false,
        is_in: false,
        failed: false,
    };
    session.is_listening |= args.emit.is_empty() && args.count.is_none();
    session.connect(&nsp);
    let done = session.go_on().await;
    session.leave().await?;
    done
}

fn options(args: &ConnectArgs, target: &Target) -> ClientOptions {
    let path = args.path().trim_end_matches('/');
    let mut options = ClientOptions::new(&target.authority, &format!("{path}/"));
    options.reconnection = !args.no_reconnect;
    options.reconnection_attempts = args.reconnect_attempts;
    let engine = &mut options.engine;
    engine.query = target.query.clone();
    engine.transports = args.transport.unwrap_or(Transport::Upgrade).into();
    engine.headers = args.headers();
    engine.deflate = args.deflate();
    engine.tells_packets = true;
    options
}

struct Session<'a> {
    args: &'a ConnectArgs,
    connected: Connected<Client>,
    tap: Tap,
    /// When it ends at the latest.
    end: Option<Duration>,
    output: Output,
    /// The namespace that is spoken in.
    nsp: String,
    /// Events still to be sent.
    emits: VecDeque<Event>,
    /// Events still to come, where they are counted.
    left: Option<u64>,
    /// Whether it goes on when all was sent and came.
    is_listening: bool,
    /// Whether a session was open once.
    was_open: bool,
    /// Whether the namespace was let in to once.
    is_in: bool,
    /// The events whose acknowledgments are waited for, by namespace and number.
    asked: BTreeMap<(String, u64), String>,
    /// Whether something that was to come did not.
    failed: bool,
}

/// What happens next.
enum Next {
    Event(ClientEvent),
    Typed(Typed),
    Stopped,
    Late,
}

impl Session<'_> {
    async fn go_on(&mut self) -> Result {
        let mut stop = Stop::new();
        while !self.is_done() {
            let elapsed = self.connected.elapsed();
            let is_idle = self.is_in && self.emits.is_empty() && self.asked.is_empty();
            let next = tokio::select! {
                event = self.connected.next() => Next::Event(event),
                typed = self.output.typed(is_idle) => Next::Typed(typed),
                () = stop.wanted() => Next::Stopped,
                () = until(self.end, elapsed) => Next::Late,
            };
            let goes_on = match next {
                Next::Event(event) => self.take(event)?,
                Next::Typed(Typed::Line(line)) => self.command(&line)?,
                Next::Typed(Typed::End) if !self.output.is_interactive() => {
                    self.end_soon();
                    true
                }
                Next::Typed(Typed::End) | Next::Stopped | Next::Late => false,
            };
            if !goes_on {
                break;
            }
        }
        self.show_passed()?;
        match self.missing() {
            Some(missing) => Err(Exit::failed_for(safe(&missing))),
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

    /// What was to come, or to be done, and was not.
    fn missing(&self) -> Option<String> {
        let elapsed = format!("{:.1} s", self.connected.elapsed().as_secs_f64());
        if self.output.is_interactive() || self.failed {
            return None;
        }
        if !self.was_open && !self.is_in {
            return Some(format!(
                "no session of Socket.IO was opened in {elapsed}: the server did not answer"
            ));
        }
        if !self.is_in {
            return Some(format!(
                "a session was opened, and namespace {} was not entered in {elapsed}",
                self.nsp
            ));
        }
        if let Some(name) = self.asked.values().next() {
            return Some(format!("no acknowledgment of {name} came"));
        }
        if let Some(left) = self.left.filter(|left| *left > 0) {
            let of = self.args.count.unwrap_or(left);
            return Some(format!("{left} of {of} events did not come in {elapsed}"));
        }
        let unsent = self.emits.front()?;
        Some(format!("{} was not sent", unsent.name))
    }

    /// Shows what passed below the packets.
    fn show_passed(&mut self) -> Result {
        let elapsed = |at| self.connected.elapsed_at(at);
        Ok(self.tap.show(&mut self.output, elapsed)?)
    }

    /// What was typed means nothing. A script that is piped in has failed then.
    fn complain(&mut self, text: &str) -> Result {
        self.failed |= !self.output.is_interactive();
        Ok(self.output.tell(text)?)
    }

    /// Whether all was sent, and all came.
    fn is_done(&self) -> bool {
        let has_all = match self.left {
            Some(left) => left == 0,
            None => !self.is_listening,
        };
        let is_waiting = !self.asked.is_empty() || self.left.is_none() && !self.was_open;
        has_all && self.emits.is_empty() && !is_waiting
    }

    /// Leaves all namespaces, and lets the connections end.
    async fn leave(mut self) -> Result {
        self.connected.call(|client, cx| {
            for nsp in client.namespaces() {
                client.disconnect(cx, &nsp);
            }
        });
        // where nothing was said, nothing is waited for
        let most = match self.was_open {
            true => FAREWELL,
            false => Duration::ZERO,
        };
        let farewell = async {
            while let Some(event) = self.connected.next_unless(Client::is_over).await {
                self.take(event)?;
            }
            Ok::<(), Exit>(())
        };
        if let Ok(done) = tokio::time::timeout(most, farewell).await {
            done?;
        }
        self.connected.finish(most).await;
        Ok(())
    }

    fn connect(&mut self, nsp: &str) {
        let auth = self.args.auth.clone();
        self.connected
            .call(|client, cx| client.connect(cx, nsp, auth));
    }

    /// Sends what is to be sent; after an event with an acknowledgment, when that is there.
    fn send_next(&mut self) -> Result {
        while self.asked.is_empty()
            && let Some(event) = self.emits.pop_front()
        {
            self.emit(event, self.args.ack)?;
        }
        Ok(())
    }

    fn emit(&mut self, event: Event, ack: bool) -> Result {
        let how = Emit {
            ack,
            timeout: ack.then(|| self.args.ack_timeout.unwrap_or(ACK_TIMEOUT)),
            volatile: false,
        };
        let (nsp, Event { name, args }) = (&self.nsp, event);
        let call = self
            .connected
            .call(|client, cx| client.emit(cx, nsp, &name, args, how));
        match call {
            Ok(Some(id)) => {
                self.asked.insert((nsp.clone(), id), name);
            }
            Ok(None) => {}
            Err(error) => self.complain(&error.to_string())?,
        }
        Ok(())
    }

    /// Whether it goes on.
    fn take(&mut self, event: ClientEvent) -> Result<bool> {
        use ClientEvent as E;
        self.show(&event)?;
        let can_type = self.output.is_interactive();
        match event {
            E::Open(_) => self.was_open = true,
            E::Connect { nsp, .. } if nsp == self.nsp => {
                self.is_in = true;
                self.send_next()?;
            }
            E::ConnectError { error, .. } => return self.not_connected(&error),
            E::Event { nsp, name, ack, .. } => {
                if let Some(id) = ack {
                    self.answer(&nsp, &name, id);
                }
                if self.is_meant(&name) {
                    self.left = self.left.map(|left| left.saturating_sub(1));
                }
            }
            E::Ack { nsp, id, .. } => {
                self.asked.remove(&(nsp, id));
                self.send_next()?;
            }
            E::AckFailed { nsp, id, .. } => {
                self.failed |= !can_type;
                self.asked.remove(&(nsp, id));
                self.send_next()?;
            }
            E::Disconnect { nsp, .. } if nsp == self.nsp => {
                // It comes back by itself, or it does not.
                let is_for_good =
                    !self.connected.machine().is_active(&nsp) || self.args.no_reconnect;
                return Ok(can_type || !is_for_good);
            }
            E::ReconnectFailed => {
                self.failed |= !can_type;
                return Ok(can_type);
            }
            _ => {}
        }
        Ok(true)
    }

    fn answer(&mut self, nsp: &str, name: &str, id: u64) {
        let answer = self.args.answer.iter().find(|answer| answer.name == name);
        if let Some(Event { args, .. }) = answer.cloned() {
            self.connected
                .call(|client, cx| client.ack(cx, nsp, id, args));
        }
    }

    fn not_connected(&mut self, error: &ConnectError) -> Result<bool> {
        if self.output.is_interactive() {
            return Ok(true);
        }
        let is_for_good = match error {
            ConnectError::Transport(error) if error.is_unreadable && !self.was_open => {
                let what = format!("there is no Socket.IO server: {}", safe(&plainly(error)));
                return Err(Exit::unreadable(what));
            }
            ConnectError::Transport(_) | ConnectError::TimedOut => self.args.no_reconnect,
            ConnectError::Refused { .. } => true,
            ConnectError::OldServer => {
                return Err(Exit::unreadable(error));
            }
        };
        self.failed |= is_for_good;
        Ok(!is_for_good)
    }

    fn is_meant(&self, name: &str) -> bool {
        self.args.on.is_empty() || self.args.on.iter().any(|on| on == name)
    }

    /// Does what was typed; whether it goes on.
    fn command(&mut self, line: &str) -> Result<bool> {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word {
            "" => {}
            "emit" | "ack" => match parse_event(rest) {
                Ok(event) => self.emit(event, word == "ack")?,
                Err(error) => self.complain(&error)?,
            },
            "ns" => match parse_namespace(rest.trim()) {
                Ok(nsp) => {
                    self.connect(&nsp);
                    self.nsp = nsp;
                }
                Err(error) => self.complain(&error)?,
            },
            "connect" => self.connect(&self.nsp.clone()),
            "disconnect" => {
                let nsp = &self.nsp;
                self.connected.call(|client, cx| client.disconnect(cx, nsp));
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

    fn show(&mut self, event: &ClientEvent) -> Result {
        self.show_passed()?;
        let at = self.connected.elapsed();
        if let ClientEvent::Packet {
            is_sent,
            over,
            packet,
        } = event
        {
            return self.show_packet(at, *is_sent, *over, packet);
        }
        if matches!(event, ClientEvent::Event { name, .. } if !self.is_meant(name)) {
            return Ok(());
        }
        let Some((mut text, mut object)) = describe(event, &self.asked) else {
            return Ok(());
        };
        if matches!(event, ClientEvent::ConnectError { .. })
            && let Some(trouble) = self.connected.take_trouble()
        {
            text += &format!(" ({})", safe(&trouble));
            object["system"] = json!(trouble);
        }
        self.output.put(at, Mark::Note, &text, members(object))?;
        Ok(())
    }

    fn show_packet(
        &mut self,
        at: Duration,
        is_sent: bool,
        over: engineio::Transport,
        packet: &Packet,
    ) -> Result {
        let mark = if is_sent { Mark::Out } else { Mark::In };
        let name = match over {
            engineio::Transport::Polling => "polling",
            engineio::Transport::WebSocket => "websocket",
        };
        let (raw, means) = (raw(packet, over), explain(packet, over));
        let text = format!("{name:9} {raw}  =  {means}");
        let mut object = json!({
            "what": "packet",
            "way": if is_sent { "out" } else { "in" },
            "transport": name,
            "packet": packet.emit(),
            "means": means,
        });
        if let (Packet::Binary(bytes), engineio::Transport::WebSocket) = (packet, over) {
            // no text of it is on the wire
            object["packet"] = json!(null);
            object["hex"] = json!(digits(bytes));
        }
        self.output.put(at, mark, &text, members(object))?;
        Ok(())
    }
}
