//! Topics: what programs with Socket.IO call and are told, and what the sessions below them decide and wait for.

topics! {
    "app-log" {
        short: "The program on {node} writes a line to its log: {what}.",
        full: "A handler wrote it, so this much is sure: what led to it has come all the way up to the program. Nothing of the line goes over the wire.",
        rfc: "What a program does with what it is told is its own business.", "Socket.IO documentation, Server: events",
    }
    "no-delay" {
        short: "The program on {node} asks TCP not to wait: {what}. Small pieces are sent at once.",
        full: "By the Nagle algorithm TCP holds a small piece back while an earlier one is not acknowledged. For short messages that adds a round trip to many of them, so browsers, Node.js and most WebSocket libraries turn it off.",
        rfc: "There MUST be a way for an application to disable the Nagle algorithm on an individual connection.", "RFC 9293 §3.7.4",
    }
    "sio-call-connect" {
        short: "The program on {node} asks for a connection: {what}.",
        full: "The call comes back at once, and nothing has passed yet. The library opens an Engine.IO session first, over HTTP or WebSocket, and asks for the namespace in it; the program hears connect or connect_error.",
        rfc: "A client that connects to several namespaces of a server uses one session for all of them.", "Socket.IO documentation, Client: initialization",
        meets: "opens-as-ws",
    }
    "sio-call-emit" {
        short: "The program on {node} emits to the one at the other end: {what}.",
        full: "The library writes the name and the arguments as JSON, puts Socket.IO's and Engine.IO's digits before it, and hands it to the transport. That the call came back says nothing about its arrival. A client that is not connected keeps the event until it is.",
        rfc: "Events are delivered at most once, and in order; an acknowledgment tells whether one has arrived.", "Socket.IO documentation, Delivery guarantees",
        meets: "emit-is-guaranteed",
    }
    "sio-call-broadcast" {
        short: "The program on {node} emits to many with one call: {what}.",
        full: "With io.emit all clients of the namespace are meant, with socket.broadcast.emit all but this one, with to(room) those in a room. The server looks up who that is now, and sends the same packet over the connection of each: as many packets as there are listeners.",
        rfc: "To all connected clients: io.emit(); to all but the sender: socket.broadcast.emit(); to all in the room: io.to(room).emit().", "Socket.IO documentation, Broadcasting events",
        meets: "emit-to-all",
    }
    "sio-call-room" {
        short: "The program on {node} changes a list that it alone has: {what}.",
        full: "A room is a name on the server and the sockets under it. No packet is sent for it, and the client does not learn of it unless the program says so.",
        rfc: "Rooms are a server-only concept: the client has no list of the rooms it has joined.", "Socket.IO documentation, Rooms",
        meets: "emit-to-all",
    }
    "sio-call-answer" {
        short: "The program on {node} answers the event: {what}.",
        full: "The handler has called the callback that the library gave it as its last argument. An ACK packet with the event's number carries the answer back.",
        rfc: "The payload of the ACK packet is the array of what was given to the callback.", "Socket.IO protocol 5, Acknowledgement",
        meets: "ack-means-read",
    }
    "sio-call-refuse" {
        short: "The middleware of the program on {node} refuses the client: {what}.",
        full: "It ran before the connection handlers, and saw what the client said of itself in its CONNECT. The client is told with CONNECT_ERROR; its session stays.",
        rfc: "If next() is called with an Error, the connection is refused and the client receives a connect_error event.", "Socket.IO documentation, Middlewares",
    }
    "sio-call-disconnect" {
        short: "The program on {node} leaves: {what}.",
        full: "A DISCONNECT packet says so for this namespace. Where no other namespace is left, a client closes the session below it, too, and does not try to come back by itself.",
        rfc: "In case of a manual disconnection, the client does not reconnect by itself.", "Socket.IO documentation, Client: socket instance",
    }
    "sio-told-connect" {
        short: "The program on {node} hears connect: {what}.",
        full: "Three openings lie behind it: that of TCP, that of the Engine.IO session, and that of the namespace. The socket has an id now; after a reconnection it is another one, unless the server kept the state.",
        rfc: "The connect event is fired upon connection and also upon reconnection.", "Socket.IO documentation, Client: socket instance",
        meets: "sio-is-ws",
    }
    "sio-told-connection" {
        short: "The program on {node} hears connection: {what}.",
        full: "A client is in a namespace now, and its socket goes to the handlers. The word for the client is connect, for the server connection.",
        rfc: "The connection event is fired upon a connection from a client, with the socket as its argument.", "Socket.IO documentation, Server: events",
    }
    "sio-told-disconnect" {
        short: "The program on {node} hears disconnect, and a reason: {what}.",
        full: "With io client disconnect or client namespace disconnect the client wished it; with io server disconnect or server namespace disconnect the server did. With ping timeout nothing was heard for too long; with transport close or transport error the connection below ended. After these last three the client tries to come back by itself.",
        rfc: "The disconnect event has a reason; the client reconnects by itself after ping timeout, transport close and transport error.", "Socket.IO documentation, Client: socket instance",
        meets: "emit-is-guaranteed",
    }
    "sio-told-connect-error" {
        short: "The program on {node} hears connect_error: {what}.",
        full: "Either the session below could not be opened, and then the client tries again where it may; or the server refused the namespace, and then it is for the program to do better, say with other credentials.",
        rfc: "The connect_error event is fired if the connection could not be established, or if it was denied by the server.", "Socket.IO documentation, Client: socket instance",
    }
    "sio-told-answer" {
        short: "The program on {node} gets the answer to its event: {what}.",
        full: "It comes from the other program, not from a layer below: somebody has read the event and done with it what was to be done. TCP's ACK said no more than that the bytes were there.",
        rfc: "The callback is called when the other side acknowledges the event.", "Socket.IO documentation, Emitting events: acknowledgements",
        meets: "ack-means-read",
    }
    "sio-told-no-answer" {
        short: "The program on {node} waits no longer: {what}.",
        full: "Its own timer says so, and no packet. It may be that the event never arrived, that nobody answered it, or that the answer was lost: from here all three look the same. Whoever emits once more must expect that it is heard twice.",
        rfc: "With timeout() the callback is called with an error if the other side does not acknowledge the event in the given delay.", "Socket.IO documentation, Emitting events: with timeout",
        meets: "emit-is-guaranteed",
    }
    "sio-told-reconnect" {
        short: "The program on {node} is told how its library comes back: {what}.",
        full: "The library does it alone: it waits, tries to open a session, waits longer, tries again. Each try is a new connection, a new session and a new CONNECT.",
        rfc: "By default the client reconnects automatically, with a randomized delay that grows.", "Socket.IO documentation, Client: reconnection",
    }
    "sio-told-upgrade" {
        short: "The library on {node} has tried WebSocket: {what}.",
        full: "The program need not care: its session is the same before and after, and all its events come in order over whatever carries it.",
        rfc: "The client tries to upgrade in the background, and keeps the session over HTTP long-polling if that fails.", "Engine.IO protocol 4, Upgrade",
        meets: "opens-as-ws",
    }
    "eio-ping-due" {
        short: "At {node} pingInterval is over: it is time to ask whether the client is still there.",
        full: "The server counts from the last answer. It sends 2 now, and waits pingTimeout for the 3.",
        rfc: "The server sends a ping packet at the interval that the handshake has told.", "Engine.IO protocol 4, Heartbeat",
        meets: "client-pings",
    }
    "eio-ping-timeout" {
        short: "At {node} the time of the heartbeat runs out: nothing came, and the session is given up.",
        full: "A server waits pingTimeout for the answer to its ping, a client pingInterval and pingTimeout together for the next ping. TCP might still wait for minutes: silence is no error to it.",
        rfc: "If no pong comes within pingTimeout the server closes the session; if no ping comes within pingInterval + pingTimeout the client does.", "Engine.IO protocol 4, Heartbeat",
        meets: "client-pings",
    }
    "eio-upgrade-timeout" {
        short: "At {node} upgradeTimeout runs out: nobody went over to the new WebSocket, so it is closed.",
        full: "The probe was answered, and the 5 did not come. The session has stayed with polling all the time, and stays there.",
        rfc: "The server closes a transport that is not upgraded to within upgradeTimeout.", "Socket.IO documentation, Server: options",
        meets: "sio-is-ws",
    }
    "sio-connect-timeout" {
        short: "At {node} the time for connecting runs out.",
        full: "A server waits connectTimeout for the first CONNECT of a session, and closes the session without one. A client gives up an attempt to open a session after its timeout.",
        rfc: "connectTimeout: how many milliseconds pass before a client is disconnected that has not joined a namespace; by default 45000.", "Socket.IO documentation, Server: options",
        meets: "sio-is-ws",
    }
    "sio-ack-timeout" {
        short: "At {node} the time for an acknowledgment runs out.",
        full: "The program has asked for an answer within so long. Nothing came, so its callback is called with an error. Nothing is sent, and nothing is repeated.",
        rfc: "With socket.timeout(ms).emit(…) the callback gets an error if the answer does not come in time.", "Socket.IO documentation, Emitting events: with timeout",
        meets: "emit-is-guaranteed",
    }
    "sio-reconnect-delay" {
        short: "At {node} the wait before the next attempt is over: it connects again.",
        full: "The wait doubles from one attempt to the next up to a limit, and up to half of it more or less is left to chance: else all clients of a server that was restarted would come back in the same moment.",
        rfc: "By default reconnectionDelay is 1 s, reconnectionDelayMax 5 s, randomizationFactor 0.5.", "Socket.IO documentation, Client: options",
    }
    "app-timer" {
        short: "On {node} the program's own timer runs out: {timer}.",
        full: "The program has set it, as with setInterval in JavaScript. What it does now nobody asked it for over the network.",
        rfc: "After the opening handshake either side may send whenever it likes.", "RFC 6455 §1.2",
        meets: "ws-is-http",
    }
    "eio-upgraded" {
        short: "{node}: {what}. The 5 has come.",
        full: "From here on the server sends over the WebSocket, and takes packets from there. What waited for a poll goes first, so nothing is lost and nothing comes out of order.",
        rfc: "Upon the upgrade packet the server takes WebSocket as the session's transport.", "Engine.IO protocol 4, Upgrade",
        meets: "opens-as-ws",
    }
    "eio-pausing" {
        short: "{node}: {what}.",
        full: "A packet could still be under way in the poll. So the client first lets it come home, and only then says 5: two transports never carry the session at once.",
        rfc: "The client stops polling and waits until no request is under way before it sends the upgrade packet.", "Engine.IO protocol 4, Upgrade",
    }
    "eio-no-upgrade" {
        short: "{node}: {what}.",
        full: "The new transport was only tried. It did not work, so nothing changes: the session was on polling all the time.",
        rfc: "If the probe fails, the session stays with HTTP long-polling.", "Engine.IO protocol 4, Upgrade",
        meets: "sio-is-ws",
    }
    "eio-refuses" {
        short: "{node} does not take the request: {what}.",
        full: "The query of an Engine.IO request names the version (EIO), the transport and, once there is one, the session (sid). The server looks at them before anything else.",
        rfc: "If a mandatory query parameter is missing, the server MUST respond with an HTTP 400 error status.", "Engine.IO protocol 4, Transports",
    }
    "eio-session-over" {
        short: "{node} ends the session: {what}.",
        full: "The program hears disconnect with this reason, once for each namespace that the client was in. Whoever comes with this sid from now on is told that it is unknown.",
        rfc: "When the transport is closed or the heartbeat fails, the session is over.", "Engine.IO protocol 4, Heartbeat",
    }
    "sio-session-over" {
        short: "{node} ends the session: {what}.",
        full: "The bytes came in good order over TCP, WebSocket and Engine.IO, and still they are not what the protocol on top lets a client say at this point. A client that breaks the rules is sent away, for nobody knows what it would do next.",
        rfc: "If the server does not receive a CONNECT packet first, it MUST close the connection; so must the receiver of an EVENT whose payload is not a non-empty array. That none comes in time is a matter of the option connectTimeout.", "Socket.IO protocol 5, Connection to a namespace",
        meets: "sio-is-ws",
    }
    "sio-tries-again" {
        short: "{node}: {what}.",
        full: "The wait doubles each time up to a limit, with some chance in it. Meanwhile the client keeps what the program emits, and sends it after the next connect.",
        rfc: "By default reconnectionDelay is 1 s, reconnectionDelayMax 5 s, randomizationFactor 0.5.", "Socket.IO documentation, Client: reconnection",
        meets: "emit-is-guaranteed",
    }
}
