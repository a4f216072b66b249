//! The frames, their bytes kept once.

use std::sync::Arc;

use super::brief::{self, Net};
use crate::base::{FrameId, LinkType, Time};

/// One frame as it was handed in.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub time: Time,
    pub link_type: LinkType,
    pub original_len: u32,
    pub bytes: Arc<[u8]>,
    /// The interface that saw it (in a simulation the link), counted from 0.
    pub interface: Option<u32>,
    /// Bytes of frame check sequence at the end, where the file says so.
    pub fcs_len: Option<u8>,
    /// A wrong checksum is no damage: the hardware was to fill it in.
    pub checksum_not_ready: bool,
}

impl Frame {
    /// What the frame carries above its link layer.
    pub fn net(&self) -> Net {
        brief::net(self.link_type, &self.bytes, self.original_len as usize)
    }
}

/// The append-only list of frames.
#[derive(Debug, Default)]
pub(super) struct Store {
    frames: Vec<Frame>,
}

impl Store {
    pub fn push(&mut self, frame: Frame) -> FrameId {
        self.frames.push(frame);
        FrameId::from_index(self.frames.len() - 1)
    }

    pub fn len(&self) -> usize {
        self.frames.len()
    }

    pub fn get(&self, id: FrameId) -> &Frame {
        &self.frames[id.index()]
    }
}
