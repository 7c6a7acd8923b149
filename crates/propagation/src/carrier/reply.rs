//! `re`: which requests an event answers.

use crate::ids::SpanId;
use crate::reject::Reject;

/// Most requests that one event can answer.
pub const MAX_REPLIES: usize = 16;

/// Span ids of answered requests, oldest first: at most [`MAX_REPLIES`], kept in place.
///
/// ```
/// use aether_propagation::carrier::ReplyIds;
///
/// let ids = ReplyIds::parse("00f067aa0ba902b7,00f067aa0ba902b8")?;
/// assert_eq!(ids.len(), 2);
/// # Ok::<(), aether_propagation::Reject>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplyIds([Option<SpanId>; MAX_REPLIES]);

impl ReplyIds {
    /// No request: the event is no answer.
    #[must_use]
    pub const fn none() -> Self {
        Self([None; MAX_REPLIES])
    }

    /// Adds an id unless it is there already. Returns `false` when all places are taken.
    pub fn push(&mut self, id: SpanId) -> bool {
        for place in &mut self.0 {
            match place {
                Some(taken) if *taken == id => return true,
                Some(_) => {}
                None => {
                    *place = Some(id);
                    return true;
                }
            }
        }
        false
    }

    /// Reads ids separated by commas. A repeated id counts once.
    ///
    /// # Errors
    /// [`Reject::BadReply`] for anything but 1 to [`MAX_REPLIES`] span ids.
    pub fn parse(list: &str) -> Result<Self, Reject> {
        let mut ids = Self::none();
        for (index, part) in list.as_bytes().split(|&byte| byte == b',').enumerate() {
            let id = SpanId::parse(part).map_err(|_| Reject::BadReply)?;
            if index >= MAX_REPLIES || !ids.push(id) {
                return Err(Reject::BadReply);
            }
        }
        Ok(ids)
    }

    /// The ids, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = SpanId> + '_ {
        self.0.iter().map_while(|id| *id)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether the event answers nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0[0].is_none()
    }

    /// Whether it answers the request of this span.
    #[must_use]
    pub fn contains(&self, id: SpanId) -> bool {
        self.iter().any(|own| own == id)
    }

    /// Appends the ids separated by commas.
    pub fn write(&self, out: &mut String) {
        for (index, id) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            id.push_hex(out);
        }
    }
}

impl core::fmt::Debug for ReplyIds {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl From<SpanId> for ReplyIds {
    fn from(id: SpanId) -> Self {
        let mut ids = Self::none();
        ids.0[0] = Some(id);
        ids
    }
}

impl FromIterator<SpanId> for ReplyIds {
    /// Takes the first [`MAX_REPLIES`] different ids and leaves the rest out.
    fn from_iter<I: IntoIterator<Item = SpanId>>(iter: I) -> Self {
        let mut ids = Self::none();
        for id in iter {
            if !ids.push(id) {
                break;
            }
        }
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> SpanId {
        SpanId::from_bytes([number; 8]).unwrap()
    }

    #[test]
    fn lists_are_read_and_written_in_order() {
        let ids: ReplyIds = (1..=16).map(id).collect();
        let mut list = String::new();
        ids.write(&mut list);
        assert_eq!(list.len(), 16 * 17 - 1);
        assert_eq!(ReplyIds::parse(&list), Ok(ids));
        assert_eq!(ids.iter().next(), Some(id(1)));
        assert!(ids.contains(id(16)) && !ids.contains(id(17)));
        assert_eq!(ReplyIds::from(id(7)).iter().collect::<Vec<_>>(), [id(7)]);
        assert!(ReplyIds::none().is_empty());
    }

    #[test]
    fn a_full_list_takes_only_what_it_has() {
        let mut ids: ReplyIds = (1..=17).map(id).collect();
        assert_eq!(ids.len(), MAX_REPLIES);
        assert!(!ids.push(id(17)));
        assert!(ids.push(id(3)));
        assert_eq!(ids.len(), MAX_REPLIES);
    }

    #[test]
    fn other_lists_are_refused() {
        let one = "00f067aa0ba902b7";
        let too_many = vec![one; MAX_REPLIES + 1].join(",");
        for bad in [
            "",
            ",",
            "1",
            &format!("{one},"),
            &format!("{one}, {one}"),
            &too_many,
        ] {
            assert_eq!(ReplyIds::parse(bad), Err(Reject::BadReply), "{bad}");
        }
        assert_eq!(
            ReplyIds::parse(&format!("{one},{one}")).map(|ids| ids.len()),
            Ok(1)
        );
        assert_eq!(ReplyIds::parse("0000000000000000"), Err(Reject::BadReply));
    }
}
