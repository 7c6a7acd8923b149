//! Any course of events, beside a model of what must be there.

use std::collections::VecDeque;
use std::fs;

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 3] = ["a", "b", "c"];

#[derive(Debug, Clone)]
enum Event {
    /// A batch for some destinations, one bit each.
    Write {
        to: u8,
        length: usize,
    },
    /// A destination takes its oldest batch.
    Take(usize),
    Restart,
    /// The process is killed: what it had written is what the next one finds.
    Kill,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (1u8..8, prop_oneof![4 => 1usize..2000, 1 => 50_000usize..200_000])
            .prop_map(|(to, length)| Event::Write { to, length }),
        5 => (0usize..3).prop_map(Event::Take),
        1 => Just(Event::Restart),
        1 => Just(Event::Kill),
    ]
}

/// A running journal and the queues of its destinations.
struct Running {
    folder: Folder,
    journal: Journal,
    queues: [VecDeque<Arc<Record>>; 3],
}

impl Running {
    fn start(folder: Folder) -> Self {
        let (journal, findings) = open(&folder, native);
        // A first write is answered after everything was found.
        write(&journal, &batch(0, 1), &["other"]).unwrap();
        let mut queues = [const { VecDeque::new() }; 3];
        for (name, record) in findings.try_iter() {
            if let Some(index) = NAMES.iter().position(|one| *one == name) {
                queues[index].push_back(record.expect("nothing is damaged"));
            }
        }
        Self {
            folder,
            journal,
            queues,
        }
    }

    /// The numbers that wait for each destination.
    fn numbers(&self) -> [Vec<u64>; 3] {
        self.queues
            .each_ref()
            .map(|queue| queue.iter().map(|record| record.number).collect())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    #[test]
    fn what_waits_is_what_was_written_and_not_taken(
        events in prop::collection::vec(event(), 1..60),
    ) {
        let mut running = Running::start(Folder::new());
        let mut first = 0u8;
        for event in events {
            match event {
                Event::Write { to, length } => {
                    first = first.wrapping_add(1);
                    let chosen: Vec<_> = (0..3).filter(|index| to >> index & 1 == 1).collect();
                    let names: Vec<_> = chosen.iter().map(|index| NAMES[*index]).collect();
                    let record = write(&running.journal, &batch(first, length), &names).unwrap();
                    prop_assert_eq!(record.read().unwrap()[0], first);
                    for index in chosen {
                        running.queues[index].push_back(Arc::clone(&record));
                    }
                }
                Event::Take(index) => {
                    if let Some(record) = running.queues[index].pop_front() {
                        prop_assert_eq!(record.read().unwrap().len(), record.length as usize);
                        running.journal.cursor(NAMES[index]).settle(&record);
                    }
                }
                Event::Restart => {
                    let before = running.numbers();
                    running.journal.close();
                    running = Running::start(running.folder);
                    prop_assert_eq!(running.numbers(), before);
                }
                Event::Kill => {
                    let before = running.numbers();
                    let found = Folder::new();
                    for entry in fs::read_dir(running.folder.path()).unwrap() {
                        let entry = entry.unwrap();
                        // A file may be deleted while the folder is looked through.
                        let _ = fs::copy(entry.path(), found.path().join(entry.file_name()));
                    }
                    running = Running::start(found);
                    for (now, before) in running.numbers().iter().zip(&before) {
                        // Some that were taken may come again, and they come first.
                        prop_assert!(now.ends_with(before), "{now:?} {before:?}");
                        prop_assert!(now.is_sorted(), "{now:?}");
                    }
                }
            }
        }
    }
}
