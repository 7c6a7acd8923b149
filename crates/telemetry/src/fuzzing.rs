//! What must hold for any bytes whatsoever that come in from outside. Shared by the fuzz targets in
//! `fuzz/` and by the replay of their seeds.

use std::net::IpAddr;

use bytes::Bytes;

use crate::admin::fuzzing as admin;
use crate::delivery::fuzzing as delivery;
use crate::live::fuzzing as live;
use crate::otlp::survey::{Unfit, survey};
use crate::otlp::wire::Fields;
use crate::otlp::{count, json, to_json, validate};
use crate::relay::fuzzing as relay;
use crate::{Config, ConfigError, LiveChange, Network, OriginPattern, Signal};

/// As many bytes as a relay would decode.
const MAX_DECODED: usize = 1024 * 1024;

/// A request in protobuf; the first byte says of which signal.
pub fn protobuf(data: &[u8]) {
    let Some((signal, request)) = signal(data) else {
        return;
    };
    through_the_relay(signal, request);
}

/// A request in JSON; the first byte says of which signal.
pub fn json(data: &[u8]) {
    let Some((signal, text)) = signal(data) else {
        return;
    };
    let Ok(request) = json::to_protobuf(signal, text) else {
        return;
    };
    assert!(
        Fields::new(&request).all(|field| field.is_ok()),
        "what is translated is protobuf"
    );
    through_the_relay(signal, &request);
}

fn through_the_relay(signal: Signal, request: &[u8]) {
    let before = match survey(signal, request, MAX_DECODED) {
        Err(Unfit::Heavy) => return,
        before => before.map(|survey| survey.items),
    };
    let decoded = validate::check(signal, &Bytes::copy_from_slice(request));
    assert_eq!(
        before.as_ref().ok(),
        decoded.as_ref().ok(),
        "the decoder agrees: {before:?}, {decoded:?}"
    );
    let Some(treated) = relay::treat(signal, request) else {
        return;
    };
    let treated = Bytes::from(treated);
    let after = validate::check(signal, &treated);
    let (Ok(before), Ok(after)) = (&before, &after) else {
        assert!(before.is_err(), "a good request stays one: {after:?}");
        return;
    };
    // Data points may become fewer, spans and records never.
    let same = before == after;
    assert!(same || (signal == Signal::Metrics && after < before));
    relay::assert_marked(signal, &treated);
    // What is sent on as JSON means the same.
    let Ok(text) = to_json::to_json(signal, &treated) else {
        return;
    };
    let again = json::to_protobuf(signal, text.as_bytes()).expect("what is written is read");
    assert_eq!(count::items(signal, &again), Ok(*after));
}

fn signal(data: &[u8]) -> Option<(Signal, &[u8])> {
    let (first, rest) = data.split_first()?;
    let signal = Signal::ALL.get(usize::from(first % 3))?;
    Some((*signal, rest))
}

/// Lists of headers and what else arrives as text: line by line a forwarded chain, an origin, a
/// pattern, a network, a query, pairs of a setting.
pub fn headers(text: &str) {
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (chain, origin, pattern, network) = (next(), next(), next(), next());
    for header in ["x-forwarded-for", "forwarded"] {
        if let Some(address) = relay::forwarded(header, chain) {
            // Nobody but the last trusted proxy wrote it, so it stands in the chain.
            let text = address.to_string();
            assert!(text.parse::<IpAddr>().is_ok());
        }
    }
    if let Ok(pattern) = OriginPattern::parse(pattern) {
        let again = OriginPattern::parse(&pattern.to_string());
        assert_eq!(again.as_ref(), Ok(&pattern), "what is shown means the same");
        if pattern.matches(origin) && !pattern.is_any() {
            assert!(origin.contains("://"), "{origin}");
        }
    }
    if let Ok(network) = Network::parse(network) {
        let _ = network.contains(IpAddr::from([127, 0, 0, 1]));
    }
    relay::query(next());
    relay::pairs(next());
}

/// A file of settings.
pub fn settings(text: &str) {
    match (read(text), read(text)) {
        (Ok(config), Ok(again)) => {
            assert_eq!(config, again, "the same text means the same");
            let _ = format!("{config:?}");
            delivery::ready(&config);
        }
        (Err(error), Err(_)) => {
            assert!(!error.problems().is_empty(), "{error}");
            for problem in error.problems() {
                assert!(!problem.remedy.is_empty(), "{problem:?}");
                assert!(error.to_string().contains(&problem.place), "{error}");
            }
        }
        (one, other) => panic!("the same text is read in two ways: {one:?} {other:?}"),
    }
}

/// Rules and what goes through them, a request in protobuf behind a NUL byte; its first byte says of
/// which signal.
pub fn routes(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let text = parts.next().and_then(|text| std::str::from_utf8(text).ok());
    let (Some(text), Some((signal, request))) = (text, parts.next().and_then(signal)) else {
        return;
    };
    let known = "[[destination]]\nname = 'a'\nendpoint = 'http://a'\n[[destination]]\nname = 'b'\nendpoint = 'http://b'\nsignals = ['traces']\n";
    if let Ok(config) = read(&format!("{known}{text}")) {
        delivery::follow(&config, signal, &Bytes::copy_from_slice(request));
    }
}

/// A body of the API that changes settings: behind a first byte the settings as JSON, one destination
/// as JSON, the file as TOML, or rules as TOML.
pub fn admin(data: &[u8]) {
    let Some((first, body)) = data.split_first() else {
        return;
    };
    let change = match first % 4 {
        0 => admin::change("application/json", body),
        1 => serde_json::from_slice(body)
            .ok()
            .map(|settings| LiveChange::Destination {
                name: "a".to_owned(),
                settings,
            }),
        2 => admin::change("application/toml", body),
        _ => std::str::from_utf8(body)
            .ok()
            .and_then(|text| crate::live::routes(text).ok())
            .map(|routes| LiveChange::Settings {
                destinations: None,
                routes: Some(routes),
            }),
    };
    if let Some(change) = change {
        live::check(&change, body);
    }
}

/// Reads settings from a file that holds a text, and nothing else.
fn read(text: &str) -> Result<Config, ConfigError> {
    thread_local! {
        static FILE: std::path::PathBuf = std::env::temp_dir().join(format!(
            "aether-fuzzing-{}-{:?}.toml",
            std::process::id(),
            std::thread::current().id()
        ));
    }
    FILE.with(|file| {
        std::fs::write(file, text).expect("the temporary folder can be written to");
        let path = file.to_string_lossy().into_owned();
        let config =
            Config::from_lookup(|name| (name == "AETHER_TELEMETRY_CONFIG").then(|| path.clone()));
        let _ = std::fs::remove_file(file);
        config
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Changed inputs for each seed; `AETHER_FUZZ_ROUNDS` asks for more.
    const ROUNDS: u64 = 100;

    /// `every`: one in so many of the inputs, for a target that is slow.
    fn replay(target: &str, every: usize, check: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
        let entries = std::fs::read_dir(folder.join(target)).expect("part of the sources");
        let seeds: Vec<_> = entries
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
            .collect();
        assert!(!seeds.is_empty(), "no seeds for {target}");
        let rounds = std::env::var("AETHER_FUZZ_ROUNDS").ok();
        let rounds = rounds.and_then(|rounds| rounds.parse().ok());
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ rounds.unwrap_or(ROUNDS));
        for seed in &seeds {
            // Every prefix is an input of its own: cut short in the middle of anything.
            for end in (0..=seed.len()).rev().step_by(every) {
                check(&seed[..end]);
            }
            for _ in 0..rounds.unwrap_or(ROUNDS / every as u64) {
                let changed = changed(seed, &seeds, &mut dice);
                let run = std::panic::AssertUnwindSafe(|| check(&changed));
                if std::panic::catch_unwind(run).is_err() {
                    panic!(
                        "{target} fails for {:?}",
                        changed.escape_ascii().to_string()
                    );
                }
            }
        }
    }

    /// Numbers that look random and are the same each time (xorshift64*).
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
            usize::try_from(number).unwrap() % bound.max(1)
        }
    }

    /// A seed with some bytes changed, gone, doubled, or from another seed.
    fn changed(seed: &[u8], seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=dice.below(4) {
            let at = dice.below(bytes.len());
            let length = dice.below(24).min(bytes.len() - at);
            match dice.below(6) {
                0 => bytes
                    .iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|b| *b ^= 1 << dice.below(8)),
                1 => bytes
                    .iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|b| *b = dice.below(256) as u8),
                2 => drop(bytes.drain(at..at + length)),
                3 => {
                    let part = bytes[at..at + length].to_vec();
                    let to = dice.below(bytes.len());
                    bytes.splice(to..to, part);
                }
                4 => {
                    let other = &seeds[dice.below(seeds.len())];
                    let from = dice.below(other.len());
                    let part = other.iter().skip(from).take(dice.below(64)).copied();
                    bytes.splice(at..at + length, part);
                }
                _ => bytes.insert(
                    at,
                    [0, 1, 0x7f, 0x80, 0xff, b'"', b'\\', b'{'][dice.below(8)],
                ),
            }
        }
        bytes
    }

    #[test]
    fn protobuf() {
        replay("protobuf", 1, super::protobuf);
    }

    #[test]
    fn json() {
        replay("json", 1, super::json);
    }

    #[test]
    fn headers() {
        replay("headers", 1, |bytes| {
            if let Ok(text) = std::str::from_utf8(bytes) {
                super::headers(text);
            }
        });
    }

    #[test]
    fn settings() {
        replay("settings", 4, |bytes| {
            if let Ok(text) = std::str::from_utf8(bytes) {
                super::settings(text);
            }
        });
    }

    #[test]
    fn admin() {
        replay("admin", 10, super::admin);
    }

    #[test]
    fn routes() {
        replay("routes", 10, super::routes);
    }
}
