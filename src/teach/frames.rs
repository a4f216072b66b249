//! The topic of a frame that is sent: chosen by what it carries, and by what it is for.

use super::engineio;
use crate::proto::stream::Dir;
use crate::proto::tree::{Dissection, Value};
use crate::stack::record::{Record, TimerAction, What};
use crate::walk::Walk;
use crate::walk::step::MessageId;
use crate::walk::view::{FrameView, MessageView, Role};

/// How many messages before one are looked at, to tell what it answers.
const NEAR: usize = 64;

/// The topic of a frame. `message` is what its step is about, where it is about a message; `record` the truth of it.
pub(super) fn frame_topic(
    walk: &Walk,
    frame: &FrameView,
    message: Option<&MessageView>,
    record: Option<&Record>,
) -> &'static str {
    if walk.is_routed(frame.id) {
        return match frame
            .dissection
            .own_layers()
            .iter()
            .any(|it| it.protocol.id == "ipv6")
        {
            true => "routed-frame-ipv6",
            false => "routed-frame",
        };
    }
    if let Some(topic) = again_topic(walk, frame, record) {
        return topic;
    }
    let ends_here = || frame.messages.first().and_then(|id| walk.message(*id));
    if let Some(message) = message.cloned().or_else(ends_here) {
        return message_topic(walk, frame, &message);
    }
    let dissection = &frame.dissection;
    // An ICMP error quotes the packet that it is about: what follows it is not the frame's own.
    let own = dissection.own_layers().iter().rev();
    let topic = own
        .map(|layer| layer.protocol.id)
        .find_map(|protocol| match protocol {
            "arp" => Some(arp_topic(dissection)),
            "icmp" => Some(icmp_topic(dissection)),
            "icmpv6" => Some(icmpv6_topic(dissection)),
            "tcp" if is_cookie(walk, record) => Some("syn-cookie"),
            "tcp" => Some(tcp_topic(frame)),
            "udp" => Some("udp"),
            _ => None,
        });
    topic.unwrap_or(if is_fragment(dissection) {
        "ip-fragment"
    } else {
        "frame"
    })
}

/// The topic of a segment that was sent before, or is late.
fn again_topic(walk: &Walk, frame: &FrameView, record: Option<&Record>) -> Option<&'static str> {
    let is_set = |id| flag(&frame.dissection, id);
    if is_probe(walk, frame, record) {
        return Some("window-probe");
    }
    let topic = match frame.role? {
        Role::OutOfOrder => return Some("out-of-order"),
        Role::CrossedSynAck => return Some("crossed-syn-ack"),
        Role::NeedlessRetransmission => "needless-retransmission",
        Role::FastRetransmission if timed_out(walk, record) => "retransmission",
        Role::FastRetransmission => "fast-retransmission",
        Role::Retransmission if was_too_big(walk, record) => return Some("retransmission-smaller"),
        Role::Retransmission => "retransmission",
        _ => return None,
    };
    Some(match (is_set("tcp.flags.syn"), is_set("tcp.flags.ack")) {
        (true, true) => "syn-ack-again",
        (true, false) => "syn-again",
        (false, _) if topic == "retransmission" && is_bare_fin(&frame.dissection) => "fin-again",
        (false, _) => topic,
    })
}

/// Whether it is known that a timer made it happen, and not what arrived last.
fn timed_out(walk: &Walk, record: Option<&Record>) -> bool {
    expired(walk, record).is_some()
}

/// Whether the persist timer sent a byte: the sender knows a closed window, whatever was said to it and lost.
fn is_probe(walk: &Walk, frame: &FrameView, record: Option<&Record>) -> bool {
    uint(&frame.dissection, "tcp.len").is_some_and(|len| len <= 1)
        && expired(walk, record) == Some("persist")
}

/// The timer that made it happen, if it is known that one did, and not what arrived last.
fn expired(walk: &Walk, record: Option<&Record>) -> Option<&'static str> {
    let cause = |record: &&Record| record.cause.and_then(|id| walk.record(id));
    let causes = std::iter::successors(record, cause);
    causes
        .take_while(|record| !matches!(record.what, What::FrameArrived(_)))
        .find_map(|record| match record.what {
            What::Timer {
                name,
                action: TimerAction::Expired,
            } => Some(name),
            _ => None,
        })
}

/// Whether it is known that an ICMP error made it happen: the segments before were too big for the path.
fn was_too_big(walk: &Walk, record: Option<&Record>) -> bool {
    let cause = |record: &&Record| record.cause.and_then(|id| walk.record(id));
    std::iter::successors(record, cause)
        .take_while(|record| !matches!(record.what, What::FrameArrived(_)))
        .any(|record| matches!(&record.what, What::Up(unit) if unit.protocol.starts_with("icmp")))
}

/// Whether it is known that the sender keeps nothing of it: a SYN, ACK whose number is a cookie.
fn is_cookie(walk: &Walk, record: Option<&Record>) -> bool {
    let cause = |record: &&Record| record.cause.and_then(|id| walk.record(id));
    std::iter::successors(record, cause)
        .take_while(|record| !matches!(record.what, What::FrameArrived(_)))
        .any(|record| matches!(&record.what, What::Decided(text) if text.ends_with("is a cookie")))
}

fn is_bare_fin(dissection: &Dissection) -> bool {
    flag(dissection, "tcp.flags.fin") && uint(dissection, "tcp.len") == Some(0)
}

fn is_fragment(dissection: &Dissection) -> bool {
    uint(dissection, "ip.frag_offset").is_some_and(|offset| offset > 0)
        || flag(dissection, "ip.flags.mf")
        || dissection.own_field("ipv6.fraghdr.ident").is_some()
}

fn message_topic(walk: &Walk, frame: &FrameView, message: &MessageView) -> &'static str {
    let dissection = &message.dissection;
    if let Some(topic) = engineio::topic(walk, message) {
        return topic;
    }
    if let Some(opcode) = uint(dissection, "websocket.opcode") {
        return match opcode {
            0 => "ws-continuation",
            1 | 2 if !flag(dissection, "websocket.fin") => "ws-fragment",
            1 | 2 if dissection.field("websocket.compressed").is_some() => "ws-compressed",
            1 if is_push(walk, message) => "ws-push",
            1 => "ws-text",
            2 => "ws-binary",
            8 if answers_close(walk, frame, message) => "ws-close-answer",
            8 => "ws-close",
            9 => "ws-ping",
            10 => "ws-pong",
            _ => "frame",
        };
    }
    let answers = |id: &str, value: Option<&str>| {
        before(walk, message).next().is_some_and(|request| {
            let field = request.dissection.field(id);
            field.is_some_and(|field| value.is_none_or(|value| field.text == value))
        })
    };
    match uint(dissection, "http.response.code") {
        Some(101) => switching_topic(walk, message),
        Some(426) => "http-426",
        Some(200..300) if answers("http.request.method", Some("CONNECT")) => "http-tunnel",
        Some(400..500) if answers("http.upgrade", None) => "http-refused",
        Some(_) => "http-response",
        None if has_value(dissection, "http.request.method", "CONNECT") => "http-connect",
        None if handshake_fault(dissection).is_some() => "http-upgrade-wrong",
        None if dissection.field("http.upgrade").is_some() => "http-upgrade",
        None if dissection.field("http.request.method").is_some() => "http-request",
        None => "data",
    }
}

/// Whether the two speak WebSocket from here on depends on what the answer says beside 101.
fn switching_topic(walk: &Walk, message: &MessageView) -> &'static str {
    const SUBPROTOCOL: &str = "http.sec_websocket_protocol";
    let request = before(walk, message).next();
    let has = |message: &MessageView| message.dissection.field(SUBPROTOCOL).is_some();
    match request {
        _ if handshake_fault(&message.dissection).is_some() => "http-switching-wrong",
        Some(request) if has(&request) && !has(message) => "http-switching-no-subprotocol",
        _ => "http-switching",
    }
}

/// What is wrong with a message of a WebSocket's opening handshake.
pub(super) fn handshake_fault(dissection: &Dissection) -> Option<&str> {
    let fault = dissection
        .experts
        .iter()
        .find(|expert| expert.field == Some("http.websocket.expert"));
    fault.map(|expert| expert.text.as_str())
}

pub(super) fn has_value(dissection: &Dissection, id: &str, value: &str) -> bool {
    let field = dissection.field(id);
    field.is_some_and(|field| field.text == value)
}

/// The messages of the same conversation that were whole before this one, the latest first.
pub(super) fn before<'a>(
    walk: &'a Walk,
    message: &'a MessageView,
) -> impl Iterator<Item = MessageView> + 'a {
    let ids = (0..message.id.0).rev().take(NEAR);
    ids.filter_map(|id| walk.message(MessageId(id)))
        .filter(|other| other.flow == message.flow)
}

/// Whether a text of the server follows nothing that the client sent since the server spoke last.
fn is_push(walk: &Walk, message: &MessageView) -> bool {
    message.dir == Dir::ToClient
        && before(walk, message)
            .next()
            .is_some_and(|last| last.dir == Dir::ToClient)
}

/// Whether the sender of a Close had got one: its segment acknowledges the other side's.
fn answers_close(walk: &Walk, frame: &FrameView, message: &MessageView) -> bool {
    let is_close = |other: &MessageView| uint(&other.dissection, "websocket.opcode") == Some(8);
    let first = before(walk, message).find(|other| other.dir != message.dir && is_close(other));
    let ack = uint(&frame.dissection, "tcp.ack");
    // the first byte of a stream has the relative number 1
    first.is_some_and(|first| ack.is_some_and(|ack| ack > first.stream.end))
}

fn tcp_topic(frame: &FrameView) -> &'static str {
    let dissection = &frame.dissection;
    let is_set = |id| flag(dissection, id);
    let (syn, ack) = (is_set("tcp.flags.syn"), is_set("tcp.flags.ack"));
    if is_set("tcp.flags.reset") {
        // A refusal answers a SYN: it acknowledges just that and has no number of its own.
        let refusal = ack && uint(dissection, "tcp.seq_raw") == Some(0);
        return if refusal { "refused" } else { "rst" };
    }
    match (syn, ack) {
        (true, true) => return "syn-ack",
        (true, false) => return "syn",
        (false, _) if is_set("tcp.flags.fin") => return "fin",
        (false, _) => {}
    }
    if dissection.own_field("tcp.options.sack.dsack_le").is_some() {
        return "d-sack";
    }
    let closed = uint(dissection, "tcp.window_size_value") == Some(0);
    match frame.role {
        Some(Role::WindowProbe) => "window-probe",
        Some(Role::KeepAlive) => "keep-alive",
        _ if uint(dissection, "tcp.len").is_some_and(|len| len > 0) => "data",
        _ if closed => "zero-window",
        Some(Role::KeepAliveAck) => "keep-alive-ack",
        Some(Role::DuplicateAck) => "duplicate-ack",
        _ if is_set("tcp.flags.ece") => "ecn-echo",
        Some(Role::WindowUpdate) => "window-update",
        Some(Role::HandshakeAck) => "handshake-ack",
        Some(Role::FinAck) => "fin-ack",
        _ => "ack",
    }
}

fn arp_topic(dissection: &Dissection) -> &'static str {
    let text = |id| dissection.field(id).map(|field| &field.text);
    match uint(dissection, "arp.opcode") {
        Some(1) if text("arp.src.proto_ipv4") == text("arp.dst.proto_ipv4") => "arp-announcement",
        Some(1) => "arp-request",
        Some(2) => "arp-reply",
        _ => "frame",
    }
}

fn icmp_topic(dissection: &Dissection) -> &'static str {
    match (uint(dissection, "icmp.type"), uint(dissection, "icmp.code")) {
        (Some(8), _) => "icmp-echo-request",
        (Some(0), _) => "icmp-echo-reply",
        (Some(3), Some(4)) => "icmp-fragmentation-needed",
        (Some(3), _) => "icmp-unreachable",
        (Some(11), Some(1)) => "icmp-reassembly-time",
        (Some(11), _) => "icmp-time-exceeded",
        _ => "icmp",
    }
}

fn icmpv6_topic(dissection: &Dissection) -> &'static str {
    match (
        uint(dissection, "icmpv6.type"),
        uint(dissection, "icmpv6.code"),
    ) {
        (Some(1), _) => "icmpv6-unreachable",
        (Some(2), _) => "icmpv6-too-big",
        (Some(3), Some(1)) => "icmpv6-reassembly-time",
        (Some(3), _) => "icmpv6-time-exceeded",
        (Some(128), _) => "icmpv6-echo-request",
        (Some(129), _) => "icmpv6-echo-reply",
        (Some(135), _) => "icmpv6-neighbor-solicitation",
        (Some(136), _) => "icmpv6-neighbor-advertisement",
        _ => "icmpv6",
    }
}

/// The number of a field that is not only quoted.
pub(super) fn uint(dissection: &Dissection, id: &str) -> Option<u64> {
    match dissection.own_field(id)?.value {
        Value::Uint(number) => Some(number),
        _ => None,
    }
}

/// Whether a flag is set that is not only quoted.
pub(super) fn flag(dissection: &Dissection, id: &str) -> bool {
    matches!(
        dissection.own_field(id).map(|field| &field.value),
        Some(Value::Bool(true))
    )
}
