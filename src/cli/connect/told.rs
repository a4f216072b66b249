//! What a client of Socket.IO tells, in words and as JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::base::text::safe;
use crate::stack::engineio::ClientError;
use crate::stack::socketio::{Args, ClientEvent, ConnectError};

/// What happened, for people and for programs; `asked` names the events whose acknowledgments are waited for. Packets
/// have lines of their own.
pub fn describe(
    event: &ClientEvent,
    asked: &BTreeMap<(String, u64), String>,
) -> Option<(String, Value)> {
    use ClientEvent as E;
    Some(match event {
        E::Open(_) | E::Packet { .. } => return None,
        E::Upgraded => (
            "upgrade to websocket".to_owned(),
            json!({"what": "upgrade"}),
        ),
        E::UpgradeFailed(error) => (
            format!("no upgrade, polling goes on: {}", safe(&error.to_string())),
            json!({"what": "upgrade_failed", "error": error.to_string()}),
        ),
        E::Connect {
            nsp,
            sid,
            recovered,
        } => {
            let how = if *recovered { ", recovered" } else { "" };
            (
                format!("connect to {}, id {}{how}", safe(nsp), safe(sid)),
                json!({"what": "connect", "namespace": nsp, "sid": sid, "recovered": recovered}),
            )
        }
        E::ConnectError { nsp, error } => {
            let (more, data) = match error {
                ConnectError::Refused {
                    data: Some(data), ..
                } => (format!(", {data}"), parsed(data)),
                _ => (String::new(), Value::Null),
            };
            let shown = match error {
                ConnectError::Transport(error) => plainly(error),
                ConnectError::TimedOut => "the server did not answer in time (timeout)".to_owned(),
                other => other.to_string(),
            };
            let text = format!("connect_error of {nsp}: {shown}{more}");
            let error = error.to_string();
            (
                safe(&text).into_owned(),
                json!({"what": "connect_error", "namespace": nsp, "error": error, "data": data}),
            )
        }
        E::Disconnect { nsp, reason, error } => {
            let why = error.as_ref().map(|error| format!(" ({})", plainly(error)));
            let text = format!("disconnect from {nsp}: {reason}{}", why.unwrap_or_default());
            let error = error.as_ref().map(ToString::to_string);
            (
                safe(&text).into_owned(),
                json!({"what": "disconnect", "namespace": nsp, "reason": reason.to_string(), "error": error}),
            )
        }
        E::Event {
            nsp,
            name,
            args,
            ack,
        } => (
            format!("{}{}", args.describe(name), of(nsp)),
            json!({"what": "event", "namespace": nsp, "event": name, "args": values(args), "attachments": attachments(args), "ack": ack}),
        ),
        E::Ack { nsp, id, args } => {
            let name = asked.get(&(nsp.clone(), *id)).map_or("", String::as_str);
            let of_what = format!("acknowledgment of {name}: ");
            (
                args.describe(&of_what),
                json!({"what": "ack", "namespace": nsp, "id": id, "event": name, "args": values(args), "attachments": attachments(args)}),
            )
        }
        E::AckFailed { nsp, id, why } => {
            let name = asked.get(&(nsp.clone(), *id)).map_or("", String::as_str);
            (
                format!("no acknowledgment of {}: {why}", safe(name)),
                json!({"what": "ack_failed", "namespace": nsp, "id": id, "event": name, "error": why.to_string()}),
            )
        }
        E::ReconnectAttempt(attempt) => (
            format!("reconnect_attempt {attempt}"),
            json!({"what": "reconnect_attempt", "attempt": attempt}),
        ),
        E::Reconnect(attempt) => (
            format!("reconnect at attempt {attempt}"),
            json!({"what": "reconnect", "attempt": attempt}),
        ),
        E::ReconnectFailed => (
            "reconnect_failed".to_owned(),
            json!({"what": "reconnect_failed"}),
        ),
    })
}

/// What did not work, in words before those of engine.io-client.
pub fn plainly(error: &ClientError) -> String {
    let words = match (error.what.as_str(), error.status) {
        ("xhr poll error", None) => "a poll got no answer",
        ("xhr poll error", Some(_)) => "a poll was refused",
        ("xhr post error", None) => "a POST got no answer",
        ("xhr post error", Some(_)) => "a POST was refused",
        ("websocket error", None) => "the WebSocket failed",
        ("websocket error", Some(_)) => "the WebSocket was refused",
        _ => return error.to_string(),
    };
    format!("{words} ({error})")
}

/// The namespace, where it is not the one that every client gets.
fn of(nsp: &str) -> String {
    match nsp {
        "/" => String::new(),
        nsp => format!(" in {}", safe(nsp)),
    }
}

/// Arguments as JSON.
fn values(args: &Args) -> Vec<Value> {
    args.values.iter().map(|value| parsed(value)).collect()
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|_| Value::String(json.to_owned()))
}

/// Attachments in hexadecimal.
fn attachments(args: &Args) -> Vec<String> {
    let hex = |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    args.attachments.iter().map(hex).collect()
}
