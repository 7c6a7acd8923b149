//! What is taken out of telemetry from browsers: rules on keys and on values.

use std::sync::{Arc, OnceLock};

use regex::{Regex, RegexBuilder};

use super::super::parse;
use super::super::reader::{Reader, shortened};

/// Memory that a rule's compiled form may take: patterns are the operator's, and still no pattern
/// may eat the machine.
const MAX_PATTERN_BYTES: usize = 256 * 1024;

/// Attributes that nearly always hold a secret.
const SECRET_KEYS: &[&str] = &[
    "*password*",
    "*passwd*",
    "*secret*",
    "*authorization*",
    "*api_key*",
    "*api-key*",
    "*apikey*",
    "*private_key*",
    "*access_token*",
    "*refresh_token*",
    "*id_token*",
    "*session_token*",
    "token",
    "*.token",
    "cookie",
    "*.cookie",
    "*set-cookie*",
    "*set_cookie*",
    "*credit_card*",
    "*card_number*",
    "*.cvv",
];

/// Texts that nearly always are one, wherever they stand, and what each must have.
const SECRET_VALUES: &[(&str, &str, Needs)] = &[
    (
        "authorization",
        r"(?i)\b(?:bearer\s+(?<secret>[a-z0-9._~+/-]{16,}=*)|basic\s+[a-z0-9+/]{20,}=*)",
        Needs::of(23, Needs::SPACE),
    ),
    (
        "jwt",
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
        Needs::of(21, Needs::DOT),
    ),
    (
        "url_password",
        r"://[^\s/:@?#]*:(?<secret>[^\s/@?#]+)@",
        Needs::of(6, Needs::AT),
    ),
    (
        "query",
        r"(?i)[?&](?:access_token|refresh_token|id_token|token|api_?key|password|passwd|secret|signature|sig)=(?<secret>[^&#\s]+)",
        Needs::of(6, Needs::EQUALS),
    ),
    (
        "aws_key",
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        Needs::of(20, Needs::CAPITAL_A),
    ),
];

/// What a text must have for a pattern to match it: a look at its bytes spares most texts the
/// patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Needs {
    length: usize,
    bytes: u8,
}

impl Needs {
    /// White space, which outside of ASCII is any byte of it.
    const SPACE: u8 = 1;
    const DOT: u8 = 2;
    const AT: u8 = 4;
    const EQUALS: u8 = 8;
    const CAPITAL_A: u8 = 16;

    /// So many bytes, and one at least of each of these kinds.
    const fn of(length: usize, bytes: u8) -> Self {
        Self { length, bytes }
    }

    /// Whether a text has it, given the [`kinds`](Self::kinds) of bytes in it.
    pub(crate) fn are_met(self, length: usize, kinds: u8) -> bool {
        length >= self.length && kinds & self.bytes == self.bytes
    }

    /// Which of these kinds there are in a text.
    pub(crate) fn kinds(text: &[u8]) -> u8 {
        const KINDS: [u8; 256] = {
            let mut kinds = [0; 256];
            let mut byte = 0;
            while byte < 256 {
                kinds[byte] = match byte as u8 {
                    b'\t'..=b'\r' | b' ' | 0x80.. => Needs::SPACE,
                    b'.' => Needs::DOT,
                    b'@' => Needs::AT,
                    b'=' => Needs::EQUALS,
                    b'A' => Needs::CAPITAL_A,
                    _ => 0,
                };
                byte += 1;
            }
            kinds
        };
        let kinds = text.iter().map(|byte| KINDS[usize::from(*byte)]);
        kinds.fold(0, |all, kind| all | kind)
    }
}

/// What is taken out. Keys are globs (`*` any run, `?` one character) that ignore case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scrub {
    /// Attributes that are deleted (`AETHER_TELEMETRY_RELAY_SCRUB_DELETE`).
    pub delete: Vec<String>,
    /// Attributes whose value becomes `****` (`AETHER_TELEMETRY_RELAY_SCRUB_MASK`).
    pub mask: Vec<String>,
    /// Attributes whose value becomes a hash, equal for equal values
    /// (`AETHER_TELEMETRY_RELAY_SCRUB_HASH`), made with [`Config::hash_key`](crate::Config::hash_key).
    pub hash: Vec<String>,
    /// What is masked inside texts (`AETHER_TELEMETRY_RELAY_SCRUB_VALUES`).
    pub values: Vec<ValueRule>,
}

/// A pattern of texts that are masked. Where it has a group named `secret`, only that group is.
#[derive(Debug, Clone)]
pub struct ValueRule {
    name: String,
    pattern: Arc<Pattern>,
    /// `None` where that is not known.
    needs: Option<Needs>,
}

/// An expression that is compiled when it is first needed: texts that may be a secret are rare, and
/// a compiled expression takes some 100 KB.
#[derive(Debug)]
struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl PartialEq for ValueRule {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.text() == other.text()
    }
}

impl Eq for ValueRule {}

impl ValueRule {
    /// A rule of that name, which only messages use.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the pattern.
    pub fn new(name: impl Into<String>, pattern: &str) -> Result<Self, String> {
        let name = name.into();
        match compile(pattern) {
            Ok(compiled) if compiled.is_match("") => Err(format!(
                "{name}: `{}` matches the empty text, which would mask everything",
                shortened(pattern)
            )),
            Ok(compiled) => Ok(Self {
                name,
                pattern: Arc::new(Pattern {
                    text: pattern.to_owned(),
                    compiled: Some(compiled).into(),
                }),
                needs: None,
            }),
            Err(error) => Err(format!("{name}: no regular expression: {error}")),
        }
    }

    /// One of those that are known to be good, which a test says.
    fn known(name: &str, pattern: &str, needs: Needs) -> Self {
        Self {
            name: name.to_owned(),
            pattern: Arc::new(Pattern {
                text: pattern.to_owned(),
                compiled: OnceLock::new(),
            }),
            needs: Some(needs),
        }
    }

    /// The expression as it was written.
    pub(crate) fn text(&self) -> &str {
        &self.pattern.text
    }

    /// The expression; always there.
    pub(crate) fn pattern(&self) -> Option<&Regex> {
        let compiled = &self.pattern.compiled;
        compiled.get_or_init(|| compile(self.text()).ok()).as_ref()
    }

    pub(crate) fn needs(&self) -> Option<Needs> {
        self.needs
    }
}

fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .size_limit(MAX_PATTERN_BYTES)
        .build()
}

impl Default for Scrub {
    /// The obvious secrets are masked.
    fn default() -> Self {
        Self {
            delete: Vec::new(),
            mask: SECRET_KEYS.iter().map(|&key| key.to_owned()).collect(),
            hash: Vec::new(),
            values: SECRET_VALUES
                .iter()
                .map(|&(name, pattern, needs)| ValueRule::known(name, pattern, needs))
                .collect(),
        }
    }
}

impl Scrub {
    /// Nothing is taken out.
    #[must_use]
    pub fn none() -> Self {
        Self {
            delete: Vec::new(),
            mask: Vec::new(),
            hash: Vec::new(),
            values: Vec::new(),
        }
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Scrub {
    let prefix = "AETHER_TELEMETRY_RELAY_SCRUB_";
    let defaults = reader.value(&format!("{prefix}DEFAULTS"), parse::boolean);
    let mut scrub = match defaults {
        Some(false) => Scrub::none(),
        _ => Scrub::default(),
    };
    let mut globs = |name: &str| {
        let list = reader.value(&format!("{prefix}{name}"), globs);
        list.unwrap_or_default()
    };
    scrub.delete.extend(globs("DELETE"));
    scrub.mask.extend(globs("MASK"));
    scrub.hash.extend(globs("HASH"));
    let rules = reader.value(&format!("{prefix}VALUES"), |text| {
        let pairs = parse::pairs(text)?.into_iter();
        pairs
            .map(|(name, pattern)| ValueRule::new(name, &pattern))
            .collect::<Result<Vec<_>, _>>()
    });
    scrub.values.extend(rules.unwrap_or_default());
    scrub
}

fn globs(text: &str) -> Result<Vec<String>, String> {
    let list = text
        .split(',')
        .map(str::trim)
        .filter(|glob| !glob.is_empty());
    let list: Vec<String> = list.map(str::to_owned).collect();
    let nothing = |glob: &String| glob.bytes().all(|byte| b"*?".contains(&byte));
    if text.chars().any(char::is_control) {
        return Err("expected keys without control characters".to_owned());
    }
    if list.iter().any(nothing) {
        return Err("expected keys such as user.email or *.phone; a pattern of * alone means every attribute, even service.name".to_owned());
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_can_be_used() {
        for rule in Scrub::default().values {
            assert_eq!(ValueRule::new(&rule.name, rule.text()), Ok(rule));
        }
        let keys = SECRET_KEYS.join(",");
        assert_eq!(globs(&keys).unwrap(), Scrub::default().mask);
    }

    #[test]
    fn rules_that_would_take_everything_are_refused() {
        assert!(globs("user.email, *").is_err());
        assert!(
            ValueRule::new("all", ".*")
                .unwrap_err()
                .contains("empty text")
        );
        let huge = r"\w{1000}{1000}";
        let told = ValueRule::new("huge", huge).unwrap_err();
        assert!(told.contains("huge"), "{told}");
    }
}
