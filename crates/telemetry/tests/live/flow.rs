//! Nothing is lost, and nobody is disturbed, whatever is changed while telemetry flows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aether_telemetry::{CircuitState, DestinationState, Outcome};

use super::sink::Mood;
use super::support::count;
use super::*;

/// One destination is edited again and again, also to a dead address and back, while both are under
/// load; a third one comes and is drained.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_arrives_whatever_is_edited() {
    let folder = Folder::new("edited");
    let (first, second) = (Sink::start(Mood::Well).await, Sink::start(Mood::Well).await);
    let third = Sink::start(Mood::Well).await;
    let telemetry = start(
        &folder,
        &(table("first", &first) + &table("second", &second)),
    );
    opened(&telemetry).await;
    let over = Arc::new(AtomicBool::new(false));
    let load = {
        let (telemetry, over) = (telemetry.clone(), Arc::clone(&over));
        tokio::spawn(async move {
            let (mut accepted, mut next) = (BTreeSet::new(), 0);
            while !over.load(Ordering::Relaxed) {
                accepted.extend(send(&telemetry, next..next + 10).await);
                next += 10;
            }
            accepted
        })
    };
    let before = state(&telemetry, "first").unwrap();
    for round in 0..5 {
        let mut settings = destination("second", &second);
        settings["timeout_ms"] = (1000 + round).into();
        settings["endpoint"] = "http://127.0.0.1:1".into();
        let answer = put(&telemetry, "/destinations/second", settings.clone()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        wait_for("it fails there", || {
            (state(&telemetry, "second")?.circuit.state != CircuitState::Closed).then_some(())
        })
        .await;
        let waiting = state(&telemetry, "second").unwrap().queue.requests;
        settings["endpoint"] = second.base().into();
        let answer = put(&telemetry, "/destinations/second", settings).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let (had, base) = (second.spans().len(), waiting);
        wait_for("what waited is sent", || {
            (second.spans().len() >= had + base.min(1)).then_some(())
        })
        .await;
        let name = format!("guest {round}");
        let path = format!("/destinations/guest%20{round}");
        let answer = put(&telemetry, &path, destination(&name, &third)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        wait_for("the guest gets something", || {
            state(&telemetry, &name)?.last_success()
        })
        .await;
        let answer = post(&telemetry, &format!("{path}/drain")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        wait_for("the guest is gone", || {
            state(&telemetry, &name).is_none().then_some(())
        })
        .await;
    }
    over.store(true, Ordering::Relaxed);
    let accepted = load.await.unwrap();
    assert!(accepted.len() > 50, "{}", accepted.len());
    arrived("all at the first", &first, &accepted).await;
    arrived("all at the second", &second, &accepted).await;
    let after = state(&telemetry, "first").unwrap();
    assert_eq!(after.circuit, before.circuit, "it was not touched");
    assert_eq!(first.duplicates(), 0, "nor was anything sent there twice");
    let status = telemetry.status();
    let dropped = status
        .counts
        .iter()
        .filter(|c| c.outcome == Outcome::Dropped);
    assert_eq!(dropped.count(), 0, "{:?}", status.counts);
    assert!(!folder.read("telemetry.toml").contains("guest"));
    assert!(folder.read("telemetry.toml").contains("# mine"));
}

trait Succeeded {
    fn last_success(&self) -> Option<()>;
}

impl Succeeded for aether_telemetry::DestinationStatus {
    fn last_success(&self) -> Option<()> {
        self.health.last_success_ms.map(|_| ())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_paused_waits_also_over_a_restart() {
    let folder = Folder::new("paused");
    let (sink, other) = (Sink::start(Mood::Well).await, Sink::start(Mood::Well).await);
    let telemetry = start(&folder, &(table("a", &sink) + &table("b", &other)));
    opened(&telemetry).await;
    let answer = post(&telemetry, "/destinations/a/pause").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.body["paused"], json!(["a"]));
    let accepted = send(&telemetry, 0..20).await;
    arrived("the other is sent to", &other, &accepted).await;
    let paused = state(&telemetry, "a").unwrap();
    assert_eq!(paused.state, DestinationState::Paused);
    assert_eq!((paused.queue.items, sink.requests()), (20, 0));
    let report = telemetry.shutdown(std::time::Duration::from_secs(5)).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.kept.iter().map(|kept| kept.items).sum::<u64>(), 20);

    let again = started(&folder, &[]);
    opened(&again).await;
    let paused = state(&again, "a").unwrap();
    assert_eq!(paused.state, DestinationState::Paused);
    wait_for("what waits was found", || {
        (state(&again, "a")?.queue.items == 20).then_some(())
    })
    .await;
    assert_eq!(sink.requests(), 0);
    assert_eq!(
        post(&again, "/destinations/a/resume").await.status,
        StatusCode::OK
    );
    arrived("it is sent after all", &sink, &accepted).await;
    assert!(!folder.read("telemetry.toml").contains("paused ="));
}

/// What is drained gets nothing new, and what waits although it is down for a while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_drained_gets_what_waits_and_is_gone() {
    let folder = Folder::new("drained");
    let (sink, other) = (
        Sink::start(Mood::Status(503)).await,
        Sink::start(Mood::Well).await,
    );
    let text = table("a", &sink) + &table("b", &other);
    let text = text + "\n[[route]]\nname = \"both\"\nto = [\"a\", \"b\"]\n";
    let telemetry = start(&folder, &text);
    opened(&telemetry).await;
    let before = send(&telemetry, 0..10).await;
    let refused = post(&telemetry, "/destinations/a/drain").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.detail().contains("it sends to `a`"),
        "{}",
        refused.text
    );
    assert_eq!(refused.body["problems"][0]["pointer"], "/routes/0");
    let rules = json!({ "routes": [{ "name": "one", "to": ["b"] }] });
    assert_eq!(
        put(&telemetry, "/routes", rules).await.status,
        StatusCode::OK
    );
    assert_eq!(
        post(&telemetry, "/destinations/a/drain").await.status,
        StatusCode::OK
    );
    let after = send(&telemetry, 10..20).await;
    arrived("the other gets all", &other, &after).await;
    let draining = state(&telemetry, "a").unwrap();
    assert_eq!(draining.state, DestinationState::Draining);
    assert_eq!(draining.queue.items, 10);
    sink.mood(Mood::Well);
    arrived("what waited is sent", &sink, &before).await;
    wait_for("it is gone", || {
        state(&telemetry, "a").is_none().then_some(())
    })
    .await;
    assert!(sink.spans().is_disjoint(&after));
    wait_for("it is gone from the file", || {
        (!folder.read("telemetry.toml").contains("\"a\"")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_dropped_only_where_that_is_said() {
    let folder = Folder::new("deleted");
    let (sink, other) = (
        Sink::start(Mood::Hangs).await,
        Sink::start(Mood::Well).await,
    );
    let telemetry = start(&folder, &(table("a", &sink) + &table("b", &other)));
    opened(&telemetry).await;
    let accepted = send(&telemetry, 0..10).await;
    arrived("the other gets all", &other, &accepted).await;
    let refused = ask(&telemetry, Method::DELETE, "/destinations/a", "*", None).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    assert!(
        refused.detail().contains("10 items wait for a"),
        "{}",
        refused.text
    );
    let list = json!({ "destinations": [destination("b", &other)] });
    let refused = put(&telemetry, "/config", list.clone()).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    let path = "/config?discard=true";
    let gone = ask(&telemetry, Method::PUT, path, "*", Some(list)).await;
    assert_eq!(gone.status, StatusCode::OK, "{}", gone.text);
    assert!(state(&telemetry, "a").is_none());
    wait_for("what waited is counted", || {
        let dropped = count(&telemetry.status(), Outcome::Dropped, "a", "deleted");
        (dropped == 10).then_some(())
    })
    .await;
    let nothing = ask(&telemetry, Method::DELETE, "/destinations/a", "*", None).await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    // Nothing of it comes back after a restart.
    telemetry.shutdown(std::time::Duration::from_secs(5)).await;
    let again = started(&folder, &[]);
    opened(&again).await;
    assert_eq!(again.status().storage.unwrap().recovered, 0);
}

/// What a destination left when it was taken out of the file is sent when it is added again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_back_gets_what_waited() {
    let folder = Folder::new("back");
    let (sink, other) = (
        Sink::start(Mood::Status(503)).await,
        Sink::start(Mood::Well).await,
    );
    let telemetry = start(&folder, &(table("a", &sink) + &table("b", &other)));
    opened(&telemetry).await;
    let accepted = send(&telemetry, 0..10).await;
    arrived("the other gets all", &other, &accepted).await;
    telemetry.shutdown(std::time::Duration::from_secs(5)).await;
    std::fs::write(file(&folder), general(&folder) + &table("b", &other)).unwrap();
    let again = started(&folder, &[]);
    opened(&again).await;
    sink.mood(Mood::Well);
    let answer = put(&again, "/destinations/a", destination("a", &sink)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    arrived("what waited", &sink, &accepted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rates_latency_and_history() {
    let folder = Folder::new("rates");
    let sink = Sink::start(Mood::Well).await;
    let telemetry = start(&folder, &table("a", &sink));
    opened(&telemetry).await;
    let accepted = send(&telemetry, 0..20).await;
    arrived("all", &sink, &accepted).await;
    let status = wait_for("it is counted", || {
        let status = state(&telemetry, "a")?;
        // Batches that waited went together.
        let all = status.latency.requests == sink.requests();
        all.then_some(status)
    })
    .await;
    assert!(
        status.rates.incoming > 0.0 && status.rates.outgoing > 0.0,
        "{status:?}"
    );
    assert!(status.latency.p50_ms <= status.latency.p95_ms, "{status:?}");
    sink.mood(Mood::Status(503));
    send(&telemetry, 20..21).await;
    wait_for("it is repeated", || {
        (state(&telemetry, "a")?.rates.retries > 0.0).then_some(())
    })
    .await;
    let history = ask(&telemetry, Method::GET, "/history", "", None).await;
    assert_eq!(history.body["every_ms"], 5000);
    assert!(
        history.body["destinations"]["a"]["in"].is_array(),
        "{}",
        history.text
    );
}
