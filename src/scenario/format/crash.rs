//! The table of hosts that lose their power.

use std::time::Duration;

use crate::scenario::declare::table;

table! {
    /// A host that loses its power. It forgets its connections, its programs end, and nobody is told.
    Crash {
        /// The host.
        on: String,
        /// When.
        at: Duration,
        /// After how long it is up again: its servers listen again then, other programs are not started anew. Else it
        /// stays down.
        up_after: Option<Duration>,
    }
}
