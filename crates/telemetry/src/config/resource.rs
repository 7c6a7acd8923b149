//! Who reports: service name and version, resource attributes.
//!
//! <https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable>

use super::reader::{Reader, shortened};
use super::{Config, parse};

/// Reads `OTEL_SERVICE_NAME`, `OTEL_SERVICE_VERSION` and `OTEL_RESOURCE_ATTRIBUTES`. Attributes of
/// all layers are taken together; where two have the same key, the layer that wins does.
pub(super) fn read(reader: &mut Reader<'_>, config: &mut Config) {
    let mut attributes: Vec<(String, String)> = Vec::new();
    for found in reader.all("OTEL_RESOURCE_ATTRIBUTES") {
        let before = attributes.len();
        match parse::pairs(&found.text) {
            Ok(listed) => {
                for (key, value) in listed {
                    let place = attributes.iter().position(|(known, _)| *known == key);
                    match place {
                        // A layer that wins has it already.
                        Some(place) if place < before => {}
                        Some(place) => attributes[place].1 = value,
                        None => attributes.push((key, value)),
                    }
                }
            }
            Err(remedy) => reader.problem(&found, shortened(&found.text), remedy),
        }
    }
    for (key, value) in attributes {
        match key.as_str() {
            "service.name" => config.service_name = Some(value),
            "service.version" => config.service_version = Some(value),
            _ => config.resource_attributes.push((key, value)),
        }
    }
    if let Some(name) = reader.find("OTEL_SERVICE_NAME") {
        config.service_name = Some(name.text);
    }
    if let Some(version) = reader.find("OTEL_SERVICE_VERSION") {
        config.service_version = Some(version.text);
    }
}
