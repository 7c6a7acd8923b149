//! From settings to a [`Config`]: one reading, wherever they stand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tracing::level_filters::LevelFilter;

use super::catalogue::{Setting, nearest};
use super::layers::{Given, Layer, Layers, Lookup};
use super::reader::Reader;
use super::{
    Batch, Config, ConfigError, DEFAULT_DISK_QUEUE_BYTES, DEFAULT_MAX_REQUEST_BYTES,
    DEFAULT_QUEUE_BYTES, DEFAULT_STORE_BYTES, PROMPT_SPAN_DELAY, Problem, Retry, batch, durable,
    endpoint, exporters, file, limits, metrics, page, parse, propagators, relay, resource, retry,
    routes, sampler, tail,
};
use crate::Signal;

const FILE: &str = "AETHER_TELEMETRY_CONFIG";

/// The text of a file, to be read in place of the one that settings name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    /// Name of the file, for messages.
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
}

/// What settings come to.
#[derive(Debug, Clone)]
pub(crate) struct Parsed {
    pub(crate) config: Config,
    /// The names of the destinations that stand in the file, in its order; `None` for those to which
    /// nothing is sent.
    pub(crate) tables: Vec<Option<String>>,
}

/// The file that settings name, whether it exists or not.
pub(crate) fn file_named(given: &Given, environment: Lookup<'_>) -> Option<PathBuf> {
    let layers = Layers {
        given,
        environment,
        file: None,
    };
    let path = Reader::new(layers).find(FILE)?;
    Some(PathBuf::from(path.text))
}

/// Reads what the builder was given, the environment, and the file that either of them names.
pub(super) fn read(given: &Given, environment: Lookup<'_>) -> Result<Config, ConfigError> {
    read_all(given, environment, None).map(|parsed| parsed.config)
}

/// As [`read`], with a text instead of the file.
pub(crate) fn read_all(
    given: &Given,
    environment: Lookup<'_>,
    text: Option<Text<'_>>,
) -> Result<Parsed, ConfigError> {
    let off = || Parsed {
        config: Config::disabled(),
        tables: Vec::new(),
    };
    let without_file = Layers {
        given,
        environment,
        file: None,
    };
    let mut reader = Reader::new(without_file);
    if is_off(&mut reader) {
        return Ok(off());
    }
    let mut file = match text {
        Some(Text { name, text }) => Some(file::parse(name, text, environment)),
        None => reader.find(FILE).and_then(|path| {
            // The program offers a place for a file; nobody said that there is one.
            let offered = path.layer == Layer::Program && !Path::new(&path.text).exists();
            (!offered).then(|| file::load(&path, environment))
        }),
    };
    let problems = file.as_mut().map(|file| std::mem::take(&mut file.problems));

    let mut reader = Reader::new(Layers {
        file: file.as_ref(),
        ..without_file
    });
    if is_off(&mut reader) {
        return Ok(off());
    }
    unknown_names(&mut reader, given);
    for problem in problems.into_iter().flatten() {
        reader.push(problem);
    }
    let strict = reader.value("AETHER_TELEMETRY_STRICT", parse::boolean);
    let strict = strict.unwrap_or(false);
    let mut config = everything(&mut reader);
    config.strict = strict;

    let tables = reader.tables();
    let (problems, warnings) = reader.finish();
    if problems.is_empty() {
        config.warnings = warnings;
        Ok(Parsed { config, tables })
    } else {
        Err(ConfigError::new(problems, strict))
    }
}

fn is_off(reader: &mut Reader<'_>) -> bool {
    let on = reader.value("OTEL_ENABLED", parse::boolean);
    let off = reader.value("OTEL_SDK_DISABLED", parse::boolean);
    on == Some(false) || off == Some(true)
}

fn everything(reader: &mut Reader<'_>) -> Config {
    if let Some(yaml) = reader.find("OTEL_CONFIG_FILE") {
        reader.warning(format!(
            "{} names a file of OpenTelemetry's declarative configuration, which is not available: the file is not read and all other settings hold; AETHER_TELEMETRY_CONFIG names a TOML file instead",
            yaml.place
        ));
    }
    let retry = retry::read(reader, Retry::default());
    let durable = durable::read(reader);
    let queue_default = match durable {
        Some(_) => DEFAULT_DISK_QUEUE_BYTES,
        None => DEFAULT_QUEUE_BYTES,
    };
    let mut config = Config {
        destinations: endpoint::read(reader, retry),
        console: console(reader),
        queue_bytes: queue_bytes(reader).unwrap_or(queue_default),
        durable,
        retry,
        max_request_bytes: reader
            .value("AETHER_TELEMETRY_MAX_REQUEST_BYTES", |text| {
                parse::bytes(text, 1024, 256 * 1024 * 1024)
            })
            .unwrap_or(DEFAULT_MAX_REQUEST_BYTES),
        relay: relay::read(reader),
        page: page::read(reader),
        sampler: sampler::read(reader),
        limits: limits::read(reader),
        log_level: log_level(reader),
        ..Config::default()
    };
    resource::read(reader, &mut config);
    if let Some(propagators) = reader.value("OTEL_PROPAGATORS", propagators::parse) {
        config.propagators = propagators;
    }

    let exporters = exporters::read(reader, Signal::Traces);
    let traces_have_a_place =
        sends(&config, Signal::Traces) || exporters.console || !exporters.otlp;
    config.store_bytes = store(reader, traces_have_a_place);
    let names = routes::names(
        &config.destinations,
        config.store_bytes.is_some(),
        !config.console.is_empty(),
    );
    let states = file::states(reader, &names);
    config.routes = routes::read(reader, &names, &states.draining);
    (config.paused, config.draining) = (states.paused, states.draining);
    config.tail = tail::read(reader);
    config.hash_key = routes::hash_key(reader);
    let mut spans = Batch::SPANS;
    if config.store_bytes.is_some() {
        spans.delay = PROMPT_SPAN_DELAY;
    }
    config.spans = batch::read(reader, "OTEL_BSP_", spans);
    config.logs = batch::read(reader, "OTEL_BLRP_", Batch::LOGS);
    config.metric_interval = metrics::interval(reader);
    config.metric_temporality = metrics::temporality(reader, &config.destinations);
    config.exponential_histograms = metrics::exponential(reader);
    metrics::exemplars(reader);
    config.prometheus = exporters::read(reader, Signal::Metrics).prometheus;
    if config.prometheus && config.exponential_histograms {
        reader.warning(
            "exponential histograms have no form that Prometheus scrapes as text: they are missing at /metrics".to_owned(),
        );
    }
    config
}

/// Names that the builder was given and that mean nothing. Those of the environment may be
/// somebody else's, and those of the file are told while it is loaded.
fn unknown_names(reader: &mut Reader<'_>, given: &Given) {
    for (variable, place) in given.names() {
        if Setting::find(variable).is_some() {
            continue;
        }
        let known = Setting::all().map(|setting| setting.variable);
        let nearest = nearest(variable, known).unwrap_or_default();
        reader.push(Problem {
            variable: variable.to_owned(),
            place: place.to_owned(),
            value: String::new(),
            remedy: format!("there is no setting {variable}; did you mean {nearest}?"),
        });
    }
}

/// The bound of a destination's queue.
pub(super) fn queue_bytes(reader: &mut Reader<'_>) -> Option<usize> {
    reader.value("AETHER_TELEMETRY_QUEUE_BYTES", |text| {
        parse::bytes(text, 64 * 1024, 1 << 40)
    })
}

fn log_level(reader: &mut Reader<'_>) -> Option<LevelFilter> {
    let debug = reader.value("OTEL_DEBUG", parse::boolean);
    let level = reader.value("OTEL_LOG_LEVEL", parse::log_level);
    level.or((debug == Some(true)).then_some(LevelFilter::DEBUG))
}

fn console(reader: &mut Reader<'_>) -> BTreeSet<Signal> {
    let all = Signal::ALL.into_iter();
    all.filter(|signal| exporters::read(reader, *signal).console)
        .collect()
}

fn sends(config: &Config, signal: Signal) -> bool {
    config
        .destinations
        .iter()
        .any(|destination| destination.endpoints.contains_key(&signal))
}

fn store(reader: &mut Reader<'_>, traces_have_a_place: bool) -> Option<usize> {
    let wanted = reader
        .value("AETHER_TELEMETRY_STORE", |text| {
            match text.to_ascii_lowercase().as_str() {
                "auto" => Ok(!traces_have_a_place),
                "always" => Ok(true),
                "never" => Ok(false),
                _ => Err("expected `auto`, `always` or `never`".to_owned()),
            }
        })
        .unwrap_or(!traces_have_a_place);
    let bytes = reader
        .value("AETHER_TELEMETRY_STORE_BYTES", |text| {
            parse::bytes(text, 1024 * 1024, 1 << 40)
        })
        .unwrap_or(DEFAULT_STORE_BYTES);
    wanted.then_some(bytes)
}
