//! A command that counts the words of files, with telemetry and without Socket.IO or HTTP.

use std::process::ExitCode;
use std::{env, fs, io};

use aether_telemetry::{SHUTDOWN_TIMEOUT, Telemetry};
use opentelemetry::global;
use tracing_subscriber::prelude::*;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let telemetry = Telemetry::builder()
        .default_service_name("job")
        .panic_hook(true)
        .build();
    let telemetry = match telemetry {
        Ok(telemetry) => telemetry,
        // Only where AETHER_TELEMETRY_STRICT asks for it.
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    tracing_subscriber::registry()
        .with(telemetry.tracing_layer())
        .init();

    let files: Vec<_> = env::args().skip(1).collect();
    let failed = count_all(&files);

    // A short program has exported nothing yet: this is where everything is sent.
    let report = telemetry.shutdown(SHUTDOWN_TIMEOUT).await;
    if report.stopped {
        eprintln!("{report}");
    }
    ExitCode::from(u8::from(failed > 0 || !report.is_complete()))
}

/// One span for the whole job; those of the files are its children.
#[tracing::instrument(name = "count all", skip_all, fields(files = files.len()))]
fn count_all(files: &[String]) -> usize {
    let words = global::meter("job").u64_counter("job.words").build();
    let mut failed = 0;
    for file in files {
        match count(file) {
            Ok(count) => {
                words.add(count, &[]);
                println!("{count} {file}");
            }
            Err(error) => {
                failed += 1;
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "a file was left out");
            }
        }
    }
    tracing::info!(failed, "done");
    failed
}

#[tracing::instrument(name = "count")]
fn count(file: &str) -> io::Result<u64> {
    let text = fs::read_to_string(file)?;
    Ok(text.split_whitespace().count() as u64)
}
