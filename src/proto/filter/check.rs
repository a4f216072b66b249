//! Names to fields, literals to values of the fields' kinds.

use std::cmp::Ordering;

use super::FilterError;
use super::literal::{self, Datum};
use super::parser::{Entity, EntityKind, Expr, Op, Quantifier, SliceRange};
use crate::proto::registry::{self, Protocol, Reader};
use crate::proto::tree::{FieldSpec, Kind};

/// An expression that makes sense.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Any(Vec<Node>),
    All(Vec<Node>),
    Not(Box<Node>),
    Protocol(&'static Protocol),
    Present(Source),
    Compare {
        quantifier: Quantifier,
        left: Operand,
        op: Op,
        right: Operand,
    },
    In {
        source: Source,
        items: Vec<(Datum, Option<Datum>)>,
    },
}

/// One side of a comparison.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Source(Source),
    Literal(Datum),
}

/// Where values come from: a field, or a part of it.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub spec: &'static FieldSpec,
    pub slice: Option<Vec<SliceRange>>,
    pub mask: Option<Datum>,
}

impl Source {
    /// The kind of its values: a slice is bytes.
    fn kind(&self) -> Kind {
        match self.slice {
            Some(_) => Kind::Bytes,
            None => self.spec.kind,
        }
    }
}

/// What a filter asks for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Name {
    Field(&'static FieldSpec),
    Protocol(&'static Protocol),
}

impl Name {
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Field(spec) => spec.id,
            Self::Protocol(protocol) => protocol.id,
        }
    }

    /// Whether a frame by itself cannot tell.
    pub(super) fn is_stateful(&self) -> bool {
        matches!(self, Self::Field(spec) if spec.stateful) || self.is_in_stream()
    }

    /// Whether the messages of a stream have it.
    pub(super) fn is_in_stream(&self) -> bool {
        let in_stream = |protocol: &Protocol| {
            matches!(protocol.reader, Reader::Stream(_) | Reader::WithinMessage)
        };
        match self {
            Self::Protocol(protocol) => in_stream(protocol),
            Self::Field(spec) => {
                let mut protocols = registry::PROTOCOLS.iter();
                protocols.any(|protocol| in_stream(protocol) && protocol.fields.contains(spec))
            }
        }
    }
}

impl Node {
    /// Appends what it asks for.
    pub(super) fn names(&self, out: &mut Vec<Name>) {
        match self {
            Self::Any(nodes) | Self::All(nodes) => nodes.iter().for_each(|node| node.names(out)),
            Self::Not(node) => node.names(out),
            Self::Protocol(protocol) => out.push(Name::Protocol(protocol)),
            Self::Present(source) | Self::In { source, .. } => out.push(Name::Field(source.spec)),
            Self::Compare { left, right, .. } => {
                for operand in [left, right] {
                    if let Operand::Source(source) = operand {
                        out.push(Name::Field(source.spec));
                    }
                }
            }
        }
    }
}

/// Makes sense of an expression, or says where it makes none.
pub(super) fn check(expr: &Expr) -> Result<Node, FilterError> {
    let all = |exprs: &[Expr]| exprs.iter().map(check).collect::<Result<Vec<_>, _>>();
    Ok(match expr {
        Expr::Any(exprs) => Node::Any(all(exprs)?),
        Expr::All(exprs) => Node::All(all(exprs)?),
        Expr::Not(expr) => Node::Not(Box::new(check(expr)?)),
        Expr::Present(entity) => present(entity)?,
        Expr::Compare {
            quantifier,
            left,
            op,
            right,
        } => compare(*quantifier, left, *op, right)?,
        Expr::In { left, items } => membership(left, items)?,
    })
}

fn present(entity: &Entity) -> Result<Node, FilterError> {
    if let Some(source) = source_of(entity)? {
        return Ok(Node::Present(source));
    }
    match named_protocol(entity) {
        Some(protocol) if entity.slice.is_none() && entity.mask.is_none() => {
            Ok(Node::Protocol(protocol))
        }
        _ => Err(unknown(entity)),
    }
}

fn compare(
    quantifier: Quantifier,
    left: &Entity,
    op: Op,
    right: &Entity,
) -> Result<Node, FilterError> {
    let (a, b) = (source_of(left)?, source_of(right)?);
    for (source, entity) in [(&a, left), (&b, right)] {
        if let Some(source) = source {
            check_op(source, op, entity)?;
        }
    }
    let (left, right) = match (a, b) {
        (None, None) => return Err(unknown(left)),
        (Some(a), Some(b)) => {
            check_comparable(&a, &b, right)?;
            (Operand::Source(a), Operand::Source(b))
        }
        (Some(a), None) => {
            let value = value_of(right, &a, op)?;
            (Operand::Source(a), Operand::Literal(value))
        }
        (None, Some(b)) => {
            let value = value_of(left, &b, op)?;
            (Operand::Literal(value), Operand::Source(b))
        }
    };
    Ok(Node::Compare {
        quantifier,
        left,
        op,
        right,
    })
}

fn membership(left: &Entity, items: &[(Entity, Option<Entity>)]) -> Result<Node, FilterError> {
    let source = source_of(left)?.ok_or_else(|| unknown(left))?;
    check_op(&source, Op::Eq, left)?;
    let mut checked = Vec::new();
    for (first, last) in items {
        let from = value_of(first, &source, Op::Eq)?;
        let to = match last {
            Some(last) => Some(value_of(last, &source, Op::Eq)?),
            None => None,
        };
        let is_empty = to
            .as_ref()
            .is_some_and(|to| from.compare(to) == Some(Ordering::Greater));
        if is_empty {
            return Err(FilterError::at(
                first.span.clone(),
                "this range holds nothing: it begins after its end",
            ));
        }
        checked.push((from, to));
    }
    Ok(Node::In {
        source,
        items: checked,
    })
}

/// The field that an entity names; `None` if it names none, and is a literal or a protocol.
fn source_of(entity: &Entity) -> Result<Option<Source>, FilterError> {
    let EntityKind::Word(word) = &entity.kind else {
        return Ok(None);
    };
    let Some(spec) = registry::field(word) else {
        return Ok(None);
    };
    let mut source = Source {
        spec,
        slice: entity.slice.clone(),
        mask: None,
    };
    let has_parts = matches!(
        spec.kind,
        Kind::Bytes | Kind::Str | Kind::Mac | Kind::Ipv4 | Kind::Ipv6
    );
    if source.slice.is_some() && !has_parts {
        let message = format!(
            "{word} is {}: it has no parts",
            literal::kind_name(spec.kind)
        );
        return Err(FilterError::at(entity.span.clone(), message));
    }
    if let Some(mask) = &entity.mask {
        source.mask = Some(mask_of(mask, &source)?);
    }
    Ok(Some(source))
}

fn mask_of(mask: &Entity, source: &Source) -> Result<Datum, FilterError> {
    match source.kind() {
        Kind::Dec | Kind::Hex(_) | Kind::Int | Kind::Bytes => value_of(mask, source, Op::Eq),
        kind => {
            let name = literal::kind_name(kind);
            let message = format!("`&` wants a number or bytes; {} is {name}", source.spec.id);
            Err(FilterError::at(mask.span.clone(), message))
        }
    }
}

/// The literal that an entity is, as a value that can be compared with `source`.
fn value_of(entity: &Entity, source: &Source, op: Op) -> Result<Datum, FilterError> {
    if entity.slice.is_some() || entity.mask.is_some() {
        return Err(unknown(entity));
    }
    // A part may be shorter than the whole.
    let kind = match (op, source.kind()) {
        (Op::Contains, Kind::Mac) => Kind::Bytes,
        (_, kind) => kind,
    };
    literal::parse(&entity.kind, kind).map_err(|why| {
        let message = format!("{} is {}, {why}", source.spec.id, literal::kind_name(kind));
        FilterError::at(entity.span.clone(), message)
    })
}

fn check_op(source: &Source, op: Op, entity: &Entity) -> Result<(), FilterError> {
    let id = source.spec.id;
    let message = match (source.kind(), op) {
        (Kind::None, _) => format!("{id} has no value: it can only be there or not"),
        (Kind::Bytes | Kind::Str | Kind::Mac, Op::Contains) => return Ok(()),
        (kind, Op::Contains) => {
            format!(
                "{id} is {}: `contains` wants text or bytes",
                literal::kind_name(kind)
            )
        }
        _ => return Ok(()),
    };
    Err(FilterError::at(entity.span.clone(), message))
}

fn check_comparable(a: &Source, b: &Source, right: &Entity) -> Result<(), FilterError> {
    let group = |kind| match kind {
        Kind::Bool | Kind::Dec | Kind::Hex(_) | Kind::Int => 0,
        Kind::Bytes | Kind::Mac => 1,
        Kind::Str => 2,
        Kind::Ipv4 => 3,
        Kind::Ipv6 => 4,
        Kind::Time => 5,
        Kind::None => 6,
    };
    if group(a.kind()) == group(b.kind()) {
        return Ok(());
    }
    let (kind_a, kind_b) = (literal::kind_name(a.kind()), literal::kind_name(b.kind()));
    let message = format!("{} is {kind_a} and {} is {kind_b}", a.spec.id, b.spec.id);
    Err(FilterError::at(right.span.clone(), message))
}

fn named_protocol(entity: &Entity) -> Option<&'static Protocol> {
    match &entity.kind {
        EntityKind::Word(word) => registry::protocol(word),
        _ => None,
    }
}

/// The error for an entity that ought to be a field and is none.
fn unknown(entity: &Entity) -> FilterError {
    let span = entity.span.clone();
    let word = match &entity.kind {
        EntityKind::Word(word) => word,
        _ => return FilterError::at(span, "a field is wanted here, not text"),
    };
    if registry::protocol(word).is_some() {
        let message = format!("{word} is a protocol: it can only be there or not");
        return FilterError::at(span, message);
    }
    let message = format!("`{word}` is no field and no protocol");
    let suggestion = nearest(word).map(str::to_owned);
    FilterError {
        span,
        message,
        suggestion,
    }
}

/// The field or the protocol whose name is most like `word`.
fn nearest(word: &str) -> Option<&'static str> {
    let fields = registry::all_fields().map(|spec| spec.id);
    let protocols = registry::PROTOCOLS.iter().map(|protocol| protocol.id);
    fields
        .chain(protocols)
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .filter(|(distance, name)| *distance <= name.len().max(word.len()).div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
