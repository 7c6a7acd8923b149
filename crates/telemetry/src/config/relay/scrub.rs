//! What is taken out of telemetry from browsers: rules on keys and on values.

use std::sync::LazyLock;

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

/// Texts that nearly always are one, wherever they stand.
const SECRET_VALUES: &[(&str, &str)] = &[
    (
        "authorization",
        r"(?i)\b(?:bearer\s+(?<secret>[a-z0-9._~+/-]{16,}=*)|basic\s+[a-z0-9+/]{20,}=*)",
    ),
    (
        "jwt",
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
    ),
    ("url_password", r"://[^\s/:@?#]*:(?<secret>[^\s/@?#]+)@"),
    (
        "query",
        r"(?i)[?&](?:access_token|refresh_token|id_token|token|api_?key|password|passwd|secret|signature|sig)=(?<secret>[^&#\s]+)",
    ),
    ("aws_key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
];

/// The patterns above, compiled once. All of them can be, which a test says.
static OBVIOUS: LazyLock<Vec<ValueRule>> = LazyLock::new(|| {
    let rules = SECRET_VALUES.iter();
    let rules = rules.map(|(name, pattern)| ValueRule::new(*name, pattern));
    rules.filter_map(Result::ok).collect()
});

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
    pattern: Regex,
}

impl PartialEq for ValueRule {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.pattern.as_str() == other.pattern.as_str()
    }
}

impl Eq for ValueRule {}

impl ValueRule {
    /// A rule of that name, which only messages use.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the pattern.
    pub fn new(name: impl Into<String>, pattern: &str) -> Result<Self, String> {
        let built = RegexBuilder::new(pattern)
            .size_limit(MAX_PATTERN_BYTES)
            .build();
        let name = name.into();
        match built {
            Ok(pattern) if pattern.is_match("") => Err(format!(
                "{name}: `{}` matches the empty text, which would mask everything",
                shortened(pattern.as_str())
            )),
            Ok(pattern) => Ok(Self { name, pattern }),
            Err(error) => Err(format!("{name}: no regular expression: {error}")),
        }
    }

    pub(crate) fn pattern(&self) -> &Regex {
        &self.pattern
    }
}

impl Default for Scrub {
    /// The obvious secrets are masked.
    fn default() -> Self {
        Self {
            delete: Vec::new(),
            mask: SECRET_KEYS.iter().map(|&key| key.to_owned()).collect(),
            hash: Vec::new(),
            values: OBVIOUS.clone(),
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
        assert_eq!(Scrub::default().values.len(), SECRET_VALUES.len());
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
