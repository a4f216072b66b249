//! A conversation over one TCP connection, sans-IO: what a program says, whatever carries it.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;

use crate::base::{RecordId, Time};
use crate::sim::spec::Reading;
use crate::stack::cx::Cx;
use crate::stack::record::Text;

/// One end of a conversation over one TCP connection.
///
/// `handle_*` tell it what happened; after each, [`Talk::poll_order`] until it is empty.
pub trait Talk {
    /// The connection is established.
    fn handle_open(&mut self, cx: &mut Cx);
    /// Bytes came.
    fn handle_input(&mut self, cx: &mut Cx, bytes: &[u8]);
    /// The peer will send nothing more.
    fn handle_end(&mut self, cx: &mut Cx);
    /// The connection is no more.
    fn handle_gone(&mut self, cx: &mut Cx);
    /// A time-out of [`Talk::poll_timeout`] has come.
    fn handle_timeout(&mut self, cx: &mut Cx);
    /// When it wants to be called.
    fn poll_timeout(&self) -> Option<Time>;
    /// What is to be done with the connection. Puts the record that asked for it in place of `cx.cause`.
    fn poll_order(&mut self, cx: &mut Cx) -> Option<Order>;
}

/// What is to be done with a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Send these bytes.
    Send(Bytes),
    /// Send what [`made_up`] makes for this range of places.
    SendMadeUp(Range<u64>),
    /// Read in this way from now on.
    Read(Reading),
    /// Send without the Nagle algorithm, or with it again.
    NoDelay(bool),
    /// Send nothing more, and go on receiving.
    Shutdown,
    /// Send nothing more, and receive nothing more.
    Close,
    /// Break it off.
    Abort,
}

/// Orders that wait to be fetched, each with its cause.
#[derive(Debug, Clone, Default)]
pub struct Orders(VecDeque<(Option<RecordId>, Order)>);

impl Orders {
    /// Puts an order in.
    pub fn push(&mut self, cx: &Cx, order: Order) {
        self.0.push_back((cx.cause, order));
    }

    /// Puts an order in before all others.
    pub fn push_front(&mut self, cx: &Cx, order: Order) {
        self.0.push_front((cx.cause, order));
    }

    /// Takes one out, and puts its cause in place of `cx.cause`.
    pub fn pop(&mut self, cx: &mut Cx) -> Option<Order> {
        let (cause, order) = self.0.pop_front()?;
        cx.cause = cause;
        Some(order)
    }
}

/// What a program says of the way it reads.
pub fn reading_call(reading: Reading) -> Text {
    match reading {
        Reading::AtOnce => "read what comes at once".into(),
        Reading::Not => "stop reading".into(),
        Reading::Slowly { most, every } => {
            format!("read at most {most} bytes every {every:?}").into()
        }
    }
}

/// What a program says of `TCP_NODELAY`.
pub fn no_delay_call(on: bool) -> &'static str {
    if on {
        "set TCP_NODELAY"
    } else {
        "clear TCP_NODELAY"
    }
}

/// Bytes that are made up, by their places: lines of 16 bytes, each of them its own place in decimal.
pub fn made_up(places: Range<u64>) -> Vec<u8> {
    let len = usize::try_from(places.end.saturating_sub(places.start)).unwrap_or(usize::MAX);
    let before = (places.start % 16) as usize;
    let mut bytes = Vec::new();
    let mut place = places.start - before as u64;
    while bytes.len() < before.saturating_add(len) {
        bytes.extend(format!("{place:015}\n").bytes());
        place += 16;
    }
    bytes.truncate(before + len);
    bytes.drain(..before);
    bytes
}

#[cfg(test)]
mod tests {
    use super::made_up;

    #[test]
    fn made_up_bytes_tell_their_place_however_they_are_cut() {
        let whole = made_up(0..100);
        assert_eq!(&whole[..34], b"000000000000000\n000000000000016\n00");
        for (start, end) in [(0, 0), (0, 1), (15, 17), (16, 100), (7, 93), (9, 3)] {
            let expected = whole.get(start as usize..end as usize).unwrap_or_default();
            assert_eq!(made_up(start..end), expected, "{start}..{end}");
        }
    }
}
