//! `socketio`: servers that acknowledge an event with its argument, under the same load from the
//! official client.
//!
//! Each round runs every contestant once, in an order that moves on from round to round, with a
//! fresh server and a fresh client. Processor time is counted, not wall time, so what else the
//! machine does matters little.

mod contestant;
mod load;
mod options;
mod report;
mod round;
mod summary;
mod versions;

pub(crate) use options::Options;

use crate::Outcome;
use crate::layout;
use crate::machine::Machine;
use contestant::Contestant;
use report::Report;
use round::{Measurement, Setup};
use summary::Summary;

/// Runs the benchmark, prints the table and writes the report.
///
/// # Errors
/// A contestant that does not start, answers wrongly or leaves; a file that cannot be written.
pub(crate) async fn run(options: &Options) -> Outcome {
    let machine = Machine::look();
    let setup = Setup::new(options)?;
    let contestants = Contestant::chosen(&options.only)?;
    let mut measurements: Vec<Vec<Measurement>> = vec![Vec::new(); contestants.len()];
    for round in 0..options.rounds {
        for turn in 0..contestants.len() {
            let index = (round as usize + turn) % contestants.len();
            let contestant = contestants[index];
            let measured = round::run(contestant, options, &setup).await?;
            eprintln!(
                "round {} of {}: {}: {}",
                round + 1,
                options.rounds,
                contestant.name,
                measured.show()
            );
            measurements[index].push(measured);
        }
    }
    let results: Vec<Summary> = contestants
        .iter()
        .zip(&measurements)
        .filter_map(|(contestant, measured)| Summary::of(contestant, measured))
        .collect();
    let report = Report {
        machine,
        versions: versions::all(options),
        load: options.load(),
        verdicts: summary::verdicts(&contestants, &measurements),
        results,
    };
    println!("{}", report.table());
    layout::write(&options.out, "socketio.md", &report.markdown())?;
    layout::write(&options.out, "socketio.json", &report.json()?)?;
    if let Some(page) = &options.page {
        layout::update(page, "socketio", &report.markdown())?;
    }
    Ok(())
}
