//! Words and numbers as the screen writes them.

use std::time::Duration;

use super::canvas::{fit, width};
use crate::walk::view::Lane;

/// `20.4 ms`, `1.250 s`, `2 min 3 s`.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let ms = span.as_secs_f64() * 1000.0;
    match seconds {
        0 => format!("+{ms:.1} ms"),
        1..=59 => format!("+{:.3} s", span.as_secs_f64()),
        60..=3599 => format!("+{} min {} s", seconds / 60, seconds % 60),
        _ => format!("+{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// The same in at most six columns: `+20.4` (milliseconds), `+1.3s`, `+62m`.
pub fn short_span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 => format!("+{:.1}", span.as_secs_f64() * 1000.0),
        1..=99 => format!("+{:.1}s", span.as_secs_f64()),
        100..=999 => format!("+{seconds}s"),
        1000..=59_999 => format!("+{}m", seconds / 60),
        _ => format!("+{}h", seconds / 3600),
    }
}

/// `client:51000`: the name, and the port where there is one. A lane that has only an address is that address.
pub fn lane_name(lane: &Lane) -> String {
    match lane.port() {
        _ if lane.name.is_empty() || lane.address.starts_with(&lane.name) => lane.address.clone(),
        Some(port) if !lane.name.contains(':') => format!("{}:{port}", lane.name),
        _ => lane.name.clone(),
    }
}

/// A name or an address in at most `columns` columns: cut in the middle, and never in its port.
pub fn fit_name(name: &str, columns: usize) -> String {
    if width(name) <= columns {
        return name.to_owned();
    }
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let (host, port) = match name.rsplit_once(':') {
        Some((host, port)) if is_port(port) => (host, format!(":{port}")),
        _ => (name, String::new()),
    };
    let Some(room) = columns.checked_sub(port.len() + 4) else {
        return fit(name, columns);
    };
    let tail = room / 2 + 1;
    let head = take(host.chars(), room + 2 - tail);
    let tail = take(host.chars().rev(), tail);
    let tail: String = tail.chars().rev().collect();
    format!("{head}..{tail}{port}")
}

/// A ladder row's words in at most `columns` columns: what tells it from others is the last to go, and that a segment
/// was sent before never goes.
pub fn fit_row(label: &str, columns: usize) -> String {
    let shorter = [
        without_length,
        without_ack,
        without_push,
        without_flags,
        without_path,
        without_kind,
    ];
    let mut label = label.to_owned();
    for shorten in shorter {
        if width(&label) <= columns {
            return label;
        }
        label = shorten(&label).unwrap_or(label);
    }
    match label.strip_suffix(AGAIN) {
        Some(rest) if width(&label) > columns => {
            fit(rest, columns.saturating_sub(AGAIN.len())) + AGAIN
        }
        _ => fit(&label, columns),
    }
}

const AGAIN: &str = " (again)";

/// A segment's words without the one that begins like this.
fn without(label: &str, start: &str) -> Option<String> {
    let rest = label.strip_prefix("PSH,").unwrap_or(label);
    let is_segment = ["ACK ", "SYN", "FIN", "RST"]
        .iter()
        .any(|flag| rest.starts_with(flag));
    let words: Vec<&str> = label
        .split(' ')
        .filter(|word| !word.starts_with(start))
        .collect();
    is_segment.then(|| words.join(" "))
}

fn without_length(label: &str) -> Option<String> {
    without(label, "len=")
}

/// Of a segment with a number of its own, the acknowledgment.
fn without_ack(label: &str) -> Option<String> {
    label
        .contains(" seq=")
        .then(|| without(label, "ack="))
        .flatten()
}

fn without_push(label: &str) -> Option<String> {
    label.strip_prefix("PSH,").map(str::to_owned)
}

/// Of what a layer hands on, `TCP down: [PSH, ACK] seq 1, ack 1`, the numbers alone.
fn without_flags(label: &str) -> Option<String> {
    let (before, rest) = label.split_once(": [")?;
    let (_, numbers) = rest.split_once("] ")?;
    Some(format!("{before}: {numbers}"))
}

/// Of a request for Engine.IO the method, the transport and the session: the path is the same in all of them.
fn without_path(label: &str) -> Option<String> {
    let (method, rest) = label.split_once(" /")?;
    let (_, rest) = rest.split_once(' ')?;
    let is_of_session = rest.starts_with("polling") || rest.starts_with("websocket");
    is_of_session.then(|| format!("{method} {rest}"))
}

/// The name of an event says that it is one.
fn without_kind(label: &str) -> Option<String> {
    label.strip_prefix("EVENT ").map(str::to_owned)
}

/// As many of the characters as have room.
fn take(chars: impl Iterator<Item = char>, columns: usize) -> String {
    let mut used = 0;
    let fits = |c: &char| {
        used += width(c.encode_utf8(&mut [0; 4]));
        used <= columns
    };
    chars.take_while(fits).collect()
}

/// `*SYN-RECEIVED`: the state, with `*` where the step changed it and `~` where it was inferred.
pub fn lane_state(lane: &Lane) -> String {
    if lane.state.is_empty() {
        return String::new();
    }
    let changed = if lane.changed { "*" } else { "" };
    let inferred = if lane.inferred && !lane.state.starts_with('~') {
        "~"
    } else {
        ""
    };
    format!("{changed}{inferred}{}", lane.state)
}

/// The name without what follows its first dot, if it is no address.
pub fn short_name(name: &str) -> &str {
    if name.starts_with(|c: char| c.is_ascii_digit()) || name.contains(':') {
        return name;
    }
    name.split('.').next().unwrap_or(name)
}

/// The short names of both lanes; by their ports where both are at one address.
pub fn both_names(lanes: &[Lane; 2]) -> [String; 2] {
    let same = lanes[0].name == lanes[1].name;
    [0, 1].map(|i| {
        let lane = &lanes[i];
        match lane.address.rsplit_once(':') {
            Some((_, port)) if same => format!(":{port}"),
            _ => short_name(&lane.name).to_owned(),
        }
    })
}

/// `1.5 s`, `30 kB`: with no more decimals than it has, and at most four.
pub fn decimal(number: f64, unit: &str) -> String {
    let text = format!("{number:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} {unit}")
}

/// `1 byte`, `4 bytes`.
pub fn bytes(n: usize) -> String {
    if n == 1 {
        "1 byte".to_owned()
    } else {
        format!("{n} bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        for (nanos, long, short) in [
            (0, "+0.0 ms", "+0.0"),
            (20_400_000, "+20.4 ms", "+20.4"),
            (999_900_000, "+999.9 ms", "+999.9"),
            (1_250_000_000, "+1.250 s", "+1.2s"),
            (125_000_000_000, "+2 min 5 s", "+125s"),
            (86_400_000_000_000, "+24 h 0 min", "+24h"),
        ] {
            let time = Duration::from_nanos(nanos);
            assert_eq!(
                (span(time).as_str(), short_span(time).as_str()),
                (long, short)
            );
        }
    }

    #[test]
    fn a_name_is_cut_in_its_middle() {
        for (name, columns, expected) in [
            ("client:51000", 12, "client:51000"),
            ("141.142.228.5:59856", 16, "141...28.5:59856"),
            ("141.142.228.5", 9, "141...8.5"),
            ("a.very.long.name:80", 8, "a...e:80"),
            ("client:51000", 5, "cli.."),
        ] {
            assert_eq!(fit_name(name, columns), expected);
        }
    }

    #[test]
    fn a_row_keeps_what_tells_it_from_others() {
        for (label, columns, expected) in [
            ("PSH,ACK seq=10001 ack=1 len=1000", 22, "PSH,ACK seq=10001"),
            (
                "ACK seq=2001 ack=1 len=1000 (again)",
                22,
                "ACK seq=2001 (again)",
            ),
            (
                "PSH,ACK seq=20001 ack=1 len=1000 (again)",
                22,
                "ACK seq=20001 (again)",
            ),
            (
                "TCP down: [PSH, ACK] seq 10001, ack 1",
                22,
                "TCP down: seq 10001,..",
            ),
            ("ACK ack=2001 win=0", 22, "ACK ack=2001 win=0"),
            (
                "GET /socket.io/ polling sid=abcdefg",
                22,
                "GET polling sid=abcd..",
            ),
            ("GET /picture HTTP/1.1", 15, "GET /picture .."),
            (
                "EVENT \"chat message\": \"hello\"",
                22,
                "\"chat message\": \"hel..",
            ),
            (
                "ARP who has 10.0.0.1? (again)",
                22,
                "ARP who has .. (again)",
            ),
        ] {
            assert_eq!(fit_row(label, columns), expected);
        }
    }

    #[test]
    fn lanes_are_named_once() {
        let lane = |name: &str, address: &str| Lane {
            name: name.to_owned(),
            address: address.to_owned(),
            state: String::new(),
            changed: false,
            inferred: false,
        };
        for (name, address, expected) in [
            ("client", "10.0.0.2:51000", "client:51000"),
            ("10.0.0.2", "10.0.0.2:51000", "10.0.0.2:51000"),
            ("client", "10.0.0.2", "client"),
            ("client", "[::1]:80", "client:80"),
            ("client", "fe80::1", "client"),
            ("", "10.0.0.2", "10.0.0.2"),
        ] {
            assert_eq!(lane_name(&lane(name, address)), expected);
        }
    }
}
