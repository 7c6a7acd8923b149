//! Takes requests apart by trace, and puts what is kept together again.
//!
//! Spans are copied as they lie; what surrounds them is shared by all pieces of a request.

use std::collections::HashMap;
use std::sync::Arc;

use crate::Signal;
use crate::delivery::Source;
use crate::otlp::view::Item;
use crate::otlp::wire::{Fields, Malformed, put_message};

pub(super) type TraceId = [u8; 16];

/// The status code of an error.
const ERROR: u64 = 2;
/// What a piece takes in memory besides its bytes.
const OVERHEAD: usize = 160;

/// What decides about a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) error: bool,
    /// Nanoseconds since 1970.
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Facts {
    pub(super) fn join(&mut self, other: Facts) {
        self.error |= other.error;
        self.start = self.start.min(other.start);
        self.end = self.end.max(other.end);
    }
}

/// Spans of one trace that came in one scope.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) trace: TraceId,
    pub(super) facts: Facts,
    pub(super) source: Source,
    pub(super) items: u64,
    /// The fields of the resource spans, and of the scope spans, without spans.
    outer: Arc<[u8]>,
    inner: Arc<[u8]>,
    /// Whole fields, one behind the other.
    spans: Vec<u8>,
}

impl Piece {
    /// What it takes in memory.
    pub(super) fn cost(&self) -> usize {
        // What is shared counts for each, so that a bound holds whatever is left of a request.
        self.spans.len() + self.inner.len() + OVERHEAD
    }

    /// Bytes in a request.
    pub(super) fn bytes(&self) -> usize {
        self.spans.len() + self.inner.len() + self.outer.len()
    }
}

/// Takes a request for traces apart.
pub(super) fn cut(request: &[u8], source: Source) -> Result<Vec<Piece>, Malformed> {
    let mut pieces = Vec::new();
    for resource in children(request, 1) {
        let resource = resource?;
        let outer: Arc<[u8]> = around(resource, 2)?.into();
        for scope in children(resource, 2) {
            let scope = scope?;
            let inner: Arc<[u8]> = around(scope, 2)?.into();
            let mut known = HashMap::<TraceId, usize>::new();
            for field in Fields::new(scope) {
                let field = field?;
                let Some(span) = field.content.filter(|_| field.number == 2) else {
                    continue;
                };
                let item = Item::read(Signal::Traces, 0, span, |_| Ok(()))?;
                // Spans without a valid id are one trace: they can be part of no other.
                let trace = item.trace.try_into().unwrap_or_default();
                let facts = Facts {
                    error: item.status == ERROR,
                    start: item.start,
                    end: item.end,
                };
                let at = *known.entry(trace).or_insert_with(|| {
                    pieces.push(Piece {
                        trace,
                        facts,
                        source,
                        items: 0,
                        outer: Arc::clone(&outer),
                        inner: Arc::clone(&inner),
                        spans: Vec::new(),
                    });
                    pieces.len() - 1
                });
                let piece = &mut pieces[at];
                piece.facts.join(facts);
                piece.items += 1;
                piece.spans.extend_from_slice(field.raw);
            }
        }
    }
    Ok(pieces)
}

/// A request of all pieces. What had the same resource and scope, has the same one again.
pub(super) fn join<'p>(pieces: impl Iterator<Item = &'p Piece>) -> Vec<u8> {
    type Scopes<'p> = Vec<(&'p [u8], Vec<&'p Piece>)>;
    let mut resources = Vec::<(&[u8], Scopes<'p>)>::new();
    let mut known = HashMap::<&[u8], (usize, HashMap<&[u8], usize>)>::new();
    let mut bytes = 0;
    for piece in pieces {
        bytes += piece.bytes();
        let (resource, scopes) = known.entry(&piece.outer).or_insert_with(|| {
            resources.push((&piece.outer, Vec::new()));
            (resources.len() - 1, HashMap::new())
        });
        let into = &mut resources[*resource].1;
        let scope = *scopes.entry(&piece.inner).or_insert_with(|| {
            into.push((&piece.inner, Vec::new()));
            into.len() - 1
        });
        into[scope].1.push(piece);
    }
    let mut request = Vec::with_capacity(bytes);
    for (outer, scopes) in resources {
        put_message(&mut request, 1, |out| {
            out.extend_from_slice(outer);
            for (inner, pieces) in scopes {
                put_message(out, 2, |out| {
                    out.extend_from_slice(inner);
                    for piece in pieces {
                        out.extend_from_slice(&piece.spans);
                    }
                });
            }
        });
    }
    request
}

/// The contents of all fields of that number.
fn children(message: &[u8], number: u32) -> impl Iterator<Item = Result<&[u8], Malformed>> {
    Fields::new(message).filter_map(move |field| match field {
        Ok(field) if field.number == number => field.content.map(Ok),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

/// All fields of other numbers.
fn around(message: &[u8], number: u32) -> Result<Vec<u8>, Malformed> {
    let mut around = Vec::new();
    for field in Fields::new(message) {
        let field = field?;
        if field.number != number || field.content.is_none() {
            around.extend_from_slice(field.raw);
        }
    }
    Ok(around)
}
