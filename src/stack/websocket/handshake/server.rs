//! What a server makes of a request (RFC 6455 §4.2).

use crate::proto::http::{Request, Response, Version};
use crate::proto::websocket::{
    DeflateParams, MAX_WINDOW_BITS, VERSION, accept_key, extensions, key_is_valid,
};

use super::super::{DeflateOptions, ServerOptions};

/// What both ends agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agreed {
    /// The subprotocol.
    pub subprotocol: Option<String>,
    /// The parameters of permessage-deflate, as the server's answer has them.
    pub deflate: Option<DeflateParams>,
}

/// A server's answer to a request: the 101 response and what it agrees to, or the response that refuses (§4.2).
pub fn answer(request: &Request, options: &ServerOptions) -> Result<(Response, Agreed), Response> {
    let key = check_request(request, options).map_err(|refusal| adorned(refusal, options))?;
    let mut response = adorned(Response::new(101), options)
        .with("Upgrade", "websocket")
        .with("Connection", "Upgrade")
        .with("Sec-WebSocket-Accept", &accept_key(key));
    let agreed = Agreed {
        subprotocol: choose_subprotocol(request, options),
        deflate: options
            .deflate
            .and_then(|deflate| choose_deflate(request, &deflate)),
    };
    if let Some(subprotocol) = &agreed.subprotocol {
        response = response.with("Sec-WebSocket-Protocol", subprotocol);
    }
    if let Some(deflate) = &agreed.deflate {
        response = response.with("Sec-WebSocket-Extensions", &deflate.answer());
    }
    if let Some(wrong) = options.wrong {
        wrong.spoil(&mut response);
    }
    Ok((response, agreed))
}

/// The key of a request that asks for a WebSocket as §4.2.1 demands, or the response that refuses it.
fn check_request<'a>(request: &'a Request, options: &ServerOptions) -> Result<&'a str, Response> {
    check_path(request, options)?;
    check_http(request)?;
    check_upgrade(request)?;
    check_version(request)?;
    let key = check_key(request)?;
    check_extensions(request)?;
    check_origin(request, options)?;
    Ok(key)
}

fn check_path(request: &Request, options: &ServerOptions) -> Result<(), Response> {
    let path = request.target.split('?').next();
    match options.path.is_some() && path != options.path.as_deref() {
        true => Err(refusal(404, "There is no WebSocket here.")),
        false => Ok(()),
    }
}

/// §4.2.1 items 1 and 2.
fn check_http(request: &Request) -> Result<(), Response> {
    if request.version < Version::Http11 {
        return Err(refusal(400, "A WebSocket is opened with HTTP/1.1."));
    }
    if request.method != "GET" {
        // RFC 9110 §15.5.6.
        let refusal = refusal(405, "A WebSocket is opened with GET.");
        return Err(refusal.with("Allow", "GET"));
    }
    // RFC 9112 §3.2.
    match request.headers.all("Host").count() {
        0 => Err(refusal(400, "Host is missing.")),
        1 => Ok(()),
        _ => Err(refusal(400, "There is more than one Host.")),
    }
}

/// §4.2.1 items 3 and 4.
fn check_upgrade(request: &Request) -> Result<(), Response> {
    let headers = &request.headers;
    match headers.has("Upgrade", "websocket") && headers.has("Connection", "Upgrade") {
        true => Ok(()),
        false => Err(refusal(400, "This is no request for a WebSocket.")),
    }
}

/// §4.2.1 item 6, §4.4.
fn check_version(request: &Request) -> Result<(), Response> {
    if request.headers.get("Sec-WebSocket-Version") == Some(VERSION) {
        return Ok(());
    }
    let refusal = refusal(426, "Only version 13 is spoken here.");
    Err(refusal.with("Sec-WebSocket-Version", VERSION))
}

/// §4.2.1 item 5.
fn check_key(request: &Request) -> Result<&str, Response> {
    let mut keys = request.headers.all("Sec-WebSocket-Key");
    match (keys.next(), keys.next()) {
        (Some(key), None) if key_is_valid(key) => Ok(key),
        (Some(_), None) => Err(refusal(
            400,
            "Sec-WebSocket-Key is not the base64 of 16 bytes.",
        )),
        (None, _) => Err(refusal(400, "Sec-WebSocket-Key is missing.")),
        _ => Err(refusal(400, "There is more than one Sec-WebSocket-Key.")),
    }
}

/// §9.1: a list that breaks the grammar fails the handshake; one that offers what is not known is only declined.
fn check_extensions(request: &Request) -> Result<(), Response> {
    match extensions(&request.headers) {
        Some(_) => Ok(()),
        None => Err(refusal(400, "Sec-WebSocket-Extensions cannot be read.")),
    }
}

/// §10.2.
fn check_origin(request: &Request, options: &ServerOptions) -> Result<(), Response> {
    let allowed = |origin: &str| {
        let mut known = options.origins.iter();
        known.any(|known| known.eq_ignore_ascii_case(origin))
    };
    match request.headers.get("Origin") {
        Some(origin) if !options.origins.is_empty() && !allowed(origin) => {
            Err(refusal(403, "Pages from there may not connect."))
        }
        _ => Ok(()),
    }
}

/// The first of the client's that the server speaks (§4.2.2 item 5).
fn choose_subprotocol(request: &Request, options: &ServerOptions) -> Option<String> {
    let mut offered = request.headers.list("Sec-WebSocket-Protocol");
    offered
        .find(|offered| options.subprotocols.iter().any(|known| known == offered))
        .map(str::to_owned)
}

/// The first offer that can be agreed to (RFC 7692 §5, §7).
fn choose_deflate(request: &Request, own: &DeflateOptions) -> Option<DeflateParams> {
    let offered = extensions(&request.headers)?;
    let mut offers = offered.iter().filter_map(DeflateParams::parse_offer);
    offers.find_map(|offer| answer_offer(&offer, &own.params))
}

/// The answer to one offer; `None` declines it.
fn answer_offer(offer: &DeflateParams, own: &DeflateParams) -> Option<DeflateParams> {
    let least = |a: Option<u8>, b: Option<u8>| a.into_iter().chain(b).min();
    let below_most = |bits: &u8| *bits < MAX_WINDOW_BITS;
    let server_max_window_bits = match offer.server_max_window_bits {
        // zlib writes no window of 8 bits.
        Some(8) => return None,
        asked => least(asked, own.server_max_window_bits.filter(below_most)),
    };
    let wanted = own.client_max_window_bits.filter(below_most);
    if wanted.is_some() && offer.client_max_window_bits.is_none() {
        return None;
    }
    Some(DeflateParams {
        server_no_context_takeover: offer.server_no_context_takeover
            || own.server_no_context_takeover,
        client_no_context_takeover: offer.client_no_context_takeover
            || own.client_no_context_takeover,
        server_max_window_bits,
        client_max_window_bits: least(offer.client_max_window_bits.filter(below_most), wanted),
    })
}

/// The response with the server's own header fields in front.
fn adorned(mut response: Response, options: &ServerOptions) -> Response {
    let mut headers = options.headers.clone();
    for (name, value) in response.headers.iter() {
        headers.push(name, value);
    }
    response.headers = headers;
    response
}

/// A response that refuses. A 426 must name what to upgrade to (RFC 9110 §15.5.22).
pub(super) fn refusal(code: u16, text: &str) -> Response {
    let mut response = Response::new(code);
    let mut connection = "close";
    if code == 426 {
        response = response.with("Upgrade", "websocket");
        connection = "Upgrade, close";
    }
    response
        .with("Connection", connection)
        .with_body("text/plain", format!("{text}\n"))
}
