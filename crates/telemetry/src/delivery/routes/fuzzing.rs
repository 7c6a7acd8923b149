//! What must hold for any rules and any request. For the fuzz targets.

use bytes::Bytes;

use super::{Rules, STORE};
use crate::config::EMBEDDED;
use crate::otlp::{count, validate};
use crate::{Config, Signal};

/// Rules of settings that can be used can be made ready.
pub(crate) fn ready(config: &Config) {
    let _ = rules(config);
}

fn rules(config: &Config) -> Rules {
    let names = config
        .destinations
        .iter()
        .map(|one| one.name.clone())
        .collect();
    let all = Signal::ALL.map(|signal| {
        let destinations = config.destinations.iter().enumerate();
        let taking = destinations.filter(|(_, one)| one.endpoints.contains_key(&signal));
        let stored = config.store_bytes.is_some() && signal == Signal::Traces;
        taking.fold(if stored { STORE } else { 0 }, |all, (at, _)| all | 1 << at)
    });
    Rules::new(config, names, all).expect("rules that were read are ready")
}

/// Where a request would go is where it goes, and nothing appears or is lost on the way.
pub(crate) fn follow(config: &Config, signal: Signal, request: &Bytes) {
    let rules = rules(config);
    let Ok(items) = validate::check(signal, request) else {
        return;
    };
    let report = rules.dry_run(signal, request).expect("a good request");
    let plan = rules.plan(signal, request, items).expect("a good request");
    assert_eq!(report.items.len() as u64 + report.omitted, items);
    let dropped: u64 = plan.dropped.iter().map(|(_, items)| items).sum();
    assert_eq!(dropped, report.dropped.values().sum::<u64>());
    for part in &plan.parts {
        assert_eq!(count::items(signal, &part.body), Ok(part.items));
        assert!(validate::check(signal, &part.body).is_ok(), "a part is one");
        for (place, name) in rules.names.iter().enumerate() {
            if part.to >> place & 1 == 1 {
                told(&report, name, part.items);
            }
        }
        if part.to & STORE != 0 {
            told(&report, EMBEDDED, part.items);
        }
    }
    if report.omitted == 0 {
        let lost = report.items.iter().filter(|item| item.dropped_by.is_some());
        assert_eq!(lost.count() as u64, dropped);
        let nowhere = report
            .items
            .iter()
            .filter(|item| item.to.is_empty() && item.dropped_by.is_none());
        assert_eq!(nowhere.count() as u64, plan.nowhere);
    }
}

fn told(report: &super::DryRun, name: &str, items: u64) {
    let told = report.parts.iter().find(|part| part.destination == name);
    assert_eq!(told.map(|part| part.items), Some(items), "{name}");
    let to = report
        .items
        .iter()
        .filter(|item| item.to.iter().any(|to| to == name));
    assert!(report.omitted > 0 || to.count() as u64 == items, "{name}");
}
