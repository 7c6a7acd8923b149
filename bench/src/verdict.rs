//! What a comparison came to, and whether that is what we want.

use serde::Serialize;

use crate::stats::Spread;

/// Two contestants compared, round by round: both of a round ran within the same minutes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Verdict {
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    pub(crate) spread: Spread,
    /// What we want it to be at most.
    pub(crate) limit: Option<f64>,
}

impl Verdict {
    /// Whether the median keeps to the limit, where there is one.
    pub(crate) fn holds(&self) -> Option<bool> {
        self.limit.map(|limit| self.spread.median <= limit)
    }

    /// `CPU, ours : theirs: 0.4 (0.3–0.5) ×; at most 0.5 × wanted: holds`
    pub(crate) fn sentence(&self) -> String {
        let digits = if self.unit == "×" { 3 } else { 2 };
        let Self {
            what, unit, spread, ..
        } = self;
        let wanted = match (self.limit, self.holds()) {
            (Some(limit), Some(true)) => format!("; at most {} {unit} wanted: holds", short(limit)),
            (Some(limit), _) => {
                format!("; at most {} {unit} wanted: DOES NOT HOLD", short(limit))
            }
            (None, _) => String::new(),
        };
        format!("{what}: {} {unit}{wanted}", spread.show(digits))
    }
}

/// With three digits at most: `0.5`, `0.333`.
fn short(limit: f64) -> String {
    let text = format!("{limit:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_exceeded_by_the_median() {
        let verdict = |median, limit| Verdict {
            what: String::new(),
            unit: "",
            spread: Spread {
                median,
                min: 0.0,
                max: 9.0,
            },
            limit,
        };
        assert_eq!(verdict(3.1, Some(3.0)).holds(), Some(false));
        assert_eq!(verdict(3.1, None).holds(), None);
        assert_eq!(
            (short(0.5), short(3.0), short(1.0 / 3.0)),
            ("0.5".into(), "3".into(), "0.333".into())
        );
        let sentence = verdict(3.1, Some(3.0)).sentence();
        assert!(sentence.ends_with("wanted: DOES NOT HOLD"), "{sentence}");
    }
}
