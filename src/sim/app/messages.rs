//! Handlers of bare messages, whatever carries them: [`Messages`].

use super::diary::Diary;
use super::fill::Known;
use super::script::SCENARIO;
use super::ticks::Ticks;
use crate::base::Time;
use crate::proto::socketio::placeholder;
use crate::sim::spec::{
    Content, MessageDeed, MessageHandler, MessageTrigger, Piece, Source, Whom, Written,
};
use crate::stack::cx::Cx;
use crate::stack::record::ConnId;
use crate::stack::record::What;
use crate::stack::socketio::Args;

/// The clients of a server of bare messages, by their numbers: 0 is the first that came.
pub trait Clients {
    /// The numbers of those that are there.
    fn numbers(&self) -> Vec<u32>;
    /// The connection that carries one at this moment.
    fn connection_of(&self, number: u32) -> Option<ConnId>;
    /// Sends a message to one.
    fn send(&mut self, cx: &mut Cx, number: u32, content: &Content);
    /// Sends one away.
    fn close(&mut self, cx: &mut Cx, number: u32);
}

/// Handlers, and what is said of what they do.
#[derive(Debug)]
pub struct Messages {
    handlers: Vec<MessageHandler>,
    /// How often each handler was run.
    counts: Vec<u64>,
    ticks: Ticks,
    /// What is said to whoever runs the server.
    pub diary: Diary,
}

impl Messages {
    /// Nothing has happened yet.
    pub fn new(handlers: &[MessageHandler], diary: Diary) -> Self {
        Self {
            handlers: handlers.to_vec(),
            counts: vec![0; handlers.len()],
            ticks: Ticks::default(),
            diary,
        }
    }

    /// The server begins.
    pub fn start(&mut self, cx: &mut Cx) {
        let cause = cx.cause;
        for index in 0..self.handlers.len() {
            self.set_tick(cx, index);
            cx.cause = cause;
        }
    }

    /// A client came.
    pub fn came(&mut self, cx: &mut Cx, clients: &mut impl Clients, number: u32) {
        let (trigger, known) = (MessageTrigger::Connection, known_of(number));
        self.run(cx, clients, Some(number), &trigger, known);
    }

    /// A message came.
    pub fn received(
        &mut self,
        cx: &mut Cx,
        clients: &mut impl Clients,
        number: u32,
        content: &Content,
    ) {
        self.diary
            .event(|| format!("{number} > {}", content.describe()));
        let trigger = match content {
            Content::Text(text) => MessageTrigger::Message(text.to_string()),
            Content::Binary(_) => MessageTrigger::AnyMessage,
        };
        let known = Known {
            args: args(content),
            ..known_of(number)
        };
        self.run(cx, clients, Some(number), &trigger, known);
    }

    /// A client is no more there.
    pub fn left(&mut self, cx: &mut Cx, clients: &mut impl Clients, number: u32, reason: String) {
        let known = Known {
            reason,
            ..known_of(number)
        };
        self.run(cx, clients, None, &MessageTrigger::Disconnect, known);
    }

    /// Runs the handlers whose time has come.
    pub fn handle_timeout(&mut self, cx: &mut Cx, clients: &mut impl Clients) {
        let cause = cx.cause;
        for (index, alarm) in self.ticks.take_due(cx.now) {
            alarm.expire(cx);
            let expired = cx.cause;
            let handler = self.handlers[index].clone();
            self.run_one(cx, clients, None, index, &handler, &mut Known::default());
            cx.cause = expired;
            self.set_tick(cx, index);
            cx.cause = cause;
        }
    }

    /// When it wants to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.ticks.next_time()
    }

    fn set_tick(&mut self, cx: &mut Cx, index: usize) {
        if let MessageTrigger::Every(span, times) = self.handlers[index].trigger
            && self.counts[index] < times
        {
            self.ticks.set(cx, index, span);
        }
    }

    /// Runs the handlers that fit, for a client or for none.
    fn run(
        &mut self,
        cx: &mut Cx,
        clients: &mut impl Clients,
        number: Option<u32>,
        trigger: &MessageTrigger,
        mut known: Known,
    ) {
        let cause = cx.cause;
        let handlers = std::mem::take(&mut self.handlers);
        for (index, handler) in handlers.iter().enumerate() {
            if fits(&handler.trigger, trigger) {
                self.run_one(cx, clients, number, index, handler, &mut known);
                cx.cause = cause;
            }
        }
        self.handlers = handlers;
    }

    fn run_one(
        &mut self,
        cx: &mut Cx,
        clients: &mut impl Clients,
        number: Option<u32>,
        index: usize,
        handler: &MessageHandler,
        known: &mut Known,
    ) {
        known.sockets = clients.numbers().len();
        if !known.allows(handler.condition.as_ref()) {
            return;
        }
        self.counts[index] += 1;
        known.count = self.counts[index];
        let cause = cx.cause;
        for deed in &handler.deeds {
            cx.cause = cause;
            self.perform(cx, clients, number, deed, known);
        }
    }

    fn perform(
        &mut self,
        cx: &mut Cx,
        clients: &mut impl Clients,
        number: Option<u32>,
        deed: &MessageDeed,
        known: &Known,
    ) {
        match deed {
            MessageDeed::Send { to, message } => {
                let content = content(message, known);
                self.send(cx, clients, number, *to, &content);
            }
            MessageDeed::Disconnect => {
                if let Some(number) = number {
                    clients.close(cx, number);
                }
            }
            MessageDeed::Log(text) => {
                let text = known.text(text);
                let conn = number.and_then(|number| clients.connection_of(number));
                cx.step(7, conn, SCENARIO, What::Log(text.clone().into()));
                self.diary.line(|| text);
            }
        }
    }

    fn send(
        &mut self,
        cx: &mut Cx,
        clients: &mut impl Clients,
        number: Option<u32>,
        to: Whom,
        content: &Content,
    ) {
        let (mut to_whom, whom) = (
            clients.numbers(),
            match (to, number) {
                (Whom::Socket, Some(number)) => number.to_string(),
                (Whom::Others, Some(number)) => format!("all but {number}"),
                _ => "all".to_owned(),
            },
        );
        to_whom.retain(|one| match to {
            Whom::Socket => Some(*one) == number,
            Whom::Others => Some(*one) != number,
            Whom::Everyone => true,
        });
        self.diary
            .event(|| format!("{whom} < {}", content.describe()));
        let cause = cx.cause;
        for one in to_whom {
            clients.send(cx, one, content);
            cx.cause = cause;
        }
    }
}

/// Whether a handler is run.
fn fits(own: &MessageTrigger, happened: &MessageTrigger) -> bool {
    match (own, happened) {
        (MessageTrigger::AnyMessage, MessageTrigger::Message(_)) => true,
        (own, happened) => own == happened,
    }
}

fn known_of(number: u32) -> Known {
    Known {
        id: number.to_string(),
        ..Known::default()
    }
}

/// A message as the one argument of its handlers.
fn args(content: &Content) -> Args {
    match content {
        // text always has a JSON form
        Content::Text(text) => Args::json([serde_json::to_string(&**text).unwrap_or_default()]),
        Content::Binary(bytes) => Args {
            values: vec![placeholder(0)],
            attachments: vec![bytes.to_vec()],
        },
    }
}

/// The message that a handler sends.
fn content(message: &Written, known: &Known) -> Content {
    match message {
        Written::Bytes(bytes) => Content::Binary(bytes.clone().into()),
        Written::Text(pieces) => match (pieces.as_slice(), known.args.attachments.as_slice()) {
            ([Piece::Value(slot)], [bytes])
                if slot.source == Source::Argument(0) && slot.path.is_empty() =>
            {
                Content::Binary(bytes.clone().into())
            }
            _ => Content::Text(known.text(pieces).into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::NodeId;
    use crate::sim::spec::pieces;
    use crate::stack::record::Log;

    /// Three clients, and what was sent to them.
    #[derive(Default)]
    struct Three(Vec<(u32, Content)>);

    impl Clients for Three {
        fn numbers(&self) -> Vec<u32> {
            vec![0, 1, 2]
        }

        fn connection_of(&self, _: u32) -> Option<ConnId> {
            None
        }

        fn send(&mut self, _: &mut Cx, number: u32, content: &Content) {
            self.0.push((number, content.clone()));
        }

        fn close(&mut self, _: &mut Cx, number: u32) {
            self.0.push((number, Content::Text("closed".into())));
        }
    }

    /// What is sent after client 1 has sent this.
    fn sent(trigger: MessageTrigger, deed: MessageDeed, content: Content) -> Vec<(u32, Content)> {
        let handler = MessageHandler {
            trigger,
            condition: None,
            deeds: vec![deed],
        };
        let mut messages = Messages::new(&[handler], Diary::default());
        let mut log = Log::off();
        let mut cx = Cx {
            now: Time::ZERO,
            node: NodeId(0),
            cause: None,
            log: &mut log,
        };
        let mut clients = Three::default();
        messages.received(&mut cx, &mut clients, 1, &content);
        clients.0
    }

    fn send(to: Whom, text: &str) -> MessageDeed {
        let message = Written::Text(pieces(text).expect("it means something"));
        MessageDeed::Send { to, message }
    }

    fn text(text: &str) -> Content {
        Content::Text(text.into())
    }

    #[test]
    fn messages_go_to_whom_they_are_meant_for() {
        let any = || MessageTrigger::AnyMessage;
        let said = || text("${1} of ${id}: ${count}, ${sockets}");
        let Content::Text(template) = said() else {
            return;
        };
        let filled = text("hi of 1: 1, 3");
        for (to, numbers) in [
            (Whom::Socket, &[1][..]),
            (Whom::Others, &[0, 2]),
            (Whom::Everyone, &[0, 1, 2]),
        ] {
            let expected: Vec<_> = numbers.iter().map(|n| (*n, filled.clone())).collect();
            assert_eq!(sent(any(), send(to, &template), text("hi")), expected);
        }
        let closed = sent(any(), MessageDeed::Disconnect, text("hi"));
        assert_eq!(closed, [(1, text("closed"))]);
    }

    #[test]
    fn a_handler_of_one_text_hears_no_other() {
        let one = || MessageTrigger::Message("hi".to_owned());
        let deed = || send(Whom::Socket, "${1}");
        assert_eq!(sent(one(), deed(), text("hi")), [(1, text("hi"))]);
        assert_eq!(sent(one(), deed(), text("ho")), []);
        assert_eq!(sent(one(), deed(), Content::Binary([1].into())), []);
    }

    #[test]
    fn bytes_come_back_as_bytes_and_json_is_looked_into() {
        let bytes = Content::Binary([1, 255].into());
        let back = sent(
            MessageTrigger::AnyMessage,
            send(Whom::Socket, "${1}"),
            bytes.clone(),
        );
        assert_eq!(back, [(1, bytes)]);
        let json = text(r#"{"kind":"move","x":3}"#);
        let deed = send(Whom::Socket, "${1.kind} ${1.x} ${1.y}");
        let told = sent(MessageTrigger::AnyMessage, deed, json);
        assert_eq!(told, [(1, text("move 3 null"))]);
    }
}
