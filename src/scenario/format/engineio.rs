//! The tables of Engine.IO servers, and of what other servers do with bare messages.

use std::time::Duration;

use crate::scenario::declare::{either, table, words};
use crate::scenario::values::{Filled, Hex, Known, Line, Number, Port};

use super::List;
use super::socketio::{Log, Whom};

table! {
    /// An Engine.IO server (protocol 4) by itself: sessions that carry messages, over polling or WebSocket, and nothing
    /// of Socket.IO above them.
    EngineIoServer {
        /// The port.
        port: Port = 3000,
        /// The path of its sessions.
        path: String = "/engine.io/",
        /// Sends each message back.
        echo: bool = false,
        /// Answers each message with this text.
        answer: Option<String>,
        /// What it does when something happens; all that fit are done, in this order.
        handle: List<MessageHandle>,
        ..engine: EngineKeys
    }
}

table! {
    /// How a server of Engine.IO, by itself or below Socket.IO, keeps its sessions.
    EngineKeys {
        /// By what clients may come: with `polling` alone there is no upgrade.
        transports: Transports = "both",
        /// From a pong, or the opening, to the next ping.
        ping_interval: Duration = "25 s",
        /// In what time a ping must be answered.
        ping_timeout: Duration = "20 s",
        /// In what time an upgrade to WebSocket must be done.
        upgrade_timeout: Duration = "10 s",
        /// The longest body of a poll, and the longest message over WebSocket, in bytes.
        max_payload: Number<100, 16_000_000> = 1000000,
        /// Agrees to compress messages over WebSocket (permessage-deflate, RFC 7692).
        deflate: bool = false,
    }
}

words! {
    /// By what clients may come.
    Transports {
        /// Polls, and then WebSocket.
        Both = "both",
        /// Polls alone.
        Polling = "polling",
        /// WebSocket alone.
        WebSocket = "websocket",
    }
}

table! {
    /// What a server of bare messages, over Engine.IO or a WebSocket, does when something happens.
    MessageHandle {
        ..trigger: MessageTrigger
    }
}

either! {
    /// When it is done is told by the key that is there:
    MessageTrigger {
        /// When this text comes.
        "message" => Message(OnMessage),
        /// When any message comes.
        "any_message" => AnyMessage(OnAnyMessage),
        /// When a client comes, or goes.
        "when" => When(OnClient),
        /// From time to time.
        "every" => Every(OnTimeOfMessages),
    }
}

table! {
    /// When this text comes.
    OnMessage {
        /// The whole text.
        message: String,
        ..rest: MessageRest
    }
}

table! {
    /// When any message comes.
    OnAnyMessage {
        /// `true`.
        any_message: bool,
        ..rest: MessageRest
    }
}

table! {
    /// When a client comes, or goes.
    OnClient {
        /// At which moment.
        when: ClientMoment,
        ..rest: MessageRest
    }
}

words! {
    /// A moment of a client.
    ClientMoment {
        /// It came.
        Connection = "connection",
        /// It is no more there.
        Disconnect = "disconnect",
    }
}

table! {
    /// From time to time. Nobody in particular is meant then: messages go to everyone.
    OnTimeOfMessages {
        /// How long from one time to the next.
        every: Duration,
        /// How often at most.
        times: Number<1, 1_000_000> = 1000000,
        ..rest: MessageRest
    }
}

table! {
    /// On what condition, and what.
    MessageRest {
        /// Only if this value, such as `"$1.kind"`, is what `equals` or `differs` says.
        given: Option<Known>,
        /// What the value of `given` must be.
        equals: Option<Filled>,
        /// What the value of `given` must not be.
        differs: Option<Filled>,
        /// What is done, one after the other.
        r#do as "do": List<MessageDeed>,
    }
}

table! {
    /// One thing that is done.
    MessageDeed {
        ..what: MessageDeedKind
    }
}

either! {
    /// What is done is told by the key that is there:
    MessageDeedKind {
        /// Sends a message.
        "send" => Send(SendText),
        /// Sends a message of bytes.
        "send_hex" => SendHex(SendBytes),
        /// Sends the client away.
        "disconnect" => Disconnect(SendAway),
        /// Writes a line into the program's log.
        "log" => Log(Log),
    }
}

table! {
    /// Sends a message.
    SendText {
        /// The text; `"$1"` alone is the message that came, bytes as bytes.
        send: Line,
        /// To whom.
        to: Whom = "socket",
    }
}

table! {
    /// Sends a message of bytes.
    SendBytes {
        /// The bytes.
        send_hex: Hex,
        /// To whom.
        to: Whom = "socket",
    }
}

table! {
    /// Sends the client away.
    SendAway {
        /// `true`.
        disconnect: bool,
    }
}
