//! The why-texts: one entry a topic. To add one, add an entry in the file of its kind and the line that chooses it,
//! in `frames`, `records` or `subject`.
//!
//! A text may name what the step knows in braces: see [`PLACEHOLDERS`].

/// What a text may name in braces.
pub const PLACEHOLDERS: &[&str] = &[
    "from", "to", "seq", "ack", "len", "next", "end", "sport", "dport", "window", "mss", "src",
    "dst", "target", "smac", "dmac", "ttl", "proto", "info", "text", "method", "uri", "code",
    "phrase", "error", "reason", "opcode", "masking", "what", "told", "timer", "node",
];

/// Why something happens, at three depths.
#[derive(Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub id: &'static str,
    /// One or two sentences that stand alone.
    pub short: &'static str,
    /// What a student of the subject wants to know on top of the short text.
    pub full: &'static str,
    /// What the specification asks for, in its terms.
    pub rfc: &'static str,
    /// Where it asks for it.
    pub cite: &'static str,
    /// The misconception that this step meets.
    pub misconception: Option<&'static str>,
}

/// The topic with this id.
pub fn topic(id: &str) -> Option<&'static Topic> {
    all().find(|topic| topic.id == id)
}

/// Whether it is about what a message over a stream says.
pub(super) fn is_of_message(id: &str) -> bool {
    let lists = [messages::TOPICS, socketio::TOPICS];
    lists.into_iter().flatten().any(|topic| topic.id == id)
}

/// Every topic.
pub fn all() -> impl Iterator<Item = &'static Topic> {
    let lists = [
        segments::TOPICS,
        messages::TOPICS,
        socketio::TOPICS,
        sessions::TOPICS,
        packets::TOPICS,
        layers::TOPICS,
        events::TOPICS,
        pace::TOPICS,
        recovery::TOPICS,
    ];
    lists.into_iter().flatten()
}

macro_rules! topics {
    ($($id:literal {
        short: $short:literal,
        full: $full:literal,
        rfc: $rfc:literal, $cite:literal,
        $(meets: $meets:literal,)?
    })*) => {
        /// The topics of this kind.
        pub const TOPICS: &[super::Topic] = &[$(super::Topic {
            id: $id,
            short: $short,
            full: $full,
            rfc: $rfc,
            cite: $cite,
            misconception: { #[allow(unused_mut, unused_assignments)] let mut _m = None; $(_m = Some($meets);)? _m },
        }),*];
    };
}

mod events;
mod layers;
mod messages;
mod pace;
mod packets;
mod recovery;
mod segments;
mod sessions;
mod socketio;
