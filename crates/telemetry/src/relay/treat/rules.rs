//! The scrub rules, compiled: what becomes of an attribute by its key, and of a text by what it says.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder, RegexSet};

use crate::config::Scrub;

/// What stands where something was.
pub(super) const MASK: &str = "****";

/// What becomes of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyAction {
    Keep,
    Delete,
    Mask,
    Hash,
}

/// The rules. Of several that hold for a key, the one that leaves least wins.
#[derive(Debug)]
pub(super) struct Rules {
    delete: Option<Regex>,
    mask: Option<Regex>,
    hash: Option<Regex>,
    /// Whether any of `values` matches: one pass over texts that nearly always have none.
    any: RegexSet,
    values: Vec<Regex>,
}

impl Rules {
    /// # Errors
    /// A sentence, where the rules are too large together.
    pub(super) fn new(scrub: &Scrub) -> Result<Self, String> {
        let values: Vec<Regex> = scrub
            .values
            .iter()
            .map(|rule| rule.pattern().clone())
            .collect();
        let failed = |error: regex::Error| format!("the rules of what to scrub: {error}");
        Ok(Self {
            delete: globs(&scrub.delete).map_err(failed)?,
            mask: globs(&scrub.mask).map_err(failed)?,
            hash: globs(&scrub.hash).map_err(failed)?,
            any: RegexSet::new(values.iter().map(Regex::as_str)).map_err(failed)?,
            values,
        })
    }

    pub(super) fn key(&self, key: &str) -> KeyAction {
        let fits = |globs: &Option<Regex>| globs.as_ref().is_some_and(|globs| globs.is_match(key));
        if fits(&self.delete) {
            KeyAction::Delete
        } else if fits(&self.mask) {
            KeyAction::Mask
        } else if fits(&self.hash) {
            KeyAction::Hash
        } else {
            KeyAction::Keep
        }
    }

    /// A text without its secrets.
    pub(super) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.values.is_empty() || !self.any.is_match(text) {
            return Cow::Borrowed(text);
        }
        let mut text = Cow::Borrowed(text);
        for pattern in &self.values {
            // What one rule has left may be what another looks for.
            if let Cow::Owned(masked) = mask(pattern, &text) {
                text = Cow::Owned(masked);
            }
        }
        text
    }
}

/// Masks every match, or its group named `secret` where it has one.
fn mask<'t>(pattern: &Regex, text: &'t str) -> Cow<'t, str> {
    let mut out = String::new();
    let mut done = 0;
    for found in pattern.captures_iter(text) {
        let Some(secret) = found.name("secret").or_else(|| found.get(0)) else {
            continue;
        };
        out.push_str(&text[done..secret.start()]);
        out.push_str(MASK);
        done = secret.end();
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

/// One expression for all globs, `None` for none.
fn globs(globs: &[String]) -> Result<Option<Regex>, regex::Error> {
    if globs.is_empty() {
        return Ok(None);
    }
    let expressions = globs.iter().map(|glob| {
        let escaped = regex::escape(glob);
        escaped.replace(r"\*", ".*").replace(r"\?", ".")
    });
    let all = expressions.collect::<Vec<_>>().join("|");
    let built = RegexBuilder::new(&format!("^(?:{all})$"))
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .build();
    built.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ValueRule;

    #[test]
    fn keys_of_obvious_secrets() {
        let rules = Rules::new(&Scrub::default()).unwrap();
        for secret in [
            "password",
            "user.Password",
            "http.request.header.authorization",
            "http.request.header.set-cookie",
            "db.connection.secret",
            "API_KEY",
            "x.access_token",
            "token",
            "session.token",
        ] {
            assert_eq!(rules.key(secret), KeyAction::Mask, "{secret}");
        }
        for harmless in [
            "http.request.method",
            "url.full",
            "gen_ai.usage.input_tokens",
            "browser.cookies_enabled",
            "service.name",
            "",
        ] {
            assert_eq!(rules.key(harmless), KeyAction::Keep, "{harmless}");
        }
    }

    #[test]
    fn the_strictest_rule_wins() {
        let list = |globs: &[&str]| globs.iter().map(|&glob| glob.to_owned()).collect();
        let rules = Rules::new(&Scrub {
            delete: list(&["user.email"]),
            mask: list(&["user.*", "a?c"]),
            hash: list(&["*"]),
            ..Scrub::none()
        })
        .unwrap();
        for (key, action) in [
            ("user.email", KeyAction::Delete),
            ("USER.EMAIL", KeyAction::Delete),
            ("user.id", KeyAction::Mask),
            ("userXid", KeyAction::Hash),
            ("a\nc", KeyAction::Mask),
            ("other", KeyAction::Hash),
        ] {
            assert_eq!(rules.key(key), action, "{key}");
        }
    }

    #[test]
    fn texts_with_obvious_secrets() {
        let rules = Rules::new(&Scrub::default()).unwrap();
        for (text, masked) in [
            ("Bearer abcdefghijklmnop1234", "Bearer ****"),
            (
                "sent bearer abcdefghijklmnop1234== away",
                "sent bearer **** away",
            ),
            ("Basic dXNlcjpwYXNzd29yZDEyMw==", "****"),
            (
                "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc_-x, next",
                "jwt ****, next",
            ),
            (
                "https://me:hunter2@shop.example/a?b=c",
                "https://me:****@shop.example/a?b=c",
            ),
            (
                "/cart?id=7&token=s3cr3t&API_KEY=abc#top",
                "/cart?id=7&token=****&API_KEY=****#top",
            ),
            ("key AKIAIOSFODNN7EXAMPLE.", "key ****."),
        ] {
            assert_eq!(rules.text(text), masked);
        }
        for harmless in [
            "a bearer of bad news",
            "Basic understanding",
            "https://shop.example:8443/a@b",
            "/search?q=token&page=2",
            "GET /v1/traces",
            "",
        ] {
            assert!(
                matches!(rules.text(harmless), Cow::Borrowed(_)),
                "{harmless}"
            );
        }
    }

    #[test]
    fn own_rules() {
        let card = ValueRule::new("card", r"\b(?:\d[ -]?){13,19}\b").unwrap();
        let rules = Rules::new(&Scrub {
            values: vec![card],
            ..Scrub::none()
        })
        .unwrap();
        assert_eq!(
            rules.text("paid with 4111 1111 1111 1111!"),
            "paid with ****!"
        );
    }
}
