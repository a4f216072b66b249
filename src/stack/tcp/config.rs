//! The switches of a TCP.

use std::time::Duration;

use super::congestion::CongestionAlgorithm;
use super::options::MAX_WIND_SHIFT;

/// How a host's TCP behaves. The default is what the RFCs ask for, with Linux's sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpConfig {
    /// Offer window scaling (RFC 7323 §2).
    pub window_scaling: bool,
    /// Offer selective acknowledgments (RFC 2018).
    pub sack: bool,
    /// Offer timestamps (RFC 7323 §3).
    pub timestamps: bool,
    /// The largest segment to ask for, in bytes of data; else the MTU less 40 (RFC 9293 §3.7.1).
    pub mss: Option<u16>,
    /// RCV.BUFF: how many bytes may wait for the application.
    pub receive_buffer: u32,
    /// How many bytes the application may write ahead of what is acknowledged.
    pub send_buffer: u32,
    /// The shift count to offer (RFC 7323 §2.2), at most 14; else 7 as Linux does, or 0 for a buffer that needs none.
    pub wind_shift: Option<u8>,
    /// The congestion control (RFC 5681, RFC 9438).
    pub congestion: CongestionAlgorithm,
    /// The initial congestion window, in segments (RFC 6928: 10).
    pub initial_window: u32,
    /// Find losses by time, and probe for those of the last segments (RACK-TLP, RFC 8985), where SACK was agreed.
    pub rack: bool,
    /// Bring cwnd down in proportion to what arrives in SACK recovery (PRR, RFC 9937), not at once. `None`: where `rack` is
    /// on, as in Linux.
    pub prr: Option<bool>,
    /// Let the first two duplicate ACKs each send a new segment beyond cwnd (RFC 3042).
    pub limited_transmit: bool,
    /// After a pause longer than the time-out, go back to the initial window (RFC 5681 §4.1).
    pub restart_after_idle: bool,
    /// The retransmission time-out before the first measurement (RFC 6298 §2.1).
    pub rto_initial: Duration,
    /// The shortest retransmission time-out (RFC 6298 §2.4; Linux: 200 ms).
    pub rto_min: Duration,
    /// The longest retransmission time-out (RFC 6298 §2.5: at least 60 s).
    pub rto_max: Duration,
    /// R2: how long the same segment is retransmitted before the connection is given up (RFC 9293 §3.8.3).
    pub r2: Duration,
    /// R2 for a SYN (RFC 9293 §3.8.3: at least 3 minutes).
    pub r2_syn: Duration,
    /// The maximum segment lifetime (RFC 9293 §3.4.2). TIME-WAIT lasts two of them.
    pub msl: Duration,
    /// The initial sequence number of every connection, where it is not for the secret key to make (RFC 9293 §3.4.1
    /// asks for one that cannot be guessed): to be set for a lesson alone.
    pub isn: Option<u32>,
    /// What is added to `isn` for each connection that the host has had before.
    pub isn_step: u32,
    /// How many connections of a listener may wait in SYN-RECEIVED.
    pub backlog: usize,
    /// How long an acknowledgment of data in order may wait for company (RFC 1122 §4.2.3.2, RFC 5681 §4.2): at most
    /// [`TcpConfig::DELAYED_ACK_MAX`]. `None`: every segment with data is acknowledged at once.
    pub delayed_ack: Option<Duration>,
    /// The Nagle algorithm (RFC 896, RFC 9293 §3.7.4): less than a full segment waits while anything is
    /// unacknowledged.
    pub nagle: bool,
    /// Let the Nagle algorithm wait only while an earlier segment that was not full is unacknowledged, as Minshall has
    /// proposed and Linux does.
    pub minshall: bool,
    /// Avoid the silly window syndrome as a sender and as a receiver (RFC 9293 §3.8.6.2). To be off for a lesson alone.
    pub sws_avoidance: bool,
    /// Keep-alive (RFC 9293 §3.8.4): the first probe goes out after so much silence. `None`: off, as the RFC asks;
    /// it should not be less than two hours.
    pub keep_alive: Option<Duration>,
    /// How long each keep-alive probe is waited for (Linux: 75 s).
    pub keep_alive_interval: Duration,
    /// After how many keep-alive probes without an answer the connection is given up (Linux: 9).
    pub keep_alive_probes: u32,
    /// The user time-out (RFC 9293 §3.10.8): how long what was sent or written may wait for the peer before the
    /// connection is given up. It takes the place of R2 (§3.8.3).
    pub user_timeout: Option<Duration>,
    /// How long FIN-WAIT-2 lasts at most after a CLOSE of both sides. `None`: for ever, as in the RFC (Linux: 60 s).
    pub fin_wait_2: Option<Duration>,
    /// Answer a SYN for which there is no room in the backlog with a cookie (RFC 4987 §3.6) instead of not at all.
    pub syn_cookies: bool,
    /// Send smaller segments when large ones get no answer at all, as they may be too big for the path and ICMP errors
    /// be filtered on it (RFC 4821 §7.7; Linux: `tcp_mtu_probing`, off by default).
    pub black_hole_detection: bool,
    /// Explicit congestion notification (RFC 3168): offer it, and accept it where the peer does.
    pub ecn: bool,
}

impl TcpConfig {
    /// The longest that an acknowledgment may wait (RFC 1122 §4.2.3.2, RFC 9293 §3.8.6.3).
    pub const DELAYED_ACK_MAX: Duration = Duration::from_millis(500);

    /// The shift count to offer. In units larger than the buffer no window could be told but that of zero, and the peer
    /// would wait for ever: the buffer limits the shift (RFC 7323 §2.2).
    pub(super) fn shift(&self) -> u8 {
        let usual = if self.receive_buffer > 65_535 { 7 } else { 0 };
        let most = self.receive_buffer.max(1).ilog2() as u8;
        self.wind_shift
            .unwrap_or(usual)
            .min(MAX_WIND_SHIFT)
            .min(most)
    }
}

impl Default for TcpConfig {
    fn default() -> Self {
        Self {
            window_scaling: true,
            sack: true,
            timestamps: true,
            mss: None,
            receive_buffer: 65_536,
            send_buffer: 1 << 20,
            wind_shift: None,
            congestion: CongestionAlgorithm::Reno,
            initial_window: 10,
            rack: false,
            prr: None,
            limited_transmit: true,
            restart_after_idle: true,
            rto_initial: Duration::from_secs(1),
            rto_min: Duration::from_secs(1),
            rto_max: Duration::from_secs(60),
            r2: Duration::from_secs(100),
            r2_syn: Duration::from_secs(180),
            msl: Duration::from_secs(120),
            isn: None,
            isn_step: 0,
            backlog: 128,
            delayed_ack: None,
            nagle: true,
            minshall: false,
            sws_avoidance: true,
            keep_alive: None,
            keep_alive_interval: Duration::from_secs(75),
            keep_alive_probes: 9,
            user_timeout: None,
            fin_wait_2: None,
            syn_cookies: false,
            black_hole_detection: false,
            ecn: false,
        }
    }
}
