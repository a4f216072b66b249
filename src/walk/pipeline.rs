//! The one way that every frame goes, in the order of the frames.

use super::store::Store;

/// What was made of the frames so far.
#[derive(Debug, Default)]
pub(super) struct Pipeline {
    pub store: Store,
}
