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
        short: "The end of the conversation: nothing more is under way.",
        full: "What you see now is how both ends are left. Go back step by step, or open another scenario with c.",
        rfc: "A connection that has reached CLOSED is no more: its TCB is deleted.", "RFC 9293 §3.3.2",
    }
    "end-time-wait" {
        short: "The end of the conversation: nothing more is under way, and the wait of the end that closed first is over.",
        full: "That end kept the connection in TIME-WAIT for a while, to answer a FIN that might come again, and so that old segments die out. Go back step by step, or open another scenario with c.",
        rfc: "After 2 MSL in TIME-WAIT the TCB is deleted.", "RFC 9293 §3.10.8, §3.6.1",
    }
    "end-cut-short" {
        short: "The run stops here: {what}. Something may still have been under way.",
        full: "Nothing in the conversation itself ended it. Both ends are left as they are now.",
        rfc: "TCP itself sets a connection no time limit but those of its timers.", "RFC 9293 §3.8.3",
    }
}
