//! The tables that say what must be true of a run.

use std::time::Duration;

use crate::proto::filter::Filter;
use crate::scenario::declare::{either, table, words};
use crate::scenario::read::At;
use crate::scenario::values::Number;

use super::List;

/// How often something is to be found.
type Count = Option<Number<0, 1_000_000>>;

table! {
    /// Something that must be true of the run. `layerwalk check` fails where it is not.
    Expect {
        /// What it shows, in words.
        because: Option<String>,
        ..what: ExpectKind
    }
}

either! {
    /// What is expected is told by the key that is there. How often is told by `count`, `at_least` and `at_most`;
    /// without them it must be found at least once.
    ExpectKind {
        /// Frames that hosts and routers send. A frame that a switch sends on is not counted again.
        "frame" => Frame(FrameExpect),
        /// Messages of an application, such as a WebSocket frame or an HTTP request.
        "message" => Message(MessageExpect),
        /// Frames that come one after the other; others may come between them.
        "in_order" => InOrder(InOrderExpect),
        /// The state in which a node's TCP connection ends.
        "state" => State(StateExpect),
        /// States that a node's TCP connection passes through, one after the other, without others between.
        "passes" => Passes(PassesExpect),
        /// Something that the stack tells a program.
        "event" => Event(EventExpect),
        /// Something else that happens inside a node or on a link.
        "record" => Record(RecordExpect),
        /// The time from the first frame that fits one filter to the first one after it that fits another.
        "between" => Between(BetweenExpect),
        /// How far a variable of a node's last TCP connection goes, from the handshake to the end.
        "variable" => Variable(VariableExpect),
    }
}

table! {
    /// Frames.
    FrameExpect {
        /// Which.
        frame: Filter,
        /// Only those that this node sends.
        from: Option<String>,
        /// Only those that are lost, or only those that are not.
        lost: Option<bool>,
        /// Exactly so many.
        count: Count,
        /// So many or more.
        at_least: Count,
        /// So many or fewer.
        at_most: Count,
    }
}

table! {
    /// Messages.
    MessageExpect {
        /// Which.
        message: Filter,
        /// Only those that this node sends.
        from: Option<String>,
        /// Exactly so many.
        count: Count,
        /// So many or more.
        at_least: Count,
        /// So many or fewer.
        at_most: Count,
    }
}

table! {
    /// Frames one after the other.
    InOrderExpect {
        /// Which, in this order.
        in_order: List<Filter>,
    }
}

table! {
    /// A final state.
    StateExpect {
        /// The state.
        state: State,
        /// The node.
        node: String,
        /// Which of the node's connections, counted from 1; else its last.
        nth: Option<Number<1, 1_000_000>>,
    }
}

table! {
    /// States one after the other.
    PassesExpect {
        /// The states.
        passes: List<State>,
        /// The node.
        node: String,
        /// Which of the node's connections, counted from 1; else its last.
        nth: Option<Number<1, 1_000_000>>,
    }
}

table! {
    /// Something that the stack tells a program.
    EventExpect {
        /// A part of its text, such as `connected`.
        event: String,
        /// Only at this node.
        node: Option<String>,
        /// Exactly so many.
        count: Count,
        /// So many or more.
        at_least: Count,
        /// So many or fewer.
        at_most: Count,
    }
}

table! {
    /// Something that happens inside a node or on a link.
    RecordExpect {
        /// What kind of thing.
        record: RecordKind,
        /// A part of its text.
        text: String = "",
        /// Only at this node.
        node: Option<String>,
        /// Exactly so many.
        count: Count,
        /// So many or more.
        at_least: Count,
        /// So many or fewer.
        at_most: Count,
    }
}

table! {
    /// The time between two frames.
    BetweenExpect {
        /// The two.
        between: [At<Filter>; 2],
        /// At least so much.
        min: Option<Duration>,
        /// At most so much.
        max: Option<Duration>,
    }
}

table! {
    /// A variable.
    VariableExpect {
        /// Which.
        variable: Variable,
        /// The node.
        node: String,
        /// Which of the values that it has.
        value: Which = "largest",
        /// At least so many bytes.
        min: Option<Number<0, 4_294_967_295>>,
        /// At most so many bytes.
        max: Option<Number<0, 4_294_967_295>>,
    }
}

words! {
    /// A variable of a TCP connection, in bytes.
    Variable {
        /// The congestion window (RFC 5681).
        Cwnd = "cwnd",
        /// The slow-start threshold (RFC 5681), from the first loss on.
        Ssthresh = "ssthresh",
        /// What the sender takes to be in the network (RFC 6675).
        Pipe = "pipe",
        /// What came out of order, and waits for what is missing.
        OutOfOrder = "out-of-order",
    }
}

words! {
    /// One of the values that a variable has in the course of a connection.
    Which {
        /// The first.
        First = "first",
        /// The largest.
        Largest = "largest",
        /// The smallest.
        Smallest = "smallest",
        /// The last.
        Last = "last",
    }
}

words! {
    /// A TCP state (RFC 9293, 3.3.2).
    State {
        /// There is no connection.
        Closed = "CLOSED",
        /// Waits for a connection.
        Listen = "LISTEN",
        /// A SYN was sent.
        SynSent = "SYN-SENT",
        /// A SYN came and was answered with one.
        SynReceived = "SYN-RECEIVED",
        /// Data can flow.
        Established = "ESTABLISHED",
        /// A FIN was sent.
        FinWait1 = "FIN-WAIT-1",
        /// The FIN sent was acknowledged.
        FinWait2 = "FIN-WAIT-2",
        /// The peer's FIN came.
        CloseWait = "CLOSE-WAIT",
        /// Both sent a FIN at the same time.
        Closing = "CLOSING",
        /// The peer's FIN came, and one was sent.
        LastAck = "LAST-ACK",
        /// All is done, and old segments are waited out.
        TimeWait = "TIME-WAIT",
    }
}

words! {
    /// What kind of thing happens.
    RecordKind {
        /// A program asks the stack for something.
        AppCall = "app-call",
        /// A program writes a line to its log.
        Log = "log",
        /// Something is thrown away.
        Discarded = "discarded",
        /// A layer decides something.
        Decided = "decided",
        /// A timer expires.
        TimerExpired = "timer-expired",
        /// A host loses its power.
        HostDown = "host-down",
        /// A host has its power back.
        HostUp = "host-up",
        /// A host learns a MAC address by ARP.
        ArpLearned = "arp-learned",
        /// A packet waits for a MAC address that ARP is to find.
        ArpQueued = "arp-queued",
        /// A host learns a MAC address by Neighbor Discovery, over IPv6.
        NeighborLearned = "neighbor-learned",
        /// A packet waits for a MAC address that Neighbor Discovery is to find.
        NeighborQueued = "neighbor-queued",
        /// A frame is lost.
        FrameDropped = "frame-dropped",
        /// A frame is delayed, doubled or changed.
        FrameFaulted = "frame-faulted",
        /// A router finds the way for a packet.
        Routed = "routed",
        /// A switch learns behind which link a MAC address is.
        SwitchLearned = "switch-learned",
        /// A switch sends a frame out on all other links.
        SwitchFlooded = "switch-flooded",
    }
}

table! {
    /// Something that `check --invariants` finds, and is meant: the scenario shows how it breaks. If it holds, that is
    /// a fault of the scenario.
    Breaks {
        /// A part of the rule's text, such as `what was read is a beginning`.
        invariant: String,
        /// Why it is meant.
        reason: String,
    }
}

table! {
    /// An expert finding (a warning or worse) that is meant. Any other one is a fault of the scenario.
    Expert {
        /// A part of its text, such as `Connection reset`.
        finding: String,
        /// Only in these frames.
        at: Option<Filter>,
        /// Whether Wireshark alone finds it, in what is exported: it comes from the order of the segments, of which
        /// layerwalk tells in its own words.
        wireshark: bool = false,
        /// Why it is meant.
        reason: String,
    }
}
