//! Topics: packets of Engine.IO and Socket.IO.

topics! {
    "eio-handshake" {
        short: "{from} asks for a session of Engine.IO, with plain HTTP: {uri}. There is no sid in it: the server is to make one up.",
        full: "EIO says which version of the protocol the client speaks, and transport=polling that it begins with requests and answers, which pass wherever a web page does. A t, if there is one, makes each address a new one, so that no cache answers in the place of the server. WebSocket, if at all, is tried later, beside a session that already works.",
        rfc: "To establish a connection, the client MUST send an HTTP GET request to the server. The query parameters EIO and transport are mandatory, sid is once the session is established.", "Engine.IO protocol 4, Handshake",
        meets: "opens-as-ws",
    }
    "eio-poll" {
        short: "{from} polls: a GET with the sid asks what there is for this session. If there is nothing, the server keeps the request and answers when there is something.",
        full: "HTTP lets a server speak only when it was asked. So the client asks ahead: a request waits at the server nearly always, and its answer is what the server has to say. As soon as that has come, the client polls anew. There is never more than one such GET at a time, or packets could come in the wrong order.",
        rfc: "The server MUST NOT respond right away if there are no packets buffered for the given session. A client MUST NOT have more than one active GET request.", "Engine.IO protocol 4, HTTP long-polling",
        meets: "opens-as-ws",
    }
    "eio-posted" {
        short: "{from} has taken what was posted: {code} {phrase}, and the body is the two letters ok.",
        full: "Most often a GET of the session is waiting at the server, so what the client has to say goes by POST, on a connection that is free. The ok says that the server's Engine.IO has the packets, and nothing of what the program makes of them: whatever the program answers comes by the poll. There is one POST at a time, so that packets keep their order.",
        rfc: "The server returns HTTP 400 if the session is not known, else HTTP 200 with the string ok in the response body. A client MUST NOT have more than one active POST request.", "Engine.IO protocol 4, HTTP long-polling",
        meets: "emit-is-guaranteed",
    }
    "eio-packets" {
        short: "{from} sends several packets in one body, with the byte 0x1e between them: {info}.",
        full: "They were ready at the same time, so one body carries them all. The first digit of each is Engine.IO's: 0 open, 1 close, 2 ping, 3 pong, 4 message, 5 upgrade, 6 noop. Behind a 4 stands Socket.IO's: 0 CONNECT, 1 DISCONNECT, 2 EVENT, 3 ACK, 4 CONNECT_ERROR, 5 BINARY_EVENT, 6 BINARY_ACK. A CONNECT of the server lets the client in, and has the socket's own id in its JSON. A b in place of the digits means bytes, in base64: an attachment of a packet before.",
        rfc: "Several packets may be in one payload, with the record separator 0x1e between them; a binary packet is base64 with the prefix b.", "Engine.IO protocol 4, Packet encoding",
        meets: "42-is-a-code",
    }
    "eio-upgrade-request" {
        short: "{from} asks for a WebSocket for a session that there is already: a GET with transport=websocket, Upgrade: websocket and the sid.",
        full: "The sid ties this connection to the session, which polls meanwhile and goes on if no WebSocket comes of it. The 101 alone changes nothing in that: the new way is tried with 2probe and 3probe first, and taken with 5.",
        rfc: "To upgrade, the client MUST open a WebSocket connection with the same session ID, and send a ping packet with the string probe in it.", "Engine.IO protocol 4, Upgrade",
        meets: "opens-as-ws",
    }
    "eio-open" {
        short: "{from} opens an Engine.IO session: {info}. 0 is the type open, and the JSON tells the session's name and its times.",
        full: "The client repeats the sid in the URL of every request from now on, so that the server knows whose it is. pingInterval and pingTimeout are milliseconds; upgrades says to what transport the client may change. By default all this passes in plain HTTP, and WebSocket comes later.",
        rfc: "Upon the first request the server MUST answer with an open packet: JSON with sid, upgrades, pingInterval, pingTimeout and maxPayload.", "Engine.IO protocol 4, Handshake",
        meets: "opens-as-ws",
    }
    "eio-close" {
        short: "{from} ends the Engine.IO session with a packet of type 1, close.",
        full: "Over polling a close packet is the only way to say it, as no connection belongs to the session. Over WebSocket the end of the connection says the same.",
        rfc: "A close packet tells that a transport can be closed.", "Engine.IO protocol 4, Packet encoding",
    }
    "eio-ping" {
        short: "{from} asks whether the other side is still there: 2 is Engine.IO's ping, the heartbeat of the session.",
        full: "The server sends it every pingInterval. Clients did before protocol 4, but browsers slow the timers of a page that nobody looks at, and then a healthy client seemed dead. It is another thing than WebSocket's ping, and passes over polling, too.",
        rfc: "The server sends a ping at an interval given in the handshake, and the client has pingTimeout to send a pong back. If the client gets none within pingInterval + pingTimeout, it should take the connection for closed.", "Engine.IO protocol 4, Heartbeat",
        meets: "client-pings",
    }
    "eio-pong" {
        short: "{from} answers the heartbeat: 3 is Engine.IO's pong. It is still there.",
        full: "The library answers by itself; the program does not notice. If no pong is there within pingTimeout, the server closes the session and the program hears disconnect with the reason ping timeout.",
        rfc: "If the server does not receive a pong packet back within pingTimeout, it should consider that the connection is closed.", "Engine.IO protocol 4, Heartbeat",
        meets: "client-pings",
    }
    "eio-probe" {
        short: "{from} tries the new transport: 2probe, a ping with the word probe. The session still runs over polling.",
        full: "A proxy on the way may break WebSocket, so nothing is given up before the answer 3probe has come back over it. Then 5 follows, and the change is done.",
        rfc: "To upgrade, the client opens a WebSocket connection with the same sid in the query, and sends a ping packet with the string probe in it.", "Engine.IO protocol 4, Upgrade",
        meets: "opens-as-ws",
    }
    "eio-probe-answer" {
        short: "{from} answers over the new transport: 3probe. WebSocket works all the way, in both directions.",
        full: "The server also ends the poll that waits, with a noop, so that the client can stop polling without losing a packet.",
        rfc: "The server answers with a pong packet with the string probe in it; the client, once it has it, stops polling and sends an upgrade packet.", "Engine.IO protocol 4, Upgrade",
        meets: "opens-as-ws",
    }
    "eio-upgrade" {
        short: "{from} changes over: 5, upgrade. From here on the session's packets go over WebSocket.",
        full: "Until this 5 the server keeps polling as the session's transport. A client that never sends it gets nothing over its WebSocket. Requests for polling with this sid are refused from now on.",
        rfc: "Upon receiving the pong the client MUST send an upgrade packet; the server then takes WebSocket as the session's transport, and polling requests for it are ignored.", "Engine.IO protocol 4, Upgrade",
        meets: "sio-is-ws",
    }
    "eio-noop" {
        short: "{from} ends a poll that waits with 6, noop. It means nothing by itself.",
        full: "A poll is a request whose answer is held back until there is something to say. Where a poll must end and there is nothing to say, it ends with this packet: before the session changes to WebSocket, and when the session is closed.",
        rfc: "A noop packet is used during the upgrade process: the server MUST send it to any pending GET request, to close the HTTP long-polling transport cleanly.", "Engine.IO protocol 4, Upgrade",
    }
    "eio-message" {
        short: "{from} sends a message of Engine.IO: {info}. 4 is the type message; the rest belongs to the layer above.",
        full: "Engine.IO knows no events and no names: it carries texts and bytes of a session over whatever transport works. In a poll, bytes are written in base64 behind a b, and 0x1e stands between packets.",
        rfc: "<packet type>[<data>]; over HTTP long-polling, packets are concatenated with a separator, and binary ones are base64 with the prefix b.", "Engine.IO protocol 4, Packet encoding",
        meets: "sio-is-ws",
    }
    "eio-refused" {
        short: "{from} refuses a request of an Engine.IO client: {code} {phrase}. The JSON in its body says why: code {error}, {reason}.",
        full: "Code 0: the transport is unknown. 1: the session id is unknown, often since another server behind a load balancer opened the session. 2: a wrong method for a handshake. 3: the request is bad, such as a change back to polling. 4: forbidden. 5: this version of the protocol is not spoken here.",
        rfc: "If a mandatory query parameter is missing, the server MUST respond with an HTTP 400 error status; so it does to a poll if the session is not known.", "Engine.IO protocol 4, Transports",
    }
    "eio-other-version" {
        short: "{from} speaks another version of Engine.IO here, which writes its packets in another way: {info}.",
        full: "Socket.IO 1 and 2 use Engine.IO 3: a poll has lengths before its packets, and there the client pings. A server of version 4 refuses such a client, unless it was told to allow it.",
        rfc: "EIO is a mandatory query parameter: the version of the protocol. 4 is used since Socket.IO 3.", "Engine.IO protocol 4, Difference between v3 and v4",
        meets: "client-pings",
    }
    "eio-broken" {
        short: "{from} sends what is no packet of Engine.IO: it does not start with a digit from 0 to 6, nor with b.",
        full: "The receiver's parser makes an error of it, and the session is closed: nothing tells where the next packet would start.",
        rfc: "An invalid packet closes the transport with the reason parse error.", "Engine.IO protocol 4, Packet encoding",
    }
    "sio-connect" {
        short: "{from} asks for a namespace: {info}. Engine.IO's 4, a message, then Socket.IO's 0, CONNECT.",
        full: "The session of Engine.IO alone lets nobody in. A program joins each namespace by a CONNECT of its own, / as well, and may send credentials with it as JSON. A plain WebSocket client does not do this by itself, and is sent away after the server's connectTimeout.",
        rfc: "At the beginning of a session the client MUST send a CONNECT packet; the payload, if any, is an object. If the server does not receive a CONNECT packet first, it MUST close the connection.", "Socket.IO protocol 5, Connection to a namespace",
        meets: "sio-is-ws",
    }
    "sio-connected" {
        short: "{from} lets the client in: {info}, with the socket's own id in JSON. Only now does the program hear connect.",
        full: "This sid is not that of Engine.IO: it names the socket in this namespace, is what a program sees as socket.id, and may be told to others. Engine.IO's sid is the key of the session and should stay secret.",
        rfc: "If the connection is successful, the server MUST respond with a CONNECT packet that contains the session id of the socket.", "Socket.IO protocol 5, Connection to a namespace",
        meets: "sio-is-ws",
    }
    "sio-disconnect" {
        short: "{from} leaves a namespace: {info}. The connection below stays, for other namespaces.",
        full: "socket.disconnect() does this. The other side hears disconnect with the reason client namespace disconnect, or io server disconnect.",
        rfc: "At any time one side can leave a namespace by sending a DISCONNECT packet; no response is expected.", "Socket.IO protocol 5, Disconnection from a namespace",
    }
    "sio-event" {
        short: "{from} emits: {info}. The 4 is Engine.IO's message, the 2 is Socket.IO's EVENT, and the JSON after it is the name and the arguments.",
        full: "42 is two digits of two protocols. A namespace other than / stands between the digit and the JSON and ends with a comma; a number right before the JSON asks for an acknowledgment. All of socket.emit(name, ...) is in this one text.",
        rfc: "<packet type>[<# of binary attachments>-][<namespace>,][<acknowledgment id>][JSON-stringified payload]; the payload of an EVENT is an array whose first element is the event's name.", "Socket.IO protocol 5, Packet encoding",
        meets: "42-is-a-code",
    }
    "sio-ack" {
        short: "{from} answers an event: {info}. The number is that of the event; the JSON is what the handler gave to its callback.",
        full: "43: message, ACK. TCP has acknowledged the bytes of the event long ago, but that says nothing of the program; this packet comes from its handler. Without an id in the event no answer is sent, and the sender never learns.",
        rfc: "If an EVENT has an acknowledgment id, the receiver MUST respond with an ACK packet with the same id; the payload is an array.", "Socket.IO protocol 5, Acknowledgement",
        meets: "emit-is-guaranteed",
    }
    "sio-connect-error" {
        short: "{from} does not let the client into the namespace: {info}. The JSON says why.",
        full: "A middleware of the server refused it, or there is no such namespace. The session below stays open; the program hears connect_error and may try again with other credentials.",
        rfc: "If the client is not allowed, the server MUST send a CONNECT_ERROR packet, an object with a message and optional data.", "Socket.IO protocol 5, Connection to a namespace",
    }
    "sio-binary-event" {
        short: "{from} emits an event with bytes: {info}. 5 is BINARY_EVENT; the bytes follow in messages of their own.",
        full: "JSON cannot hold bytes, so each buffer among the arguments is taken out, and a placeholder with its number stands in its place. The digit after 5 says how many messages of bytes follow before the event is whole.",
        rfc: "The payload has an object with _placeholder true and num N for each attachment; the attachments follow in order, and no other message comes in between.", "Socket.IO protocol 5, Packet encoding",
        meets: "42-is-a-code",
    }
    "sio-binary-ack" {
        short: "{from} answers an event with bytes: {info}. 6 is BINARY_ACK; the bytes follow in messages of their own.",
        full: "It is an ACK whose arguments have buffers among them; placeholders stand where they belong, as in a BINARY_EVENT.",
        rfc: "A BINARY_ACK is an ACK with attachments: their number and a hyphen stand after the type.", "Socket.IO protocol 5, Packet encoding",
    }
    "sio-attachment" {
        short: "{from} sends the bytes that a packet before announced: {info}. A placeholder there says where they belong.",
        full: "Over WebSocket it is a frame of bytes without any digit before it; in a poll it is b and base64. The event reaches the program only when all its attachments are there.",
        rfc: "Attachments follow their packet, in the order of their numbers. Plain text in between is an error.", "Socket.IO protocol 5, Packet encoding",
        meets: "42-is-a-code",
    }
}
