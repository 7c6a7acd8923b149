//! Readers for single values: booleans, numbers, `key=value` lists.
//!
//! They follow the OpenTelemetry specification of environment variables
//! (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>): an empty
//! value means "not set", surrounding white space does not count, enumerations ignore case.
//! Errors are plain sentences that say what is allowed; the caller adds variable and value.

use std::time::Duration;

use tracing::level_filters::LevelFilter;

/// `true` or `false`; `1` and `0` are understood too.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("expected `true` or `false`".to_owned()),
    }
}

/// A probability from 0 to 1.
pub(super) fn ratio(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 0 to 1, for example 0.25".to_owned()),
    }
}

/// A whole number of milliseconds, at least 1.
pub(super) fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse::<u32>() {
        Ok(value) if value > 0 => Ok(Duration::from_millis(u64::from(value))),
        _ => Err("expected a whole number of milliseconds, at least 1".to_owned()),
    }
}

/// A whole number of something, at least 1.
pub(super) fn count(text: &str) -> Result<usize, String> {
    match text.parse::<u32>() {
        Ok(value) if value > 0 => Ok(value as usize),
        _ => Err("expected a whole number, at least 1".to_owned()),
    }
}

/// A limit: a whole number, of which 0 means none at all.
pub(super) fn limit(text: &str) -> Result<u32, String> {
    let expected = |_| "expected a whole number, 0 or more".to_owned();
    text.parse::<u32>().map_err(expected)
}

/// How much is logged. The names are those of the other OpenTelemetry SDKs.
pub(super) fn log_level(text: &str) -> Result<LevelFilter, String> {
    match text.to_ascii_lowercase().as_str() {
        "none" | "off" => Ok(LevelFilter::OFF),
        "error" => Ok(LevelFilter::ERROR),
        "warn" | "warning" => Ok(LevelFilter::WARN),
        "info" => Ok(LevelFilter::INFO),
        "debug" => Ok(LevelFilter::DEBUG),
        "verbose" | "trace" | "all" => Ok(LevelFilter::TRACE),
        _ => Err("expected none, error, warn, info, debug or verbose".to_owned()),
    }
}

/// A size in bytes within `min..=max`.
pub(super) fn bytes(text: &str, min: usize, max: usize) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(value) if (min..=max).contains(&value) => Ok(value),
        _ => Err(format!(
            "expected a whole number of bytes from {min} to {max}"
        )),
    }
}

/// A list `key=value,key=value`, values percent-encoded where they hold a comma.
///
/// Only the first `=` separates, so `Authorization=Basic YTpi==` keeps its padding. Empty entries
/// (a trailing comma) are ignored. The same grammar serves headers and resource attributes:
/// <https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables>.
pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    for (position, entry) in text.split(',').enumerate() {
        let entry = entry.trim();
        if entry.is_empty() {
            continue;
        }
        let Some((key, value)) = entry.split_once('=') else {
            return Err(format!(
                "entry {} has no `=`; expected key=value,key=value, a comma in a value written as %2C",
                position + 1
            ));
        };
        let key = percent_decode(key.trim())?;
        if key.is_empty() {
            return Err(format!(
                "entry {} has an empty key; expected key=value,key=value",
                position + 1
            ));
        }
        found.push((key, percent_decode(value.trim())?));
    }
    Ok(found)
}

/// `list` with one more `key=value`, encoded so that [`pairs`] gives both back as they are.
pub(super) fn append_pair(list: &str, key: &str, value: &str) -> String {
    let separator = if list.is_empty() { "" } else { "," };
    let (key, value) = (percent_encode(key), percent_encode(value));
    format!("{list}{separator}{key}={value}")
}

/// Writes as `%XX` what the grammar of [`pairs`] uses itself.
fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | ',' | '=') || character.is_whitespace() {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        } else {
            out.push(character);
        }
    }
    out
}

/// Replaces `%XX` by the byte it stands for.
///
/// A `%` that no two hexadecimal digits follow stays as it is: base64 and tokens never hold one,
/// and guessing would change a secret silently.
pub(super) fn percent_decode(text: &str) -> Result<String, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let decoded = match (first, tail) {
            (b'%', [high, low, ..]) => hex_digit(*high)
                .zip(hex_digit(*low))
                .map(|(high, low)| high << 4 | low),
            _ => None,
        };
        if let Some(byte) = decoded {
            out.push(byte);
            rest = &tail[2..];
        } else {
            out.push(first);
            rest = tail;
        }
    }
    String::from_utf8(out).map_err(|_| "percent-decodes to something that is not UTF-8".to_owned())
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_keep_equals_signs_and_decode_percent() {
        let found = pairs("Authorization=Basic YTpi==, x-key = a%2Cb%20c ,").unwrap();
        assert_eq!(
            found,
            [
                ("Authorization".to_owned(), "Basic YTpi==".to_owned()),
                ("x-key".to_owned(), "a,b c".to_owned()),
            ]
        );
    }

    #[test]
    fn pairs_refuse_what_is_no_pair() {
        for bad in ["abc", "a=1,bcd", "=1", "a=%ff"] {
            assert!(pairs(bad).is_err(), "{bad} was accepted");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_appended_comes_back(
            entries in proptest::collection::vec((proptest::prelude::any::<String>(), proptest::prelude::any::<String>()), 0..4)
        ) {
            let entries: Vec<_> = entries.into_iter().filter(|(key, _)| !key.is_empty()).collect();
            let mut list = String::new();
            for (key, value) in &entries {
                list = append_pair(&list, key, value);
            }
            proptest::prop_assert_eq!(pairs(&list).unwrap(), entries);
        }
    }

    #[test]
    fn percent_decoding_leaves_lone_percent_signs() {
        assert_eq!(percent_decode("100%").unwrap(), "100%");
        assert_eq!(percent_decode("%zz%4").unwrap(), "%zz%4");
        assert_eq!(percent_decode("%e2%82%AC").unwrap(), "€");
    }

    #[test]
    fn numbers_are_bounded() {
        assert!(ratio("1.1").is_err() && ratio("NaN").is_err() && ratio("-0.1").is_err());
        assert_eq!(ratio("0.5"), Ok(0.5));
        assert!(milliseconds("0").is_err() && milliseconds("-1").is_err());
        assert!(count("1e3").is_err());
        assert!(bytes("10", 11, 20).is_err() && bytes("12", 11, 20).is_ok());
        assert!(boolean("yes").is_err() && boolean("TRUE") == Ok(true));
    }
}
