//! The tables that teach: notes, questions, and the ideas that learners hold.

use crate::proto::filter::Filter;
use crate::scenario::declare::{table, words};
use crate::scenario::values::Number;

use super::List;

table! {
    /// An explanation at a frame.
    Note {
        /// The frames that it is about.
        at: Filter,
        /// The one of them, counted from 1.
        nth: Number<1, 1_000_000> = 1,
        /// What is to be said, in the terms of a course.
        text: String,
        /// The same for somebody who knows no terms, with a picture of everyday life.
        friend: Option<String>,
        /// The same for an engineer, in the words of the RFC.
        engineer: Option<String>,
        /// The paragraph, such as `RFC 9293 §3.5`.
        cite: Option<String>,
        /// The mistaken idea that it meets.
        idea: Option<Idea>,
    }
}

table! {
    /// A question to the learner, asked before the frame is shown.
    Ask {
        /// The frames that it is about.
        before: Filter,
        /// The one of them, counted from 1.
        nth: Number<1, 1_000_000> = 1,
        /// The question.
        question: String,
        /// The right answer.
        right: String,
        /// The wrong answers that are offered beside it.
        wrong: List<WrongAnswer>,
        /// Why the right answer is right.
        because: String,
    }
}

table! {
    /// A wrong answer.
    WrongAnswer {
        /// The answer.
        answer: String,
        /// The mistaken idea that leads to it.
        idea: Option<Idea>,
        /// What is said to whoever gives it.
        because: Option<String>,
    }
}

words! {
    /// A mistaken idea that learners often hold; what is true instead.
    Idea {
        /// SYN and FIN each use up one sequence number, although they carry no data.
        SynIsFree = "syn-is-free",
        /// A pure ACK uses up no sequence number: the next data has the same one.
        AckUsesNumber = "ack-uses-number",
        /// Data is acknowledged with seq + len, the next byte expected; the +1 is SYN's or FIN's.
        AckPlusOne = "ack-plus-one",
        /// An acknowledgment names the next byte expected; it counts no packets.
        AckCountsPackets = "ack-counts-packets",
        /// The third message proves that the client got the server's number.
        TwoIsEnough = "two-is-enough",
        /// The first sequence number is random; tools show relative ones.
        SeqStartsAtZero = "seq-starts-at-0",
        /// TCP is a byte stream: messages are cut and joined.
        SendEqualsReceive = "send-equals-receive",
        /// TCP's ACK says that the peer's TCP has the bytes, not that its program has.
        AckMeansRead = "ack-means-read",
        /// A wrong checksum in a capture is often the work of checksum offload.
        BadChecksum = "bad-checksum",
        /// Layers 5 to 7 have no headers of their own: they are ways to describe what the bytes mean.
        SevenOnTheWire = "seven-on-the-wire",
        /// MAC addresses change at each router.
        MacIsEndToEnd = "mac-is-end-to-end",
        /// Socket.IO is a protocol of its own; WebSocket is one of its carriers.
        SioIsWs = "sio-is-ws",
        /// Socket.IO by default opens with HTTP long-polling and upgrades then.
        OpensAsWs = "opens-as-ws",
        /// `42` is Engine.IO's `4`, message, and Socket.IO's `2`, EVENT.
        FortyTwoIsACode = "42-is-a-code",
        /// In Engine.IO 4 the server pings and the client pongs.
        ClientPings = "client-pings",
        /// Neither the key nor masking keeps anything secret.
        KeyIsSecurity = "key-is-security",
        /// `socket.emit` reaches that one socket.
        EmitToAll = "emit-to-all",
        /// An emit arrives at most once unless it is acknowledged or retried.
        EmitIsGuaranteed = "emit-is-guaranteed",
        /// HTTP only opens a WebSocket; then the bytes are frames, and the server may speak first.
        WsIsHttp = "ws-is-http",
        /// TLS sits between TCP and the application; it is put into layer 6 for what it does.
        TlsLayer = "tls-layer",
    }
}
