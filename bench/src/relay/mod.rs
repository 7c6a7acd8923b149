//! `relay`: our relay beside the OpenTelemetry Collector, under the same load, in front of the same
//! sink.
//!
//! Each round runs every relay once under every load, in an order that moves on from round to round,
//! each time a new process with nothing in its queue. Everything sent has to arrive: the sink counts
//! spans, and adds up the ids of those that our own load has sent, so that one that is lost and one
//! that comes twice do not make up for each other.

mod blast;
mod contestant;
mod generator;
mod load;
mod options;
mod report;
mod round;
mod summary;
mod template;

pub(crate) use options::Options;

use crate::Outcome;
use crate::layout;
use crate::machine::{Machine, first_line};
use contestant::Contestant;
use report::Report;
use round::{Measurement, Setup};
use summary::Summary;

/// Runs the benchmark, prints the table and writes the report.
///
/// # Errors
/// A relay that does not start or leaves; a file that cannot be written.
pub(crate) async fn run(options: &Options) -> Outcome {
    let machine = Machine::look();
    let setup = Setup::new(options)?;
    let contestants = Contestant::chosen(&options.only)?;
    let pairs: Vec<_> = options
        .loads
        .iter()
        .flat_map(|load| {
            contestants
                .iter()
                .map(move |contestant| (*load, *contestant))
        })
        .collect();
    let mut measurements: Vec<Vec<Measurement>> = vec![Vec::new(); pairs.len()];
    for round in 0..options.rounds {
        for turn in 0..pairs.len() {
            let index = (round as usize + turn) % pairs.len();
            let (load, contestant) = pairs[index];
            let measured = round::run(contestant, load, options, &setup).await?;
            eprintln!(
                "round {} of {}: {}, {}: {}",
                round + 1,
                options.rounds,
                contestant.name,
                load.name(),
                measured.show()
            );
            measurements[index].push(measured);
        }
    }
    let results: Vec<Summary> = pairs
        .iter()
        .zip(&measurements)
        .filter_map(|((load, contestant), measured)| Summary::of(contestant, *load, measured))
        .collect();
    let report = Report {
        machine,
        versions: versions(options),
        settings: options.settings(),
        verdicts: summary::verdicts(&results),
        results,
    };
    println!("{}", report.table());
    layout::write(&options.out, "relay.md", &report.markdown())?;
    layout::write(&options.out, "relay.json", &report.json()?)?;
    if let Some(page) = &options.page {
        layout::update(page, "relay", &report.markdown())?;
    }
    Ok(())
}

/// Which versions took part.
fn versions(options: &Options) -> Vec<String> {
    let version = |program: &std::path::Path| {
        first_line(std::process::Command::new(program).arg("--version"))
    };
    vec![
        format!(
            "aether-telemetry {}, {}",
            env!("CARGO_PKG_VERSION"),
            version(std::path::Path::new("rustc"))
        ),
        format!(
            "{}, telemetrygen {}",
            version(&options.collector),
            options.generator_version
        ),
    ]
}
