//! The tables of Socket.IO servers.

use std::time::Duration;

use crate::scenario::declare::{either, table, words};
use crate::scenario::values::{Filled, Known, Line, Number, Port};

use super::List;
use super::engineio::EngineKeys;

table! {
    /// A Socket.IO server (protocol 5, over Engine.IO 4).
    SocketIoServer {
        /// The port.
        port: Port = 3000,
        /// The path of its sessions.
        path: String = "/socket.io/",
        /// The namespaces beside `/`.
        namespaces: List<String>,
        /// In what time a client must have asked for a namespace.
        connect_timeout: Duration = "45 s",
        /// How long the state of a client that was cut off is kept, to be found again.
        recovery: Option<Duration>,
        /// What it does when something happens; all that fit are done, in this order.
        handle: List<Handle>,
        ..engine: EngineKeys
    }
}

table! {
    /// What is done when something happens.
    Handle {
        ..trigger: Trigger
        }
}

either! {
    /// When it is done is told by the key that is there:
    Trigger {
        /// When this event comes.
        "event" => Event(OnEvent),
        /// When any event comes.
        "any_event" => AnyEvent(OnAnyEvent),
        /// When a client comes, or goes.
        "when" => When(OnWhen),
        /// When the answer to this event comes.
        "answer_to" => AnswerTo(OnAnswer),
        /// When the answer to this event did not come in time.
        "no_answer_to" => NoAnswerTo(OnNoAnswer),
        /// From time to time.
        "every" => Every(OnTime),
    }
}

table! {
    /// When this event comes.
    OnEvent {
        /// Its name.
        event: String,
        ..rest: HandleRest
    }
}

table! {
    /// When any event comes.
    OnAnyEvent {
        /// `true`.
        any_event: bool,
        ..rest: HandleRest
    }
}

table! {
    /// When a client comes, or goes.
    OnWhen {
        /// At which moment.
        when: Moment,
        ..rest: HandleRest
    }
}

words! {
    /// A moment of a client.
    Moment {
        /// It asks to come in, and may be refused: middleware.
        Connecting = "connecting",
        /// It came in.
        Connection = "connection",
        /// It is no more there.
        Disconnect = "disconnect",
    }
}

table! {
    /// When an answer comes.
    OnAnswer {
        /// The name of the event that was sent with `answer_within`.
        answer_to: String,
        ..rest: HandleRest
    }
}

table! {
    /// When no answer comes.
    OnNoAnswer {
        /// The name of the event that was sent with `answer_within`.
        no_answer_to: String,
        ..rest: HandleRest
    }
}

table! {
    /// From time to time. No socket is meant then: events go to rooms or to everyone.
    OnTime {
        /// How long from one time to the next.
        every: Duration,
        /// How often at most.
        times: Number<1, 1_000_000> = 1000000,
        ..rest: HandleRest
    }
}

table! {
    /// Where, on what condition, and what.
    HandleRest {
        /// In this namespace alone; else in each (from time to time: in `/`).
        namespace: Option<String>,
        /// Only if this value, such as `"$1.kind"`, is what `equals` or `differs` says.
        given: Option<Known>,
        /// What the value of `given` must be.
        equals: Option<Filled>,
        /// What the value of `given` must not be.
        differs: Option<Filled>,
        /// What is done, one after the other.
        r#do as "do": List<Deed>,
    }
}

table! {
    /// One thing that is done.
    Deed {
        ..what: DeedKind
    }
}

either! {
    /// What is done is told by the key that is there:
    DeedKind {
        /// Sends an event.
        "emit" => Emit(Emit),
        /// Answers the event, if an answer was asked for.
        "answer" => Answer(Answer),
        /// Puts the socket into a room.
        "join" => Join(Join),
        /// Takes the socket out of a room.
        "leave" => Leave(Leave),
        /// Sends the client away.
        "disconnect" => Disconnect(Disconnect),
        /// Refuses the client that asks to come in.
        "refuse" => Refuse(Refuse),
        /// Writes a line into the program's log.
        "log" => Log(Log),
    }
}

table! {
    /// Sends an event.
    Emit {
        /// Its name.
        emit: Line,
        /// Its arguments; `"$*"` is all of those that came.
        args: List<Filled>,
        /// To whom: `socket.emit`, `socket.broadcast.emit`, `io.emit`.
        to: Whom = "socket",
        /// To those of these rooms alone: `io.to(room)`.
        rooms: List<Line>,
        /// But not to those of these rooms.
        except: List<Line>,
        /// Asks for an answer, within this time.
        answer_within: Option<Duration>,
    }
}

words! {
    /// To whom an event goes.
    Whom {
        /// The socket alone.
        Socket = "socket",
        /// All others.
        Others = "others",
        /// All.
        Everyone = "everyone",
    }
}

table! {
    /// Answers.
    Answer {
        /// What the answer carries; `"$*"` is all that came.
        answer: List<Filled>,
    }
}

table! {
    /// Joins a room.
    Join {
        /// The room.
        join: Line,
    }
}

table! {
    /// Leaves a room.
    Leave {
        /// The room.
        leave: Line,
    }
}

table! {
    /// Sends the client away.
    Disconnect {
        /// From what.
        disconnect: FromWhat,
    }
}

words! {
    /// What a client is sent away from.
    FromWhat {
        /// From this namespace.
        Namespace = "namespace",
        /// From the server: the session ends.
        Session = "session",
    }
}

table! {
    /// Refuses the client.
    Refuse {
        /// The message.
        refuse: Line,
        /// More, for the program of the client.
        data: Option<Filled>,
    }
}

table! {
    /// Writes a line.
    Log {
        /// The line.
        log: Line,
    }
}
