//! Packets of the parser `socket.io-msgpack-parser`: the carrier found and cut without decoding
//! what the application sent.
//!
//! An event's data is one MessagePack array, `[name, argument…]`, and `auth` is a map. A trailing
//! carrier is a last argument that is a map with the one key `_trace`:
//! ```text
//! event   = array( name, *argument, carrier )
//! carrier = map( "_trace" => map )
//! ```
//! All lengths are the sender's claims, so every read is checked and nothing is allocated for what
//! they announce. Specification: <https://github.com/msgpack/msgpack/blob/master/spec.md>

mod cut;
mod json;
mod read;

pub(super) use cut::{cut_auth, cut_trailing, without};
pub(super) use json::{text, to_json};
pub(super) use read::event_name;

#[cfg(test)]
mod tests;
