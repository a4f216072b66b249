//! The keys of how a host's TCP behaves.

use std::time::Duration;

use crate::scenario::declare::{table, words};
use crate::scenario::values::Number;

table! {
    /// How a host's TCP behaves.
    TcpKeys {
        /// Whether a host's TCP offers window scaling (RFC 7323).
        window_scaling: bool = true,
        /// The window shift count that it offers; else 7, or 0 for a buffer that needs none.
        wind_shift: Option<Number<0, 14>>,
        /// Whether a host's TCP offers selective acknowledgments (RFC 2018).
        sack: bool = true,
        /// Whether a host's TCP offers timestamps (RFC 7323).
        timestamps: bool = true,
        /// The largest TCP segment that a host asks for, in bytes of data; else the MTU less 40, over IPv6 less 60.
        mss: Option<Number<1, 65_495>>,
        /// A host's TCP receive buffer, in bytes; else 65536.
        receive_buffer: Option<Number<1, 1_073_725_440>>,
        /// How many bytes a program may write ahead of what is acknowledged; else 1048576.
        send_buffer: Option<Number<1, 1_073_725_440>>,
        /// How long the acknowledgment of data in order may wait for company, at most 500 ms (RFC 1122); else every
        /// segment with data is acknowledged at once.
        delayed_ack: Option<Duration>,
        /// Whether less than a full segment waits while anything is unacknowledged (the Nagle algorithm, RFC 896).
        nagle: bool = true,
        /// Whether the Nagle algorithm waits only while an earlier segment that was not full is unacknowledged (Minshall's
        /// rule, which Linux follows).
        minshall: bool = false,
        /// Whether a host avoids the silly window syndrome, as a sender and as a receiver (RFC 9293 §3.8.6.2).
        sws_avoidance: bool = true,
        /// A host's congestion control.
        congestion: Congestion = "reno",
        /// The initial congestion window, in segments (RFC 6928).
        initial_window: Number<1, 65_535> = 10,
        /// Whether losses are found by time, and those of the last segments by a probe (RACK-TLP, RFC 8985).
        rack: bool = false,
        /// Whether cwnd comes down in proportion to what arrives during SACK recovery (PRR, RFC 9937), not at once; else
        /// as `rack` says.
        prr: Option<bool>,
        /// Whether the first two duplicate ACKs each let a new segment pass beyond cwnd (RFC 3042).
        limited_transmit: bool = true,
        /// Whether cwnd goes back to the initial window after a pause longer than the time-out (RFC 5681).
        restart_after_idle: bool = true,
        /// The retransmission time-out before the first round trip is measured (RFC 6298).
        rto_initial: Duration = "1 s",
        /// The shortest retransmission time-out (RFC 6298; Linux has 200 ms).
        rto_min: Duration = "1 s",
        /// The longest retransmission time-out (RFC 6298).
        rto_max: Duration = "60 s",
        /// How long the same data are retransmitted before the connection is given up (R2 of RFC 9293).
        r2: Duration = "100 s",
        /// The same for a SYN.
        r2_syn: Duration = "3 min",
        /// The maximum segment lifetime: TIME-WAIT lasts two of them (RFC 9293).
        msl: Duration = "2 min",
        /// The initial sequence number of each of the host's connections; else one that nobody can guess (RFC 6528).
        isn: Option<Number<0, 4_294_967_295>>,
        /// What is added to `isn` for each connection that the host has had before.
        isn_step: Number<0, 1_000_000_000> = 0,
        /// How many connections of a listener may wait in SYN-RECEIVED.
        backlog: Number<0, 65_535> = 128,
        /// Whether a SYN that finds the backlog full is answered with a SYN cookie (RFC 4987), not left unanswered.
        syn_cookies: bool = false,
        /// Whether a host takes part in explicit congestion notification (RFC 3168). A link has to `mark`.
        ecn: bool = false,
        /// Whether a host's TCP sends smaller segments when three retransmissions of one were in vain: large packets may
        /// vanish on the way without an ICMP error (RFC 4821).
        black_hole_detection: bool = false,
        /// After how much silence a host asks whether its peer is alive (RFC 9293 §3.8.4); else never.
        keep_alive: Option<Duration>,
        /// How long each such probe is waited for.
        keep_alive_interval: Duration = "75 s",
        /// After how many probes without an answer the connection is given up.
        keep_alive_probes: Number<1, 1000> = 9,
        /// How long data may wait for their acknowledgment before the connection is given up, in place of `r2`.
        user_timeout: Option<Duration>,
        /// How long FIN-WAIT-2 lasts at most once a program has closed; else for ever (Linux has 60 s).
        fin_wait_2: Option<Duration>,
    }
}

words! {
    /// A congestion control.
    Congestion {
        /// Half the window at a loss, then a segment more each round trip (RFC 5681).
        Reno = "reno",
        /// Back to the old window along a cubic function of time (RFC 9438).
        Cubic = "cubic",
        /// None: the window of the peer is filled at once. For comparison.
        None = "none",
    }
}
