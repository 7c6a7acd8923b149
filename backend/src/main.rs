//! The program `aetherterm`: settings in, exit code out.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use aetherterm_backend::{Check, Cli, Settings, Task, exit_code, serve};
use clap::Parser;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> ExitCode {
    match Cli::parse().into_task() {
        Task::Serve(settings) => run(*settings),
        Task::Check(check) => check_backends(&check),
    }
}

/// Prints what every backend answered. Nothing else is written: no log, no telemetry of its own.
fn check_backends(check: &Check) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("aetherterm: the system gives no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let report = runtime.block_on(check.run());
    // Whoever has closed standard output still gets the exit code.
    let _ = writeln!(std::io::stdout(), "{}", check.show(&report));
    exit_code(&report)
}

fn run(settings: Settings) -> ExitCode {
    let mut filter = match EnvFilter::try_new(&settings.log) {
        Ok(filter) => filter,
        Err(error) => {
            eprintln!(
                "aetherterm: AETHERTERM_LOG is not a filter: {error}; write a level such as info"
            );
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("aetherterm: the system gives no threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    // Telemetry first, because the log goes through it.
    let telemetry = match settings.start_telemetry() {
        Ok(telemetry) => telemetry,
        Err(error) => {
            eprintln!("aetherterm: {error}");
            return ExitCode::from(2);
        }
    };
    for directive in telemetry.log_directives() {
        // They are made of names and a level, so they are directives.
        if let Ok(directive) = directive.parse() {
            filter = filter.add_directive(directive);
        }
    }
    tracing_subscriber::registry()
        .with(filter)
        .with(telemetry.tracing_layer())
        .with(
            tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(std::io::stderr().is_terminal()),
        )
        .init();
    let result = runtime.block_on(serve(settings, telemetry));
    // Threads that wait for a shell that does not end must not keep the process.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("aetherterm: {error}");
            ExitCode::FAILURE
        }
    }
}
