//! Secrets are written and never shown, and not sent to a host that they were not meant for.

use std::sync::{Arc, Mutex};

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::sink::Mood;
use super::*;

const SECRET: &str = "hunter2-of-the-file";

/// Everything that is logged by this process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_stay_where_they_are() {
    let log = Log::default();
    let writer = log.clone();
    let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
    tracing_subscriber::registry().with(layer).init();
    let folder = Folder::new("secrets");
    let sink = Sink::start(Mood::Well).await;
    let text = table("a", &sink)
        + &format!(
            "headers = {{ authorization = \"{SECRET}\", x-env = {{ env = \"TEAM\" }} }} # key\n\
             # before: key={SECRET}\n[relay]\nkeys = {{ shop = \"{SECRET}\" }}\n"
        );
    std::fs::write(file(&folder), general(&folder) + &text).unwrap();
    let telemetry = started(&folder, &[("TEAM", "hunter2-of-the-environment")]);
    let mut answers = vec![get(&telemetry).await];
    let mut config = answers[0].body.clone();
    let headers = &config["destinations"][0]["headers"];
    assert_eq!(headers["authorization"], "****");
    assert_eq!(headers["x-env"], json!({ "env": "TEAM" }));
    let request = Request::get("/config").header("accept", "application/toml");
    let toml = answer(&telemetry, request.body(Body::empty()).unwrap()).await;
    assert!(
        toml.text.contains("authorization = \"****\""),
        "{}",
        toml.text
    );
    assert!(toml.text.contains("shop = \"****\""), "{}", toml.text);

    // The mask, and leaving it out, keep it; so does the whole file with masks.
    config["destinations"][0]["compression"] = "gzip".into();
    answers.push(put(&telemetry, "/config", config.clone()).await);
    let mut settings = config["destinations"][0].clone();
    settings.as_object_mut().unwrap().remove("headers");
    answers.push(put(&telemetry, "/destinations/a", settings.clone()).await);
    let masked = toml.text.replace("# mine", "# ours");
    answers.push(put_file(&telemetry, masked).await);
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let kept = folder.read("telemetry.toml");
        assert_eq!(kept.matches(SECRET).count(), 3, "{kept}");
    }
    let kept = folder.read("telemetry.toml");
    assert!(kept.contains("# ours") && kept.contains("# key"), "{kept}");

    // Another host does not get it.
    settings["endpoint"] = "http://127.0.0.2:1".into();
    let moved = put(&telemetry, "/destinations/a", settings.clone()).await;
    assert_eq!(
        moved.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        moved.text
    );
    assert_eq!(moved.body["problems"][0]["pointer"], "/headers");
    let moved_file = toml.text.replace(&sink.base(), "http://127.0.0.2:1");
    let moved_too = put_file(&telemetry, moved_file).await;
    assert_eq!(
        moved_too.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        moved_too.text
    );
    let path = "/destinations/a/test";
    let tested = ask(&telemetry, Method::POST, path, "", Some(settings.clone())).await;
    assert_eq!(
        tested.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        tested.text
    );
    settings["headers"] = json!({ "authorization": null });
    let moved = put(&telemetry, "/destinations/a", settings).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
    let headers = &moved.body["destinations"][0]["headers"];
    assert_eq!(*headers, json!({ "x-env": { "env": "TEAM" } }));

    // What cannot be used is told without its value.
    let broken = json!({ "endpoint": sink.base(), "headers": { "bad name": SECRET } });
    let broken = put(&telemetry, "/destinations/b", broken).await;
    assert_eq!(
        broken.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        broken.text
    );
    answers.extend([toml, moved_too, tested, moved, broken]);
    answers.push(ask(&telemetry, Method::GET, "/config/versions", "", None).await);
    answers.push(ask(&telemetry, Method::GET, "/status", "", None).await);
    for answer in answers {
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("the destination a was set"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}
