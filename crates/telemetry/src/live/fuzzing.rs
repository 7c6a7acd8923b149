//! What must hold for any change that somebody asks for. For the fuzz targets.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock, Mutex, Weak};

use opentelemetry_sdk::Resource;

use super::document::Document;
use super::inner::{Inner, Started, State, key, named};
use super::{LiveChange, LiveError, Movable};
use crate::check::Checker;
use crate::config::{Given, read_all};
use crate::delivery::{Delivery, fuzzing as delivery};
use crate::page::Pages;
use crate::pipeline::Sampling;
use crate::relay::Relay;

/// Stands in the file, and in no answer.
const SECRET: &str = "hunter2-of-the-file";

const FILE: &str = r#"# about all
hash_key = "hunter2-of-the-file"
[[destination]]
name = "a"
endpoint = "https://hunter2-of-the-file:x@a.example/x?key=hunter2-of-the-file"
headers = { key = "hunter2-of-the-file", other = { env = "OTHER" } } # key = hunter2-of-the-file
[[destination]]
endpoint = "http://b:4318"
signals = ["traces", "logs"]
retry.max_ms = 5_000
[[route]]
name = "errors"
when = { status = "error", attribute = { "user.id" = { glob = "a*" } } }
to = ["a"]
continue = true
[relay]
keys = { shop = "hunter2-of-the-file" }
"#;

/// A telemetry's settings, whose file is nowhere.
static INNER: LazyLock<Inner> = LazyLock::new(|| {
    let given = Given::default();
    let environment = |name: &str| (name == "OTHER").then(|| "value".to_owned());
    let parsed = read_all(&given, &environment, Some(named(None, FILE))).expect("it is good");
    let config = parsed.config.clone();
    let document = Document::parse(FILE).expect("it is TOML");
    let started = Delivery::start(&config, None).expect("there are threads");
    let started = Arc::new(started);
    let relay = Relay::new(Arc::clone(&started), &config).expect("it is good");
    Inner {
        given,
        environment: Arc::new(environment),
        path: None,
        movable: Movable {
            delivery: started,
            checker: Arc::new(Checker::new(&config, Resource::builder_empty().build())),
            relay: Arc::new(relay),
            pages: Arc::new(Pages::new(&config.page)),
            sampling: Sampling::new(config.sampler),
        },
        key: ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key()),
        started: Started {
            document: document.clone(),
            config,
        },
        state: Mutex::new(State {
            text: FILE.to_owned(),
            document,
            parsed,
        }),
        emptying: AtomicBool::new(false),
        this: Weak::new(),
    }
});

/// What would be in force after a change.
fn changed(state: &State, change: &LiveChange) -> Result<State, LiveError> {
    let proposal = INNER.propose(state, change, None)?;
    let parsed = INNER.judge(state, &proposal, true)?;
    Ok(State {
        text: proposal.text,
        document: proposal.document,
        parsed,
    })
}

/// A change is refused with reasons, or what it comes to can be made, shown and sent back as it is.
/// Secrets are in neither.
pub(crate) fn check(change: &LiveChange, asked: &[u8]) {
    let state = INNER.lock();
    // Whoever writes it may read it.
    let says_it = asked
        .windows(SECRET.len())
        .any(|part| part == SECRET.as_bytes());
    let assert_masked = |text: &str| assert!(says_it || !text.contains(SECRET), "{text}");
    let next = match changed(&state, change) {
        Ok(next) => next,
        Err(error) => {
            assert_masked(&error.to_string());
            if let LiveError::Invalid(problems) = &error {
                assert!(!problems.is_empty());
                for problem in problems {
                    assert!(!problem.remedy.is_empty(), "{problem:?}");
                    assert!(problem.pointer.is_empty() || problem.pointer.starts_with('/'));
                }
            }
            return;
        }
    };
    let view = INNER.view(&next, &state);
    assert_masked(&serde_json::to_string(&view).expect("it is JSON"));
    let masked = next.document.masked();
    assert_masked(&masked);
    delivery::ready(&next.parsed.config);
    let destinations = &next.parsed.config.destinations;
    let names: BTreeSet<_> = destinations.iter().map(|one| &one.name).collect();
    assert_eq!(names.len(), destinations.len(), "{names:?}");
    for again in [
        LiveChange::Settings {
            destinations: Some(view.destinations),
            routes: Some(view.routes),
        },
        LiveChange::File(masked),
    ] {
        let mut again = changed(&next, &again).unwrap_or_else(|error| {
            panic!("what is shown can be sent back: {error}\n{}", next.text)
        });
        // They name lines, and names that are gone.
        let warnings = &next.parsed.config.warnings;
        again.parsed.config.warnings.clone_from(warnings);
        assert_eq!(again.parsed.config, next.parsed.config, "{}", next.text);
    }
}
