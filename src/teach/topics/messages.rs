//! Topics: messages of HTTP and WebSocket.

topics! {
    "http-upgrade" {
        short: "{from} asks with plain HTTP to change the language of this connection to WebSocket: {method} {uri} with Upgrade: websocket.",
        full: "Sec-WebSocket-Key is 16 random bytes in base64. It is no password: the server must show in its answer that it understood WebSocket and is not some other server that repeats what it gets. Sec-WebSocket-Version says 13.",
        rfc: "The method MUST be GET, HTTP at least 1.1; the request MUST have Host, Upgrade with \"websocket\", Connection with \"Upgrade\", Sec-WebSocket-Key and Sec-WebSocket-Version 13.", "RFC 6455 §4.1",
        meets: "key-is-security",
    }
    "http-upgrade-wrong" {
        short: "{from} asks for a WebSocket, and its request breaks a rule. {what}.",
        full: "The key is not kept secret and proves nothing about the client: it is there once, with 16 bytes in it, so that the answer can show that the server has read this very request. A server that overlooks the mistake would agree to something that nobody meant. Until it sends a 101 this is HTTP, so its no is a status of HTTP, too.",
        rfc: "The request MUST have a Sec-WebSocket-Key whose value, decoded from base64, is 16 bytes in length; it MUST NOT appear more than once.", "RFC 6455 §4.1, §11.3.1",
        meets: "key-is-security",
    }
    "http-switching" {
        short: "{from} agrees: 101 Switching Protocols. From the next byte on this connection speaks WebSocket, both ways.",
        full: "Sec-WebSocket-Accept is the client's key with a fixed text appended, hashed with SHA-1, in base64. Only a server that knows the protocol computes it. After this message either side may speak first.",
        rfc: "Sec-WebSocket-Accept is base64(SHA-1(key + \"258EAFA5-E914-47DA-95CA-C5AB0DC85B11\")). The client MUST fail the connection if it is another value.", "RFC 6455 §4.2.2, §4.1",
        meets: "ws-is-http",
    }
    "http-switching-wrong" {
        short: "{from} answers 101 Switching Protocols, and breaks the handshake. {what}. The client must fail the connection, so no WebSocket comes of it.",
        full: "101 alone proves nothing: a cache can have kept it, and a server that only repeats things can say it. So the client computes for itself what Sec-WebSocket-Accept has to be, and takes no extension and no subprotocol that it has not offered. A server that takes the WebSocket for open learns from the end of the connection that it was not.",
        rfc: "If Sec-WebSocket-Accept is missing or is another value than the expected one, or the response names an extension or a subprotocol that was not present in the client's handshake, the client MUST _Fail the WebSocket Connection_.", "RFC 6455 §4.1",
        meets: "key-is-security",
    }
    "http-switching-no-subprotocol" {
        short: "{from} agrees to a WebSocket with 101 Switching Protocols, but to none of the subprotocols that were offered. Whether that is good enough is for the client to say.",
        full: "The server speaks none of them, and must not name another one. By RFC 6455 the WebSocket is open, without a subprotocol. A browser fails the connection all the same if the page has asked for one, and other clients may do so, too.",
        rfc: "If the server does not wish to agree to one of the suggested subprotocols, it MUST NOT send back a Sec-WebSocket-Protocol header field in its response.", "RFC 6455 §4.2.2",
    }
    "http-426" {
        short: "{from} does not speak the asked version of WebSocket: 426 Upgrade Required. It names the version it does speak.",
        full: "The connection stays HTTP. The answer has Sec-WebSocket-Version with what the server supports, so the client can ask again with that one.",
        rfc: "If the version is not understood, the server MUST abort the handshake and send an HTTP error such as 426 with a Sec-WebSocket-Version header that lists the versions it can use.", "RFC 6455 §4.2.2, §4.4",
    }
    "http-refused" {
        short: "{from} refuses the WebSocket: {code} {phrase}. There is none, and the connection speaks HTTP as before.",
        full: "Until a 101 is sent, the two speak HTTP, and HTTP has words for no: 400 the request breaks a rule, 403 it is not allowed, 404 there is nothing here, 405 not with this method. A script in a browser hears only that it failed; the status stands on the wire.",
        rfc: "If any of the conditions is not met, the server MUST stop processing the client's handshake and return an HTTP response with an appropriate error code (such as 400).", "RFC 6455 §4.2.1, §4.2.2",
        meets: "ws-is-http",
    }
    "http-connect" {
        short: "{from} asks the proxy for a tunnel to {uri}: from then on it shall copy bytes and read nothing.",
        full: "The target is a host and a port, nothing more. If the proxy agrees, whatever follows on this connection is for that host: TLS, a WebSocket, anything.",
        rfc: "CONNECT requests that the recipient establish a tunnel to the destination origin server identified by the request target and, if successful, thereafter restrict its behavior to blind forwarding of data, in both directions, until the tunnel is closed.", "RFC 9110 §9.3.6",
    }
    "http-tunnel" {
        short: "{from} has made the tunnel: {code} {phrase}. The next byte belongs to the server behind it.",
        full: "There are two TCP connections now, one on each side of the proxy, each with its own numbers. The proxy copies what comes on one to the other.",
        rfc: "Any 2xx response indicates that the sender will switch to tunnel mode immediately after the response header section; data received after that is from the server identified by the request target.", "RFC 9110 §9.3.6",
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
    "ws-compressed" {
        short: "{from} sends a compressed message: {text}. The bit RSV1 says so.",
        full: "In the opening both have agreed on permessage-deflate. What repeats within the message is written once, and what stood in an earlier message of the same side, too, unless that was to be forgotten. Control frames are never compressed, and a short message is often sent as it is.",
        rfc: "A message is compressed if RSV1 of its first frame is set. The payload of all its frames together is DEFLATE data without the 0x00 0x00 0xff 0xff at its end.", "RFC 7692 §6, §7.2.1",
    }
    "ws-fragment" {
        short: "{from} begins a message in several frames, {masking}. FIN is not set: more follows.",
        full: "This frame says what the message is; the ones that go on have opcode 0. So a sender can begin before it knows how long the message gets. The program at the other end gets it when the last piece is there.",
        rfc: "A fragmented message consists of a frame with FIN clear and an opcode other than 0, followed by zero or more with FIN clear and opcode 0, and ended by one with FIN set and opcode 0. Its fragments must not be interleaved with those of another message.", "RFC 6455 §5.4",
    }
    "ws-continuation" {
        short: "{from} sends a further piece of a message that it began before, {masking}.",
        full: "A long message may be cut into frames: the first has the kind, the others opcode 0, and the last has FIN set. Control frames may come in between.",
        rfc: "A fragmented message is a frame with FIN clear and an opcode other than 0, then frames with FIN clear and opcode 0, ended by a frame with FIN set and opcode 0.", "RFC 6455 §5.4",
    }
    "ws-ping" {
        short: "{from} asks: are you still there? A ping; the other side must answer with a pong.",
        full: "Control frames have at most 125 bytes. A ping shows that the other program lives, not only its computer, and keeps routers on the way from forgetting a quiet connection.",
        rfc: "Upon receipt of a Ping an endpoint MUST send a Pong, unless it already received a Close; it SHOULD do so as soon as is practical.", "RFC 6455 §5.5.2",
    }
    "ws-pong" {
        short: "{from} answers the ping with a pong that repeats the ping's bytes.",
        full: "The same bytes come back, so the asker knows which ping was answered and how long it took. The application does not notice: the WebSocket layer answers by itself.",
        rfc: "A Pong frame sent in response to a Ping frame must have identical application data.", "RFC 6455 §5.5.3",
    }
    "ws-close" {
        short: "{from} says goodbye: {info}. After this it sends no more data, and waits for the other side's Close.",
        full: "The code tells why: 1000 is normal, 1001 going away, 1002 protocol error, 1007 bad text, 1009 too big. When each side has sent and got a Close, TCP is closed, by the server first where nothing goes wrong.",
        rfc: "The application MUST NOT send data frames after a Close. After both sending and receiving one, an endpoint considers the connection closed and MUST close the TCP connection; the server MUST do so at once, the client SHOULD wait for it.", "RFC 6455 §5.5.1, §7.1.1",
    }
    "ws-close-answer" {
        short: "{from} has got the other side's Close and answers with its own: {info}.",
        full: "Now both sides have said that they are done: the WebSocket connection is closed cleanly, and TCP under it is closed next. The answer most often repeats the code that came.",
        rfc: "If an endpoint receives a Close and did not send one, it MUST send a Close in response; it typically echoes the status code. The server closes TCP first, so that it holds the TIME-WAIT.", "RFC 6455 §5.5.1, §7.1.1",
    }
}
