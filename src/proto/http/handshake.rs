//! What is wrong with a WebSocket's opening handshake (RFC 6455 §4), seen from outside.

use super::dissect::{Parsed, StartLine, status};
use super::head::Headers;
use crate::proto::websocket::{accept_key, key_is_valid};

/// What is wrong, in words; nothing for messages that are no part of a handshake.
pub(super) fn faults(parsed: &Parsed<'_>) -> Vec<String> {
    let headers = &parsed.headers;
    match &parsed.start {
        StartLine::Request { .. } if headers.has("Upgrade", "websocket") => of_request(headers),
        StartLine::Response { code, .. }
            if status(parsed.bytes, code) == 101 && headers.has("Upgrade", "websocket") =>
        {
            let asked = parsed
                .asked
                .as_ref()
                .and_then(|asked| asked.websocket.as_ref());
            asked.map_or_else(Vec::new, |asked| of_response(headers, asked))
        }
        _ => Vec::new(),
    }
}

fn of_request(headers: &Headers) -> Vec<String> {
    let mut faults = Vec::new();
    if headers.all("Sec-WebSocket-Key").count() > 1 {
        faults.push("There is more than one Sec-WebSocket-Key".into());
    }
    match headers.get("Sec-WebSocket-Key") {
        None => faults.push("Sec-WebSocket-Key is missing".into()),
        Some(key) if !key_is_valid(key) => {
            faults.push("Sec-WebSocket-Key is not the base64 of 16 bytes".into());
        }
        Some(_) => {}
    }
    faults
}

fn of_response(headers: &Headers, asked: &Headers) -> Vec<String> {
    let mut faults = Vec::new();
    let expected = accept_key(asked.get("Sec-WebSocket-Key").unwrap_or_default());
    match headers.get("Sec-WebSocket-Accept") {
        None => faults.push("Sec-WebSocket-Accept is missing".into()),
        Some(accept) if accept != expected => {
            faults.push(format!(
                "Sec-WebSocket-Accept is wrong: the key asks for {expected}"
            ));
        }
        Some(_) => {}
    }
    for chosen in unasked(headers, asked, "Sec-WebSocket-Protocol") {
        faults.push(format!("The subprotocol {chosen} was not asked for"));
    }
    for chosen in unasked(headers, asked, "Sec-WebSocket-Extensions") {
        faults.push(format!("The extension {chosen} was not asked for"));
    }
    faults
}

/// The members of a list field, without parameters, that are not in the same field of the request.
fn unasked<'a>(headers: &'a Headers, asked: &Headers, name: &'a str) -> Vec<&'a str> {
    let name_of = |member: &'a str| member.split(';').next().unwrap_or_default().trim();
    let offered: Vec<&str> = asked
        .list(name)
        .map(|member| member.split(';').next().unwrap_or_default().trim())
        .collect();
    let chosen = headers.list(name).map(name_of);
    chosen.filter(|chosen| !offered.contains(chosen)).collect()
}
