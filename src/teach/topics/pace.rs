//! Topics: how a connection closes, and what TCP decides over its pace: windows, acknowledgments, small segments.

topics! {
    "state-fin-wait-1" {
        short: "{node}: {what}. Its program has closed; the FIN goes out behind the last byte.",
        full: "From now on {node} sends nothing new. Whether the FIN arrived it does not know yet, and the peer may still send as much as it likes.",
        rfc: "On CLOSE in ESTABLISHED the FIN is queued behind all data, and FIN-WAIT-1 entered: waiting for a FIN of the peer, or for the acknowledgment of our own.", "RFC 9293 §3.10.4, §3.3.2",
    }
    "state-fin-wait-2" {
        short: "{node}: {what}. Its FIN has arrived; it waits for the peer's.",
        full: "One direction is closed, and both ends know it. {node} goes on receiving for as long as the peer sends: seconds or hours.",
        rfc: "FIN-WAIT-2: waiting for the peer's FIN. The RFC gives it no end; many stacks end it after a while where no program is left to read.", "RFC 9293 §3.3.2, §3.10.7.4",
    }
    "state-closing" {
        short: "{node}: {what}. Both ends have closed at the same time: the FINs have crossed.",
        full: "The peer's FIN came while {node}'s own was not acknowledged. All that is missing now is that acknowledgment.",
        rfc: "In FIN-WAIT-1 a FIN that does not acknowledge ours leads to CLOSING; the acknowledgment of our FIN leads from there to TIME-WAIT.", "RFC 9293 §3.6, §3.10.7.4",
    }
    "state-time-wait" {
        short: "{node}: {what}. Everything is said in both directions, and it stays on guard for a while.",
        full: "Nobody acknowledges an ACK. If {node}'s last one was lost, the peer's FIN comes again, and somebody has to be there to answer it. And as long as it waits, no old segment can be taken for one of a new connection between the same ports.",
        rfc: "TIME-WAIT lasts 2 MSL (4 minutes; Linux: 60 s in all). A FIN that comes again is acknowledged and starts it anew.", "RFC 9293 §3.6.1, §3.10.7.4",
    }
    "state-close-wait" {
        short: "{node}: {what}. The peer will send nothing more; {node} still may.",
        full: "TCP waits for its own program here, for only that knows whether it has more to say. A program that forgets to close leaves the connection in this state for ever.",
        rfc: "CLOSE-WAIT: waiting for a connection termination request from the local user.", "RFC 9293 §3.3.2",
    }
    "state-last-ack" {
        short: "{node}: {what}. Its program has closed, too: the second FIN goes out.",
        full: "The peer has closed before. When this FIN is acknowledged, {node} is done at once: it need not wait, for the peer does.",
        rfc: "On CLOSE in CLOSE-WAIT a FIN is sent and LAST-ACK entered: waiting for its acknowledgment.", "RFC 9293 §3.10.4, §3.3.2",
    }
    "nagle-holds" {
        short: "{node}: {what}. It is less than a full segment, and something is still under way.",
        full: "Many small writes would make many small segments, each with 40 bytes of headers and more. Nagle's algorithm lets them gather until what was sent is acknowledged. A peer that delays its acknowledgment makes that a long wait; TCP_NODELAY turns the algorithm off.",
        rfc: "If there is unacknowledged data, the sender buffers all user data until it is acknowledged or a full-sized segment can be sent. There must be a way to turn this off for a connection.", "RFC 9293 §3.7.4; RFC 896",
    }
    "ack-waits" {
        short: "{node} could acknowledge now, and does not: {what}.",
        full: "An acknowledgment names the next byte expected, so one can stand for two segments; and one that travels with data costs nothing. The wait is short, for the sender must not take the silence for a loss.",
        rfc: "A TCP SHOULD implement a delayed ACK; the delay MUST be less than 0.5 seconds, and there SHOULD be an ACK for at least every second full-sized segment.", "RFC 9293 §3.8.6.3; RFC 1122 §4.2.3.2",
        meets: "ack-counts-packets",
    }
    "ack-now" {
        short: "{node} acknowledges without waiting: {what}.",
        full: "A delayed acknowledgment ends when there is enough to acknowledge, when something is out of order, or when its time is over.",
        rfc: "An ACK should be sent for at least every second full-sized segment, within 500 ms of the first one that is not acknowledged, and at once for a segment that is out of order or fills a gap.", "RFC 5681 §4.2",
    }
    "ack-limited" {
        short: "{node} stays silent: {what}.",
        full: "What does not fit is answered, so that an honest peer finds out where the two are. But two ends that disagree would answer each other's answers for ever, and an attacker could make a host send as much as it likes. So such answers are limited in time; a segment with data is always answered.",
        rfc: "An ACK throttling mechanism SHOULD be implemented for challenge ACKs. Linux answers a connection's invalid segments without data at most once in 500 ms (tcp_invalid_ratelimit).", "RFC 5961 §7",
    }
    "window-again" {
        short: "{node}: its program has read, and there is room enough to be worth a message.",
        full: "The peer may be waiting, with nothing under way that could be acknowledged: it would not hear of the room otherwise. For a few bytes it is not told: small windows make small segments.",
        rfc: "The receiver keeps its right edge where it is until it can move by a full segment or by half of the buffer, whichever is less.", "RFC 9293 §3.8.6.2.2",
    }
    "probe-decided" {
        short: "{node}: {what}. It asks, for the message that opens the window may have been lost.",
        full: "Nothing else would tell: an ACK is not sent again. If the window is still closed, the byte is thrown away and the answer says so; the next question comes after twice the time.",
        rfc: "The sending TCP must send at least one octet of new data, or retransmit, to a zero window, first after the retransmission time-out, then at growing intervals. The connection stays open for as long as the probes are answered.", "RFC 9293 §3.8.6.1",
    }
    "small-after-all" {
        short: "{node}: {what}. The window is too small for a segment worth sending, and has stayed so.",
        full: "A sender waits for a better window, so as not to send many tiny segments; but not for ever, for the receiver may have no more room to give.",
        rfc: "The override time-out of the sender's silly window avoidance is 0.1 to 1 second; it may be combined with the timer of the window probes.", "RFC 9293 §3.8.6.2.1",
    }
    "no-room" {
        short: "{node} throws the data away: {what}. The answer will say what it has and what it has room for.",
        full: "Nothing is lost by that: the sender still has the bytes, and sends them again when there is room.",
        rfc: "If RCV.WND is zero, no data is acceptable; but ACKs are, and an acknowledgment is sent in reply.", "RFC 9293 §3.4, §3.10.7.4",
    }
    "paws" {
        short: "{node} throws the segment away: {what}. Its number may fit, but it was sent before others that have come.",
        full: "Numbers come round again, and ports are used again: a segment that was held up in the network may look like a new one. The sender's clock only goes forward, so the timestamp tells.",
        rfc: "R1: a segment with SEG.TSval < TS.Recent, and no RST, is not acceptable: an acknowledgment is sent and the segment dropped.", "RFC 7323 §5.3",
    }
    "gives-way" {
        short: "{node}: {what}.",
        full: "TIME-WAIT guards against old segments that are taken for new ones. A SYN whose number, or timestamp, lies beyond all of the old connection leaves no room for such a mistake, so it need not wait.",
        rfc: "A TCP in TIME-WAIT may accept a new SYN if it assigns an ISN larger than the largest number used before, and the SYN's own number or timestamp is larger, too.", "RFC 9293 §3.6.1; RFC 6191 §2",
    }
    "alive-asked" {
        short: "{node}: {what} goes out. Nothing of it comes from a program.",
        full: "Silence alone tells nothing: an idle connection sends no segments, and one whose peer is gone sends none either. So TCP asks with a segment that has to be answered.",
        rfc: "Keep-alives may be sent only when nothing is outstanding and nothing was received within an interval, by default no less than two hours; one that is not answered is no proof that the connection is dead.", "RFC 9293 §3.8.4",
    }
    "alive-nobody" {
        short: "{node}: {what}. Its program is told at last.",
        full: "One lost question proves nothing; nine in a row are taken for an answer. A RST goes out for the case that somebody is there after all.",
        rfc: "A TCP must not take the failure of any single probe for a dead connection.", "RFC 9293 §3.8.4",
    }
}
