//! Batches that go to a destination in one request.
//!
//! A request holds a list of resources with their items, so two requests behind each other are one
//! request that holds both lists: merging is copying, and whoever receives it cannot tell. What
//! becomes of the request becomes of each batch in it; where that is nothing good, the group is cut,
//! down to single batches and then into parts of one, until what is refused stands alone.

use std::time::Instant;

use bytes::{Bytes, BytesMut};

use super::Batch;
use crate::otlp::split;

/// A batch, or a part of one, with what holds for it.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Number of the batch in the queue.
    pub(super) number: u64,
    pub(super) accepted_ms: u64,
    /// When it is given up; `None`: when it has failed for long enough.
    pub(super) until: Option<Instant>,
    pub(super) batch: Batch,
}

impl Piece {
    pub(super) fn over(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// Pieces of one signal, the oldest first; never none.
#[derive(Debug)]
pub(super) struct Group(Vec<Piece>);

impl Group {
    /// `None` of nothing.
    pub(super) fn new(pieces: Vec<Piece>) -> Option<Self> {
        (!pieces.is_empty()).then_some(Self(pieces))
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.0
    }

    pub(super) fn into_pieces(self) -> Vec<Piece> {
        self.0
    }

    /// Each piece by itself.
    pub(super) fn into_singles(self) -> impl DoubleEndedIterator<Item = Self> {
        self.0.into_iter().map(|piece| Self(vec![piece]))
    }

    /// Whether it holds a single piece, which is then all that an answer is about.
    pub(super) fn is_single(&self) -> bool {
        self.0.len() == 1
    }

    /// Spans, log records or data points.
    pub(super) fn items(&self) -> u64 {
        self.0.iter().map(|piece| piece.batch.items).sum()
    }

    /// Bytes of the request.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|piece| piece.batch.body.len()).sum()
    }

    /// The request, in protobuf.
    pub(super) fn request(&self) -> Bytes {
        if let [piece] = &*self.0 {
            return piece.batch.body.clone();
        }
        let mut request = BytesMut::with_capacity(self.bytes());
        for piece in &self.0 {
            request.extend_from_slice(&piece.batch.body);
        }
        request.freeze()
    }

    /// Cuts it in two: between batches where there are several, else one batch between its items.
    ///
    /// # Errors
    /// The group itself, where it holds a single item.
    pub(super) fn cut(mut self) -> Result<[Self; 2], Self> {
        if self.0.len() > 1 {
            let behind = self.0.split_off(self.0.len() / 2);
            return Ok([self, Self(behind)]);
        }
        let halves = self.0.first().and_then(|piece| {
            let batch = &piece.batch;
            // What is in a queue has been counted before, so it is not malformed.
            let halves = split::halve(batch.signal, &batch.body).ok()??;
            Some(halves.map(|half| {
                Self(vec![Piece {
                    batch: Batch {
                        items: half.items,
                        body: half.body.into(),
                        ..batch.clone()
                    },
                    ..piece.clone()
                }])
            }))
        });
        halves.ok_or(self)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
    use proptest::prelude::*;
    use prost::Message;

    use super::*;
    use crate::Signal;
    use crate::delivery::Source;

    fn piece(number: u64, names: &[String]) -> Piece {
        let spans = names.iter().map(|name| Span {
            name: name.clone(),
            ..Span::default()
        });
        let request = ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                scope_spans: vec![ScopeSpans {
                    spans: spans.collect(),
                    ..ScopeSpans::default()
                }],
                schema_url: format!("of {number}"),
                ..ResourceSpans::default()
            }],
        };
        Piece {
            number,
            accepted_ms: 0,
            until: None,
            batch: Batch {
                signal: Signal::Traces,
                source: Source::Relay,
                items: names.len() as u64,
                body: request.encode_to_vec().into(),
            },
        }
    }

    /// What is in it: the resource and the name of each span.
    fn read(group: &Group) -> Vec<(String, String)> {
        let request = ExportTraceServiceRequest::decode(group.request()).unwrap();
        let parts = request.resource_spans.into_iter().flat_map(|resource| {
            let url = resource.schema_url;
            let spans = resource
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans);
            spans.map(move |span| (url.clone(), span.name))
        });
        parts.collect()
    }

    proptest! {
        #[test]
        fn cut_to_the_end_every_item_is_there_once(
            batches in proptest::collection::vec(
                proptest::collection::vec("[a-z]{1,3}", 1..6), 1..6,
            ),
        ) {
            let pieces = (0u64..).zip(&batches).map(|(number, names)| piece(number, names));
            let whole = Group::new(pieces.collect()).unwrap();
            let all = read(&whole);
            prop_assert_eq!(all.len() as u64, whole.items());
            prop_assert_eq!(whole.request().len(), whole.bytes());
            let (mut left, mut single) = (vec![whole], Vec::new());
            while let Some(group) = left.pop() {
                match group.cut() {
                    Ok([first, second]) => left.extend([second, first]),
                    Err(one) => single.push(one),
                }
            }
            prop_assert!(single.iter().all(|one| one.items() == 1 && one.is_single()));
            let again: Vec<_> = single.iter().flat_map(read).collect();
            prop_assert_eq!(again, all);
            let numbers: Vec<_> = single.iter().map(|one| one.pieces()[0].number).collect();
            prop_assert!(numbers.is_sorted());
        }
    }

    #[test]
    fn batches_part_before_items_do() {
        let names = ["a", "b", "c"].map(str::to_owned);
        let group = Group::new(vec![piece(1, &names), piece(2, &names)]).unwrap();
        let [first, second] = group.cut().unwrap();
        assert_eq!((first.items(), second.items()), (3, 3));
        assert_eq!(first.pieces()[0].number, 1);
        assert_eq!(second.pieces()[0].number, 2);
        assert!(Group::new(Vec::new()).is_none());
    }
}
