//! The tables of what goes wrong.

use std::time::Duration;

use crate::proto::filter::Filter;
use crate::scenario::declare::{either, table, words};
use crate::scenario::read::{At, NoKeys};
use crate::scenario::values::{Number, Percent};

table! {
    /// Something that goes wrong on a link.
    Fault {
        /// Which frames it looks at; else all. A filter of fields that one frame alone can tell.
        when: Option<Filter>,
        /// Looks only at frames that enter the link so long after the start or later.
        after: Duration = "0 ms",
        /// Looks only at frames that enter the link before this time: as if a cable was pulled at `after`, and plugged in
        /// again. All are meant, where `count` says nothing else.
        until: Option<Duration>,
        /// The first of those frames that it strikes, counted from 1.
        nth: Number<1, 1_000_000> = 1,
        /// How many it strikes from there; else one.
        count: Option<Number<1, 1_000_000>>,
        /// Strikes all from there, not only `count` of them.
        all: bool = false,
        /// Strikes only every so-many-th of them.
        every: Number<1, 1_000_000> = 1,
        /// Strikes each of them only with this chance, which the seed decides: with it all are meant, or `count`.
        chance: Option<Percent>,
        /// Only on the link between these two nodes; else on each frame's first link.
        link: Option<[At<String>; 2]>,
        /// Only frames that this node puts on a link.
        from: Option<String>,
        ..effect: FaultEffect
    }
}

either! {
    /// What happens to the frame is chosen by `do`:
    FaultEffect by "do" {
        /// It is lost.
        "drop" => Drop(NoKeys),
        /// It arrives later.
        "delay" => Delay(Delay),
        /// It is sent twice.
        "duplicate" => Duplicate(NoKeys),
        /// One of its bits is flipped.
        "corrupt" => Corrupt(Corrupt),
    }
}

table! {
    /// Delays the frame.
    Delay {
        /// By how much. Frames behind it may overtake it.
        by: Duration,
    }
}

table! {
    /// Flips a bit.
    Corrupt {
        /// The byte of the frame, counted from 0; else one chosen by the seed, behind the Ethernet header.
        byte: Option<Number<0, 9017>>,
        /// The bit of that byte, 0 the least significant; else one chosen by the seed.
        bit: Option<Number<0, 7>>,
        /// Where it happens.
        place: CorruptPlace = "wire",
    }
}

words! {
    /// Where a bit is flipped.
    CorruptPlace {
        /// On the wire: the frame check sequence tells, and the receiver throws the frame away.
        Wire = "wire",
        /// In a device on the way, which makes a new frame check sequence: only checksums above can tell.
        Memory = "memory",
    }
}
