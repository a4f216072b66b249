//! Topics: what the ends of a TCP connection decide about loss, order and congestion.

topics! {
    "rto-backoff" {
        short: "No acknowledgment came to {node} in time: {what}.",
        full: "Nobody tells of a loss: {node} has only its clock. It sends the oldest unacknowledged segment alone, with cwnd down to one segment, and waits twice as long for the next answer, so that a crowded network gets room. The longer time-out stays until a segment that was sent once is acknowledged (Karn).",
        rfc: "Retransmit the earliest segment that has not been acknowledged; RTO <- RTO * 2; restart the timer. ssthresh = max (FlightSize / 2, 2*SMSS), and cwnd is set to the loss window of one segment.", "RFC 6298 §5.4-5.6; RFC 5681 §3.1",
    }
    "duplicate-counted" {
        short: "{node} hears the same acknowledgment once more and counts: {what}.",
        full: "Each one means that a segment has arrived behind a hole. One or two may come of packets that changed places; three are taken for a loss. The first two let a new segment go out each, so that there is something to cause a third.",
        rfc: "A duplicate ACK acknowledges SND.UNA again, has no data, SYN or FIN and the same window, while data is outstanding; with SACK it is one that reports new data. Limited transmit sends a new segment for each of the first two.", "RFC 5681 §2; RFC 6675 §2; RFC 3042 §2",
        meets: "ack-counts-packets",
    }
    "fast-retransmit" {
        short: "{node} takes a segment for lost and sends it at once: {what}.",
        full: "A loss is a sign that a queue somewhere was full, so ssthresh becomes half of what was under way (CUBIC: seven tenths), and cwnd follows. RECOVER notes how far was sent: until that is acknowledged, further losses are those of the same crowd, and nothing is halved again.",
        rfc: "ssthresh = max (FlightSize / 2, 2*SMSS). Without SACK cwnd = ssthresh + 3*SMSS and is inflated by each further duplicate; with SACK cwnd = ssthresh, at once or in proportion (PRR), and the pipe says how much is under way.", "RFC 5681 §3.2; RFC 6582 §3.2; RFC 6675 §5; RFC 9937 §6",
    }
    "in-proportion" {
        short: "{node} lets its window sink bit by bit: {what}.",
        full: "The window has to become smaller, but not at one blow: then nothing would go out for half a round trip, and after that everything at once. So for what arrives a share goes out, about half with Reno and seven tenths with CUBIC. Where more was lost than the window had to give, at most what arrives goes out, and a segment more as long as all goes well.",
        rfc: "While inflight > ssthresh: SndCnt = CEIL (prr_delivered * ssthresh / RecoverFS) - prr_out. Else SndCnt = MIN (ssthresh - inflight, MAX (prr_delivered - prr_out, DeliveredData), and SMSS more if SafeACK). cwnd = inflight + SndCnt.", "RFC 9937 §6",
    }
    "partial-ack" {
        short: "{node} is still recovering: {what}.",
        full: "The acknowledgment is higher than before, but does not reach what had been sent when the first loss was found. So the next segment is missing, too, and goes at once. Without SACK this finds one hole in each round trip.",
        rfc: "A partial acknowledgment: retransmit the first unacknowledged segment, deflate cwnd by what was acknowledged, add back one SMSS; restart the timer for the first one only.", "RFC 6582 §3.2",
    }
    "lost-again" {
        short: "{node} fills another hole: {what}.",
        full: "The scoreboard says which segments have arrived, which are lost and how much is still under way (the pipe). While that is less than cwnd something may go out: first what is lost, then what is new, then what may be lost.",
        rfc: "While cwnd - pipe >= 1 SMSS, send what NextSeg () returns: the first segment that is lost by IsLost (); else new data; else an unSACKed segment below the highest SACKed one. After a time-out everything unacknowledged counts as lost.", "RFC 6675 §4, §5, §5.1",
    }
    "recovery-over" {
        short: "Recovery is over at {node}: {what}.",
        full: "The acknowledgment covers everything up to RECOVER. cwnd is what the loss has left of it, and from here on grows by a segment in a round trip, or faster while it is below ssthresh.",
        rfc: "A full acknowledgment ends fast recovery: cwnd = ssthresh, or min (ssthresh, max (FlightSize, SMSS) + SMSS), which avoids a burst.", "RFC 6582 §3.2; RFC 6675 §5",
    }
    "kept-early" {
        short: "{node} has something that came too early: {what}.",
        full: "What comes behind a hole is kept, for then only the hole has to be sent again. The acknowledgment goes out at once and names the hole: the sender counts these. The program gets nothing yet, for it must get the bytes in their order.",
        rfc: "Segments with higher beginning sequence numbers SHOULD be held for later processing; an out-of-order segment SHOULD be acknowledged at once.", "RFC 9293 §3.10.7.4; RFC 5681 §4.2",
    }
    "dsack-told" {
        short: "{node} had these bytes already: {what}.",
        full: "The bytes are thrown away, and the acknowledgment tells which came twice: the first SACK block names them. So the sender can learn that it sent again in vain.",
        rfc: "The first block of the SACK option reports the duplicate that triggered the ACK (D-SACK), below the acknowledgment number or within the second block; each is reported once.", "RFC 2883 §4",
    }
    "dsack-heard" {
        short: "{node} learns that it sent something in vain: {what}.",
        full: "The copy was not needed: the first one was only late, or its acknowledgment was lost, or the network itself doubled the packet. A patient sender (RACK) gives late segments more time from now on.",
        rfc: "A block before the acknowledgment number, or within the second block, is a D-SACK. RACK adds a quarter of min_RTT to its reordering window, for 16 recoveries.", "RFC 2883 §5; RFC 8985 §6.2",
    }
    "rack-overdue" {
        short: "{node} looks at the clock: {what}.",
        full: "Something that was sent later has arrived, and these have had a round trip and a bit more. No duplicate ACKs are counted: the times of sending decide.",
        rfc: "A segment is lost if it was sent before RACK.segment, the latest one delivered, and its sending lies RACK.rtt + RACK.reo_wnd back.", "RFC 8985 §6.2",
    }
    "tail-probe" {
        short: "{node} has been waiting for two round trips: {what}.",
        full: "If the last segments of a batch are lost, nothing comes behind them that could make the peer complain. The probe does: its answer tells what is missing, long before the time-out.",
        rfc: "When PTO expires, send a segment of new data, or else retransmit the one with the highest number; one probe at a time. PTO is 2*SRTT, and 200 ms more with a single segment in flight.", "RFC 8985 §7.2, §7.3",
    }
    "ecn-agreed" {
        short: "{node}: {what}. From now on a queue can mark a packet where it would have lost it.",
        full: "ECE and CWR in a SYN ask for it, ECE alone in the SYN, ACK agrees. After that each packet with new data says ECT in its IP header: I may be marked.",
        rfc: "An ECN-setup SYN has ECE and CWR set, an ECN-setup SYN-ACK has ECE set and CWR not. ECT must not be set on a SYN, a pure ACK or a retransmission.", "RFC 3168 §6.1.1, §6.1.4, §6.1.5",
    }
    "ecn-marked" {
        short: "A packet has come to {node} with the mark of a long queue: {what}.",
        full: "The mark is made in the IP header, by a switch or router whose queue is getting long. The receiver cannot slow down what it does not send: it passes the news on in TCP's header.",
        rfc: "On a packet with CE, the receiver sets ECE in the ACK of it and in all later ones, until a packet with CWR comes.", "RFC 3168 §6.1.3",
    }
    "ecn-slows" {
        short: "{node} hears of a long queue: {what}.",
        full: "The window is reduced as if a segment were lost, but none is, and so nothing is sent again. Once for all that is under way: later ECEs within the same round trip tell of the same queue.",
        rfc: "The sender reacts to ECE as to a single lost packet: ssthresh and cwnd are reduced, at most once a window of data, and CWR is set in the first new packet after that.", "RFC 3168 §6.1.2",
    }
    "ecn-heard" {
        short: "{node}: {what}.",
        full: "The sender has understood. The echo was repeated until now because any single ACK could have been lost.",
        rfc: "After the receipt of a CWR packet, ACKs for later packets without CE have ECE not set.", "RFC 3168 §6.1.3",
    }
}
