//! Topics: what happens inside hosts and switches and on links.

topics! {
    "lost" {
        short: "The frame is lost on the way: {what}. Neither end notices anything now.",
        full: "No message tells of it. The receiver cannot miss what it does not expect, and the sender finds out only because no acknowledgment comes, or the same one again.",
        rfc: "TCP finds losses by sequence numbers and mends them by sending again.", "RFC 9293 §2.2",
    }
    "lost-unwatched" {
        short: "The frame is lost on the way: {what}. Neither end notices anything now.",
        full: "No message tells of it. This protocol does not send again by itself: whoever asked may ask once more when no answer comes.",
        rfc: "Ethernet and IP deliver as well as they can and promise nothing: what is lost is left to the layers above.", "RFC 791 §1.2; RFC 1122 §1.1.3",
    }
    "faulted" {
        short: "The link disturbs the frame: {what}.",
        full: "Real networks delay, reorder, double and damage packets. Each layer that promises more than the one below must cope with it.",
        rfc: "IP promises neither order nor that a packet comes once and undamaged: what needs that adds it above.", "RFC 791 §1.2; RFC 1122 §1.1.3",
    }
    "host-down" {
        short: "{node} loses its power. Its programs, its connections and all its tables are gone, and nobody is told.",
        full: "A connection is nothing but what two hosts remember of it. One of them has forgotten it now; the other still believes in it, and the connection is half-open. No wire knows of connections, so nothing on the way can tell. The other end learns of it only when it hears from {node} again, or stays without an answer for too long.",
        rfc: "A connection is half-open if one of the TCP peers has closed or aborted it at its end without the knowledge of the other, or if the two ends have become desynchronized by a failure or reboot that lost memory.", "RFC 9293 §3.5.1",
    }
    "host-up" {
        short: "{node} is up again, and remembers nothing of what was before. Its servers listen again.",
        full: "Its address is the same, so segments of its old life may still reach it: it answers them with RST, for it knows no such connection. Its initial numbers are drawn anew, so that an old segment hardly fits a new connection. To be safe it would have to keep quiet until all old segments are gone; hardly any host does.",
        rfc: "A TCP that has lost all memory of the sequence numbers in use must keep quiet for an MSL, 2 minutes, before it assigns any (the quiet time). Implementations that violate this run the risk that some old data is accepted as new.", "RFC 9293 §3.4.3",
    }
    "timer-expired" {
        short: "At {node} the {timer} timer runs out.",
        full: "A timer is how a program notices that something did not happen. What follows from it is the next step.",
        rfc: "A time-out is one of the three kinds of event that a TCP reacts to, beside user calls and arriving segments.", "RFC 9293 §3.10.8",
    }
    "pause-over" {
        short: "The pause of the program on {node} is over: it goes on.",
        full: "The program waited on purpose, as its script says. No layer below knew of it, and nothing went wrong.",
        rfc: "What a program does between its calls is its own business.", "RFC 9293 §3.9.1",
    }
    "app-call" {
        short: "The program on {node} calls its network stack: {what}.",
        full: "The program knows nothing of segments or frames: it calls a function, and hands over bytes where it has any. All that follows is the stack's work.",
        rfc: "The user/TCP interface has OPEN, SEND, RECEIVE, CLOSE, STATUS and ABORT.", "RFC 9293 §3.9.1",
        meets: "send-equals-receive",
    }
    "app-event" {
        short: "The program on {node} is told: {what}.",
        full: "The stack tells the program what it has to know, and keeps the rest to itself: the program sees no segments.",
        rfc: "The stack informs the program of certain events by signals or by what its calls return.", "RFC 9293 §3.9.1.8",
    }
    "ws-opened" {
        short: "The program on {node} is told: {what}. From now on both sides may send messages at any time.",
        full: "The program asked once and is told once; the request, the answer and all below were the work of its libraries and of the stack. No message has come up yet.",
        rfc: "When the handshake has succeeded, the WebSocket connection is in the OPEN state.", "RFC 6455 §4.1, §4.2.2",
    }
    "ws-closed" {
        short: "The program on {node} is told: {what}.",
        full: "A conversation ends at each layer by itself: first the WebSocket connection with its Close frames, then TCP below it. To the program it is over before TCP has finished.",
        rfc: "A first Close begins the closing handshake. The connection is closed cleanly if TCP is closed after the closing handshake was completed.", "RFC 6455 §7.1.3, §7.1.4",
    }
    "ws-lost" {
        short: "The program on {node} is told: {what}. The closing handshake was not completed.",
        full: "The connection below ended before each side had sent a Close frame and got one. 1006 never stands in a frame: a program is told this number where no Close frame has come. What was sent last may have arrived or not.",
        rfc: "1006 is a reserved value and MUST NOT be set as a status code in a Close control frame by an endpoint. If the connection is closed and no Close control frame was received, the close code is considered to be 1006.", "RFC 6455 §7.1.5, §7.4.1",
    }
    "ws-not-opened" {
        short: "The program on {node} is told: {what}. There is no WebSocket.",
        full: "It had asked for one, and this is the answer to its call. What it wanted to send stays with it. A script in a browser is told only that it has failed, and not why, so that a page cannot use it to look around in a network.",
        rfc: "A client that fails the WebSocket connection MUST close it, and MAY report the problem to the user; a status other than 101 is handled by the procedures of HTTP.", "RFC 6455 §4.1, §7.1.7",
    }
    "app-opened" {
        short: "The program on {node} is told: {what}. From now on it can send and receive.",
        full: "Opening was the work of the stack, in several messages; the program made one call and now gets one answer. No data has come up yet.",
        rfc: "A passive OPEN may be fulfilled by whoever comes; an active OPEN begins the exchange that synchronizes the connection. The user learns of the outcome.", "RFC 9293 §3.9.1.1, §3.10.1",
    }
    "app-closed" {
        short: "The program on {node} is told: {what}.",
        full: "Each direction is closed by itself: the program has got every byte that came before, and may still send.",
        rfc: "A FIN is told to the user as \"connection closing\"; what came before it is still delivered.", "RFC 9293 §3.6, §3.10.7.4",
    }
    "app-received" {
        short: "The program on {node} is told: {what}. The data has come all the way up.",
        full: "Only now has the program heard of it. That the TCP below acknowledged bytes meant only that TCP had them.",
        rfc: "An acknowledgment by TCP does not mean that the data reached the user, only that the receiving TCP took over the duty to deliver it.", "RFC 793 §2.6",
        meets: "ack-means-read",
    }
    "state" {
        short: "{node}: the connection changes its state: {what}.",
        full: "A state says what has happened so far and what may come next. The two ends have states of their own, and change them at different times.",
        rfc: "The states are LISTEN, SYN-SENT, SYN-RECEIVED, ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT, CLOSING, LAST-ACK, TIME-WAIT, and the fictional CLOSED.", "RFC 9293 §3.3.2",
    }
    "listening" {
        short: "A program on {node} listens: {what}. From now on a SYN to it is welcome.",
        full: "A passive open waits for whoever comes. Without it the stack would answer a SYN with RST.",
        rfc: "A passive OPEN says that the process wants to accept connection requests, where an active OPEN makes one.", "RFC 9293 §3.3.2",
    }
    "arp-learned" {
        short: "{node} notes: {what}.",
        full: "The ARP cache is a table of IP and MAC addresses; entries grow old and are asked for anew.",
        rfc: "If the pair of protocol type and sender protocol address is in the table, the entry is updated, else it is added.", "RFC 826, Packet Reception",
    }
    "arp-queued" {
        short: "{node} keeps the packet back until it knows the next station's MAC address: {what}.",
        full: "Without a destination address no frame can be made. At least the latest packet is kept while the question is under way.",
        rfc: "The link layer should save (rather than discard) at least one packet of each set destined to the same unresolved IP address, and transmit it when the address has been resolved.", "RFC 1122 §2.3.2.2",
    }
    "neighbor-learned" {
        short: "{node} notes: {what}.",
        full: "The neighbor cache is IPv6's table of IP and MAC addresses. An entry is trusted for some thirty seconds after the last proof that packets arrive there, such as an acknowledgment of TCP; after that the neighbor is used still, and asked directly if no proof comes.",
        rfc: "The cache entry has the state REACHABLE after a solicited advertisement, and STALE after a solicitation of the neighbor's own.", "RFC 4861 §7.2.3, §7.2.5, §7.3.2",
    }
    "neighbor-queued" {
        short: "{node} keeps the packet back until it knows the next station's MAC address: {what}.",
        full: "Without a destination address no frame can be made. The packet waits while Neighbor Discovery asks, up to three times, a second apart.",
        rfc: "While waiting for address resolution to complete, the sender MUST, for each neighbor, retain a small queue of packets.", "RFC 4861 §7.2.2",
    }
    "switch-learned" {
        short: "{node} learns from the source address: {what}.",
        full: "The table fills by itself from the frames that come. Nobody has to configure it, and entries that stay silent are forgotten.",
        rfc: "The learning process observes the source addresses of received frames and updates the filtering database.", "IEEE 802.1D §7.8",
    }
    "switch-forwarded" {
        short: "{node} sends the frame on: {what}.",
        full: "A switch reads the destination address only. What it does not know, or what is for all, goes out everywhere but where it came from. It changes nothing in the frame.",
        rfc: "Frames are relayed unchanged; those with an unknown destination are flooded.", "IEEE 802.1D §7.7",
    }
    "routed" {
        short: "{node} looks up where the packet goes next: {what}.",
        full: "The frame that it came in is taken off and thrown away. The router compares the destination address with its table and takes the entry that fits best: the longest prefix. Then it lowers the TTL by one and makes a new frame for the next link.",
        rfc: "The router examines the destination IP address and searches its database of routes for the next hop by the longest match; it decrements the TTL, and at zero the packet is discarded.", "RFC 1812 §5.2.1, §5.2.4.3, §5.3.1",
        meets: "mac-is-end-to-end",
    }
    "routed-ipv6" {
        short: "{node} looks up where the packet goes next: {what}.",
        full: "The frame that it came in is taken off and thrown away. The router compares the destination address with its table and takes the entry that fits best: the longest prefix. Then it lowers the hop limit by one and makes a new frame for the next link. It computes no checksum, as the IPv6 header has none.",
        rfc: "The hop limit is decremented by 1 by each node that forwards the packet; it is discarded if the hop limit was zero when it came, or becomes zero.", "RFC 8200 §3",
        meets: "mac-is-end-to-end",
    }
    "backlog-full" {
        short: "{node} throws the SYN away: {what}. There is no place left to remember another caller.",
        full: "Each caller that has not sent the third message yet takes a place in the listener's backlog. A SYN that finds none is dropped, and not refused: the caller will ask again, and a place may be free by then. With SYN cookies the server would need no place to answer.",
        rfc: "The backlog bounds the connections that one listener has in SYN-RECEIVED. An attacker fills it with SYNs from addresses that never answer: a SYN flood.", "RFC 4987 §2.1, §2.2",
    }
    "cookie-sent" {
        short: "{node} has no place left to remember this caller, and answers without remembering: its first number is a cookie.",
        full: "The number is computed from both addresses and ports, the caller's number, a slow clock and a secret key, and says roughly how large a segment may be. Whoever sends it back, plus one, proves that the answer has reached him. Until then the server keeps nothing, so there is nothing to fill.",
        rfc: "With SYN cookies the initial sequence number of the SYN, ACK encodes the state that a TCB would hold, and no TCB is made. What the SYN offered is lost, but for a coarse MSS.", "RFC 4987 §3.6",
    }
    "cookie-taken" {
        short: "{node} has no connection for this ACK, but the number in it is one of its own cookies: so the connection is made now.",
        full: "It takes one away from the acknowledgment, computes what the cookie for these addresses, ports and numbers would be, and compares. They agree, so this caller did get the answer. Options that the SYN had offered are forgotten: no window scaling, no SACK, no timestamps.",
        rfc: "When the ACK arrives, the cookie in it is validated and the TCB is built from it, in ESTABLISHED.", "RFC 4987 §3.6",
    }
    "challenge" {
        short: "{node} does not believe it: {what}. The true peer is asked.",
        full: "A reset or a SYN in the midst of a connection may come from the peer, or from somebody who guesses. The ACK that follows goes to the peer and says which number is expected. A peer that has really forgotten the connection answers it with RST, and then with just that number; anybody else never sees the question.",
        rfc: "A RST that is in the window but not exactly at RCV.NXT, and a SYN in a synchronized state, make the TCP send a challenge ACK, <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, and drop the segment.", "RFC 5961 §3.2, §4.2",
    }
    "crossed-syn" {
        short: "{node} has opened too, and so has its peer: here is {what}.",
        full: "Both have called, and the SYN in this segment was taken before. The acknowledgment is new: it says that our own SYN has arrived, and that is all that was missing.",
        rfc: "In simultaneous open each end goes from SYN-SENT to SYN-RECEIVED, and to ESTABLISHED when the SYN, ACK of the other comes. What of a segment lies before RCV.NXT may be trimmed off.", "RFC 9293 §3.5, §3.10.7.4",
    }
    "ack-of-unsent" {
        short: "{node} throws it away: it acknowledges a number that {node} has not sent.",
        full: "Such an acknowledgment cannot be an answer to this end. It belongs to an earlier connection between the same ports, or it is forged. Before the connection stands it is answered with RST, so that whoever believes in that other connection is freed of it; later with an ACK that says what is right.",
        rfc: "In SYN-SENT, SEG.ACK =< ISS or SEG.ACK > SND.NXT makes the TCP send <SEQ=SEG.ACK><CTL=RST> and drop the segment. In synchronized states, SEG.ACK > SND.NXT makes it send an ACK.", "RFC 9293 §3.10.7.3, §3.10.7.4",
    }
    "out-of-window" {
        short: "{node} throws it away: its number is not one of those that {node} has room for now.",
        full: "Either it is old and was taken before, or it belongs to another connection between the same ports, or somebody guesses. It is answered with an ACK that says what is expected, except a reset, which gets no answer at all.",
        rfc: "A segment is acceptable if it has a number from RCV.NXT to before RCV.NXT+RCV.WND. Else, unless the RST bit is set, <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> is sent, and the segment dropped.", "RFC 9293 §3.10.7.4",
    }
    "rst-ignored" {
        short: "{node} throws the reset away: there is no such connection here either.",
        full: "What a reset asks for is the case already. And a reset is never answered with a reset: the two would go on for ever.",
        rfc: "In CLOSED, an incoming segment that contains a RST is discarded.", "RFC 9293 §3.10.7.1",
    }
    "not-mine" {
        short: "{node} throws the packet away: it is not for its own address.",
        full: "The frame was for {node}, but the packet in it is for another address, and {node} knows no way to it. It sends nothing on.",
        rfc: "A host that is no router silently discards a datagram that is not destined for it.", "RFC 1122 §3.2.1.3",
    }
    "discarded" {
        short: "{node} throws it away: {what}.",
        full: "What does not fit is dropped without a word at the layer that notices; layers above repair what they promised.",
        rfc: "", "",
    }
    "decided" {
        short: "{node}: {what}.",
        full: "A decision of this layer; what led to it came before, what it led to follows.",
        rfc: "", "",
    }
    "end" {
        short: "The end of the conversation: nothing more is under way.{told}",
        full: "What you see now is how both ends are left. Go back step by step, or open another scenario with c.",
        rfc: "A connection that has reached CLOSED is no more: its TCB is deleted.", "RFC 9293 §3.3.2",
    }
    "end-of-frames" {
        short: "Here the capture ends: the last frame has arrived, and no other was seen.",
        full: "The states are those in which both ends are left, as far as frames tell of it. What they did later, and whether they sent anything else, was not captured.",
        rfc: "", "",
    }
    "end-time-wait" {
        short: "The end of the conversation: nothing more is under way, and the wait of the end that closed first is over.{told}",
        full: "That end kept the connection in TIME-WAIT for a while, to answer a FIN that might come again, and so that old segments die out. Go back step by step, or open another scenario with c.",
        rfc: "After 2 MSL in TIME-WAIT the TCB is deleted.", "RFC 9293 §3.10.8, §3.6.1",
    }
    "end-cut-short" {
        short: "The run stops here: {what}. Something may still have been under way.{told}",
        full: "Nothing in the conversation itself ended it. Both ends are left as they are now.",
        rfc: "TCP itself sets a connection no time limit but those of its timers.", "RFC 9293 §3.8.3",
    }
}
