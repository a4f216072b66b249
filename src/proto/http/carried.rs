//! What a body carries, as layers of their own: text, or packets of Engine.IO.

use std::borrow::Cow;

use super::dissect::{Parsed, StartLine, status};
use super::framing::Framing;
use super::lines::text;
use crate::proto::dissect::{Dissector, Span};
use crate::proto::engineio::{self, Session, Transport};
use crate::proto::text as text_layer;

/// What a request's target says of Engine.IO.
pub(super) fn session(parsed: &Parsed<'_>) -> Option<Session> {
    match &parsed.start {
        StartLine::Request { target, .. } => Session::of_target(&text(parsed.bytes, target)),
        StartLine::Response { .. } => None,
    }
}

/// How a body belongs to Engine.IO.
enum Body {
    /// The packets of a poll.
    Packets(Session),
    /// Why a request was refused.
    Refusal,
}

impl Body {
    fn of(parsed: &Parsed<'_>) -> Option<Self> {
        let header = |name| parsed.headers.get(name).unwrap_or_default();
        if parsed.headers.get("Content-Encoding").is_some() {
            return None;
        }
        match (&parsed.start, &parsed.asked) {
            (StartLine::Request { .. }, _) => poll(session(parsed)?),
            (StartLine::Response { code, .. }, Some(asked)) => {
                let session = asked.engineio?;
                match status(parsed.bytes, code) {
                    // what is posted is answered with "ok"
                    200 if asked.method == "GET" => poll(session),
                    400..500 if header("Content-Type").starts_with("application/json") => {
                        Some(Self::Refusal)
                    }
                    _ => None,
                }
            }
            (StartLine::Response { .. }, None) => None,
        }
    }
}

fn poll(session: Session) -> Option<Body> {
    (session.transport == Transport::Polling).then_some(Body::Packets(session))
}

/// The layers of the body, which lies in `place`.
pub(super) fn put(dissector: &mut Dissector<'_>, parsed: &Parsed<'_>, place: Span) {
    let content_type = parsed.headers.get("Content-Type").unwrap_or_default();
    match Body::of(parsed) {
        _ if place.is_empty() => {}
        Some(Body::Packets(session)) => engineio::add_payload(dissector, place, session),
        Some(Body::Refusal) => engineio::add_error(dissector, place),
        None if content_type.to_ascii_lowercase().starts_with("text/") => {
            text_layer::add(dissector, place);
        }
        None => {}
    }
}

/// The packets of Engine.IO in the body, or why it refuses the request, in one line.
pub(super) fn info(parsed: &Parsed<'_>) -> Option<String> {
    let carried = Body::of(parsed)?;
    let body = &parsed.bytes[parsed.lines.len..];
    let body = match parsed.body.framing {
        Ok(Framing::Chunked) => Cow::Owned(parsed.body.chunks.data(body)),
        _ => Cow::Borrowed(body),
    };
    match carried {
        Body::Packets(session) => {
            Some(engineio::payload_info(&body, session)).filter(|packets| !packets.is_empty())
        }
        Body::Refusal => engineio::error_info(&body),
    }
}
