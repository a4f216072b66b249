//! Topics: what else frames carry: ARP, ICMP, UDP, fragments.

topics! {
    "arp-request" {
        short: "{from} knows the IP address {dst} but not its MAC address. It asks everybody on the link: who has {dst}?",
        full: "An Ethernet frame needs a MAC address. ARP finds it: the question is broadcast to ff:ff:ff:ff:ff:ff, so every station reads it, and only the owner of the address answers. The packet that waits for the answer is kept in a queue.",
        rfc: "The sender fills in its own hardware and protocol address and the protocol address it wants; the target hardware address is not known and left zero. The opcode is 1 (REQUEST).", "RFC 826, Packet Generation",
        meets: "mac-is-end-to-end",
    }
    "arp-reply" {
        short: "{from} owns the address that was asked for and answers with its MAC address, {smac}. The answer goes to the asker alone.",
        full: "The asker keeps the answer in its ARP cache for a while, so the question is not repeated for every packet. {from} has learned the asker's address from the question too: nobody has to ask back.",
        rfc: "The target swaps the hardware and protocol fields, puts in its own addresses as the sender, sets opcode = 2 (REPLY) and sends the packet to the hardware address it came from.", "RFC 826, Packet Reception",
    }
    "arp-announcement" {
        short: "{from} tells everybody on the link that it has the address {src}.",
        full: "It asks for its own address. Nobody should answer; whoever has noted another MAC address for {src} takes this one.",
        rfc: "An ARP Announcement is an ARP Request whose sender and target protocol addresses are both the address announced.", "RFC 5227 §1.1, §2.3",
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
        rfc: "Type 3. The internet header plus at least the first 64 bits of the original datagram's data are returned.", "RFC 792, Destination Unreachable; RFC 1122 §3.2.2.1",
    }
    "icmp-fragmentation-needed" {
        short: "{from} could not send a packet on: it is too big for the next link, and must not be cut. The message tells how large a packet may be.",
        full: "TCP sends its packets with the DF bit, don't fragment, in order to get this answer: the sender takes smaller segments from now on, and so finds the largest packet that the whole way carries. A firewall that drops this message makes large packets vanish without a sign.",
        rfc: "Type 3, code 4. A router that cannot forward a datagram because it exceeds the MTU of the next-hop network and DF is set includes that MTU in the low-order 16 bits of the header field that was unused.", "RFC 1191 §4; RFC 792, Destination Unreachable",
    }
    "routed-frame" {
        short: "The router sends the packet of {from} on to {to}: in a new frame, from {smac} to {dmac}. The IP addresses are the same as before, the TTL is {ttl}.",
        full: "MAC addresses name the two stations of this link only, so each router writes new ones. The IP addresses name the two ends of the way and stay. The TTL is one less, and with it the header checksum is another one. What IP carries was not looked at.",
        rfc: "In forwarding, a router decrements the TTL and recomputes the header checksum; the source and destination address fields are not modified. The link-layer header is made anew for the next hop.", "RFC 1812 §5.2.1, §5.3.1",
        meets: "mac-is-end-to-end",
    }
    "routed-frame-ipv6" {
        short: "The router sends the packet of {from} on to {to}: in a new frame, from {smac} to {dmac}. The IPv6 addresses are the same as before, the hop limit is {ttl}.",
        full: "MAC addresses name the two stations of this link only, so each router writes new ones. The IPv6 addresses name the two ends of the way and stay. Only the hop limit is one less: there is no header checksum to be computed anew, and nothing is ever cut on the way.",
        rfc: "The hop limit is decremented by 1 by each node that forwards the packet. Fragmentation is performed by source nodes only, not by routers along a packet's delivery path.", "RFC 8200 §3, §4.5",
        meets: "mac-is-end-to-end",
    }
    "icmp-time-exceeded" {
        short: "{from} threw a packet away because its time to live ran out.",
        full: "Each router takes 1 from the TTL. At 0 the packet has gone in circles, or was sent with a small TTL on purpose: traceroute finds the routers on a way in this manner.",
        rfc: "If the time to live field is zero, the datagram is discarded, and the source may be notified by Time Exceeded, type 11 code 0.", "RFC 792, Time Exceeded; RFC 1812 §5.3.1",
    }
    "icmp-reassembly-time" {
        short: "{from} waited in vain for the missing pieces of a packet and gave it up.",
        full: "A packet that was cut needs all of its pieces. What came of it is thrown away when the time is up, for the pieces take room.",
        rfc: "A host that cannot complete the reassembly within its time limit discards the datagram and may send Time Exceeded, type 11 code 1.", "RFC 792, Time Exceeded; RFC 1122 §3.2.2.4, §3.3.2",
    }
    "icmpv6-neighbor-solicitation" {
        short: "{from} asks: who has {target}? It knows the IPv6 address and needs the MAC address.",
        full: "This is what ARP does for IPv4, done with ICMPv6. The question goes to a multicast group that is made of the address's last three bytes, and its frame to the MAC address 33:33 and the group's last four bytes: every other interface ignores it. The hop limit of 255 proves that no router passed it on.",
        rfc: "Type 135: sent to the solicited-node multicast address of the target, with the source link-layer address option.", "RFC 4861 §4.3, §7.2.2",
    }
    "icmpv6-neighbor-advertisement" {
        short: "{from} answers: {target} is at my MAC address.",
        full: "The Solicited flag says that it answers a question; Override that it replaces what was known before.",
        rfc: "Type 136: the target's link-layer address stands in an option.", "RFC 4861 §4.4, §7.2.4",
    }
    "icmp" {
        short: "{from} sends an ICMP message: {info}.",
        full: "ICMP carries the Internet Protocol's own messages, errors and echoes among them.",
        rfc: "ICMP uses the basic support of IP as if it were a higher-level protocol, but is an integral part of IP.", "RFC 792",
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
    "icmpv6-echo-request" {
        short: "{from} asks {to} for an echo: a ping.",
        full: "Identifier and sequence number tell the answers of several pings apart. ICMPv6 stands beside TCP and UDP, right on IPv6, and has no ports; unlike that of IPv4 its checksum covers the IP addresses too.",
        rfc: "Type 128, code 0. Every node MUST implement an Echo responder.", "RFC 4443 §4.1, §2.3",
    }
    "icmpv6-echo-reply" {
        short: "{from} returns the echo with the same bytes: it is reachable.",
        full: "The way there and back works, and the time between shows how long it takes. It says nothing of whether a program listens on any port.",
        rfc: "Type 129, code 0. The data received in the Echo Request MUST be returned entirely and unmodified.", "RFC 4443 §4.2",
    }
    "icmpv6-unreachable" {
        short: "{from} reports: the packet could not be delivered ({info}).",
        full: "The message carries as much of the packet that failed as fits, so the sender can find out which of its connections is meant. A packet that is lost because of crowding is not reported so.",
        rfc: "Type 1; code 0 no route, 1 prohibited, 2 beyond scope, 3 address, 4 port unreachable. As much of the invoking packet as possible without exceeding the minimum IPv6 MTU.", "RFC 4443 §3.1",
    }
    "icmpv6-too-big" {
        short: "{from} could not send a packet on: it is too big for the next link. The message tells what fits.",
        full: "An IPv6 router never cuts a packet: it reports, and the sender sends smaller ones from then on. So every sender finds the largest packet that the whole way carries. A firewall that drops this message makes large packets vanish without a sign.",
        rfc: "Type 2, code 0, sent by a router in response to a packet that it cannot forward because it is larger than the MTU of the outgoing link; the MTU field has that MTU.", "RFC 4443 §3.2; RFC 8201",
    }
    "icmpv6-time-exceeded" {
        short: "{from} threw a packet away because its hop limit ran out.",
        full: "Each router takes 1 from the hop limit. At 0 the packet has gone in circles, or was sent with a small limit on purpose: traceroute finds the routers on a way in this manner.",
        rfc: "A router that gets a packet with hop limit 0, or decrements it to 0, MUST discard it and originate Time Exceeded, type 3 code 0.", "RFC 4443 §3.3",
    }
    "icmpv6-reassembly-time" {
        short: "{from} waited in vain for the missing pieces of a packet and gave it up.",
        full: "A packet that its sender cut needs all of its pieces. What came of it is thrown away when the time is up, for the pieces take room.",
        rfc: "Time Exceeded, type 3 code 1: fragment reassembly time exceeded. The limit is 60 seconds after the first piece that came.", "RFC 4443 §3.3; RFC 8200 §4.5",
    }
    "icmpv6" {
        short: "{from} sends an ICMPv6 message: {info}.",
        full: "ICMPv6 carries the messages of IPv6 itself: errors, echoes, and the finding of neighbours and routers.",
        rfc: "ICMPv6 is an integral part of IPv6 and MUST be fully implemented by every node; types below 128 are errors, the others information.", "RFC 4443 §2, §2.1",
    }
}
