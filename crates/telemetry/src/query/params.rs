//! Reading the query string of a search.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use crate::store::{Filter, TraceId};

const DEFAULT_LIMIT: usize = 20;
/// Larger limits are refused rather than lowered in silence.
const MAX_LIMIT: usize = 1500;
/// How many traces may be asked for by id at once.
const MAX_IDS: usize = 100;

/// The decoded pairs of a query string.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn new(text: &str) -> Self {
        Self(form(text))
    }

    /// The first value of that name; an empty one counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.all(name).next().map(str::to_owned)
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

/// `application/x-www-form-urlencoded`, read by the URL parser.
fn form(text: &str) -> Vec<(String, String)> {
    let Ok(mut url) = reqwest::Url::parse("http://query.invalid/") else {
        return Vec::new();
    };
    url.set_query(Some(text));
    url.query_pairs().into_owned().collect()
}

/// What to look for.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) filter: Filter,
    pub(super) limit: usize,
    pub(super) tags: Vec<(String, String)>,
    /// Asked for by id; then nothing else counts.
    pub(super) trace_ids: Vec<TraceId>,
}

impl Search {
    /// Reads `service`, `operation`, `start` and `end` (µs since 1970), `lookback` (where there is
    /// no `start`), `minDuration`, `maxDuration`, `limit`, `tags` (a JSON object), `tag`
    /// (`key:value`, repeated) and `traceID` (repeated). Other names are ignored.
    pub(super) fn parse(query: &Query, now: u64) -> Result<Self, String> {
        let number = |name| {
            read(
                query,
                name,
                |text| text.parse::<u64>().ok(),
                "a whole number of microseconds since 1970",
            )
        };
        let span = |name| {
            read(
                query,
                name,
                duration,
                "a duration such as 100ms, 1.5s or 2h",
            )
        };
        let end = number("end")?;
        let start = match (number("start")?, lookback(query)?) {
            (Some(start), _) => Some(start),
            (None, Some(lookback)) => Some(end.unwrap_or(now).saturating_sub(lookback / 1000)),
            (None, None) => None,
        };
        let filter = Filter {
            service: query.get("service"),
            operation: query.get("operation"),
            start: start.map(to_nanos),
            // The last nanosecond of that microsecond, because the parameter is rounded.
            end: end.map(|end| to_nanos(end).saturating_add(999)),
            min_duration: span("minDuration")?,
            max_duration: span("maxDuration")?,
        };
        if let (Some(min), Some(max)) = (filter.min_duration, filter.max_duration)
            && min > max
        {
            return Err("'maxDuration' should be greater than 'minDuration'".to_owned());
        }
        let limit = read(
            query,
            "limit",
            |text| {
                let limit = text.parse::<usize>().ok()?;
                (1..=MAX_LIMIT).contains(&limit).then_some(limit)
            },
            "a whole number from 1 to 1500",
        )?;
        Ok(Self {
            filter,
            limit: limit.unwrap_or(DEFAULT_LIMIT),
            tags: tags(query)?,
            trace_ids: trace_ids(query)?,
        })
    }
}

fn read<T>(
    query: &Query,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Result<Option<T>, String> {
    let Some(text) = query.get(name) else {
        return Ok(None);
    };
    match parse(&text) {
        Some(value) => Ok(Some(value)),
        None => Err(format!(
            "unable to parse param '{name}': expected {expected}"
        )),
    }
}

/// Nanoseconds; Jaeger's page sends `custom` together with `start`.
fn lookback(query: &Query) -> Result<Option<u64>, String> {
    let custom = query.get("lookback").is_some_and(|text| text == "custom");
    if custom {
        return Ok(None);
    }
    read(
        query,
        "lookback",
        duration,
        "a duration such as 30m, 1h or 2d",
    )
}

/// A Go duration, `d` and `w` included, in nanoseconds: `1h30m`, `1.5s`, `100us`.
pub(super) fn duration(text: &str) -> Option<u64> {
    let mut total = 0f64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.');
        let (unit, tail) = tail.split_at(end.unwrap_or(tail.len()));
        let nanos = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3_600e9,
            "d" => 86_400e9,
            "w" => 604_800e9,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * nanos;
        rest = tail;
    }
    // Casting saturates, and 584 years are enough for everybody.
    (!text.is_empty()).then_some(total as u64)
}

fn to_nanos(micros: u64) -> u64 {
    micros.saturating_mul(1000)
}

fn tags(query: &Query) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    for tag in query.all("tag") {
        let Some((key, value)) = tag.split_once(':') else {
            return Err("unable to parse param 'tag': expected key:value".to_owned());
        };
        found.push((key.to_owned(), value.to_owned()));
    }
    for text in query.all("tags") {
        let failed = "unable to parse param 'tags': expected a JSON object of strings";
        let tags: Map<String, Value> = serde_json::from_str(text).map_err(|_| failed)?;
        for (key, value) in tags {
            let value = match value {
                Value::String(text) => text,
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                _ => return Err(failed.to_owned()),
            };
            found.push((key, value));
        }
    }
    Ok(found)
}

fn trace_ids(query: &Query) -> Result<Vec<TraceId>, String> {
    let mut ids = Vec::new();
    for text in query.all("traceID") {
        let id = trace_id(text).ok_or(
            "unable to parse param 'traceID': expected 1 to 32 hexadecimal digits, not all zero",
        )?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.len() > MAX_IDS {
        return Err(format!("too many values of 'traceID': at most {MAX_IDS}"));
    }
    Ok(ids)
}

/// 1 to 32 hexadecimal digits, filled up with zeros from the left.
pub(super) fn trace_id(text: &str) -> Option<TraceId> {
    let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !hexadecimal || text.is_empty() || text.len() > 32 {
        return None;
    }
    let id = u128::from_str_radix(text, 16).ok()?;
    (id != 0).then(|| id.to_be_bytes())
}

pub(super) fn now_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Search, String> {
        Search::parse(&Query::new(query), 10_000_000_000)
    }

    #[test]
    fn durations() {
        for (text, nanos) in [
            ("100ms", Some(100_000_000)),
            ("1.5s", Some(1_500_000_000)),
            ("1h30m", Some(5_400_000_000_000)),
            ("2d", Some(172_800_000_000_000)),
            ("7us", Some(7_000)),
            ("7µs", Some(7_000)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("s", None),
            ("1.2.3s", None),
            ("-1s", None),
            ("1 s", None),
        ] {
            assert_eq!(duration(text), nanos, "{text:?}");
        }
    }

    #[test]
    fn everything_at_once() {
        let search = parse("service=a%20b&operation=GET+%2F&start=5&end=7&minDuration=1ms&maxDuration=2ms&limit=3&tags=%7B%22error%22%3A%22true%22%2C%22n%22%3A1%7D&tag=k%3Av%3Aw&other=x").unwrap();
        let filter = &search.filter;
        assert_eq!(filter.service.as_deref(), Some("a b"));
        assert_eq!(filter.operation.as_deref(), Some("GET /"));
        assert_eq!((filter.start, filter.end), (Some(5_000), Some(7_999)));
        assert_eq!(filter.min_duration, Some(1_000_000));
        assert_eq!(filter.max_duration, Some(2_000_000));
        assert_eq!(search.limit, 3);
        let mut tags = search.tags.clone();
        tags.sort();
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        assert_eq!(
            tags,
            [pair("error", "true"), pair("k", "v:w"), pair("n", "1")]
        );
    }

    #[test]
    fn lookback_counts_from_the_end_or_from_now() {
        assert_eq!(
            parse("lookback=1h").unwrap().filter.start,
            Some(6_400_000_000_000)
        );
        let search = parse("lookback=1s&end=5000000").unwrap();
        assert_eq!(search.filter.start, Some(4_000_000_000));
        assert_eq!(
            parse("lookback=custom&start=1").unwrap().filter.start,
            Some(1_000)
        );
        assert_eq!(parse("").unwrap().filter.start, None);
        assert_eq!(parse("").unwrap().limit, 20);
    }

    #[test]
    fn bad_values_name_the_parameter() {
        for (query, name) in [
            ("limit=0", "'limit'"),
            ("limit=1501", "'limit'"),
            ("limit=x", "'limit'"),
            ("start=-1", "'start'"),
            ("end=1.5", "'end'"),
            ("lookback=soon", "'lookback'"),
            ("minDuration=5", "'minDuration'"),
            ("minDuration=2s&maxDuration=1s", "'maxDuration'"),
            ("tags=[]", "'tags'"),
            ("tags=%7B%22a%22%3A%5B%5D%7D", "'tags'"),
            ("tag=x", "'tag'"),
            ("traceID=xyz", "'traceID'"),
            ("traceID=0", "'traceID'"),
        ] {
            let message = parse(query).unwrap_err();
            assert!(message.contains(name), "{query}: {message}");
        }
    }

    #[test]
    fn trace_ids_are_filled_up() {
        assert_eq!(trace_id("aB").unwrap()[15], 0xab);
        assert!(trace_id(&"1".repeat(33)).is_none() && trace_id("+1").is_none());
        assert!(trace_id("").is_none() && trace_id("00").is_none());
    }
}
