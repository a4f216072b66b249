//! Whether a filter selects what was dissected.

use std::cmp::Ordering;

use super::check::{Node, Operand, Source};
use super::literal::Datum;
use super::parser::{Op, Quantifier, SliceEnd, SliceRange};
use crate::proto::tree::Dissection;

/// Whether `node` is true of these dissections, taken together.
pub(super) fn holds(node: &Node, of: &[&Dissection]) -> bool {
    match node {
        Node::Any(nodes) => nodes.iter().any(|node| holds(node, of)),
        Node::All(nodes) => nodes.iter().all(|node| holds(node, of)),
        Node::Not(node) => !holds(node, of),
        Node::Protocol(protocol) => of.iter().any(|d| d.layer(protocol.id).is_some()),
        Node::Present(source) if source.slice.is_none() && source.mask.is_none() => {
            of.iter().any(|d| d.field(source.spec.id).is_some())
        }
        Node::Present(source) => values(source, of)
            .iter()
            .any(|value| is_some(value, source)),
        Node::Compare {
            quantifier,
            left,
            op,
            right,
        } => compare(*quantifier, &operand(left, of), *op, &operand(right, of)),
        Node::In { source, items } => values(source, of).iter().any(|value| {
            items
                .iter()
                .any(|(first, last)| is_member(value, first, last.as_ref()))
        }),
    }
}

fn compare(quantifier: Quantifier, left: &[Datum], op: Op, right: &[Datum]) -> bool {
    let mut pairs = left.iter().flat_map(|a| right.iter().map(move |b| (a, b)));
    let holds = |(a, b): (&Datum, &Datum)| satisfies(a, op, b);
    match quantifier {
        Quantifier::Any => pairs.any(holds),
        Quantifier::All => !left.is_empty() && !right.is_empty() && pairs.all(holds),
    }
}

fn satisfies(a: &Datum, op: Op, b: &Datum) -> bool {
    let order = a.compare(b);
    match op {
        Op::Eq => order == Some(Ordering::Equal),
        Op::Ne => order.is_some_and(Ordering::is_ne),
        Op::Lt => order.is_some_and(Ordering::is_lt),
        Op::Le => order.is_some_and(Ordering::is_le),
        Op::Gt => order.is_some_and(Ordering::is_gt),
        Op::Ge => order.is_some_and(Ordering::is_ge),
        Op::Contains => match (a, b) {
            (Datum::Bytes(whole), Datum::Bytes(part)) => contains(whole, part),
            _ => false,
        },
    }
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    part.is_empty() || whole.windows(part.len()).any(|window| window == part)
}

fn is_member(value: &Datum, first: &Datum, last: Option<&Datum>) -> bool {
    match last {
        None => satisfies(value, Op::Eq, first),
        Some(last) => satisfies(value, Op::Ge, first) && satisfies(value, Op::Le, last),
    }
}

/// Of a value with a mask: whether a bit is left.
fn is_some(value: &Datum, source: &Source) -> bool {
    match value {
        _ if source.mask.is_none() => true,
        Datum::Number(n) => *n != 0,
        Datum::Bytes(bytes) => bytes.iter().any(|byte| *byte != 0),
        _ => true,
    }
}

fn operand(operand: &Operand, of: &[&Dissection]) -> Vec<Datum> {
    match operand {
        Operand::Literal(value) => vec![value.clone()],
        Operand::Source(source) => values(source, of),
    }
}

/// The values of a field, in all dissections.
fn values(source: &Source, of: &[&Dissection]) -> Vec<Datum> {
    let layers = of.iter().flat_map(|dissection| &dissection.layers);
    layers
        .flat_map(|layer| &layer.fields)
        .filter(|field| field.spec.id == source.spec.id)
        .filter_map(|field| Datum::of(&field.value))
        .filter_map(|value| part(value, source))
        .collect()
}

/// The part of a value that a source asks for; `None` where it has no such part.
fn part(value: Datum, source: &Source) -> Option<Datum> {
    let value = match &source.slice {
        None => value,
        Some(ranges) => {
            let bytes = value.into_bytes();
            let mut parts = Vec::new();
            for range in ranges {
                parts.extend(slice(&bytes, *range)?);
            }
            Datum::Bytes(parts)
        }
    };
    match (value, &source.mask) {
        (value, None) => Some(value),
        (Datum::Number(n), Some(Datum::Number(mask))) => Some(Datum::Number(n & mask)),
        (Datum::Bytes(bytes), Some(Datum::Bytes(mask))) => Some(Datum::Bytes(
            bytes.iter().zip(mask).map(|(a, b)| a & b).collect(),
        )),
        _ => None,
    }
}

fn slice(bytes: &[u8], range: SliceRange) -> Option<&[u8]> {
    let place = |at: i64| match usize::try_from(at) {
        Ok(at) => Some(at),
        Err(_) => bytes
            .len()
            .checked_sub(usize::try_from(at.unsigned_abs()).ok()?),
    };
    let start = place(range.start)?;
    let end = match range.end {
        SliceEnd::Len(len) => start.checked_add(len)?,
        SliceEnd::Last(last) => place(last)?.checked_add(1)?,
        SliceEnd::Open => bytes.len(),
    };
    bytes.get(start..end)
}
