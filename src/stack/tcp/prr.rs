//! Proportional rate reduction (RFC 9937): how much may be sent during SACK recovery, so that cwnd comes down to ssthresh
//! evenly over the round trip, and not by a pause and a burst.

use super::connection::Connection;
use crate::stack::cx::Cx;

/// The variables of RFC 9937 §6, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Prr {
    /// RecoverFS: what was under way and not reported when recovery began.
    recover_fs: u32,
    /// prr_delivered: what was delivered since.
    delivered: u32,
    /// prr_out: what was sent since.
    out: u32,
}

impl Prr {
    /// Recovery begins with so much under way.
    pub fn new(recover_fs: u32) -> Self {
        Self {
            recover_fs: recover_fs.max(1),
            delivered: 0,
            out: 0,
        }
    }

    /// Something was sent.
    pub fn sent(&mut self, bytes: u32) {
        self.out = self.out.saturating_add(bytes);
    }

    /// An acknowledgment has delivered so many bytes, and `inflight` are in the pipe: how many may go out for it (SndCnt).
    /// `bonus` is a segment for an acknowledgment that moved SND.UNA and told of no other loss (SafeACK), else nothing.
    fn delivered(&mut self, delivered: u32, inflight: u32, ssthresh: u32, bonus: u32) -> u32 {
        self.delivered = self.delivered.saturating_add(delivered);
        if inflight > ssthresh {
            let share = u64::from(self.delivered) * u64::from(ssthresh);
            let share = share.div_ceil(self.recover_fs.into());
            return u32::try_from(share)
                .unwrap_or(u32::MAX)
                .saturating_sub(self.out);
        }
        let conserved = self.delivered.saturating_sub(self.out).max(delivered);
        let slow_start = conserved.saturating_add(bonus);
        slow_start.min(ssthresh - inflight)
    }
}

impl Connection {
    /// Whether recovery reduces cwnd in proportion here: it needs SACK to tell what is delivered.
    pub(super) fn by_prr(&self) -> bool {
        let wanted = self.config.prr.unwrap_or(self.config.rack);
        wanted && self.sack_permitted && self.congestion.limits()
    }

    /// Before an acknowledgment takes effect: how much is not delivered yet?
    pub(super) fn note_outstanding(&mut self) {
        if self.by_prr() {
            self.recovery.outstanding = Some(self.snd.outstanding());
            self.snd.lost_anew = false;
        }
    }

    /// Recovery has begun, and the first segment was sent again: no more than that goes out until something is delivered.
    pub(super) fn begin_proportional_reduction(&mut self) {
        if self.recovery.prr.is_some() {
            let cwnd = self.snd.pipe();
            self.congestion.in_recovery(cwnd, self.snd.mss.into());
        }
    }

    /// After it took effect: during recovery cwnd is what is in the pipe, and what may go out for what was delivered.
    pub(super) fn reduce_in_proportion(&mut self, cx: &mut Cx<'_>, una_moved: bool) {
        let Some(before) = self.recovery.outstanding.take() else {
            return;
        };
        let delivered = before.saturating_sub(self.snd.outstanding());
        let mss = u32::from(self.snd.mss);
        let safe = una_moved && !self.snd.lost_anew;
        let (pipe, ssthresh) = (self.snd.pipe(), self.congestion.ssthresh());
        if let Some(prr) = &mut self.recovery.prr
            && delivered > 0
        {
            let count = prr.delivered(delivered, pipe, ssthresh, if safe { mss } else { 0 });
            let prr = *prr;
            self.congestion.in_recovery(pipe.saturating_add(count), mss);
            if cx.log.is_on() {
                let text = format!(
                    "in proportion: {} of {} bytes delivered since the loss, {} sent; {count} may go now",
                    prr.delivered, prr.recover_fs, prr.out
                );
                self.decide(cx, "RFC 9937 §6", text);
            }
        }
    }

    /// Recovery is over: cwnd is ssthresh (RFC 9937 §6).
    pub(super) fn end_proportional_reduction(&mut self) {
        if self.recovery.prr.take().is_some() {
            let (ssthresh, mss) = (self.congestion.ssthresh(), self.snd.mss.into());
            self.congestion.in_recovery(ssthresh, mss);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Prr;

    const MSS: u32 = 1000;

    /// Of `flight` segments every `nth` is lost, and each of the others causes one acknowledgment; so does later each that
    /// was sent for it. Returns how many went out for each, and what is under way in the end.
    fn run(flight: u32, nth: u32, ssthresh: u32, bonus: u32) -> (Vec<u32>, u32) {
        let lost = flight / nth;
        let mut prr = Prr::new(flight * MSS);
        let mut pipe = (flight - lost) * MSS;
        prr.sent(MSS);
        pipe += MSS;
        let mut sent = Vec::new();
        for _ in lost..flight {
            pipe -= MSS;
            // Whole segments alone go out.
            let count = prr.delivered(MSS, pipe, ssthresh, bonus) / MSS;
            prr.sent(count * MSS);
            pipe += count * MSS;
            sent.push(count);
        }
        (sent, pipe)
    }

    #[test]
    fn down_to_ssthresh_evenly() {
        for flight in 8..60 {
            for tenths in [5, 7] {
                let ssthresh = flight * MSS / 10 * tenths;
                for nth in [4, 5, 10, flight] {
                    for bonus in [0, MSS] {
                        let (sent, pipe) = run(flight, nth, ssthresh, bonus);
                        let case = format!("{flight}, {nth}, {tenths}, {bonus}: {sent:?}");
                        assert!(pipe <= ssthresh + 2 * MSS, "{case}");
                        assert!(sent.iter().all(|count| *count <= 2), "{case}");
                    }
                }
            }
        }
    }

    #[test]
    fn one_loss_of_twenty_halves_by_every_second_acknowledgment() {
        let (sent, pipe) = run(20, 20, 10 * MSS, MSS);
        let total: u32 = sent.iter().sum();
        assert_eq!((total, pipe), (9, 10 * MSS), "{sent:?}");
        assert!(sent.iter().all(|count| *count <= 1), "{sent:?}");
        let pauses = sent.split(|count| *count == 1).map(<[u32]>::len).max();
        assert!(pauses <= Some(3), "{sent:?}");
    }

    #[test]
    fn after_many_losses_no_more_goes_out_than_arrives_and_a_segment() {
        // Most of it is lost: far below ssthresh from the start.
        let mut prr = Prr::new(20 * MSS);
        prr.sent(MSS);
        assert_eq!(prr.delivered(MSS, 4 * MSS, 10 * MSS, 0), MSS);
        prr.sent(MSS);
        assert_eq!(prr.delivered(MSS, 4 * MSS, 10 * MSS, MSS), 2 * MSS);
        prr.sent(2 * MSS);
        assert_eq!(prr.delivered(5 * MSS, 9 * MSS, 10 * MSS, MSS), MSS);
    }
}
