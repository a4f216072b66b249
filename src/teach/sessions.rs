//! The topics of what programs with Socket.IO call and are told, and of what the sessions below them decide: each is
//! known by its record's text.

/// What is called, by the beginning of the text.
const CALLS: &[(&str, &str)] = &[
    ("connect http", "sio-call-connect"),
    ("emit ", "sio-call-emit"),
    ("socket.emit(", "sio-call-emit"),
    ("socket.join(", "sio-call-room"),
    ("socket.leave(", "sio-call-room"),
    ("socket.disconnect(", "sio-call-disconnect"),
    ("socket.", "sio-call-broadcast"),
    ("io.", "sio-call-broadcast"),
    ("answer", "sio-call-answer"),
    ("next(new Error(", "sio-call-refuse"),
    ("disconnect", "sio-call-disconnect"),
    ("set TCP_NODELAY", "no-delay"),
];

/// What a program is told, by the beginning of the text.
const EVENTS: &[(&str, &str)] = &[
    ("connect,", "sio-told-connect"),
    ("connect to ", "sio-told-connect"),
    ("connection of ", "sio-told-connection"),
    ("disconnect: ", "sio-told-disconnect"),
    ("disconnect from ", "sio-told-disconnect"),
    ("connect_error", "sio-told-connect-error"),
    ("acknowledgment ", "sio-told-answer"),
    ("answer to ", "sio-told-answer"),
    ("no acknowledgment ", "sio-told-no-answer"),
    ("no answer to ", "sio-told-no-answer"),
    ("reconnect", "sio-told-reconnect"),
    ("upgrade to websocket", "sio-told-upgrade"),
    ("no upgrade", "sio-told-upgrade"),
];

/// What is decided, by the beginning of the text.
const DECISIONS: &[(&str, &str)] = &[
    ("the session goes on over WebSocket", "eio-upgraded"),
    ("the WebSocket works both ways", "eio-pausing"),
    ("no upgrade, polling goes on", "eio-no-upgrade"),
    ("refused: ", "eio-refuses"),
    ("ping timeout: ", "eio-session-over"),
    ("parse error: ", "eio-session-over"),
    ("transport close: ", "eio-session-over"),
    ("transport error: ", "eio-session-over"),
    ("no packet of Socket.IO", "sio-session-over"),
    ("a packet that does not fit", "sio-session-over"),
    ("no CONNECT within", "sio-session-over"),
    ("attempt ", "sio-tries-again"),
];

/// The timers, by their names; those with which programs wait or send are not TCP's.
const TIMERS: &[(&str, &str)] = &[
    ("ping interval", "eio-ping-due"),
    ("ping timeout", "eio-ping-timeout"),
    ("upgrade timeout", "eio-upgrade-timeout"),
    ("connect timeout", "sio-connect-timeout"),
    ("acknowledgment", "sio-ack-timeout"),
    ("reconnection delay", "sio-reconnect-delay"),
    ("handler", "app-timer"),
];

fn find(topics: &[(&str, &'static str)], text: &str) -> Option<&'static str> {
    let found = topics.iter().find(|(start, _)| text.starts_with(start));
    found.map(|(_, topic)| *topic)
}

/// The topic of a call.
pub(super) fn call(text: &str) -> &'static str {
    find(CALLS, text).unwrap_or("app-call")
}

/// The topic of what a program is told, if it is about Socket.IO.
pub(super) fn event(text: &str) -> Option<&'static str> {
    match text {
        "connect" => Some("sio-told-connect"),
        _ if text.ends_with(" received, answer") => Some("app-received"),
        _ => find(EVENTS, text),
    }
}

/// The topic of what a session decides.
pub(super) fn decision(text: &str) -> Option<&'static str> {
    find(DECISIONS, text)
}

/// The topic of a timer of this layer that has run out.
pub(super) fn timer(name: &str, layer: u8) -> &'static str {
    match layer {
        4 => "timer-expired",
        // the pings of programs that know no Engine.IO
        7 if name == "ping interval" => "app-timer",
        _ if name == "wait" => "pause-over",
        _ => find(TIMERS, name).unwrap_or("timer-expired"),
    }
}
