//! Looks settings up by the name of their variable, and remembers what was wrong with them.
//!
//! Every setting is read through here, so trimming, masking and the words of a problem are the
//! same for all of them.

use super::Problem;

/// Answers with the value of a variable.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Prefix of the settings of the OTLP exporter that hold for every signal.
pub(super) const OTLP: &str = "OTEL_EXPORTER_OTLP_";

/// The value of a setting and where it stood. Not `Debug`: the text may be a secret.
#[derive(Clone)]
pub(super) struct Found {
    /// Name of the variable that means this setting.
    pub(super) variable: String,
    /// The value, trimmed and not empty.
    pub(super) text: String,
}

/// Looks variables up and remembers what was wrong with them.
pub(super) struct Reader<'a> {
    lookup: Lookup<'a>,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: Lookup<'a>) -> Self {
        Self {
            lookup,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The value of a setting; an empty one counts as not set.
    pub(super) fn find(&self, variable: &str) -> Option<Found> {
        let value = (self.lookup)(variable)?;
        let value = value.trim();
        (!value.is_empty()).then(|| Found {
            variable: variable.to_owned(),
            text: value.to_owned(),
        })
    }

    /// `{own}{name}`, or where that is not set `{general}{name}`.
    pub(super) fn find_either(&self, own: &str, general: &str, name: &str) -> Option<Found> {
        let own = self.find(&format!("{own}{name}"));
        own.or_else(|| self.find(&format!("{general}{name}")))
    }

    /// A value that is no secret, so a problem may show it.
    pub(super) fn value<T>(
        &mut self,
        variable: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.find(variable);
        self.parsed(found, parse)
    }

    /// As [`Reader::value`], of `{own}{name}` or else `{general}{name}`.
    pub(super) fn either<T>(
        &mut self,
        own: &str,
        general: &str,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.find_either(own, general, name);
        self.parsed(found, parse)
    }

    fn parsed<T>(
        &mut self,
        found: Option<Found>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let found = found?;
        match parse(&found.text) {
            Ok(value) => Some(value),
            Err(remedy) => {
                self.problem(&found, shortened(&found.text), remedy);
                None
            }
        }
    }

    /// Whether nothing was wrong so far.
    pub(super) fn is_fine(&self) -> bool {
        self.problems.is_empty()
    }

    /// Remembers a problem, once per variable and reason. `value` is shown, so it holds no secret.
    pub(super) fn problem(&mut self, found: &Found, value: String, remedy: String) {
        let problem = Problem {
            variable: found.variable.clone(),
            value,
            remedy,
        };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Remembers a sentence about something that works and looks like a mistake.
    pub(super) fn warning(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// What was wrong, and what looked so.
    pub(super) fn finish(self) -> (Vec<Problem>, Vec<String>) {
        (self.problems, self.warnings)
    }
}

/// At most 64 characters of a value, for messages.
pub(super) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(64).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
