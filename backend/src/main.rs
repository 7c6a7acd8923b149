//! The program `aetherterm`: settings in, exit code out.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use aetherterm_backend::{Check, Cli, Operation, Settings, Task, exit_code, serve};
use clap::Parser;
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> ExitCode {
    match Cli::parse().into_task() {
        Task::Serve(settings) => run(*settings),
        Task::Check(check) => check_backends(&check).unwrap_or_else(|code| code),
        Task::Operate(operation) => operate(&operation).unwrap_or_else(|code| code),
    }
}

/// A runtime for one question.
fn small_runtime() -> Result<Runtime, ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.map_err(|error| {
        eprintln!("aetherterm: the system gives no runtime: {error}");
        ExitCode::FAILURE
    })
}

/// Whoever has closed standard output still gets the exit code.
fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints what every backend answered. Nothing else is written: no log, no telemetry of its own.
fn check_backends(check: &Check) -> Result<ExitCode, ExitCode> {
    let report = small_runtime()?.block_on(check.run());
    print(&check.show(&report));
    Ok(exit_code(&report))
}

/// Prints what a server that runs answered.
fn operate(operation: &Operation) -> Result<ExitCode, ExitCode> {
    let done = small_runtime()?.block_on(operation.run());
    if !done.text.is_empty() {
        print(&done.text);
    }
    for failure in &done.failures {
        eprintln!("aetherterm: {failure}");
    }
    Ok(done.code)
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
    let runtime = match Runtime::new() {
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
