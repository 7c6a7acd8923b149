//! What the builder takes from elsewhere than its own settings, and destinations of the program.

use std::path::Path;

use super::TelemetryBuilder;

impl TelemetryBuilder {
    /// The file of settings where no setting names one (`AETHER_TELEMETRY_CONFIG`). It need not exist:
    /// [`Live`](crate::Live) makes it with the first change. Default: none.
    #[must_use]
    pub fn default_config_file(mut self, path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_string_lossy().into_owned();
        let variable = "AETHER_TELEMETRY_CONFIG";
        self.given
            .set_default(variable, "default_config_file", path);
        self
    }

    /// One more destination, besides those of the file: its name, and keys of a `[[destination]]`
    /// with their values as text, lists with commas and headers as `key=value,key=value`. Like those
    /// of the file it has nothing from elsewhere, and an endpoint in the environment replaces it. A
    /// key that is none is a problem.
    ///
    /// ```
    /// use aether_telemetry::Telemetry;
    ///
    /// let telemetry = Telemetry::builder().destination(
    ///     "archive",
    ///     [("endpoint", "https://otlp.example.org"), ("signals", "traces,logs")],
    /// );
    /// # drop(telemetry);
    /// ```
    #[must_use]
    pub fn destination<'a>(
        mut self,
        name: &str,
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let settings = settings.into_iter();
        let settings = settings.map(|(key, value)| (key, value.to_owned()));
        self.given.destination(name, settings);
        self
    }
}
