//! The tables of a Socket.IO client.

use std::time::Duration;

use crate::scenario::declare::{either, table, words};
use crate::scenario::values::{Filled, Line, Number, Target};

use super::List;

table! {
    /// Connects to a Socket.IO server, follows a script, and connects again when that breaks.
    SocketIoClient {
        /// The server.
        to: Target,
        /// The path.
        path: String = "/socket.io/",
        /// The `Host` header; else what `to` says.
        host: Option<String>,
        /// The `Origin` header.
        origin: Option<String>,
        /// Which transports it uses.
        transports: ClientTransports = "upgrade",
        /// The namespaces that it connects to at its start, all over one session; without any: `/`.
        namespaces: List<String>,
        /// What the server gets as `auth` with each namespace: a table, sent as JSON.
        auth: Option<Filled>,
        /// Whether it connects again by itself.
        reconnection: bool = true,
        /// How long it waits before it does so for the first time, give or take half of it by chance; before each
        /// further try twice as long.
        reconnection_delay: Duration = "1 s",
        /// The longest that it waits.
        reconnection_delay_max: Duration = "5 s",
        /// How often it tries in a row; else for ever.
        reconnection_attempts: Option<Number<1, 1000>>,
        /// How long it waits for a session to open.
        connect_timeout: Duration = "20 s",
        /// How long it waits for an acknowledgment, unless the action says otherwise; else for ever.
        ack_timeout: Option<Duration>,
        /// The version of Engine.IO that its URLs name, `EIO=`: 4, or a wrong one.
        eio: Number<0, 255> = 4,
        /// Leaves out the packet `5`, without which the server never goes over to WebSocket.
        skip_upgrade_packet: bool = false,
        /// Whether it answers pings.
        answer_pings: bool = true,
        /// What it does when an event comes.
        handle: List<ClientHandle>,
        /// What it does from its start on, in this order. What is sent before it is connected waits until then.
        script: List<ClientAction>,
    }
}

words! {
    /// Which transports a client uses.
    ClientTransports {
        /// HTTP long-polling, and then WebSocket.
        Upgrade = "upgrade",
        /// HTTP long-polling alone.
        Polling = "polling",
        /// WebSocket alone.
        WebSocket = "websocket",
    }
}

table! {
    /// What a Socket.IO client does when an event comes.
    ClientHandle {
        /// The name of the event.
        event: String,
        /// The namespace.
        namespace: String = "/",
        /// What is done, one after the other.
        r#do as "do": List<ClientDeed>,
    }
}

table! {
    /// One thing that a client does when an event comes.
    ClientDeed {
        ..what: ClientDeedKind
    }
}

either! {
    /// What is done is told by the key that is there:
    ClientDeedKind {
        /// Sends an event.
        "emit" => Emit(ClientEmit),
        /// Answers the event, if an answer was asked for.
        "answer" => Answer(ClientAnswer),
    }
}

table! {
    /// Sends an event.
    ClientEmit {
        /// Its name.
        emit: Line,
        /// Its arguments; `"$*"` is all of those that came.
        args: List<Filled>,
    }
}

table! {
    /// Answers.
    ClientAnswer {
        /// What the answer carries; `"$*"` is all that came.
        answer: List<Filled>,
    }
}

table! {
    /// One thing that a Socket.IO client does. The next one follows when it is done; only waiting takes time.
    ClientAction {
        ..what: ClientActionKind
    }
}

either! {
    /// What is done is told by the key that is there:
    ClientActionKind {
        /// Sends an event.
        "emit" => Emit(EmitAction),
        /// Waits for something.
        "await" => Await(AwaitAction),
        /// Waits for an event. Other events stay, to be awaited later.
        "await_event" => AwaitEvent(AwaitEvent),
        /// Waits so long.
        "wait" => Wait(WaitAction),
        /// Connects to a namespace, a first time or again.
        "connect" => Connect(ConnectAction),
        /// Leaves a namespace.
        "disconnect" => Disconnect(DisconnectAction),
        /// Breaks off the TCP connections with a RST, as a program does that is killed. The client itself lives on, and
        /// connects again.
        "abort" => Abort(AbortAction),
    }
}

table! {
    /// Sends an event.
    EmitAction {
        /// Its name.
        emit: String,
        /// What it carries.
        args: List<Filled>,
        /// The namespace.
        namespace: String = "/",
        /// Asks for an acknowledgment.
        ack: bool = false,
        /// How long that is waited for, in place of `ack_timeout` of the program.
        timeout: Option<Duration>,
        /// Drops the event where it cannot be sent at once.
        volatile: bool = false,
    }
}

table! {
    /// Waits for something.
    AwaitAction {
        /// What.
        r#await as "await": Awaited,
        /// The namespace, where `"connect"` is waited for.
        namespace: String = "/",
    }
}

words! {
    /// What a Socket.IO client waits for.
    Awaited {
        /// That it is connected to the namespace.
        Connect = "connect",
        /// That packets go over WebSocket.
        Upgrade = "upgrade",
        /// That it was disconnected.
        Disconnect = "disconnect",
        /// That it could not be connected.
        ConnectError = "connect_error",
        /// An acknowledgment, or that it took too long.
        Ack = "ack",
    }
}

table! {
    /// Waits for an event.
    AwaitEvent {
        /// Its name.
        await_event: String,
        /// What it carries; else whatever it is.
        args: Option<List<Filled>>,
        /// The namespace.
        namespace: String = "/",
    }
}

table! {
    /// Waits.
    WaitAction {
        /// How long.
        wait: Duration,
    }
}

table! {
    /// Connects to a namespace.
    ConnectAction {
        /// Which.
        connect: String,
    }
}

table! {
    /// Leaves a namespace.
    DisconnectAction {
        /// Which.
        disconnect: String,
    }
}

table! {
    /// Breaks off the TCP connections.
    AbortAction {
        /// `true`.
        abort: bool,
    }
}
