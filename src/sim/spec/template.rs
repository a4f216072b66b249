//! JSON with places that are filled when an event is handled.

/// A JSON value with places to be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Template {
    /// JSON text that is sent as it stands.
    Json(String),
    /// Text with values in it.
    Text(Vec<Piece>),
    /// A value as it came, of any type.
    Value(Slot),
    /// All arguments, one after the other: only as an element of a list.
    All,
    /// Bytes: a binary attachment.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Template>),
    /// An object, its members in this order.
    Object(Vec<(String, Template)>),
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// A value, as a person reads it.
    Value(Slot),
}

/// A value that is known when an event is handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Which.
    pub source: Source,
    /// The members or elements to go down by.
    pub path: Vec<String>,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// An argument of the event, the first being 0: `$1`.
    Argument(usize),
    /// What the client said of itself when it asked to come in: `$auth`.
    Auth,
    /// The id of the socket: `$id`.
    Id,
    /// Its namespace: `$nsp`.
    Nsp,
    /// The name of the event: `$event`.
    Event,
    /// Why the socket is no more: `$reason`.
    Reason,
    /// The room that the socket joined last: `$room`.
    Room,
    /// How often the handler was run: `$count`, 1 the first time.
    Count,
    /// How many sockets are in the namespace: `$sockets`.
    Sockets,
}

/// The values that have a name, and what each is.
pub const VALUES: [(&str, Source, &str); 8] = [
    (
        "auth",
        Source::Auth,
        "What the client gave as `auth` when it asked to come in; `{}` where it gave nothing.",
    ),
    (
        "id",
        Source::Id,
        "The id of the socket; of a client of bare messages its number, 0 for the first that came.",
    ),
    ("nsp", Source::Nsp, "The namespace, such as `/`."),
    ("event", Source::Event, "The name of the event."),
    (
        "reason",
        Source::Reason,
        "Why a client is no more there, when that is handled.",
    ),
    (
        "room",
        Source::Room,
        "The room that the socket joined last and has not left; else null.",
    ),
    (
        "count",
        Source::Count,
        "How often this handler was run, this time included.",
    ),
    (
        "sockets",
        Source::Sockets,
        "How many clients are there; with Socket.IO, in the namespace.",
    ),
];

impl Template {
    /// What this text means: `$1` is the first argument, `$*` all of them, `$auth.name` a member of what the client
    /// said of itself; within a text it is `${1}`; `$$` is a dollar sign.
    ///
    /// # Errors
    /// In words, if a `$` means nothing.
    pub fn of_text(text: &str) -> Result<Self, String> {
        if text == "$*" {
            return Ok(Self::All);
        }
        if let Some(name) = text.strip_prefix('$')
            && !name.starts_with(['$', '{'])
        {
            return Ok(Self::Value(Slot::parse(name)?));
        }
        let pieces = pieces(text)?;
        Ok(match pieces.as_slice() {
            [] => Self::Json("\"\"".to_owned()),
            // text always has a JSON form
            [Piece::Text(text)] => Self::Json(serde_json::to_string(text).unwrap_or_default()),
            _ => Self::Text(pieces),
        })
    }

    /// Whether there are places to be filled in it.
    pub fn has_places(&self) -> bool {
        match self {
            Self::Json(_) | Self::Bytes(_) => false,
            Self::Text(_) | Self::Value(_) | Self::All => true,
            Self::List(all) => all.iter().any(Self::has_places),
            Self::Object(all) => all.iter().any(|(_, value)| value.has_places()),
        }
    }
}

/// The parts of a text with values in it.
///
/// # Errors
/// In words, if a `$` means nothing.
pub fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut found = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        plain += &rest[..at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            plain.push('$');
            rest = after;
        } else if let Some((name, after)) = rest
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
        {
            if !plain.is_empty() {
                found.push(Piece::Text(std::mem::take(&mut plain)));
            }
            found.push(Piece::Value(Slot::parse(name)?));
            rest = after;
        } else {
            return Err(
                "within text a value is written as `${1}`, and a dollar sign as `$$`".into(),
            );
        }
    }
    plain += rest;
    if !plain.is_empty() {
        found.push(Piece::Text(plain));
    }
    Ok(found)
}

impl Slot {
    /// What stands behind the `$`: `1`, `auth.name`.
    ///
    /// # Errors
    /// In words, if it means nothing.
    pub fn parse(name: &str) -> Result<Self, String> {
        let mut parts = name.split('.');
        let first = parts.next().unwrap_or_default();
        let path = parts.map(str::to_owned).collect();
        let named = VALUES.iter().find(|(known, ..)| *known == first);
        let source = match (named, first.parse::<usize>()) {
            (Some((_, source, _)), _) => *source,
            (None, Ok(number @ 1..=99)) => Source::Argument(number - 1),
            _ if first == "*" => {
                let why =
                    "`$*` is all arguments: it stands by itself, in `args`, `answer` or a list";
                return Err(why.to_owned());
            }
            _ => {
                let names: Vec<String> = VALUES
                    .iter()
                    .map(|(name, ..)| format!("`${name}`"))
                    .collect();
                return Err(format!(
                    "`${first}` means nothing: there are `$1`, `$2` and so on, {}",
                    names.join(", ")
                ));
            }
        };
        Ok(Self { source, path })
    }
}
