//! One walk over a request that is not decoded: whether it is what it says it is, how much memory it
//! would take decoded, and what else has to be known of it.
//!
//! It takes and refuses what the full decoder does ([`super::validate`] has it, for tests), and
//! besides refuses ids of a wrong length: a span with such a one cannot be part of any trace.
//!
//! An empty span is two bytes on the wire and some three hundred in memory, and the wire form
//! compresses to nothing: a bound on bytes alone lets a request of 4 kB take a gigabyte once somebody
//! decodes it, here or behind. So its parts are weighed.

use super::schema::{self, ANY_VALUE, HANDLE, KEY_VALUE, Kind, LOG_RECORD, Message, Role, SPAN};
use super::wire::{Field, Fields, Malformed, Scalar, packed};
use crate::Signal;

/// Deeper messages are refused by every protobuf reader.
const MAX_DEPTH: u32 = 100;

/// What a request holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Survey {
    /// Spans, log records or data points.
    pub(crate) items: u64,
    /// The newest time in it, nanoseconds since 1970.
    pub(crate) newest: Option<u64>,
}

/// Why a request is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is no request of its signal; a sentence for the sender.
    Malformed(String),
    /// It has too many parts for the memory that it may take.
    Heavy,
}

/// Looks through an encoded request, whose parts may weigh so many bytes when decoded, contents of
/// texts not counted.
pub(crate) fn survey(signal: Signal, request: &[u8], limit: usize) -> Result<Survey, Unfit> {
    let mut walk = Walk {
        left: limit,
        items: 0,
        newest: None,
        wrong_id: None,
    };
    let walked = walk.message(schema::request(signal), request, MAX_DEPTH);
    match (walked, walk.wrong_id) {
        (Ok(()), None) => Ok(Survey {
            items: walk.items,
            newest: walk.newest,
        }),
        (Ok(()), Some(why)) => Err(Unfit::Malformed(why)),
        (Err(Stop::Malformed), _) => Err(Unfit::Malformed(format!(
            "not an OTLP {signal} request: malformed protobuf"
        ))),
        (Err(Stop::Heavy), _) => Err(Unfit::Heavy),
    }
}

/// Why a walk ends early.
enum Stop {
    Malformed,
    Heavy,
}

impl From<Malformed> for Stop {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

struct Walk {
    left: usize,
    items: u64,
    newest: Option<u64>,
    /// The first id of a wrong length, in a sentence. Whatever else is wrong comes first.
    wrong_id: Option<String>,
}

impl Walk {
    fn message(&mut self, kind: &'static Message, message: &[u8], depth: u32) -> Result<(), Stop> {
        // Lengths of the ids by their field numbers, which are below 16: the last of each counts.
        let mut ids = [0usize; 16];
        for field in Fields::new(message) {
            let field = field?;
            let Some(known) = kind.field(field.number) else {
                unknown(kind, &field, depth)?;
                continue;
            };
            match (known.kind, field.content) {
                (Kind::Message(inner), Some(content)) => {
                    let depth = depth.checked_sub(1).ok_or(Malformed)?;
                    if known.repeated {
                        self.weigh(inner.size)?;
                    }
                    self.message(inner, content, depth)?;
                    let item = std::ptr::eq(inner, &SPAN)
                        || std::ptr::eq(inner, &LOG_RECORD)
                        || known.role == Role::Point;
                    self.items += u64::from(item);
                }
                (Kind::Text, Some(content)) => {
                    // Most texts are short and ASCII.
                    if !content.is_ascii() {
                        std::str::from_utf8(content).map_err(|_| Malformed)?;
                    }
                    if known.repeated {
                        self.weigh(HANDLE)?;
                    }
                }
                (Kind::Bytes, Some(_)) => {}
                (Kind::Id(length), Some(content)) => {
                    // May be left out, and could not be written in JSON otherwise.
                    if !content.is_empty() && content.len() != length {
                        self.wrong_id(kind, known.json, content.len());
                    }
                    if let Some(id) = ids.get_mut(field.number as usize) {
                        *id = content.len();
                    }
                }
                (scalar, content) => {
                    let wire_type = wire_type(scalar).ok_or(Malformed)?;
                    match (field.scalar, content) {
                        (Some(number), _) if number.wire_type() == wire_type => {}
                        (None, Some(block)) if known.repeated => {
                            // Packed numbers, of at least one byte each.
                            self.weigh(block.len().saturating_mul(8))?;
                            packed(block, wire_type).try_for_each(|number| number.map(|_| ()))?;
                        }
                        _ => return Err(Malformed.into()),
                    }
                    if known.role == Role::Time
                        && let Some(Scalar::Fixed64(nanos)) = field.scalar
                    {
                        self.newest = self.newest.max(Some(nanos));
                    }
                }
            }
        }
        if std::ptr::eq(kind, &SPAN) {
            // Trace id 1, span id 2.
            for (number, name) in [(1, "traceId"), (2, "spanId")] {
                if ids[number] == 0 {
                    self.wrong_id(kind, name, 0);
                }
            }
        }
        Ok(())
    }

    fn weigh(&mut self, bytes: usize) -> Result<(), Stop> {
        self.left = self.left.checked_sub(bytes).ok_or(Stop::Heavy)?;
        Ok(())
    }

    #[cold]
    fn wrong_id(&mut self, kind: &'static Message, name: &'static str, found: usize) {
        if self.wrong_id.is_some() {
            return;
        }
        let position = self.items;
        let (name, rule) = match name {
            _ if !std::ptr::eq(kind, &SPAN) => {
                let why = format!("a {name} has {found} bytes, which is no id");
                self.wrong_id = Some(why);
                return;
            }
            "traceId" => ("trace id", "it must have 16"),
            "spanId" => ("span id", "it must have 8"),
            _ => ("parent span id", "it must have 8 or be empty"),
        };
        let why = format!("span {position} has a {name} of {found} bytes; {rule}");
        self.wrong_id = Some(why);
    }
}

/// A field that the tables do not have.
fn unknown(kind: &'static Message, field: &Field<'_>, depth: u32) -> Result<(), Malformed> {
    if depth == 0 {
        return Err(Malformed);
    }
    // Numbers of a table of strings, which profiles have and other signals must not use. They have
    // no name in JSON.
    let number = (std::ptr::eq(kind, &KEY_VALUE) && field.number == 3)
        || (std::ptr::eq(kind, &ANY_VALUE) && field.number == 8);
    match field.scalar {
        Some(Scalar::Varint(_)) => Ok(()),
        _ if number => Err(Malformed),
        _ => Ok(()),
    }
}

/// How a number is written; `None` for what is none.
fn wire_type(kind: Kind) -> Option<u8> {
    match kind {
        Kind::Bool | Kind::Enum | Kind::Uint32 | Kind::Sint32 | Kind::Int64 | Kind::Uint64 => {
            Some(0)
        }
        Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => Some(1),
        Kind::Fixed32 => Some(5),
        Kind::Text | Kind::Bytes | Kind::Id(_) | Kind::Message(_) => None,
    }
}

#[cfg(test)]
mod tests;
