//! One layer in the making: a dissector says each field in one line.

use std::ops::Range;

use super::{Dissector, Next, Span, Sum};
use crate::proto::registry::Protocol;
use crate::proto::tree::{Expert, Field, FieldSpec, Layer, Severity, Stop, StopReason, Value};

/// One layer in the making. Places are byte (or bit) offsets from the start of the layer.
#[derive(Debug)]
pub struct LayerBuilder<'d, 'a> {
    dissector: &'d mut Dissector<'a>,
    span: Span,
    layer: Layer,
    /// Where the layer goes among those of its dissector.
    place: usize,
    depth: u8,
    /// Where fields that lie beyond the bytes go, so that a caller need not know.
    beyond: Field,
}

/// The fields in which a protocol shows its checksum.
#[derive(Debug)]
pub struct ChecksumSpecs {
    /// The checksum itself.
    pub sum: &'static FieldSpec,
    /// Good, bad, unverified or not present.
    pub status: &'static FieldSpec,
    /// What it should be, where the protocol shows it.
    pub calculated: Option<&'static FieldSpec>,
    /// The finding that it is wrong.
    pub bad: &'static FieldSpec,
}

impl<'d, 'a> LayerBuilder<'d, 'a> {
    pub(super) fn new(
        dissector: &'d mut Dissector<'a>,
        protocol: &'static Protocol,
        span: Span,
    ) -> Self {
        let layer = Layer {
            protocol,
            buffer: dissector.buffer,
            header: span.range(),
            payload: span.end..span.end,
            summary: protocol.name.to_owned(),
            fields: Vec::new(),
        };
        let place = dissector.layers.len();
        let beyond = Field::derived(&BEYOND, ());
        Self {
            dissector,
            span,
            layer,
            place,
            depth: 0,
            beyond,
        }
    }

    /// Takes the first layer in hand again; [`LayerBuilder::close`] puts it back.
    pub(super) fn reopen_first(dissector: &'d mut Dissector<'a>, span: Span) -> Option<Self> {
        if dissector.layers.is_empty() {
            return None;
        }
        let layer = dissector.layers.remove(0);
        let beyond = Field::derived(&BEYOND, ());
        Some(Self {
            dissector,
            span,
            layer,
            place: 0,
            depth: 0,
            beyond,
        })
    }

    /// What the layers share.
    pub fn dissector(&mut self) -> &mut Dissector<'a> {
        self.dissector
    }

    /// The layer's bytes and all that it carries, as far as they are there.
    pub fn bytes(&self) -> &'a [u8] {
        &self.dissector.bytes[self.span.range()]
    }

    /// The bytes of this range, as far as they are there.
    pub fn slice(&self, range: Range<usize>) -> &'a [u8] {
        let bytes = self.bytes();
        let end = range.end.min(bytes.len());
        &bytes[range.start.min(end)..end]
    }

    /// The first `N` bytes, with zeros for those that are missing: fields that lie in them are left out by
    /// [`LayerBuilder::put`].
    pub fn head<const N: usize>(&self) -> [u8; N] {
        let mut head = [0; N];
        let there = self.slice(0..N);
        head[..there.len()].copy_from_slice(there);
        head
    }

    /// A field in these bytes.
    pub fn put(
        &mut self,
        spec: &'static FieldSpec,
        bytes: Range<usize>,
        value: impl Into<Value>,
    ) -> &mut Field {
        self.bits(spec, bytes.start * 8..bytes.end * 8, value)
    }

    /// A field in these bits, 0 being the highest of the first byte.
    pub fn bits(
        &mut self,
        spec: &'static FieldSpec,
        bits: Range<usize>,
        value: impl Into<Value>,
    ) -> &mut Field {
        let base = self.span.start * 8;
        let mut field = Field::new(spec, base + bits.start..base + bits.end, value);
        field.depth = self.depth;
        if !self.has(bits.start / 8..bits.end.div_ceil(8)) {
            self.beyond = field;
            return &mut self.beyond;
        }
        self.push(field)
    }

    /// A field in this one bit.
    pub fn flag(&mut self, spec: &'static FieldSpec, bit: usize, value: bool) -> &mut Field {
        self.bits(spec, bit..bit + 1, value)
    }

    /// The field's bytes as they are.
    pub fn raw(&mut self, spec: &'static FieldSpec, bytes: Range<usize>) -> &mut Field {
        let value = self.slice(bytes.clone());
        self.put(spec, bytes, value)
    }

    /// A second name, for filters, of what another field shows.
    pub fn hidden(
        &mut self,
        spec: &'static FieldSpec,
        bytes: Range<usize>,
        value: impl Into<Value>,
    ) {
        self.put(spec, bytes, value).hidden = true;
    }

    /// [`LayerBuilder::hidden`] for bits.
    pub fn hidden_bits(
        &mut self,
        spec: &'static FieldSpec,
        bits: Range<usize>,
        value: impl Into<Value>,
    ) {
        self.bits(spec, bits, value).hidden = true;
    }

    /// A field that has no bytes of its own.
    pub fn derived(&mut self, spec: &'static FieldSpec, value: impl Into<Value>) -> &mut Field {
        let mut field = Field::derived(spec, value);
        field.depth = self.depth;
        self.push(field)
    }

    /// The fields that `inner` adds are nested below the one before.
    pub fn nest(&mut self, inner: impl FnOnce(&mut Self)) {
        self.depth = self.depth.saturating_add(1);
        inner(self);
        self.depth -= 1;
    }

    /// An expert finding about these bytes, if they are there; its name can be filtered for.
    pub fn expert(
        &mut self,
        severity: Severity,
        finding: &'static FieldSpec,
        bytes: Range<usize>,
        text: impl Into<String>,
    ) {
        if bytes.end > self.span.len() {
            return;
        }
        let text = text.into();
        let (start, end) = (self.span.start + bytes.start, self.span.start + bytes.end);
        let mut field = Field::derived(finding, ());
        field.bits = start * 8..end * 8;
        field.depth = self.depth;
        field.hidden = true;
        field.text.clone_from(&text);
        self.layer.fields.push(field);
        let layer = self.index();
        self.dissector.experts.push(Expert {
            severity,
            layer,
            field: Some(finding.id),
            text,
        });
    }

    /// A checksum of two bytes at `at`, and what came of checking it.
    pub fn checksum(&mut self, specs: &ChecksumSpecs, at: usize, found: u16, sum: Sum) {
        let bad = sum.contradicts(found);
        let (status, words) = match sum {
            Sum::Computed(_) if bad => (0u8, "Bad"),
            Sum::Computed(_) => (1, "Good"),
            Sum::Unverified => (2, "Unverified"),
            Sum::NotPresent => (3, "Not present"),
            Sum::Illegal => (4, "Illegal"),
        };
        if !self.has(at..at + 2) {
            return;
        }
        self.put(specs.sum, at..at + 2, found).text = match sum {
            Sum::Computed(right) if bad => format!("{found:#06x} (wrong, should be {right:#06x})"),
            Sum::Computed(_) => format!("{found:#06x} (correct)"),
            Sum::Unverified => format!("{found:#06x} (not verified)"),
            Sum::NotPresent | Sum::Illegal => format!("{found:#06x} (none)"),
        };
        self.derived(specs.status, status).text = words.to_owned();
        if let (Sum::Computed(right), Some(spec)) = (sum, specs.calculated) {
            self.derived(spec, right);
        }
        if bad {
            self.expert(Severity::Error, specs.bad, at..at + 2, "Bad checksum");
        }
    }

    /// Whether these bytes are there; where they are not, this is where the dissection stops.
    pub fn has(&mut self, bytes: Range<usize>) -> bool {
        let there = self.span.len();
        if bytes.end <= there {
            return true;
        }
        let available = there.saturating_sub(bytes.start);
        self.stop(
            bytes.start.min(there),
            StopReason::Truncated {
                needed: bytes.len().max(1),
                available,
            },
        );
        false
    }

    /// The bytes at `at` are not what the protocol allows.
    pub fn malformed(&mut self, at: usize, why: impl Into<String>) {
        self.stop(at.min(self.span.len()), StopReason::Malformed(why.into()));
    }

    /// What the layer's one line says.
    pub fn summary(&mut self, text: impl Into<String>) {
        self.layer.summary = text.into();
    }

    /// The layer is done: its header is this long, and what follows lies in `next` (absolute).
    pub fn finish(mut self, header_len: usize, payload: Span) {
        let end = self
            .span
            .start
            .saturating_add(header_len)
            .min(self.span.end);
        self.layer.header = self.span.start..end;
        self.layer.payload = payload.range();
        self.close();
    }

    /// Puts the layer in its place.
    pub fn close(self) {
        self.dissector.layers.insert(self.place, self.layer);
    }

    /// [`LayerBuilder::finish`] for a layer that is followed by `next`.
    pub fn hand_over(self, header_len: usize, next: Next) -> Option<Next> {
        let stopped = self.dissector.done;
        self.finish(header_len, next.span);
        (!stopped).then_some(next)
    }

    /// [`LayerBuilder::finish`] for a layer that carries nothing.
    pub fn end(self) -> Option<Next> {
        let (len, after) = (self.span.len(), self.span.skip(self.span.len()));
        self.finish(len, after);
        None
    }

    /// The field that was added last with this name.
    pub fn last(&mut self, spec: &FieldSpec) -> Option<&mut Field> {
        self.layer
            .fields
            .iter_mut()
            .rev()
            .find(|field| field.spec == spec)
    }

    fn push(&mut self, field: Field) -> &mut Field {
        self.layer.fields.push(field);
        self.layer.fields.last_mut().unwrap_or(&mut self.beyond)
    }

    fn stop(&mut self, at: usize, reason: StopReason) {
        let offset = self.span.start + at;
        let protocol = self.layer.protocol.id;
        self.dissector.done = true;
        let expected = self.dissector.quoted && matches!(reason, StopReason::Truncated { .. });
        if !expected {
            self.dissector.stop.get_or_insert(Stop {
                protocol,
                offset,
                reason,
            });
        }
    }

    /// The layer's place among the dissection's layers.
    fn index(&self) -> usize {
        self.dissector.first_layer + self.place
    }
}

/// The name of nothing: a field beyond the bytes is never seen.
static BEYOND: FieldSpec = FieldSpec {
    id: "",
    label: "",
    kind: crate::proto::tree::Kind::None,
    stateful: false,
};
