//! The telemetry settings as flags. What they are and mean is the telemetry library's; here they get flags and help.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use aether_telemetry::{Setting, Telemetry, TelemetryBuilder};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

/// The telemetry settings that were given, by variable.
#[derive(Debug, Clone, Default)]
pub struct OtelSettings {
    values: BTreeMap<&'static str, Value>,
    /// Other variables that a settings file refers to.
    referred: Arc<Mutex<BTreeSet<String>>>,
}

/// A value that `Debug` does not show: some of them are secrets.
#[derive(Clone)]
struct Value(String);

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl OtelSettings {
    /// Sets one variable. Unknown names are ignored, because nothing reads them.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        if let Some(setting) = Setting::find(name) {
            self.values.insert(setting.variable, Value(value.into()));
        }
        self
    }

    /// The value given for a variable, as a flag or in the environment.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.0.as_str())
    }

    /// The telemetry of this program with these settings, not started yet.
    pub(crate) fn builder(&self) -> TelemetryBuilder {
        let otel = self.clone();
        Telemetry::builder()
            .default_service_name("aetherterm-backend")
            .default_service_version(env!("CARGO_PKG_VERSION"))
            .environment(move |name| otel.answer(name))
    }

    /// What telemetry is answered when it asks for a variable: a setting, or for other names, which a settings file may
    /// refer to, the environment.
    pub(super) fn answer(&self, name: &str) -> Option<String> {
        if Setting::find(name).is_some() {
            return self.get(name).map(str::to_owned);
        }
        let value = std::env::var_os(name)?;
        let mut referred = self.referred.lock().unwrap_or_else(PoisonError::into_inner);
        referred.insert(name.to_owned());
        Some(value.to_string_lossy().into_owned())
    }

    /// The variables beyond the settings that telemetry asked for: they hold its secrets.
    pub(super) fn referred(&self) -> BTreeSet<String> {
        let referred = self.referred.lock().unwrap_or_else(PoisonError::into_inner);
        referred.clone()
    }
}

/// The flag of a variable: `OTEL_SERVICE_NAME` is `--otel-service-name`.
fn flag(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// What the help says about a setting.
fn help(setting: &Setting) -> String {
    let default = match setting.variable {
        "OTEL_SERVICE_NAME" => "aetherterm-backend",
        "OTEL_SERVICE_VERSION" => "the version of this program",
        "OTEL_LOG_LEVEL" => "as AETHERTERM_LOG says",
        _ => setting.default,
    };
    let secret = if setting.secret {
        ": prefer the variable"
    } else {
        ""
    };
    format!("{}{secret} [default: {default}]", setting.help)
}

impl Args for OtelSettings {
    fn augment_args(command: Command) -> Command {
        command.args(Setting::all().map(|setting| {
            Arg::new(setting.variable)
                .long(flag(setting.variable))
                .env(setting.variable)
                .hide_env_values(setting.secret)
                .value_name("VALUE")
                .value_parser(clap::value_parser!(String))
                .help(help(setting))
                .help_heading("Telemetry")
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for OtelSettings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut settings = Self::default();
        settings.update_from_arg_matches(matches)?;
        Ok(settings)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for setting in Setting::all() {
            if let Some(value) = matches.get_one::<String>(setting.variable) {
                self.values.insert(setting.variable, Value(value.clone()));
            }
        }
        Ok(())
    }
}
