//! The send sequence space: what was written, what was sent, and what was acknowledged.

use std::collections::VecDeque;

use super::config::TcpConfig;
use super::seq::Seq;
use crate::base::Time;

/// The send variables, buffer and retransmission queue of a connection (RFC 9293 §3.3.1).
#[derive(Debug, Clone)]
pub struct Send {
    /// ISS.
    pub iss: Seq,
    /// SND.UNA.
    pub una: Seq,
    /// SND.NXT.
    pub nxt: Seq,
    /// SND.WND, scaled, in bytes.
    pub wnd: u32,
    /// SND.WL1: the segment's sequence number at the last window update.
    pub wl1: Seq,
    /// SND.WL2: the segment's acknowledgment number at the last window update.
    pub wl2: Seq,
    /// MAX.SND.WND: the largest window that the peer ever offered (RFC 5961 §5.2, RFC 9293 §3.8.6.2.1).
    pub max_wnd: u32,
    /// Eff.snd.MSS: the largest segment to send, in bytes of data (RFC 9293 §3.7.1).
    pub mss: u16,
    /// Snd.Wind.Shift (RFC 7323 §2.2); 0 without window scaling.
    pub wind_shift: u8,
    /// Whether the Nagle algorithm is on.
    pub nagle: bool,
    /// Whether it waits for segments alone that were not full (Minshall).
    minshall: bool,
    /// Whether small segments are avoided where the window is to blame (RFC 9293 §3.8.6.2.1).
    sws_avoidance: bool,
    /// Behind the last segment that was sent and not full.
    small_to: Seq,
    /// How many bytes may be written ahead of SND.UNA.
    capacity: u32,
    /// What was written and is not acknowledged.
    buffer: VecDeque<u8>,
    /// The number of the first byte of the buffer.
    buffer_seq: Seq,
    /// Behind which numbers a write ended: the segment that reaches one carries PSH.
    pushes: VecDeque<Seq>,
    /// The application writes no more: a FIN follows the last byte.
    fin_wanted: bool,
    /// The number of our FIN, once it was sent.
    fin: Option<Seq>,
    /// What was sent and is not acknowledged: the retransmission queue.
    pub queue: VecDeque<Sent>,
    /// Behind the last segment of the queue that ever bore a mark of the scoreboard.
    pub marked_to: Seq,
    /// How many segments with data, SYN or FIN were sent, repeated ones as well.
    pub sendings: u64,
    /// Something was marked as lost that was not before (RFC 9937 §6, SafeACK).
    pub lost_anew: bool,
}

/// A segment of the retransmission queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Its first number.
    pub seq: Seq,
    /// Its data, in bytes.
    pub len: u32,
    /// Whether it carries our SYN.
    pub syn: bool,
    /// Whether it carries our FIN.
    pub fin: bool,
    /// When it was sent first.
    pub first_sent: Time,
    /// When it was sent last.
    pub last_sent: Time,
    /// Its last sending was the so-many-th of the connection: several may go out at one time.
    pub order: u64,
    /// How often it was sent again.
    pub retransmissions: u32,
    /// Whether the peer reported it by SACK.
    pub sacked: bool,
    /// Whether it is taken as lost (RFC 6675 §4, IsLost; or a time-out).
    pub lost: bool,
    /// Whether it was sent again since it is taken as lost.
    pub resent: bool,
}

impl Sent {
    /// The number behind its last.
    pub fn end(&self) -> Seq {
        self.seq + self.len + u32::from(self.syn) + u32::from(self.fin)
    }

    /// The number of its first byte of data.
    pub fn text_seq(&self) -> Seq {
        self.seq + u32::from(self.syn)
    }
}

impl Send {
    /// The send side of a new connection.
    pub fn new(iss: Seq, config: &TcpConfig, mss: u16) -> Self {
        Self {
            iss,
            una: iss,
            nxt: iss,
            wnd: 0,
            wl1: Seq(0),
            wl2: Seq(0),
            max_wnd: 0,
            mss,
            wind_shift: 0,
            capacity: config.send_buffer,
            nagle: config.nagle,
            minshall: config.minshall,
            sws_avoidance: config.sws_avoidance,
            small_to: iss,
            buffer: VecDeque::new(),
            buffer_seq: iss + 1,
            pushes: VecDeque::new(),
            fin_wanted: false,
            fin: None,
            queue: VecDeque::new(),
            marked_to: iss,
            lost_anew: false,
            sendings: 0,
        }
    }

    /// Takes as much of `bytes` as there is room for, as one write, and returns how much that is.
    pub fn write(&mut self, bytes: &[u8]) -> usize {
        let room = (self.capacity as usize).saturating_sub(self.buffer.len());
        let taken = &bytes[..bytes.len().min(room)];
        if !taken.is_empty() {
            self.buffer.extend(taken);
            self.pushes.push_back(self.written_end());
        }
        taken.len()
    }

    /// A FIN shall follow the last byte.
    pub fn want_fin(&mut self) {
        self.fin_wanted = true;
    }

    /// Whether nothing more may be written.
    pub fn is_ended(&self) -> bool {
        self.fin_wanted
    }

    /// Whether our FIN was sent and acknowledged.
    pub fn fin_is_acked(&self) -> bool {
        self.fin.is_some_and(|fin| fin.lt(self.una))
    }

    /// Whether our FIN is wanted and was not sent yet.
    pub fn fin_is_due(&self) -> bool {
        self.fin_wanted && self.fin.is_none()
    }

    /// Bytes that were written and not sent yet.
    pub fn unsent(&self) -> u32 {
        self.written_end().since(self.nxt)
    }

    fn written_end(&self) -> Seq {
        self.buffer_seq + self.buffer.len() as u32
    }

    /// The usable window: how many bytes may be sent beyond SND.NXT (RFC 9293 §3.8.6.2.1).
    pub fn usable(&self) -> u32 {
        (self.una + self.wnd).since(self.nxt)
    }

    /// How many bytes of new data the next segment shall have now; 0 for none. This is the sender's part in avoiding
    /// the silly window syndrome (RFC 9293 §3.8.6.2.1); with the Nagle algorithm what stands in its brackets counts.
    pub fn next_len(&self) -> u32 {
        let (d, u, mss) = (self.unsent(), self.usable(), u32::from(self.mss));
        let may_be_small = !self.nagle_waits();
        let whole_segment = d.min(u) >= mss;
        let all_that_is_written = may_be_small && d <= u;
        let half_the_window = may_be_small && d.min(u) >= self.max_wnd.div_ceil(2);
        let silly = may_be_small && !self.sws_avoidance;
        if whole_segment || all_that_is_written || half_the_window || silly {
            d.min(u).min(mss)
        } else {
            0
        }
    }

    /// Whether less than a full segment has to wait by the Nagle algorithm: something is unacknowledged; by Minshall's
    /// rule, something that was not full. Nothing more is written behind a FIN that is wanted, so waiting would gain
    /// nothing there.
    pub fn nagle_waits(&self) -> bool {
        let unacknowledged = if self.minshall {
            self.una.lt(self.small_to)
        } else {
            self.nxt != self.una
        };
        self.nagle && unacknowledged && !self.fin_wanted
    }

    /// Whether our FIN may be sent right behind the next `len` bytes.
    pub fn fin_follows(&self, len: u32) -> bool {
        self.fin_is_due() && len == self.unsent() && len < self.usable()
    }

    /// The bytes from `seq` on, `len` of them.
    pub fn text(&self, seq: Seq, len: u32) -> Vec<u8> {
        let from = (seq - self.buffer_seq) as usize;
        let (head, tail) = self.buffer.as_slices();
        let to = from + len as usize;
        let mut text = Vec::with_capacity(len as usize);
        text.extend_from_slice(&head[from.min(head.len())..to.min(head.len())]);
        text.extend_from_slice(
            &tail[from.saturating_sub(head.len())..to.saturating_sub(head.len())],
        );
        text
    }

    /// Whether a write ended within these `len` bytes from `seq` on.
    pub fn pushes(&self, seq: Seq, len: u32) -> bool {
        // They are in their order, and there may be many: a program may write a byte at a time.
        let first = self.pushes.partition_point(|push| push.le(seq));
        self.pushes
            .get(first)
            .is_some_and(|push| push.le(seq + len))
    }

    /// Enters what is sent for the first time into the retransmission queue.
    pub fn enqueue(&mut self, len: u32, syn: bool, fin: bool, now: Time) -> Sent {
        self.sendings += 1;
        let sent = Sent {
            seq: self.nxt,
            len,
            syn,
            fin,
            first_sent: now,
            last_sent: now,
            order: self.sendings,
            retransmissions: 0,
            sacked: false,
            lost: false,
            resent: false,
        };
        if fin {
            self.fin = Some(sent.end() - 1);
        }
        self.nxt = sent.end();
        if len > 0 && len < self.mss.into() {
            self.small_to = self.nxt;
        }
        self.queue.push_back(sent);
        sent
    }

    /// Cuts the queue's segment at `index` down to `len` bytes of data; what is cut off becomes a segment behind it.
    pub fn split(&mut self, index: usize, len: u32) {
        let whole = self.queue[index];
        if whole.len <= len {
            return;
        }
        let mut behind = whole;
        behind.seq = whole.text_seq() + len;
        behind.len = whole.len - len;
        behind.syn = false;
        let front = &mut self.queue[index];
        front.len = len;
        front.fin = false;
        self.queue.insert(index + 1, behind);
    }

    /// Fills the last segment of the queue up with what may be sent behind it, as far as a segment goes.
    pub fn fill_up_last(&mut self) {
        let more = self.unsent().min(self.usable());
        if let Some(last) = self.queue.back_mut().filter(|last| !last.fin) {
            let more = more.min(u32::from(self.mss).saturating_sub(last.len));
            last.len += more;
            self.nxt += more;
        }
    }

    /// Everything before `ack` was received: SND.UNA moves there. Returns the last segment that left the queue whole, and
    /// whether all that left had been sent once, and arrived just now as far as is known.
    pub fn acknowledge(&mut self, ack: Seq) -> Option<(Sent, bool)> {
        self.una = ack;
        self.marked_to = self.marked_to.max(ack);
        self.small_to = self.small_to.max(ack);
        let (mut last, mut is_plain) = (None, true);
        while let Some(sent) = self.queue.pop_front_if(|sent| sent.end().le(ack)) {
            is_plain &= sent.retransmissions == 0 && !sent.sacked;
            last = Some(sent);
        }
        if let Some(front) = self.queue.front_mut()
            && front.seq.lt(ack)
        {
            front.len -= ack - front.text_seq();
            front.seq = ack;
            front.syn = false;
        }
        let bytes = ack.since(self.buffer_seq).min(self.buffer.len() as u32);
        self.buffer.drain(..bytes as usize);
        self.buffer_seq += bytes;
        while self.pushes.front().is_some_and(|push| push.le(ack)) {
            self.pushes.pop_front();
        }
        last.map(|last| (last, is_plain))
    }

    /// Throws away everything that waits here.
    pub fn discard(&mut self) {
        self.buffer = VecDeque::new();
        self.pushes = VecDeque::new();
        self.queue = VecDeque::new();
        self.buffer_seq = self.nxt;
    }
}
