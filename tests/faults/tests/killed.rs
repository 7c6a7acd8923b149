//! A server that is killed again and again while it takes telemetry, holds traces back and sends
//! them to several places.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aether_faults_tests::books::arrived;
use aether_faults_tests::load::{Load, Shape, text};
use aether_faults_tests::server::Setup;
use aether_faults_tests::sink::{Mood, Sink};
use aether_faults_tests::{number, wait_for};
use opentelemetry_proto::tonic::trace::v1::Status;

/// Traces without an error are not chosen; of the others, some are dropped by a rule, and each goes
/// to one of two backends or to both.
const SHAPE: Shape = Shape {
    text: 3000,
    change: |number, span| {
        if !number.is_multiple_of(4) {
            span.status = Some(Status {
                code: 2,
                ..Status::default()
            });
        }
        span.attributes.push(text("to", place(number)));
    },
};

const ROUTES: &str = "
[[route]]
name = 'noise'
when.attribute.to = 'nowhere'
drop = true
[[route]]
name = 'first'
when.attribute.to = 'a'
to = ['a']
[[route]]
name = 'second'
when.attribute.to = 'b'
to = ['b']
[[route]]
name = 'rest'
to = ['a', 'b']
";

fn place(number: u64) -> &'static str {
    ["both", "a", "b", "a", "b", "nowhere", "both"][usize::try_from(number % 7).unwrap()]
}

/// Those of the spans that are to be at a backend.
fn wanted(at: &str, numbers: &BTreeSet<u64>) -> BTreeSet<u64> {
    let chosen = numbers.iter().filter(|number| !number.is_multiple_of(4));
    let there = chosen.filter(|number| [at, "both"].contains(&place(**number)));
    there.copied().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_accepted_is_lost_by_kill_9() {
    let rounds = number("AETHER_FAULTS_KILLS", 50);
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (Sink::start(Mood::Well).await, Sink::start(Mood::Well).await);
    let tail = "[tail]\nenabled = true\nwait_ms = 100\nshare = 0.0";
    let setup = Setup::new(folder.path(), tail)
        .destination("a", &a, "")
        .destination("b", &b, "")
        .routes(ROUTES);
    let load = Load::new(SHAPE);
    for round in 0..rounds {
        // Some rounds find a backend ill, so that much is waiting when the end comes.
        let moods = [
            Mood::Well,
            Mood::Status(503),
            Mood::Slow(Duration::from_millis(5)),
        ];
        a.mood(moods[usize::try_from(round % 3).unwrap()]);
        b.mood(moods[usize::try_from(round / 3 % 3).unwrap()]);
        let server = setup.start().await;
        let before = load.accepted();
        let working = load.begin(&server, 4, Duration::ZERO);
        wait_for("telemetry flows", async || {
            (load.accepted() > before + 3).then_some(())
        })
        .await;
        // Any moment is as good as another.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let moment = u64::from(now.subsec_micros() % 200);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        server.kill();
        working.ended().await;
    }
    a.mood(Mood::Well);
    b.mood(Mood::Well);
    let server = setup.start().await;
    let ledger = load.ledger();
    assert!(ledger.accepted.len() as u64 > 3 * rounds);
    for (name, sink) in [("a", &a), ("b", &b)] {
        let what = format!("kill -9, {rounds} times, at {name}");
        arrived(&what, sink, &wanted(name, &ledger.accepted), &ledger).await;
    }
    wait_for("nothing is left", async || {
        let status = server.status().await;
        let held = status.0["tail"]["spans"].as_u64().unwrap();
        let queued = status.queue("a", "items") + status.queue("b", "items");
        (held + queued == 0).then_some(())
    })
    .await;
    // What was under way when the server went may be there; what the rules keep away may not.
    let mut sent = ledger.accepted.clone();
    sent.extend(&ledger.open);
    for (name, sink) in [("a", &a), ("b", &b)] {
        let wanted = wanted(name, &sent);
        assert!(sink.spans().is_subset(&wanted), "not for {name}");
    }
    let status = server.status().await;
    assert_eq!(
        status.storage_number("damaged"),
        0,
        "a crash damages nothing"
    );
}
