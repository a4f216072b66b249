//! From a frame's bytes to its layers.
//!
//! [`dissect`] asks the registry for the protocol of the link, that one reads its layer and names what follows
//! ([`Next`]), and so on until nothing follows. A dissector describes its layer through [`LayerBuilder`]: one field, one
//! line. Fields that lie beyond the bytes are left out, and the first of them becomes the [`Stop`].

mod builder;
mod checksum;

pub use builder::{ChecksumSpecs, LayerBuilder};
pub use checksum::Sum;

use std::net::IpAddr;

use super::registry::{self, Claim, Protocol, Reader};
use super::tree::{Dissection, Expert, Layer, Stop, StopReason};
use super::{data, ethernet};
use crate::base::LinkType;

/// More layers than any sensible frame has; the rest is left as bytes.
const MAX_LAYERS: usize = 64;

/// What is known of a frame beside its bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct FrameContext {
    /// Its length on the wire; less than the bytes there (0, say) counts as: they are all.
    pub original_len: u32,
    /// Bytes of frame check sequence at its end; none: not known, so a plausible one is looked for.
    pub fcs_len: Option<u8>,
    /// The checksums were left to the hardware: a wrong one is no damage, so none is judged.
    pub checksum_not_ready: bool,
}

/// Where a layer lies in its buffer, with what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The end of the bytes that are there.
    pub end: usize,
    /// The end that lengths (of the wire, of the headers below) give it: past `end` where bytes are missing.
    pub whole: usize,
}

impl Span {
    /// How many bytes are there.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether no byte is there.
    pub fn is_empty(self) -> bool {
        self.end == self.start
    }

    /// How many bytes there should be.
    pub fn whole_len(self) -> usize {
        self.whole - self.start
    }

    /// Whether bytes are missing at the end.
    pub fn is_cut(self) -> bool {
        self.end < self.whole
    }

    /// What is left after `n` bytes.
    pub fn skip(self, n: usize) -> Self {
        Self {
            start: self.start.saturating_add(n).min(self.end),
            ..self
        }
    }

    /// The first `n` bytes, or all if there should be fewer.
    pub fn limit(self, n: usize) -> Self {
        let whole = self.whole.min(self.start.saturating_add(n));
        Self {
            start: self.start,
            end: self.end.min(whole),
            whole,
        }
    }

    /// The place of the bytes that are there.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start..self.end
    }
}

/// What a layer carries: who reads it, and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// By what its protocol is found. Two, such as two ports, are asked in this order.
    pub claims: [Option<Claim>; 2],
    /// Where it lies.
    pub span: Span,
}

impl Next {
    /// What is found by one claim.
    pub fn new(claim: Claim, span: Span) -> Self {
        Self {
            claims: [Some(claim), None],
            span,
        }
    }

    /// Bytes that are of no protocol.
    pub fn data(span: Span) -> Self {
        Self {
            claims: [None, None],
            span,
        }
    }

    fn protocol(&self) -> Option<&'static Protocol> {
        self.claims
            .iter()
            .flatten()
            .find_map(|claim| registry::claimed_by(*claim))
    }
}

/// The addresses that a transport checksum covers: of the innermost IP header, the destination being the final one
/// where a routing header names it (RFC 8200 §8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addrs {
    /// From.
    pub src: IpAddr,
    /// To.
    pub dst: IpAddr,
}

/// Reads a frame of this link type. Never fails: what was understood, and what stopped it.
pub fn dissect(link_type: LinkType, bytes: &[u8], cx: &FrameContext) -> Dissection {
    let whole = bytes.len().max(cx.original_len as usize);
    let span = Span {
        start: 0,
        end: bytes.len(),
        whole,
    };
    let mut dissector = Dissector::new(bytes, 0, *cx);
    dissector.link_type = link_type;
    dissector.run(Next::new(Claim::LinkType(link_type.0), span));
    ethernet::add_trailer(&mut dissector, span);
    let mut dissection = Dissection::default();
    dissector.append_to(&mut dissection);
    dissection
}

/// Goes on inside an IP payload that was reassembled, and is buffer number `buffer` of the dissection: layers are
/// appended. `next_header` is the IP protocol number of what it carries.
pub fn dissect_ip_payload(
    dissection: &mut Dissection,
    buffer: usize,
    next_header: u8,
    addrs: Addrs,
    cx: &FrameContext,
) {
    let Some(derived) = buffer
        .checked_sub(1)
        .and_then(|i| dissection.derived.get_mut(i))
    else {
        return;
    };
    let bytes = std::mem::take(&mut derived.bytes);
    let span = Span {
        start: 0,
        end: bytes.len(),
        whole: bytes.len(),
    };
    if dissection
        .layers
        .last()
        .is_some_and(|layer| *layer.protocol == data::PROTOCOL)
    {
        dissection.layers.pop();
    }
    let mut dissector = Dissector::new(&bytes, buffer, *cx);
    dissector.addrs = Some(addrs);
    dissector.first_layer = dissection.layers.len();
    dissector.run(Next::new(Claim::IpProtocol(next_header), span));
    dissector.append_to(dissection);
    dissection.derived[buffer - 1].bytes = bytes;
}

/// Appends the layers of a stream's message that `describe` makes, over buffer number `buffer` of the dissection, whose
/// bytes these are.
pub fn describe_message(
    dissection: &mut Dissection,
    buffer: usize,
    bytes: &[u8],
    describe: impl FnOnce(&mut Dissector<'_>),
) {
    let mut dissector = Dissector::new(bytes, buffer, FrameContext::default());
    dissector.first_layer = dissection.layers.len();
    describe(&mut dissector);
    dissector.append_to(dissection);
}

/// The state of one dissection: what the layers read so far leave for those that follow.
#[derive(Debug)]
pub struct Dissector<'a> {
    /// The buffer's bytes.
    pub bytes: &'a [u8],
    /// What is known of the frame.
    pub cx: FrameContext,
    /// The frame's link type.
    pub link_type: LinkType,
    /// The addresses for a pseudo-header, once an IP header was read.
    pub addrs: Option<Addrs>,
    /// Inside the packet that an ICMP error quotes.
    pub quoted: bool,
    /// Inside a fragment: what follows is not whole, so no checksum can be judged.
    pub fragment: bool,
    /// Where the payload of the link ends by the lengths of what it carries; what follows is its trailer.
    pub link_end: Option<usize>,
    buffer: usize,
    first_layer: usize,
    layers: Vec<Layer>,
    experts: Vec<Expert>,
    stop: Option<Stop>,
    /// Nothing more is read, though nothing may be wrong: a quoted packet is cut on purpose.
    done: bool,
}

impl<'a> Dissector<'a> {
    fn new(bytes: &'a [u8], buffer: usize, cx: FrameContext) -> Self {
        Self {
            bytes,
            cx,
            link_type: LinkType::RAW,
            addrs: None,
            quoted: false,
            fragment: false,
            link_end: None,
            buffer,
            first_layer: 0,
            layers: Vec::new(),
            experts: Vec::new(),
            stop: None,
            done: false,
        }
    }

    /// Begins a layer that lies in `span`.
    pub fn layer(&mut self, protocol: &'static Protocol, span: Span) -> LayerBuilder<'_, 'a> {
        LayerBuilder::new(self, protocol, span)
    }

    /// Takes the first layer in hand again, to add what follows the payload.
    pub fn reopen_first(&mut self, span: Span) -> Option<LayerBuilder<'_, 'a>> {
        LayerBuilder::reopen_first(self, span)
    }

    /// The first layer that was read.
    pub fn first(&self) -> Option<&Layer> {
        self.layers.first()
    }

    /// The last layer that was read.
    pub fn last(&self) -> Option<&Layer> {
        self.layers.last()
    }

    fn run(&mut self, first: Next) {
        let mut next = Some(first);
        while let Some(here) = next {
            next = self.step(here);
        }
    }

    fn step(&mut self, next: Next) -> Option<Next> {
        if next.span.whole_len() == 0 && !self.layers.is_empty() || self.done {
            return None;
        }
        let reader = next.protocol().map(|protocol| protocol.reader);
        match reader {
            Some(Reader::Packet(read)) if self.layers.len() < MAX_LAYERS => read(self, next.span),
            // The walk reads streams; a segment's bytes are shown by the segment.
            Some(Reader::Stream(_)) => None,
            _ => {
                self.nobody(next);
                None
            }
        }
    }

    /// No protocol reads these bytes.
    fn nobody(&mut self, next: Next) {
        if let Some(claim) = next.claims[0].filter(|_| next.claims[1].is_none()) {
            self.stop = Some(Stop {
                protocol: self.last().map_or("frame", |layer| layer.protocol.id),
                offset: next.span.start,
                reason: StopReason::Unknown(claim.to_string()),
            });
        }
        data::add(self, next.span);
    }

    fn append_to(self, dissection: &mut Dissection) {
        dissection.layers.extend(self.layers);
        dissection.experts.extend(self.experts);
        dissection.stop = self.stop.or(dissection.stop.take());
    }
}

#[cfg(test)]
mod tests;
