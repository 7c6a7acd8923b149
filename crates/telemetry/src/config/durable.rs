//! Queues on disk.

use std::path::PathBuf;
use std::time::Duration;

use super::parse;
use super::reader::Reader;

const MODE: &str = "AETHER_TELEMETRY_QUEUE";
const FOLDER: &str = "AETHER_TELEMETRY_QUEUE_FOLDER";

/// Where durable queues are, and their bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durable {
    /// The folder (`AETHER_TELEMETRY_QUEUE_FOLDER`). It is made where it does not exist, and belongs
    /// to one process at a time.
    pub folder: PathBuf,
    /// What was not delivered after this long is dropped (`AETHER_TELEMETRY_QUEUE_MAX_AGE`,
    /// milliseconds). Default: 24 h.
    pub max_age: Duration,
    /// Bound in bytes of what destinations refused for good, which is kept to be looked at and
    /// sent again (`AETHER_TELEMETRY_DEAD_LETTER_BYTES`). Default: 64 MiB.
    pub dead_letter_bytes: usize,
}

impl Durable {
    /// Durable queues in a folder, with the default bounds.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            max_age: Duration::from_secs(24 * 60 * 60),
            dead_letter_bytes: 64 * 1024 * 1024,
        }
    }
}

/// `memory` and `disk`; where neither is said, a folder means disk.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Durable> {
    let disk = reader.value(MODE, |text| match text.to_ascii_lowercase().as_str() {
        "disk" => Ok(true),
        "memory" => Ok(false),
        _ => Err("expected `memory` or `disk`".to_owned()),
    });
    let folder = reader.value(FOLDER, |text| {
        if text.chars().any(char::is_control) {
            return Err("expected the path of a folder".to_owned());
        }
        Ok(PathBuf::from(text))
    });
    let max_age = reader.value("AETHER_TELEMETRY_QUEUE_MAX_AGE", parse::milliseconds);
    let dead_letter_bytes = reader.value("AETHER_TELEMETRY_DEAD_LETTER_BYTES", |text| {
        parse::bytes(text, 0, 1 << 40)
    });
    if disk == Some(true)
        && folder.is_none()
        && let Some(found) = reader.find(MODE)
    {
        let remedy = format!("set {FOLDER} to the folder that queues are to be in");
        reader.problem(&found, "disk".to_owned(), remedy);
    }
    let default = Durable::new(folder.filter(|_| disk != Some(false))?);
    Some(Durable {
        max_age: max_age.unwrap_or(default.max_age),
        dead_letter_bytes: dead_letter_bytes.unwrap_or(default.dead_letter_bytes),
        ..default
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, ConfigError};

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_lookup(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_folder_means_disk_unless_memory_is_said() {
        assert_eq!(read(&[]).unwrap().durable, None);
        let config = read(&[(FOLDER, "/var/lib/shop")]).unwrap();
        assert_eq!(config.durable, Some(Durable::new("/var/lib/shop")));
        assert_eq!(config.queue_bytes, 512 * 1024 * 1024);
        let config = read(&[(FOLDER, "/var/lib/shop"), (MODE, "Memory")]).unwrap();
        assert_eq!(
            (config.durable, config.queue_bytes),
            (None, 16 * 1024 * 1024)
        );
    }

    #[test]
    fn the_folder_of_the_program_is_the_last_to_be_asked() {
        let builder = crate::Telemetry::builder().default_queue_folder("mine");
        let read = |variables: &'static [(&str, &str)]| {
            let builder = builder.clone().environment(move |name| {
                let found = variables.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            });
            builder
                .read()
                .unwrap()
                .durable
                .map(|durable| durable.folder)
        };
        assert_eq!(read(&[]), Some("mine".into()));
        assert_eq!(read(&[(FOLDER, "theirs")]), Some("theirs".into()));
        assert_eq!(read(&[(MODE, "memory")]), None);
    }

    #[test]
    fn bounds() {
        let config = read(&[
            (MODE, "disk"),
            (FOLDER, "queue"),
            ("AETHER_TELEMETRY_QUEUE_BYTES", "1000000"),
            ("AETHER_TELEMETRY_QUEUE_MAX_AGE", "60000"),
            ("AETHER_TELEMETRY_DEAD_LETTER_BYTES", "0"),
        ])
        .unwrap();
        let expected = Durable {
            folder: "queue".into(),
            max_age: Duration::from_secs(60),
            dead_letter_bytes: 0,
        };
        assert_eq!(
            (config.durable, config.queue_bytes),
            (Some(expected), 1_000_000)
        );
    }

    #[test]
    fn disk_needs_a_folder() {
        let error = read(&[(MODE, "disk")]).unwrap_err().to_string();
        assert!(error.contains(FOLDER), "{error}");
        let error = read(&[(MODE, "tape")]).unwrap_err().to_string();
        assert!(error.contains("`memory` or `disk`"), "{error}");
    }
}
