//! What this process says about itself.
//!
//! <https://opentelemetry.io/docs/specs/semconv/resource/>

use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

use super::machine;
use crate::Config;

/// Names given by the program, used where the configuration names none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    pub(crate) service_name: Option<String>,
    pub(crate) service_version: Option<String>,
}

/// The resource: detected attributes, then the program's, then the configured ones; later ones
/// win.
pub(crate) fn detect(config: &Config, identity: &Identity) -> Resource {
    let name = service_name(config, identity);
    let mut attributes = vec![
        KeyValue::new("service.instance.id", instance_id()),
        KeyValue::new("telemetry.distro.name", env!("CARGO_PKG_NAME")),
        KeyValue::new("telemetry.distro.version", env!("CARGO_PKG_VERSION")),
    ];
    attributes.extend(machine::attributes());
    let configured = config.resource_attributes.iter();
    attributes.extend(configured.map(|(key, value)| KeyValue::new(key.clone(), value.clone())));
    attributes.push(KeyValue::new("service.name", name));
    let version = config.service_version.as_ref();
    if let Some(version) = version.or(identity.service_version.as_ref()) {
        attributes.push(KeyValue::new("service.version", version.clone()));
    }
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(attributes)
        .build()
}

/// `OTEL_SERVICE_NAME`, else what the program calls itself, else `unknown_service:<program>` as
/// the specification asks.
fn service_name(config: &Config, identity: &Identity) -> Value {
    let configured = config.service_name.as_ref();
    if let Some(name) = configured.or(identity.service_name.as_ref()) {
        return name.clone().into();
    }
    let program = std::env::current_exe().ok();
    let program = program.as_ref().and_then(|path| path.file_name());
    match program {
        Some(program) => format!("unknown_service:{}", program.to_string_lossy()).into(),
        None => "unknown_service".into(),
    }
}

/// A random UUID (RFC 9562, version 4), new for each start.
fn instance_id() -> String {
    let mut bytes = RandomIdGenerator::default().new_trace_id().to_bytes();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut id = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        id.push_str(&format!("{byte:02x}"));
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::Key;

    #[test]
    fn configured_names_win_over_the_programs() {
        let config = Config::from_lookup(|name| match name {
            "OTEL_SERVICE_NAME" => Some("shop".to_owned()),
            "OTEL_RESOURCE_ATTRIBUTES" => Some(
                "service.name=other,service.namespace=street,host.name=box,host.id=none,team=a%2Cb"
                    .to_owned(),
            ),
            _ => None,
        })
        .unwrap();
        let identity = Identity {
            service_name: Some("default".to_owned()),
            service_version: Some("1.2".to_owned()),
        };
        let resource = detect(&config, &identity);
        let get = |key: &'static str| resource.get(&Key::new(key)).map(|v| v.to_string());
        assert_eq!(get("service.name").as_deref(), Some("shop"));
        assert_eq!(get("service.version").as_deref(), Some("1.2"));
        assert_eq!(get("host.name").as_deref(), Some("box"));
        assert_eq!(get("host.id").as_deref(), Some("none"));
        assert_eq!(get("service.namespace").as_deref(), Some("street"));
        let distro = get("telemetry.distro.name");
        assert_eq!(distro.as_deref(), Some("aether-telemetry"));
        assert_eq!(get("team").as_deref(), Some("a,b"));
        assert_eq!(get("telemetry.sdk.language").as_deref(), Some("rust"));
        assert_eq!(get("process.pid"), Some(std::process::id().to_string()));
        assert!(get("os.type").is_some() && get("host.arch").is_some());
        let id = get("service.instance.id").unwrap();
        assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'));
    }
}
