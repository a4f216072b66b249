//! Topics: TCP segments.

topics! {
    "syn" {
        short: "{from} wants to talk to port {dport} of {to}. It sends SYN with its own first number (ISN), which is shown as 0.",
        full: "The first number is drawn so that an old or a forged segment is unlikely to fit. SYN itself uses up one number: the first byte of data will be number 1. The options say what {from} can do: largest segment {mss}, window scale, SACK, timestamps.",
        rfc: "A SYN of the form <SEQ=ISS><CTL=SYN> is sent. SND.UNA is set to ISS, SND.NXT to ISS+1, and the state to SYN-SENT. The ISN is M + F(addresses, ports, secret) (RFC 6528).", "RFC 9293 §3.10.1, §3.4.1",
        meets: "seq-starts-at-0",
    }
    "syn-again" {
        short: "{from} sends the same SYN again: no answer came in time.",
        full: "The number is the same, for it is the same request: had the first one arrived after all, the peer would see that it is the same. {from} cannot know whether the SYN or the answer to it was lost. The next wait is twice as long.",
        rfc: "The retransmission timer, 1 second at first, expires: the SYN is sent again and RTO doubled. Where it expired for a SYN, RTO is set to 3 seconds when data transmission begins. (Linux: only where the handshake has measured no round trip.)", "RFC 6298 §2.1, §5.4-5.7",
    }
    "syn-ack" {
        short: "{from} agrees to talk. It picks its own first number (ISN) and says ack={ack}: \"I have everything before {ack}; send {ack} next\".",
        full: "Both flags travel in one segment: the ACK confirms the peer's number, the SYN offers {from}'s own. Each direction counts its own bytes with numbers of its own. The SYN used up number 0, although it carries no data.",
        rfc: "RCV.NXT is set to SEG.SEQ+1, IRS to SEG.SEQ, an ISS is selected, and <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> is sent. SND.NXT is ISS+1, SND.UNA is ISS; the state becomes SYN-RECEIVED.", "RFC 9293 §3.10.7.2",
        meets: "syn-is-free",
    }
    "syn-cookie" {
        short: "{from} answers with a SYN, ACK, and remembers nothing of it: the number that it sends as its first is a cookie. It says ack={ack}.",
        full: "What {from} would have to remember of the caller is in that number, which is computed and not drawn. A caller that exists sends it back, plus one, in the ACK; then, and only then, a connection is made from it. It will not be sent again: nobody is there to miss the ACK.",
        rfc: "The initial sequence number of the SYN, ACK encodes what a TCB would hold, and no TCB is made: the port stays in LISTEN. The only option is the MSS.", "RFC 4987 §3.6",
    }
    "syn-ack-again" {
        short: "{from} sends its SYN, ACK again, with the same numbers: the ACK of it has not come.",
        full: "Either the timer of {from} ran out, or the SYN came once more, which tells that the answer may be lost. {from} picks no new first number: what it said before still holds.",
        rfc: "In SYN-RECEIVED a SYN that comes again is not acceptable and makes the end repeat what it has to say; the retransmission timer repeats the SYN, ACK by itself.", "RFC 9293 §3.10.7.4, §3.8.1",
    }
    "crossed-syn-ack" {
        short: "{from} has called too when the SYN of {to} came. So it sends its own SYN once more, now with the acknowledgment: ack={ack}.",
        full: "Both opened at the same time, and neither got the answer that it waited for, but a call from the very port that it calls. Two calls make one connection. When this segment arrives at {to}, the acknowledgment in it is what counts: the SYN there is known already.",
        rfc: "In SYN-SENT, a SYN without an ACK sets RCV.NXT to SEG.SEQ+1 and IRS to SEG.SEQ; the state becomes SYN-RECEIVED, and <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> is sent.", "RFC 9293 §3.10.7.3, §3.5",
    }
    "handshake-ack" {
        short: "{from} confirms the number of {to} (ack={ack}). Now each side knows that the other has its first number: the connection stands.",
        full: "With two messages alone {to} could not know whether its number ever arrived. This ACK carries no data and uses up no number: the first data will have seq={seq} too.",
        rfc: "In SYN-SENT, with our SYN acknowledged (SND.UNA > ISS), the state becomes ESTABLISHED and <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> is sent.", "RFC 9293 §3.10.7.3",
        meets: "two-is-enough",
    }
    "ack" {
        short: "{from} says ack={ack}: it has every byte before {ack} and expects {ack} next.",
        full: "Acknowledgments are cumulative: one number confirms all that came before it, and a lost ACK is made good by the next. It carries no data and uses up no number. The window of {window} bytes says how much more {from} has room for.",
        rfc: "If SND.UNA < SEG.ACK =< SND.NXT, SND.UNA is set to SEG.ACK, and segments on the retransmission queue that are thereby entirely acknowledged are removed.", "RFC 9293 §3.10.7.4",
        meets: "ack-means-read",
    }
    "duplicate-ack" {
        short: "{from} says ack={ack} once more: something arrived, but not the byte {ack} that it still waits for.",
        full: "A segment that comes out of order is answered at once with the same ack. To the sender that is a hint: a hole is in the stream, while later segments get through. With SACK the answer also names what has arrived behind the hole.",
        rfc: "A TCP receiver should send an immediate duplicate ACK when an out-of-order segment arrives.", "RFC 5681 §3.2, §4.2",
        meets: "ack-counts-packets",
    }
    "data" {
        short: "{from} sends {len} bytes, numbered {seq} to just before {next}. It will be told ack={next} when they have all arrived.",
        full: "TCP numbers bytes, not messages: where a message starts and ends is the business of the layer above. The bytes stay with the sender until they are acknowledged, for the case that they must be sent again.",
        rfc: "Data is segmented, sent with SEG.SEQ = SND.NXT, SND.NXT is advanced by the length, and the retransmission timer is started if it is not running.", "RFC 9293 §3.10.2; RFC 6298 §5",
        meets: "ack-plus-one",
    }
    "retransmission" {
        short: "{from} sends the bytes from {seq} again: no acknowledgment for them came in time.",
        full: "The sender cannot know whether the data, or only its acknowledgment, was lost. Sending again is safe, for a byte's number tells the receiver whether it has it already. After each time-out the wait doubles, so a crowded network is not crowded further.",
        rfc: "When the retransmission timer expires, the earliest unacknowledged segment is sent again, RTO is doubled (back off the timer), and the timer restarted. A repeated segment is no sample for the round-trip time unless timestamps tell which one was answered (Karn).", "RFC 6298 §5.4-5.6, §3",
    }
    "retransmission-smaller" {
        short: "{from} sends the bytes from {seq} again, in smaller segments: a router said that the packets were too big for the path.",
        full: "Nobody waited for a time-out: the message told that the packet is lost, and what would fit. The congestion window stays as it is, for nothing was congested. From now on all segments to this destination are small enough.",
        rfc: "The connection that the Datagram Too Big message names may retransmit at once, in datagrams that fit; its congestion window is not to be changed by that.", "RFC 1191 §6.4; RFC 8201 §5.4",
    }
    "fast-retransmission" {
        short: "{from} sends the bytes from {seq} again without waiting for its timer: {to} has said that it misses them and has later ones.",
        full: "Each duplicate ACK tells that something later arrived, so the network still carries data and just this segment is missing. That is quicker than a time-out, and a milder sign: the sender slows down, but does not begin anew.",
        rfc: "The third duplicate ACK, or as much behind the hole reported by SACK, is taken as the sign of a loss: the segment at SND.UNA is sent again, ssthresh set to half of what is in flight, at least 2 SMSS. Until all that was sent before is acknowledged, other missing segments are sent again too.", "RFC 5681 §3.2; RFC 6582 §3.2; RFC 6675 §5",
        meets: "ack-counts-packets",
    }
    "needless-retransmission" {
        short: "{from} sends the numbers from {seq} again, although {to} has acknowledged them.",
        full: "The acknowledgment was lost, or came too late. The receiver knows by the number that it has all this, drops it, and acknowledges once more: nothing is delivered twice.",
        rfc: "A segment that is not acceptable because it is old is answered with <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> and dropped.", "RFC 9293 §3.10.7.4, §3.4",
    }
    "d-sack" {
        short: "{from} says ack={ack}, and that some bytes came twice: the first SACK block names them (D-SACK).",
        full: "What came twice is thrown away: the numbers show that it is old. The report costs nothing, and tells {to} that it sent again in vain, because something was late and not lost, or because an acknowledgment was lost.",
        rfc: "A first block below the acknowledgment number, or within the second block, reports a duplicate segment. It is reported once, in the ACK that the duplicate triggered.", "RFC 2883 §4",
    }
    "ecn-echo" {
        short: "{from} says ack={ack} and ECE: a packet of {to} was marked on its way, for a queue is long.",
        full: "The mark was in the IP header of a packet with data. It does not travel back by itself: {from} repeats ECE in every acknowledgment until {to} has answered with CWR, that it has reduced its window.",
        rfc: "The receiver sets ECE in the ACKs after a CE packet until it receives a packet with CWR.", "RFC 3168 §6.1.3",
    }
    "out-of-order" {
        short: "The {len} bytes from {seq} come late: later ones were seen before them.",
        full: "Either the packets overtook each other on the way, or these were lost before they could be seen here and are sent again; a capture alone cannot always tell. The receiver keeps what is early and puts it in its place by the numbers.",
        rfc: "Segments with higher beginning sequence numbers should be held for later processing.", "RFC 9293 §3.10.7.4",
    }
    "zero-window" {
        short: "{from} has no room left (window 0). The peer must wait until the window opens again.",
        full: "The application at {from} reads more slowly than the data comes. Flow control keeps the peer from sending what could only be thrown away; the peer asks now and then with a tiny probe, for the message that opens the window could get lost.",
        rfc: "The sending TCP must regularly probe a peer that offers a zero window.", "RFC 9293 §3.8.6.1",
    }
    "window-update" {
        short: "{from} has more room: a window of {window} bytes. Nothing new is acknowledged.",
        full: "The program at {from} has read, so its buffer has room again. The sender would not learn of it otherwise, for no data is on its way that could be acknowledged.",
        rfc: "SND.WND is set to SEG.WND where SND.WL1 and SND.WL2 say that the segment is not an old one. A receiver waits until the step is worth it, against silly windows.", "RFC 9293 §3.10.7.4, §3.8.6.2.2",
    }
    "window-probe" {
        short: "{from} asks whether the window of {to} is still closed: a probe.",
        full: "The message that opens the window is an ACK, and ACKs are not sent again when they are lost: both ends would wait for ever. So the sender asks, at first after about a time-out, then ever more seldom; the answer tells the window.",
        rfc: "A probe is sent when a zero window has existed for the retransmission time-out, and the interval between probes grows exponentially. An offered zero window may last for ever: that is no reason to close.", "RFC 9293 §3.8.6.1",
    }
    "keep-alive" {
        short: "{from} asks whether {to} is still there: a keep-alive. It says nothing new.",
        full: "Its number is one that was acknowledged long ago, so the peer's TCP has to answer with its ACK. A peer that has gone, or forgot the connection, answers with RST or not at all. It is the TCP of {from} that asks: no program takes part.",
        rfc: "A keep-alive segment has SEG.SEQ = SND.NXT-1 and may or may not have one garbage octet. Keep-alives MUST be off by default; the interval MUST default to no less than two hours.", "RFC 9293 §3.8.4",
    }
    "keep-alive-ack" {
        short: "{from} answers the keep-alive: the connection still stands, ack={ack}.",
        full: "The number of the probe was an old one, so nothing was taken from it: the answer says again what {from} expects. That it comes at all is the message.",
        rfc: "An incoming segment that is not acceptable is answered with <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>.", "RFC 9293 §3.8.4, §3.10.7.4",
    }
    "fin" {
        short: "{from} has nothing more to send: FIN, which uses up one number. It can still receive.",
        full: "Each direction is closed by itself. All bytes of {from} have numbers below {end}; the FIN itself has the number {end}, so the peer will say ack={next} when it has got everything. The peer may go on sending, and closes its own direction when it has finished.",
        rfc: "On CLOSE a FIN segment is formed and sent after all data; from ESTABLISHED the state becomes FIN-WAIT-1, from CLOSE-WAIT it becomes LAST-ACK.", "RFC 9293 §3.10.4, §3.6",
        meets: "syn-is-free",
    }
    "fin-again" {
        short: "{from} sends its FIN again: no acknowledgment for it came in time.",
        full: "The FIN has a number like a byte, so it is watched by the retransmission timer like a byte, and can be lost and repeated like one.",
        rfc: "When the retransmission timer expires, the earliest unacknowledged segment is sent again, RTO is doubled, and the timer restarted.", "RFC 6298 §5.4-5.6",
    }
    "fin-ack" {
        short: "{from} says ack={ack}: it has all that {to} sent, and the FIN, which used up the last number.",
        full: "The +1 is the FIN's: it has a number, so that it can be acknowledged and sent again like a byte. {to} now knows that its direction is closed; that of {from} may still be open.",
        rfc: "If our FIN has been acknowledged, FIN-WAIT-1 becomes FIN-WAIT-2, CLOSING becomes TIME-WAIT, and LAST-ACK becomes CLOSED.", "RFC 9293 §3.10.7.4",
        meets: "ack-plus-one",
    }
    "rst" {
        short: "{from} breaks the connection off at once: RST. There is nothing to be delivered and nothing to be answered.",
        full: "A reset answers a segment that belongs to no connection, or ends one that the program gave up. The receiver checks that the number fits, so that nobody can end a connection by guessing.",
        rfc: "The RST is acceptable if its sequence number is exactly RCV.NXT; elsewhere in the window it is answered with a challenge ACK (RFC 5961). The user is told \"connection reset\".", "RFC 9293 §3.10.7.4, §3.5.2",
    }
    "rst-no-connection" {
        short: "{from} has no connection that this segment could belong to, and says so: RST.",
        full: "Its TCP has closed, aborted or forgotten the connection. The reset has the number that the segment acknowledged: the very one that the sender expects next, so it will be believed. No program takes part in this.",
        rfc: "In CLOSED, an incoming segment that has the ACK bit and no RST causes <SEQ=SEG.ACK><CTL=RST> to be sent.", "RFC 9293 §3.10.7.1, §3.5.2",
    }
    "rst-not-sent" {
        short: "{to} has acknowledged a number that {from} never sent. So {from} answers with RST: that connection does not exist.",
        full: "{to} believes in a connection of which {from} knows nothing: an old SYN has strayed in, or {from} has lost its memory. The reset has the number that was acknowledged, so {to} takes it for right, and forgets its half.",
        rfc: "In LISTEN, SYN-SENT and SYN-RECEIVED an ACK of something not sent causes <SEQ=SEG.ACK><CTL=RST>; the connection at this end stays as it is.", "RFC 9293 §3.5.2, §3.10.7",
    }
    "rst-abort" {
        short: "The program at {from} breaks the connection off: RST. What was under way, in both directions, is lost.",
        full: "A close would send FIN and see to it that everything arrives. An abort forgets the connection at once: nothing is sent again, nothing more is received, and there is no TIME-WAIT. The other program is told \"connection reset\".",
        rfc: "On ABORT, queued SENDs and RECEIVEs are given up, <SEQ=SND.NXT><CTL=RST> is sent, and the TCB is deleted.", "RFC 9293 §3.10.5",
    }
    "rst-unread" {
        short: "The program at {from} has closed, and data came that nobody will read: RST says that they are lost.",
        full: "An acknowledgment would be a lie: the sender would take the data for delivered. So a close with data unread, or data that come after it, are answered with a reset.",
        rfc: "If CLOSE is called while received data is pending, or new data is received after CLOSE, TCP SHOULD send a RST to show that data was lost.", "RFC 1122 §4.2.2.13",
    }
    "challenge-ack" {
        short: "{from} asks back: {what}. The ACK says what it expects: ack={ack}.",
        full: "The question goes to the true peer. If that one has really lost the connection, the ACK means nothing to it, and its answer is a RST with just this number. If it has not, it has no reason to answer. Somebody who guesses from outside never sees the ACK.",
        rfc: "A challenge ACK is <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>. Their number in a second is to be limited.", "RFC 5961 §3.2, §4.2, §7",
    }
    "misfit-ack" {
        short: "A segment has come that does not fit: {what}. So {from} drops it and says what it expects: ack={ack}.",
        full: "This ACK serves two ends. A peer that has missed an earlier acknowledgment gets it once more. A peer that has lost its memory sees that something is wrong, and resets.",
        rfc: "A segment that is not acceptable is answered with <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, unless it is a RST, and dropped.", "RFC 9293 §3.10.7.4",
    }
    "made-up" {
        short: "{node} sends a segment that it has made up. It says that it comes from {src}; nothing in IP checks that.",
        full: "A program with the right to do so can write any segment, past its host's TCP. Whatever is answered goes to {src}, not to {node}. Routers at the edge of a network should throw away packets whose source address cannot be behind them; many do not.",
        rfc: "Ingress filtering: packets whose source address does not belong to the network that they come from are to be dropped there.", "RFC 2827 (BCP 38); RFC 4953",
    }
    "refused" {
        short: "Nobody listens at port {sport} of {from}. Its TCP answers the SYN with RST: connection refused.",
        full: "The RST acknowledges the SYN (ack={ack}), so the peer knows that it is meant for it. A refusal is quick and clear; a firewall that throws the SYN away would leave the peer waiting for its time-out.",
        rfc: "In CLOSED, a segment without RST causes a RST: if the ACK bit is off, <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> is sent.", "RFC 9293 §3.10.7.1",
    }
    "gap" {
        short: "Bytes are missing here ({what}). Nothing is made up for them.",
        full: "The capturing computer was too slow, or the packets went another way, or were lost before they came by. Where an acknowledgment covers them they did arrive; what they were can't be known.",
        rfc: "A cumulative acknowledgment covers all bytes before it.", "RFC 9293 §3.4",
    }
}
