//! The cases: what is provoked, and why the two ladders differ where they do.

use layerwalk::scenario::{self, Scenario};

use super::align::{In, Pair};

/// Something that is provoked twice.
pub struct Case {
    /// Its heading.
    pub title: &'static str,
    /// The scenario that provokes it.
    pub scenario: Source,
    /// What is provoked and what is to be seen.
    pub text: &'static str,
    /// By how much its times are stretched in both runs, where a machine could not keep them.
    pub stretch: u32,
    /// Why the ladders differ.
    pub differences: &'static [Difference],
}

/// Where a scenario comes from.
pub enum Source {
    /// A built-in of this name.
    Builtin(&'static str),
    /// One of this comparison's own: its name and its text.
    Own(&'static str, &'static str),
}

/// Why a pair of rows differs.
pub struct Difference {
    /// In what.
    pub parts: &'static [In],
    /// A part of the row of Linux's, or of ours if it is alone.
    pub row: &'static str,
    /// Why, and where that stands.
    pub why: &'static str,
}

impl Difference {
    /// Whether it explains this part of this pair.
    pub fn explains(&self, pair: &Pair, part: In) -> bool {
        let row = pair.linux.as_ref().or(pair.ours.as_ref());
        self.parts.contains(&part) && row.is_some_and(|row| row.to_string().contains(self.row))
    }
}

impl Case {
    /// The scenario.
    pub fn scenario(&self) -> Scenario {
        match self.scenario {
            Source::Builtin(name) => scenario::builtin(name).expect("a built-in"),
            Source::Own(name, text) => {
                scenario::read(name, text).unwrap_or_else(|error| panic!("{error}"))
            }
        }
    }
}

macro_rules! own {
    ($name:literal) => {
        Source::Own($name, include_str!(concat!("scenarios/", $name, ".toml")))
    };
}

/// All cases, in the order of the page.
pub const CASES: &[Case] = &[
    Case {
        title: "Handshake, five bytes, and a close",
        scenario: Source::Builtin("handshake"),
        text: "The client connects, sends five bytes that the server sends back, and closes. \
            The server closes when it sees that. Each number, each option and each place of a \
            PSH is the same.",
        stretch: 1,
        differences: &[],
    },
    Case {
        title: "Connection refused",
        scenario: Source::Builtin("connection-refused"),
        text: "Nobody listens on the port. The RST is made out of the SYN alone: it has the \
            number 0, as no other is known, and no options.",
        stretch: 1,
        differences: &[],
    },
    Case {
        title: "The SYN is lost",
        scenario: Source::Builtin("handshake-lost-syn"),
        text: "The client repeats its SYN after one second, in Linux as in RFC 6298: the same \
            number, the same options.",
        stretch: 1,
        differences: &[],
    },
    Case {
        title: "The SYN, ACK is lost",
        scenario: Source::Builtin("handshake-lost-synack"),
        text: "For the client this looks just as in the case before. The server answers the \
            second SYN as it answered the first.",
        stretch: 1,
        differences: &[],
    },
    Case {
        title: "The last ACK of the handshake is lost",
        scenario: Source::Builtin("handshake-lost-ack"),
        text: "The server stays in SYN-RECEIVED until the first data come: they carry the same \
            acknowledgment, and that is enough.",
        stretch: 1,
        differences: &[],
    },
    Case {
        title: "The last ACK is lost, and the server speaks first",
        scenario: Source::Builtin("lost-ack-server-first"),
        text: "Nothing comes from the client that could stand in for its ACK. So the server has \
            to repeat its SYN, ACK after a second, and the client answers that with an ACK.",
        stretch: 1,
        differences: &[],
    },
    Case {
        title: "Simultaneous open",
        scenario: Source::Builtin("simultaneous-open"),
        text: "Both connect to each other at the same moment, and the SYNs cross. One \
            connection comes of it.",
        stretch: 3,
        differences: &[Difference {
            parts: &[In::LinuxAlone],
            row: "SACK 0-1",
            why: "The SYN, ACK brings a SYN that has been there before. Linux answers at once, and says by \
                      a D-SACK block that number 0 came twice (RFC 2883 §4). In layerwalk the \
                      acknowledgment goes with the data that the program writes in the same moment. \
                      RFC 9293 §3.10.7.4 asks for an acknowledgment, but for no segment of its own.",
        }],
    },
    Case {
        title: "Data are lost: a time-out",
        scenario: own!("time-out"),
        text: "Five bytes are lost, and lost again when they are repeated. Nothing behind them \
            could give the loss away, so each time the retransmission time-out has to pass, the \
            second one twice as long. (Linux's tail-loss probe is off in this case; the next \
            one shows it.)",
        stretch: 1,
        differences: &[],
    },
    Case {
        title: "The last segment is lost: a tail-loss probe",
        scenario: own!("tail-loss-probe"),
        text: "Of three segments the last one is lost. Before the retransmission time-out, \
            after about two round trips and 200 ms, the sender sends it again as a probe (RFC \
            8985 §7).",
        stretch: 1,
        differences: &[],
    },
    Case {
        title: "Fast retransmit with SACK",
        scenario: own!("fast-retransmit-sack"),
        text: "The second of six segments is lost. Each later one is reported by SACK; after \
            the third report the lost one goes again, and nothing else.",
        stretch: 1,
        differences: &[],
    },
    Case {
        title: "Fast retransmit without SACK",
        scenario: own!("fast-retransmit"),
        text: "The same loss, without SACK: all that the sender sees are acknowledgments of the \
            same number.",
        stretch: 1,
        differences: &[Difference {
            parts: &[In::LinuxAlone, In::OursAlone],
            row: "ACK seq=1449 ack=1 len=1448",
            why: "Both retransmit at the third duplicate ACK, but layerwalk does not count \
                    the first: its window is not the one before, so that it is none by RFC 5681 \
                    §2, condition (e). layerwalk's receiver acknowledges before its program \
                    reads, and tells with the next segment that there is room again. Linux \
                    offers less than its buffer holds (`__tcp_select_window` in \
                    `net/ipv4/tcp_output.c`), so that what the program has not read yet makes \
                    no difference to the window.",
        }],
    },
    Case {
        title: "Segments out of order",
        scenario: own!("reordered"),
        text: "The first of three segments is held up on the way and overtaken by the others. \
            Two reports by SACK are not enough to call it lost: nothing is sent again.",
        stretch: 1,
        differences: &[],
    },
    Case {
        title: "Zero window and its probes",
        scenario: own!("zero-window"),
        text: "The server's program does not read for a while, and its buffer of 2896 bytes \
            fills. The client asks again and again whether there is room, each time after twice \
            the pause, until the program reads and the window opens.",
        stretch: 1,
        differences: &[
            Difference {
                parts: &[In::Flags],
                row: "PSH,ACK seq=",
                why: "Linux sets PSH also where more than half of the largest window was \
                    written since the last one (`forced_push` in `net/ipv4/tcp.c`). layerwalk \
                    sets it where a write ends. RFC 9293 §3.9.1.2 asks for it at the end of \
                    what is buffered, and allows it elsewhere.",
            },
            Difference {
                parts: &[In::Numbers, In::Length],
                row: "T ──> ACK seq=2896",
                why: "Linux's probe has no data, and a number that the server already has: it \
                    can only be answered with an acknowledgment (`tcp_xmit_probe_skb` in \
                    `net/ipv4/tcp_output.c`). layerwalk does what RFC 9293 §3.8.6.1 asks for, \
                    and sends one byte of the data behind the window. The answer is the same, \
                    for the byte finds no room.",
            },
        ],
    },
    Case {
        title: "Delayed acknowledgment and the Nagle algorithm",
        scenario: own!("nagle"),
        text: "The client writes twice, four bytes each time. The second write waits for the \
            acknowledgment of the first (Nagle), and that waits for data to go with (delayed \
            ACK): the well-known pause of 40 ms, in which the wire is idle. When the client \
            closes, the acknowledgment of its FIN goes with the server's.",
        stretch: 1,
        differences: &[Difference {
            parts: &[In::When],
            row: "ACK seq=1 ack=9",
            why: "The second acknowledgment waits as long in layerwalk, and not at all in \
                    Linux: where an acknowledgment has waited in vain, Linux takes it that this \
                    is no conversation of questions and answers, and acknowledges the next \
                    segments at once (`tcp_delack_timer_handler` in `net/ipv4/tcp_timer.c`). \
                    RFC 1122 §4.2.3.2 says only how long an acknowledgment may wait at most.",
        }],
    },
    Case {
        title: "Orderly close",
        scenario: Source::Builtin("orderly-close"),
        text: "The server takes its time: between the two FINs it is in CLOSE-WAIT, and the \
            client in FIN-WAIT-2.",
        stretch: 2,
        differences: &[],
    },
    Case {
        title: "Half close",
        scenario: Source::Builtin("half-close"),
        text: "The client has said all it wants, and ends its side only (`shutdown`): its FIN goes with its last bytes. \
               The server still sends, and the client still reads and acknowledges.",
        stretch: 3,
        differences: &[],
    },
    Case {
        title: "Simultaneous close",
        scenario: Source::Builtin("simultaneous-close"),
        text: "Both close at the same moment, and the FINs cross: each end goes through CLOSING.",
        stretch: 3,
        differences: &[],
    },
    Case {
        title: "Reset in mid-stream",
        scenario: own!("reset-midstream"),
        text: "The server's program breaks the connection off while the client's data are on \
            their way. The first RST tells the client so; the second answers data for a \
            connection that is gone.",
        stretch: 1,
        differences: &[Difference {
            parts: &[In::Flags, In::Numbers, In::Window],
            row: "RST,ACK seq=1",
            why: "Linux puts an acknowledgment and a window into the RST of a program that \
                    breaks off (`tcp_send_active_reset` in `net/ipv4/tcp_output.c`). RFC 9293 \
                    §3.10.5 has `<SEQ=SND.NXT><CTL=RST>`, and so has layerwalk. Who gets it \
                    looks at the sequence number alone.",
        }],
    },
    Case {
        title: "Data for a program that is gone",
        scenario: own!("gone"),
        text: "The client has closed both its sides, and data come: nobody will ever read them, \
            and a RST says so (RFC 1122 §4.2.2.13).",
        stretch: 1,
        differences: &[Difference {
            parts: &[In::Options],
            row: "RST seq=2",
            why: "Linux keeps only a small record of a connection that its program has \
                    closed and that waits for the peer's FIN, and answers from that, without \
                    options (`tcp_v4_send_reset` in `net/ipv4/tcp_ipv4.c`). In layerwalk it is \
                    the connection that answers, with timestamps, as RFC 7323 §3.2 says that it \
                    should.",
        }],
    },
];
