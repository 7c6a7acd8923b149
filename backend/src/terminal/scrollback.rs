//! What a terminal has printed lately, for those who attach later.

use std::collections::VecDeque;

/// Small pieces are joined up to this size, so that single keystrokes do not cost an allocation each.
const JOIN_BELOW: usize = 4 * 1024;

/// How far into a cut replay a line break is searched for; see [`Scrollback::replay`].
const CUT_SEARCH: usize = 4 * 1024;

/// The newest output of a terminal, never more than `limit` bytes of it.
#[derive(Debug)]
pub(crate) struct Scrollback {
    pieces: VecDeque<String>,
    bytes: usize,
    limit: usize,
    cut: bool,
}

impl Scrollback {
    /// An empty scrollback that keeps at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            pieces: VecDeque::new(),
            bytes: 0,
            limit,
            cut: false,
        }
    }

    /// Appends `text`; the oldest text goes when the limit is passed.
    pub(crate) fn push(&mut self, text: &str) {
        let text = self.keep_end(text);
        match self.pieces.back_mut() {
            Some(last) if last.len() + text.len() <= JOIN_BELOW => last.push_str(text),
            _ => self.pieces.push_back(text.to_owned()),
        }
        self.bytes += text.len();
        while self.bytes > self.limit {
            let Some(oldest) = self.pieces.pop_front() else {
                break;
            };
            self.bytes -= oldest.len();
            self.cut = true;
        }
    }

    /// The end of `text` that alone fits the limit, cut at a character.
    fn keep_end<'a>(&mut self, text: &'a str) -> &'a str {
        if text.len() <= self.limit {
            return text;
        }
        self.cut = true;
        let mut start = text.len() - self.limit;
        while !text.is_char_boundary(start) {
            start += 1;
        }
        &text[start..]
    }

    /// The kept text.
    ///
    /// When older text has been dropped, the replay starts behind the first line break (if one is near), because the
    /// cut may have gone through an escape sequence whose rest would show as garbage.
    pub(crate) fn replay(&self) -> String {
        let mut text = String::with_capacity(self.bytes);
        for piece in &self.pieces {
            text.push_str(piece);
        }
        if self.cut
            && let Some(at) = text.bytes().take(CUT_SEARCH).position(|byte| byte == b'\n')
        {
            text.drain(..=at);
        }
        text
    }

    /// Kept bytes.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.pieces.iter().map(String::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_replayed_while_it_fits() {
        let mut scrollback = Scrollback::new(64);
        for text in ["one\r\n", "two\r\n", "grüße"] {
            scrollback.push(text);
        }
        assert_eq!(scrollback.replay(), "one\r\ntwo\r\ngrüße");
    }

    #[test]
    fn the_limit_holds_whatever_arrives() {
        let mut scrollback = Scrollback::new(10_000);
        for round in 0..5_000_usize {
            scrollback.push(&"ü\n".repeat(round % 700));
            assert!(scrollback.len() <= 10_000);
            assert_eq!(scrollback.len(), scrollback.bytes);
        }
        assert!(
            scrollback.replay().len() > 5_000,
            "a good part of the limit is used"
        );
    }

    #[test]
    fn a_cut_replay_starts_at_a_line() {
        let mut scrollback = Scrollback::new(20);
        scrollback.push("aaaaaaaaaaaaaaaaaaaaaa\x1b[31mred\nnext line");
        assert_eq!(scrollback.replay(), "next line");
    }

    #[test]
    fn one_piece_larger_than_the_limit_is_cut_at_a_character() {
        let mut scrollback = Scrollback::new(3);
        scrollback.push("ab日本");
        assert_eq!(scrollback.replay(), "本");
    }

    #[test]
    fn keystrokes_share_their_allocations() {
        let mut scrollback = Scrollback::new(100_000);
        for _ in 0..50_000 {
            scrollback.push("x");
        }
        assert!(scrollback.pieces.len() <= 50_000 / JOIN_BELOW + 1);
    }
}
