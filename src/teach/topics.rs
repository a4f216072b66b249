//! The why-texts: one entry a topic. To add one, add an entry here and the line in `why.rs` that chooses it.
//!
//! A text may name what the step knows in braces: see [`PLACEHOLDERS`].

/// What a text may name in braces.
pub const PLACEHOLDERS: &[&str] = &[
    "from", "to", "seq", "ack", "len", "next", "sport", "dport", "window", "mss", "src", "dst",
    "smac", "dmac", "ttl", "proto", "info", "text", "method", "uri", "code", "phrase", "opcode",
    "masking", "what", "timer", "node",
];

/// Why something happens, at three depths.
#[derive(Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub id: &'static str,
    /// One or two sentences that stand alone.
    pub short: &'static str,
    /// What a student of the subject wants to know on top of the short text.
    pub full: &'static str,
    /// What the specification asks for, in its terms.
    pub rfc: &'static str,
    /// Where it asks for it.
    pub cite: &'static str,
    /// The misconception that this step meets.
    pub misconception: Option<&'static str>,
}

/// The topic with this id.
pub fn topic(id: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.id == id)
}

macro_rules! topics {
    ($($id:literal {
        short: $short:literal,
        full: $full:literal,
        rfc: $rfc:literal, $cite:literal,
        $(meets: $meets:literal,)?
    })*) => {
        /// Every topic.
        pub static TOPICS: &[Topic] = &[$(Topic {
            id: $id,
            short: $short,
            full: $full,
            rfc: $rfc,
            cite: $cite,
            misconception: { #[allow(unused_mut, unused_assignments)] let mut _m = None; $(_m = Some($meets);)? _m },
        }),*];
    };
}

topics! {
    "arp-request" {
        short: "{from} knows the IP address {dst} but not its MAC address. It asks everybody on the link: who has {dst}?",
        full: "An Ethernet frame needs a MAC address. ARP finds it: the question is broadcast to ff:ff:ff:ff:ff:ff, so every station reads it, and only the owner of the address answers. The packet that waits for the answer is kept in a queue.",
        rfc: "The sender fills in its own hardware and protocol address and the protocol address it wants; the target hardware address is not known and left zero. opcode = 1 (REQUEST).", "RFC 826, Packet Generation",
        meets: "mac-is-end-to-end",
    }
    "arp-reply" {
        short: "{from} owns the address that was asked for and answers with its MAC address, {smac}. The answer goes to the asker alone.",
        full: "The asker keeps the answer in its ARP cache for a while, so the question is not repeated for every packet. {from} has learned the asker's address from the question too: nobody has to ask back.",
        rfc: "The target swaps the hardware and protocol fields, puts in its own addresses as the sender, sets opcode = 2 (REPLY) and sends the packet to the hardware address it came from.", "RFC 826, Packet Reception",
    }
    "syn" {
        short: "{from} wants to talk to port {dport} of {to}. It sends SYN with its own first number (ISN), which is shown as 0.",
        full: "The first number is drawn so that an old or a forged segment is unlikely to fit. SYN itself uses up one number: the first byte of data will be number 1. The options say what {from} can do: largest segment {mss}, window scale, SACK, timestamps.",
        rfc: "A SYN of the form <SEQ=ISS><CTL=SYN> is sent. SND.UNA is set to ISS, SND.NXT to ISS+1, and the state to SYN-SENT. The ISN is M + F(addresses, ports, secret) (RFC 6528).", "RFC 9293 §3.10.1, §3.4.1",
        meets: "seq-starts-at-0",
    }
    "syn-ack" {
        short: "{from} agrees to talk. It picks its own first number (ISN) and says ack={ack}: \"I have everything before {ack}; send {ack} next\".",
        full: "Both flags travel in one segment: the ACK confirms the peer's number, the SYN offers {from}'s own. Each direction counts its own bytes with numbers of its own. The SYN used up number 0, although it carries no data.",
        rfc: "RCV.NXT is set to SEG.SEQ+1, IRS to SEG.SEQ, an ISS is selected, and <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> is sent. SND.NXT is ISS+1, SND.UNA is ISS; the state becomes SYN-RECEIVED.", "RFC 9293 §3.10.7.2",
        meets: "syn-is-free",
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
    "zero-window" {
        short: "{from} has no room left (window 0). The peer must wait until the window opens again.",
        full: "The application at {from} reads more slowly than the data comes. Flow control keeps the peer from sending what could only be thrown away; the peer asks now and then with a tiny probe, for the message that opens the window could get lost.",
        rfc: "The sending TCP must regularly probe a peer that offers a zero window.", "RFC 9293 §3.8.6.1",
    }
    "fin" {
        short: "{from} has nothing more to send: FIN, which uses up one number. It can still receive.",
        full: "Each direction is closed by itself. FIN says: these were my last bytes, all before {next}. The peer may go on sending, and closes its own direction when it has finished.",
        rfc: "On CLOSE a FIN segment is formed and sent after all data; from ESTABLISHED the state becomes FIN-WAIT-1, from CLOSE-WAIT it becomes LAST-ACK.", "RFC 9293 §3.10.4, §3.6",
        meets: "syn-is-free",
    }
    "rst" {
        short: "{from} breaks the connection off at once: RST. There is nothing to be delivered and nothing to be answered.",
        full: "A reset answers a segment that belongs to no connection, or ends one that the program gave up. The receiver checks that the number fits, so that nobody can end a connection by guessing.",
        rfc: "The RST is acceptable if its sequence number is exactly RCV.NXT; elsewhere in the window it is answered with a challenge ACK (RFC 5961). The user is told \"connection reset\".", "RFC 9293 §3.10.7.4, §3.5.2",
    }
    "refused" {
        short: "Nobody listens at port {sport} of {from}. Its TCP answers the SYN with RST: connection refused.",
        full: "The RST acknowledges the SYN (ack={ack}), so the peer knows that it is meant for it. A refusal is quick and clear; a firewall that throws the SYN away would leave the peer waiting for its time-out.",
        rfc: "In CLOSED, a segment without RST causes a RST: if the ACK bit is off, <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> is sent.", "RFC 9293 §3.10.7.1",
    }
    "http-upgrade" {
        short: "{from} asks with plain HTTP to change the language of this connection to WebSocket: {method} {uri} with Upgrade: websocket.",
        full: "Sec-WebSocket-Key is 16 random bytes in base64. It is no password: the server must show in its answer that it understood WebSocket and is not some other server that repeats what it gets. Sec-WebSocket-Version says 13.",
        rfc: "The method MUST be GET, HTTP at least 1.1; the request MUST have Host, Upgrade with \"websocket\", Connection with \"Upgrade\", Sec-WebSocket-Key and Sec-WebSocket-Version 13.", "RFC 6455 §4.1",
        meets: "key-is-security",
    }
    "http-switching" {
        short: "{from} agrees: 101 Switching Protocols. From the next byte on this connection speaks WebSocket, both ways.",
        full: "Sec-WebSocket-Accept is the client's key with a fixed text appended, hashed with SHA-1, in base64. Only a server that knows the protocol computes it. After this message either side may speak first.",
        rfc: "Sec-WebSocket-Accept is base64(SHA-1(key + \"258EAFA5-E914-47DA-95CA-C5AB0DC85B11\")). The client MUST fail the connection if it is another value.", "RFC 6455 §4.2.2, §4.1",
        meets: "ws-is-http",
    }
    "http-426" {
        short: "{from} does not speak the asked version of WebSocket: 426 Upgrade Required. It names the version it does speak.",
        full: "The connection stays HTTP. The answer has Sec-WebSocket-Version with what the server supports, so the client can ask again with that one.",
        rfc: "If the version is not understood, the server MUST abort the handshake and send an HTTP error such as 426 with a Sec-WebSocket-Version header that lists the versions it can use.", "RFC 6455 §4.2.2, §4.4",
    }
    "http-request" {
        short: "{from} asks for something: {method} {uri}. The head is text, line by line; an empty line ends it.",
        full: "Host says which of the sites behind the address is meant. If a body follows, Content-Length or chunks tell where it ends: TCP's stream has no ends of messages.",
        rfc: "request-line CRLF *( field-line CRLF ) CRLF [ message-body ]. A client MUST send Host in every HTTP/1.1 request.", "RFC 9112 §2.1, §3.2",
        meets: "send-equals-receive",
    }
    "http-response" {
        short: "{from} answers: {code} {phrase}. The three digits are for programs, the words for people.",
        full: "The first digit tells the kind: 1 go on, 2 done, 3 look elsewhere, 4 the client's mistake, 5 the server's. The body's length is said in the head, or it ends with the connection.",
        rfc: "status-line CRLF *( field-line CRLF ) CRLF [ message-body ]. How the body's length is found is an ordered list of rules.", "RFC 9112 §4, §6.3; RFC 9110 §15",
    }
    "ws-text" {
        short: "{from} sends the text {text} as one WebSocket frame, {masking}.",
        full: "Two bytes tell the kind (opcode 1: text), that it is the last piece (FIN) and the length. What a client sends is XORed with four random bytes that stand before it: that hides nothing, it keeps old proxies from taking the bytes for HTTP. A server does not mask.",
        rfc: "FIN, RSV1-3, opcode, MASK, payload length of 7, 7+16 or 7+64 bits. A client MUST mask all frames, a server MUST NOT. j = i MOD 4: transformed[i] = original[i] XOR key[j]. Text is UTF-8.", "RFC 6455 §5.2, §5.3",
        meets: "key-is-security",
    }
    "ws-push" {
        short: "{from} speaks without being asked: text {text}. With WebSocket the server may send whenever it has news.",
        full: "With plain HTTP every answer needs a request first, so a program would have to ask again and again. After the upgrade both directions are free of each other.",
        rfc: "Once the connection is open, data flows in both directions independently of each other, at will.", "RFC 6455 §1.2, §6.1",
        meets: "ws-is-http",
    }
    "ws-binary" {
        short: "{from} sends binary data in one WebSocket frame, {masking}.",
        full: "Opcode 2: the bytes are handed to the program as they are; nobody checks that they are text.",
        rfc: "%x2 denotes a binary frame. Its payload is arbitrary binary data whose interpretation is solely up to the application.", "RFC 6455 §5.6",
    }
    "ws-continuation" {
        short: "{from} sends a further piece of a message that it began before, {masking}.",
        full: "A long message may be cut into frames: the first has the kind, the others opcode 0, and the last has FIN set. Control frames may come in between.",
        rfc: "A fragmented message is a frame with FIN clear and an opcode other than 0, then frames with FIN clear and opcode 0, ended by a frame with FIN set and opcode 0.", "RFC 6455 §5.4",
    }
    "ws-ping" {
        short: "{from} asks: are you still there? A ping; the other side must answer with a pong.",
        full: "Control frames have at most 125 bytes. A ping shows that the other program lives, not only its computer, and keeps routers on the way from forgetting a quiet connection.",
        rfc: "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, as soon as is practical, unless it already received a Close frame.", "RFC 6455 §5.5.2",
    }
    "ws-pong" {
        short: "{from} answers the ping with a pong that repeats the ping's bytes.",
        full: "The same bytes come back, so the asker knows which ping was answered and how long it took. The application does not notice: the WebSocket layer answers by itself.",
        rfc: "A Pong frame sent in response to a Ping frame must have identical application data.", "RFC 6455 §5.5.3",
    }
    "ws-close" {
        short: "{from} says goodbye: a Close frame with code {code}. The other side answers with a Close of its own.",
        full: "The code tells why: 1000 is normal, 1001 going away, 1002 protocol error, 1007 bad text, 1009 too big. After the two Close frames TCP is closed, by the server first.",
        rfc: "After both sending and receiving a Close message, the connection is considered closed and the TCP connection MUST be closed; the server closes it first, so that it holds the TIME-WAIT.", "RFC 6455 §5.5.1, §7.1.1",
    }
    "icmp-echo-request" {
        short: "{from} asks {to} for an echo: a ping.",
        full: "Identifier and sequence number tell the answers of several pings apart. ICMP stands beside TCP and UDP, right on IP, and has no ports.",
        rfc: "Type 8, code 0. The data received in the echo message must be returned in the echo reply message.", "RFC 792, Echo",
    }
    "icmp-echo-reply" {
        short: "{from} returns the echo with the same bytes: it is reachable.",
        full: "The way there and back works, and the time between shows how long it takes. It says nothing of whether a program listens on any port.",
        rfc: "Type 0: source and destination addresses are reversed, the type changed to 0, and the checksum recomputed.", "RFC 792, Echo Reply",
    }
    "icmp-unreachable" {
        short: "{from} reports: the packet could not be delivered ({info}).",
        full: "The message carries the beginning of the packet that failed, so the sender can find out which of its connections is meant.",
        rfc: "Type 3. The internet header plus at least the first 64 bits of the original datagram's data are returned.", "RFC 792; RFC 1122 §3.2.2.1",
    }
    "icmp-time-exceeded" {
        short: "{from} threw a packet away because its time to live ran out.",
        full: "Each router takes 1 from the TTL. At 0 the packet has gone in circles, or was sent with a small TTL on purpose: traceroute finds the routers on a way in this manner.",
        rfc: "If the time to live field is zero, the datagram is discarded, and the source may be notified by Time Exceeded, type 11 code 0.", "RFC 792; RFC 1812 §5.3.1",
    }
    "icmpv6-neighbor-solicitation" {
        short: "{from} looks for the MAC address of an IPv6 address: what ARP does for IPv4.",
        full: "The question goes to a multicast group that is made of the address's last three bytes, so only few stations have to read it.",
        rfc: "Type 135: sent to the solicited-node multicast address of the target, with the source link-layer address option.", "RFC 4861 §4.3, §7.2.2",
    }
    "icmpv6-neighbor-advertisement" {
        short: "{from} tells its MAC address for an IPv6 address.",
        full: "The Solicited flag says that it answers a question; Override that it replaces what was known before.",
        rfc: "Type 136: the target's link-layer address stands in an option.", "RFC 4861 §4.4, §7.2.4",
    }
    "icmp" {
        short: "{from} sends an ICMP message: {info}.",
        full: "ICMP carries the Internet Protocol's own messages: errors, echoes, and in IPv6 the finding of neighbours and routers.",
        rfc: "ICMP uses the basic support of IP as if it were a higher-level protocol, but is an integral part of IP.", "RFC 792; RFC 4443",
    }
    "udp" {
        short: "{from} sends one datagram from port {sport} to port {dport}. No handshake, no acknowledgment.",
        full: "UDP adds ports and a checksum to IP and nothing more. Whether it arrives, and in which order, is the business of the program.",
        rfc: "Source port, destination port, length, checksum. Delivery and duplicate protection are not guaranteed.", "RFC 768",
    }
    "ip-fragment" {
        short: "This is one piece of an IP packet that was too large for a link; the receiver joins the pieces.",
        full: "Every piece has its own IP header with the same identification; the offset says where it belongs. If one piece is lost, all are useless: TCP therefore chooses segments that need no cutting.",
        rfc: "The fields used for reassembly: identification, source, destination, protocol, fragment offset in units of 8 octets, and the more-fragments flag.", "RFC 791 §3.2; RFC 8200 §4.5",
    }
    "frame" {
        short: "{from} sends a frame to {to}: {info}.",
        full: "What it carries is not explained further here. The layers and fields show what was understood.",
        rfc: "An Ethernet II frame is a destination address, a source address, a type, the data, and a frame check sequence.", "IEEE 802.3 §3",
    }
    "gap" {
        short: "Bytes are missing here: the capture never saw them. Nothing is made up for them.",
        full: "The capturing computer was too slow, or the packets went another way. The peer acknowledged them, so they did arrive; what they were can't be known.",
        rfc: "A cumulative acknowledgment covers all bytes before it.", "RFC 9293 §3.4",
    }
    "lost" {
        short: "The frame is lost on the way: {what}. Neither end notices anything now.",
        full: "No message tells of it. The receiver cannot miss what it does not expect, and the sender finds out only because no acknowledgment comes.",
        rfc: "TCP must recover from data that is damaged, lost, duplicated, or delivered out of order.", "RFC 9293 §2.2",
    }
    "faulted" {
        short: "The link disturbs the frame: {what}.",
        full: "Real networks delay, reorder, double and damage packets. Each layer that promises more than the one below must cope with it.",
        rfc: "TCP must recover from data that is damaged, lost, duplicated, or delivered out of order.", "RFC 9293 §2.2",
    }
    "timer-expired" {
        short: "At {node} the {timer} timer runs out.",
        full: "A timer is how a program notices that something did not happen. What follows from it is the next step.",
        rfc: "A time-out is one of the three kinds of event that a TCP reacts to, beside user calls and arriving segments.", "RFC 9293 §3.10.8",
    }
    "timer" {
        short: "{node}: {timer} timer {what}.",
        full: "Every byte that is on its way is watched by a timer; when all of them are acknowledged it is stopped.",
        rfc: "Every time a packet containing data is sent, if the timer is not running, start it; when all outstanding data has been acknowledged, turn it off.", "RFC 6298 §5",
    }
    "app-call" {
        short: "The program on {node} calls its network stack: {what}.",
        full: "Here the data starts its way down. The program knows nothing of segments or frames: it calls a function and hands over bytes.",
        rfc: "The user/TCP interface has OPEN, SEND, RECEIVE, CLOSE, STATUS and ABORT.", "RFC 9293 §3.9",
        meets: "send-equals-receive",
    }
    "app-event" {
        short: "The program on {node} is told: {what}. The data has come all the way up.",
        full: "Only now has the application heard of it. That the peer's TCP acknowledged the bytes meant only that TCP had them.",
        rfc: "An acknowledgment by TCP does not guarantee that the data has been delivered to the end user, but only that the receiving TCP has taken the responsibility to do so.", "RFC 9293 §3.9",
        meets: "ack-means-read",
    }
    "down-6" {
        short: "Presentation: {node} writes the message down as bytes: {info}.",
        full: "Letters are not bytes. UTF-8 says which bytes stand for which letter, so that both ends read the same text.",
        rfc: "A Text frame's payload is text data encoded as UTF-8.", "RFC 6455 §5.6; RFC 3629",
        meets: "seven-on-the-wire",
    }
    "down-5" {
        short: "Session: {node} makes a unit of the conversation of it: {info}.",
        full: "This layer marks where a message begins and ends, for TCP's stream has no such marks. WebSocket writes the kind, the length and, from a client, a masking key before the data.",
        rfc: "FIN, opcode, MASK, payload length, masking key, payload.", "RFC 6455 §5.2",
        meets: "seven-on-the-wire",
    }
    "down-4" {
        short: "Transport: TCP at {node} takes the bytes into a segment: {info}.",
        full: "The header has the ports, the number of the first byte, what has been received (ack), the flags, the window and a checksum over the segment and the IP addresses.",
        rfc: "SEG.SEQ, SEG.ACK, SEG.WND and the control bits; the checksum covers a pseudo-header of the IP addresses, the protocol and the length.", "RFC 9293 §3.1",
    }
    "down-3" {
        short: "Network: IP at {node} puts the addresses of both hosts in front: {info}.",
        full: "These addresses stay the same over the whole way, whatever links lie between. TTL limits how many routers the packet may pass.",
        rfc: "Version, header length, total length, identification, flags, TTL, protocol, header checksum, source, destination.", "RFC 791 §3.1",
    }
    "down-2" {
        short: "Data link: {node} packs it into an Ethernet frame for the next station: {info}.",
        full: "The MAC addresses are those of this link alone. The type tells what is inside; short frames are padded to 60 bytes; four bytes of check sequence follow.",
        rfc: "Destination address, source address, type, data and padding of at least 46 octets, frame check sequence.", "IEEE 802.3 §3.1.1",
        meets: "mac-is-end-to-end",
    }
    "up-2" {
        short: "Data link: {node} checks the frame and takes off the Ethernet header: {info}.",
        full: "The card compares the check sequence and its own MAC address; other frames are ignored. The type says which protocol gets what is inside.",
        rfc: "A frame whose check sequence does not fit is discarded; a frame for another address is not received.", "IEEE 802.3 §4.2.9",
    }
    "up-3" {
        short: "Network: IP at {node} finds its own address and hands up what is inside: {info}.",
        full: "The header checksum, the length and the version are checked. The protocol number says who is next: 6 is TCP, 17 is UDP, 1 is ICMP.",
        rfc: "A host silently discards a datagram that is not destined for it; the protocol field selects the next layer.", "RFC 1122 §3.2.1",
    }
    "up-4" {
        short: "Transport: TCP at {node} checks the segment and puts its bytes in order: {info}.",
        full: "Addresses and ports find the connection, the number finds the place in the stream. What comes twice is dropped, what comes early waits.",
        rfc: "First check sequence number, second RST, third security, fourth SYN, fifth ACK, sixth URG, seventh process the segment text, eighth FIN.", "RFC 9293 §3.10.7.4",
    }
    "up-5" {
        short: "Session: {node} recognises a whole unit in the stream: {info}.",
        full: "The length in its head tells where it ends. From a client, the mask is undone: XOR with the same four bytes gives the original back.",
        rfc: "A server MUST close the connection upon receiving a frame that is not masked.", "RFC 6455 §5.1, §5.3",
    }
    "up-6" {
        short: "Presentation: {node} reads the bytes as text again: {info}.",
        full: "Bytes that are no valid UTF-8 end the connection with code 1007: nobody guesses.",
        rfc: "An endpoint that finds that a text message is not valid UTF-8 MUST fail the connection.", "RFC 6455 §8.1",
    }
    "wire-sent" {
        short: "Physical: {from} puts the bits on the wire: preamble, start delimiter, the frame, its check sequence.",
        full: "Each byte goes with its lowest bit first. In Manchester code every bit has a change of level in its middle, so the receiver keeps in step.",
        rfc: "Seven octets 10101010, the start frame delimiter 10101011, then the frame, each octet low-order bit first; the FCS with the coefficient of its highest power first.", "IEEE 802.3 §3.2, §7.3",
    }
    "wire-arrived" {
        short: "Physical: the last bit arrives at {node}.",
        full: "It took the time of the way (delay) and the time to send all the bits one after the other (length by rate).",
        rfc: "The receiver recovers clock and data, finds the start delimiter, and collects octets until the carrier ends.", "IEEE 802.3 §4.2.9",
    }
    "state" {
        short: "{node}: the connection changes its state: {what}.",
        full: "A state says what has happened so far and what may come next. The two ends have states of their own, and change them at different times.",
        rfc: "The states are LISTEN, SYN-SENT, SYN-RECEIVED, ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT, CLOSING, LAST-ACK, TIME-WAIT, and the fictional CLOSED.", "RFC 9293 §3.3.2",
    }
    "listening" {
        short: "A program on {node} listens: {what}. From now on a SYN to it is welcome.",
        full: "A passive open waits for whoever comes. Without it the stack would answer a SYN with RST.",
        rfc: "A passive OPEN request means that the process wants to accept incoming connection requests.", "RFC 9293 §3.5",
    }
    "conn-opened" {
        short: "{node} has a new connection: {what}.",
        full: "Four things name a connection: both addresses and both ports. Everything the end knows of it is kept in one record, the transmission control block.",
        rfc: "The variables of a connection are stored in a record called a Transmission Control Block (TCB).", "RFC 9293 §3.3.1",
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
    "discarded" {
        short: "{node} throws it away: {what}.",
        full: "What does not fit is dropped without a word at the layer that notices; layers above repair what they promised.",
        rfc: "A host discards silently what fails its checks.", "RFC 1122 §3.2.1",
    }
    "decided" {
        short: "{node}: {what}.",
        full: "A decision of this layer; what led to it is its cause, what it led to follows.",
        rfc: "See the paragraph that the record names.", "see the record",
    }
    "end" {
        short: "The end of the conversation: nothing more is under way.",
        full: "What you see now is how both ends are left. Go back step by step, or open another scenario with c.",
        rfc: "After 2 MSL in TIME-WAIT the TCB is deleted.", "RFC 9293 §3.10.8",
    }
}
