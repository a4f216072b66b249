//! The tables of what a program does, one thing after the other.

use std::time::Duration;

use crate::scenario::declare::{either, table, words};
use crate::scenario::values::{Hex, Number};

table! {
    /// One thing that a program does. The next one follows when it is done; only waiting takes time.
    Action {
        ..what: ActionKind
    }
}

either! {
    /// What is done is told by the key that is there:
    ActionKind {
        /// Sends text: a WebSocket message, bytes over TCP, a UDP datagram.
        "send" => Send(Send),
        /// Sends bytes: a binary WebSocket message, bytes over TCP, a UDP datagram.
        "send_hex" => SendHex(SendHex),
        /// Sends a text of so many letters.
        "send_size" => SendSize(SendSize),
        /// Reads slowly from now on: a few bytes at a time.
        "read_size" => ReadSize(ReadSize),
        /// Stops reading, or reads all that comes at once again.
        "reading" => Read(Read),
        /// Turns the Nagle algorithm off for the connection, or on again.
        "no_delay" => NoDelay(NoDelay),
        /// Sends a WebSocket ping.
        "ping" => Ping(PingAction),
        /// Waits for something.
        "await" => Await(Await),
        /// Waits for this text: a message that is equal, or over TCP until it has come.
        "await_text" => AwaitText(AwaitText),
        /// Waits until so many bytes have come over TCP.
        "await_bytes" => AwaitBytes(AwaitBytes),
        /// Waits so long.
        "wait" => Wait(Wait),
        /// Closes a WebSocket with a status code (RFC 6455, 7.4).
        "close" => Close(Close),
        /// Ends the connection in one of three ways.
        "end" => End(End),
    }
}

table! {
    /// Sends text.
    Send {
        /// The text.
        send: String,
        /// Over WebSocket: in frames of at most so many bytes.
        fragment: Option<Number<1, 100_000_000>>,
        /// With `fragment`: a ping with this text and its number between any two frames.
        ping_between: Option<String>,
    }
}

table! {
    /// Sends bytes.
    SendHex {
        /// The bytes.
        send_hex: Hex,
    }
}

table! {
    /// Sends a text of so many letters.
    SendSize {
        /// How many letters, `a` to `z` over and over.
        send_size: Number<0, 100_000_000>,
        /// How often: each time a text of so many letters.
        times: Number<1, 10_000> = 1,
        /// How long it waits from one time to the next.
        every: Duration = "0 ms",
    }
}

table! {
    /// Reads slowly.
    ReadSize {
        /// How many bytes it reads at most each time.
        read_size: Number<1, 100_000_000>,
        /// How long it waits from one time to the next.
        every: Duration,
    }
}

table! {
    /// Stops reading, or goes on.
    Read {
        /// Whether it reads. What it does not read stays with TCP, and the window closes.
        reading: bool,
    }
}

table! {
    /// Turns the Nagle algorithm off or on.
    NoDelay {
        /// `true` is what programs know as `TCP_NODELAY`.
        no_delay: bool,
    }
}

table! {
    /// Sends a WebSocket ping.
    PingAction {
        /// What it carries: at most 125 bytes.
        ping: String,
    }
}

table! {
    /// Waits for something.
    Await {
        /// What.
        r#await as "await": AwaitWhat,
    }
}

words! {
    /// What a program waits for.
    AwaitWhat {
        /// The next message (over TCP: any bytes).
        Message = "message",
        /// A WebSocket pong.
        Pong = "pong",
        /// The end of the peer's side.
        Close = "close",
    }
}

table! {
    /// Waits for a text.
    AwaitText {
        /// The text.
        await_text: String,
    }
}

table! {
    /// Waits for bytes.
    AwaitBytes {
        /// How many.
        await_bytes: Number<1, 100_000_000>,
    }
}

table! {
    /// Waits.
    Wait {
        /// How long.
        wait: Duration,
    }
}

table! {
    /// Closes a WebSocket.
    Close {
        /// The status code; 1000 is the normal one.
        close: Number<1000, 4999>,
        /// The reason, for people: at most 123 bytes.
        reason: String = "",
    }
}

table! {
    /// Ends a connection.
    End {
        /// How.
        end: EndHow,
    }
}

words! {
    /// How a connection is ended.
    EndHow {
        /// Closes it: over TCP with a FIN, over WebSocket with a Close frame without a code.
        Close = "close",
        /// Ends the sending side and goes on receiving (TCP alone).
        Shutdown = "shutdown",
        /// Breaks it off with a RST.
        Abort = "abort",
    }
}
