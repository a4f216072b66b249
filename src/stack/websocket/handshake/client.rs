//! What a client asks, and what it must check before it believes a 101 response (RFC 6455 §4.1).

use crate::proto::http::{Headers, Request, Response};
use crate::proto::websocket::{DeflateParams, accept_key, extensions};

use super::super::ClientOptions;
use super::{Agreed, HandshakeError};

/// The request with this key.
pub(super) fn request(options: &ClientOptions, key: &str) -> Request {
    let mut request = Request::new("GET", &options.target, &options.host)
        .with("Upgrade", "websocket")
        .with("Connection", "Upgrade")
        .with("Sec-WebSocket-Key", key)
        .with("Sec-WebSocket-Version", &options.version);
    if !options.subprotocols.is_empty() {
        request = request.with("Sec-WebSocket-Protocol", &options.subprotocols.join(", "));
    }
    if let Some(deflate) = &options.deflate {
        request = request.with("Sec-WebSocket-Extensions", &deflate.params.offer());
    }
    for (name, value) in options.headers.iter() {
        request.headers.push(name, value);
    }
    if let Some(wrong) = options.wrong {
        wrong.spoil(&mut request);
    }
    request
}

/// What a 101 response agrees to.
pub(super) fn check_response(
    response: &Response,
    options: &ClientOptions,
    key: &str,
) -> Result<Agreed, HandshakeError> {
    let headers = &response.headers;
    check_upgrade(headers)?;
    check_accept(headers, key)?;
    Ok(Agreed {
        deflate: check_extensions(headers, options)?,
        subprotocol: check_subprotocol(headers, options)?,
    })
}

/// Items 2 and 3 of the list after the request's.
fn check_upgrade(headers: &Headers) -> Result<(), HandshakeError> {
    let upgrade = headers.get("Upgrade").unwrap_or_default();
    if !upgrade.eq_ignore_ascii_case("websocket") {
        return Err(HandshakeError::Upgrade);
    }
    match headers.has("Connection", "Upgrade") {
        true => Ok(()),
        false => Err(HandshakeError::Connection),
    }
}

/// Item 4.
fn check_accept(headers: &Headers, key: &str) -> Result<(), HandshakeError> {
    let accept = headers.get("Sec-WebSocket-Accept").map(str::trim);
    match accept == Some(accept_key(key).as_str()) {
        true => Ok(()),
        false => Err(HandshakeError::Accept),
    }
}

/// Item 5, and RFC 7692 §5.1: one extension at most, as it was offered.
fn check_extensions(
    headers: &Headers,
    options: &ClientOptions,
) -> Result<Option<DeflateParams>, HandshakeError> {
    let agreed = extensions(headers).ok_or(HandshakeError::ExtensionParameters)?;
    let (extension, deflate) = match (agreed.as_slice(), &options.deflate) {
        ([], _) => return Ok(None),
        ([one], Some(deflate)) => (one, deflate),
        _ => return Err(HandshakeError::Extension),
    };
    if !extension
        .name
        .eq_ignore_ascii_case(crate::proto::websocket::PERMESSAGE_DEFLATE)
    {
        return Err(HandshakeError::Extension);
    }
    match DeflateParams::parse_answer(extension) {
        Some(answer) if deflate.params.allows(&answer) => Ok(Some(answer)),
        _ => Err(HandshakeError::ExtensionParameters),
    }
}

/// Item 6.
fn check_subprotocol(
    headers: &Headers,
    options: &ClientOptions,
) -> Result<Option<String>, HandshakeError> {
    match headers.get("Sec-WebSocket-Protocol") {
        None if options.needs_subprotocol && !options.subprotocols.is_empty() => {
            Err(HandshakeError::NoSubprotocol)
        }
        None => Ok(None),
        Some(name) if options.subprotocols.iter().any(|offered| offered == name) => {
            Ok(Some(name.to_owned()))
        }
        Some(_) => Err(HandshakeError::Subprotocol),
    }
}
