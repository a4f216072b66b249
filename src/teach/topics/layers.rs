//! Topics: units that go down and up through the layers.

topics! {
    "down-text" {
        short: "Presentation: {node} writes the text down as bytes: {info}.",
        full: "Letters are not bytes. UTF-8 says which bytes stand for which letter, so that both ends read the same text.",
        rfc: "UTF-8 writes each character as one to four octets; those of US-ASCII as one octet with the same value.", "RFC 3629 §3",
        meets: "seven-on-the-wire",
    }
    "down-deflate" {
        short: "Presentation: {node} makes the message smaller before it is sent: {info}.",
        full: "What repeats is written once, and then as how far back and how long. Where both have agreed to keep the window, a repetition may lie in an earlier message. Nothing is hidden by it: whoever has seen all that went before can read it.",
        rfc: "Compress all the octets of the payload of the message using DEFLATE, ending with an empty block; remove 0x00 0x00 0xff 0xff from the tail.", "RFC 7692 §7.2.1",
        meets: "seven-on-the-wire",
    }
    "up-deflate" {
        short: "Presentation: {node} makes the message as large again as it was: {info}.",
        full: "The limit for the length of a message holds for this, not for what came: a few bytes can say \"a million times the same\". So it is inflated a piece at a time, and stopped where it gets too much.",
        rfc: "Append 0x00 0x00 0xff 0xff to the tail of the payload of the message; decompress the result using DEFLATE.", "RFC 7692 §7.2.2",
        meets: "seven-on-the-wire",
    }
    "down-ws" {
        short: "Session: {node} makes a unit of the conversation of it: {info}.",
        full: "This layer marks where a message begins and ends, for TCP's stream has no such marks. WebSocket writes the kind, the length and, from a client, a masking key before the data.",
        rfc: "FIN, opcode, MASK, payload length, masking key, payload.", "RFC 6455 §5.2",
        meets: "seven-on-the-wire",
    }
    "down-engineio" {
        short: "Session: {node} puts it into a packet of Engine.IO: {info}.",
        full: "One digit goes before it: what kind of packet it is. The session has a name, the sid, and lives longer than the connections under it: today a poll carries the packet, tomorrow a WebSocket.",
        rfc: "<packet type>[<data>]", "Engine.IO protocol 4, Packet encoding",
        meets: "sio-is-ws",
    }
    "up-engineio" {
        short: "Session: {node} takes a packet of Engine.IO apart: {info}.",
        full: "The digit says for whom it is. 4 goes up to Socket.IO; a ping, a pong, an upgrade stay here, and the program never sees them.",
        rfc: "<packet type>[<data>]", "Engine.IO protocol 4, Packet encoding",
        meets: "sio-is-ws",
    }
    "down-socketio" {
        short: "Session: {node} makes a packet of Socket.IO of it: {info}.",
        full: "A digit for its kind, the namespace if it is not /, a number if an answer is asked for, and the JSON. A plain WebSocket has none of these.",
        rfc: "<packet type>[<# of binary attachments>-][<namespace>,][<acknowledgment id>][JSON-stringified payload]", "Socket.IO protocol 5, Packet encoding",
        meets: "42-is-a-code",
    }
    "up-socketio" {
        short: "Session: {node} reads a packet of Socket.IO: {info}.",
        full: "The kind and the namespace say which socket it is for; the number, if there is one, which answer belongs to which event.",
        rfc: "<packet type>[<# of binary attachments>-][<namespace>,][<acknowledgment id>][JSON-stringified payload]", "Socket.IO protocol 5, Packet encoding",
        meets: "42-is-a-code",
    }
    "down-json" {
        short: "Presentation: {node} writes the values down as JSON: {info}.",
        full: "An object in memory is no bytes yet. JSON is a way to write it that the other program can read, whatever language that is written in. Bytes have no form in JSON, and go beside it.",
        rfc: "A JSON text is a serialized value.", "RFC 8259 §2",
        meets: "seven-on-the-wire",
    }
    "up-json" {
        short: "Presentation: {node} reads the JSON as values again: {info}.",
        full: "The program on the other side made it of its own objects. What is read here are copies: functions, dates and classes do not pass, only what JSON knows.",
        rfc: "A JSON parser transforms a JSON text into another representation.", "RFC 8259 §9",
    }
    "down-tcp" {
        short: "Transport: TCP at {node} takes the bytes into a segment: {info}.",
        full: "The header has the ports, the number of the first byte, what has been received (ack), the flags, the window and a checksum over the segment and the IP addresses.",
        rfc: "SEG.SEQ, SEG.ACK, SEG.WND and the control bits; the checksum covers a pseudo-header of the IP addresses, the protocol and the length.", "RFC 9293 §3.1",
    }
    "down-tcp-bare" {
        short: "Transport: TCP at {node} makes a segment without data: {info}.",
        full: "It has a header and nothing else: the ports, a number, what has been received (ack), the flags, the window and a checksum. It is not the program that says something here, but TCP to TCP.",
        rfc: "SEG.SEQ, SEG.ACK, SEG.WND and the control bits. SYN and FIN use up a sequence number, an ACK does not.", "RFC 9293 §3.1, §3.4",
        meets: "ack-uses-number",
    }
    "down-udp" {
        short: "Transport: UDP at {node} puts its 8 bytes in front of the data: {info}.",
        full: "Two ports, a length, a checksum: no number, no window, nothing kept. One write is one datagram, unlike with TCP.",
        rfc: "Source port, destination port, length, checksum over a pseudo-header, the UDP header and the data.", "RFC 768",
    }
    "down-http" {
        short: "Application: {node} writes an HTTP message: {info}.",
        full: "It is text, line by line, with an empty line after the head. These bytes go into TCP's stream, which knows nothing of where the message ends.",
        rfc: "start-line CRLF *( field-line CRLF ) CRLF [ message-body ]", "RFC 9112 §2.1",
    }
    "down-ip" {
        short: "Network: IP at {node} puts the addresses of both hosts in front: {info}.",
        full: "These addresses stay the same over the whole way, whatever links lie between (unless a NAT writes others). The time to live limits how many routers the packet may pass.",
        rfc: "IPv4: version, header length, total length, identification, flags, TTL, protocol, header checksum, source, destination. IPv6: version, payload length, next header, hop limit, source, destination.", "RFC 791 §3.1; RFC 8200 §3",
    }
    "down-icmp" {
        short: "Network: {node} writes a message of IP itself: {info}.",
        full: "ICMP goes into an IP packet as TCP and UDP do, but belongs to the network layer: it has no ports and carries no program's data.",
        rfc: "Type, code, checksum, and what the type asks for.", "RFC 792; RFC 4443 §2.1",
    }
    "down-eth" {
        short: "Data link: {node} packs it into an Ethernet frame for the next station: {info}.",
        full: "The MAC addresses are those of this link alone. The type tells what is inside; short frames are padded to 60 bytes; four bytes of check sequence follow.",
        rfc: "Destination address, source address, type, data and padding of at least 46 octets, frame check sequence.", "IEEE 802.3 §3.1.1",
        meets: "mac-is-end-to-end",
    }
    "down-arp" {
        short: "{node} writes an ARP message: {info}.",
        full: "ARP stands between the network and the data link layer: it carries addresses of both, goes right into a frame, and IP has no part in it.",
        rfc: "Hardware and protocol address space, their lengths, opcode, sender's hardware and protocol address, target's hardware and protocol address.", "RFC 826, Packet format",
        meets: "mac-is-end-to-end",
    }
    "up-eth" {
        short: "Data link: {node} checks the frame and takes off the Ethernet header: {info}.",
        full: "The card compares the check sequence and its own MAC address; other frames are ignored. The type says which protocol gets what is inside.",
        rfc: "A frame whose check sequence does not fit is discarded; a frame for another address is not received.", "IEEE 802.3 §4.2.9",
    }
    "up-arp" {
        short: "{node} reads the ARP message: {info}.",
        full: "Whoever is the target also notes the sender's two addresses, for it will have to answer, and soon to send.",
        rfc: "Is the sender's pair known already: update it. Am I the target: else add it; and if it is a request, answer.", "RFC 826, Packet Reception",
    }
    "up-ip" {
        short: "Network: IP at {node} finds its own address and hands up what is inside: {info}.",
        full: "The lengths and the version are checked, in IPv4 also the header checksum. The protocol number says who is next: 6 is TCP, 17 is UDP, 1 is ICMP, 58 is ICMPv6.",
        rfc: "A host silently discards a datagram that is not destined for it; the protocol field selects the next layer.", "RFC 1122 §3.2.1; RFC 8200 §3",
    }
    "up-icmp" {
        short: "Network: {node} reads a message of IP itself: {info}.",
        full: "An echo request is answered by the stack alone. An error quotes the packet that it is about; the stack finds the program that sent it.",
        rfc: "A host checks the message and passes errors to the transport protocol that the quoted packet names.", "RFC 1122 §3.2.2; RFC 4443 §2.4",
    }
    "up-tcp" {
        short: "Transport: TCP at {node} checks the segment and puts its bytes in order: {info}.",
        full: "Addresses and ports find the connection, the number finds the place in the stream. What comes twice is dropped, what comes early waits.",
        rfc: "First check sequence number, second RST, third security, fourth SYN, fifth ACK, sixth URG, seventh process the segment text, eighth FIN.", "RFC 9293 §3.10.7.4",
    }
    "up-tcp-bare" {
        short: "Transport: TCP at {node} checks the segment: {info}. It brings no data.",
        full: "Addresses and ports find the connection, or who listens. What counts is in the header: the flags, what the peer acknowledges, and how much room it has.",
        rfc: "First check sequence number, second RST, third security, fourth SYN, fifth ACK, sixth URG, seventh process the segment text, eighth FIN.", "RFC 9293 §3.10.7.4",
    }
    "up-udp" {
        short: "Transport: UDP at {node} finds the program by the port: {info}.",
        full: "The checksum is checked and the data handed up, as one piece and just as it came. If no program has the port, ICMP reports it to the sender.",
        rfc: "If a datagram arrives for a port that nobody listens on, UDP SHOULD send an ICMP Port Unreachable.", "RFC 768; RFC 1122 §4.1.3.1",
    }
    "up-http" {
        short: "Application: {node} has read a whole HTTP message: {info}.",
        full: "It was cut out of TCP's stream of bytes: the head ends with an empty line, and says how long the body is. How many segments brought it does not matter.",
        rfc: "A recipient reads the start-line, then each field line until the empty line, then the body as its length says.", "RFC 9112 §2.2, §6.3",
        meets: "send-equals-receive",
    }
    "up-ws" {
        short: "Session: {node} recognises a whole unit in the stream: {info}.",
        full: "The length in its head tells where it ends. From a client, the mask is undone: XOR with the same four bytes gives the original back.",
        rfc: "A server MUST close the connection upon receiving a frame that is not masked.", "RFC 6455 §5.1, §5.3",
    }
    "up-text" {
        short: "Presentation: {node} reads the bytes as text again: {info}.",
        full: "Not all bytes are valid UTF-8. Where a WebSocket text is not, the connection is ended with code 1007: nobody guesses.",
        rfc: "Implementations MUST protect against decoding invalid sequences.", "RFC 3629 §3; RFC 6455 §8.1",
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
}
