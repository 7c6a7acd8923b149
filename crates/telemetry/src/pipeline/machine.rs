//! What can be told about the machine and the process without being asked to tell more.
//!
//! Names follow <https://opentelemetry.io/docs/specs/semconv/resource/>. Left out on purpose: the
//! command line, whose flags may be secrets, and the user. `OTEL_RESOURCE_ATTRIBUTES` replaces
//! whatever is found here, `host.id=` for one.

use std::fs;

use opentelemetry::KeyValue;

/// Attributes `host.*`, `os.*` and `process.*`.
pub(super) fn attributes() -> Vec<KeyValue> {
    let mut found = vec![
        KeyValue::new("host.arch", architecture(std::env::consts::ARCH)),
        KeyValue::new("os.type", os_type(std::env::consts::OS)),
        KeyValue::new("process.pid", i64::from(std::process::id())),
        KeyValue::new("process.runtime.name", "rustc"),
    ];
    if let Some(version) = option_env!("AETHER_RUSTC_VERSION") {
        found.push(KeyValue::new("process.runtime.version", version));
    }
    if let Some(id) = machine_id() {
        found.push(KeyValue::new("host.id", id));
    }
    if let Some(host) = host_name() {
        found.push(KeyValue::new("host.name", host));
    }
    let release = fs::read_to_string("/etc/os-release")
        .or_else(|_| fs::read_to_string("/usr/lib/os-release"))
        .unwrap_or_default();
    for (attribute, key) in [
        ("os.name", "NAME"),
        ("os.version", "VERSION_ID"),
        ("os.description", "PRETTY_NAME"),
    ] {
        if let Some(value) = os_release(&release, key) {
            found.push(KeyValue::new(attribute, value));
        }
    }
    if let Ok(program) = std::env::current_exe() {
        if let Some(name) = program.file_name() {
            let name = name.to_string_lossy().into_owned();
            found.push(KeyValue::new("process.executable.name", name));
        }
        let path = program.to_string_lossy().into_owned();
        found.push(KeyValue::new("process.executable.path", path));
    }
    found
}

fn host_name() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::env::var("HOSTNAME"))
        .or_else(|_| std::env::var("COMPUTERNAME"))
        .ok()?;
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The id that an installation has from its first start; containers often have none.
fn machine_id() -> Option<String> {
    let id = fs::read_to_string("/etc/machine-id")
        .or_else(|_| fs::read_to_string("/var/lib/dbus/machine-id"))
        .ok()?;
    is_machine_id(id.trim()).then(|| id.trim().to_owned())
}

/// 32 hexadecimal digits; before the first start the file is empty or says `uninitialized`.
fn is_machine_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Rust's name of a processor in the words of the conventions.
fn architecture(rust: &'static str) -> &'static str {
    match rust {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "arm32",
        "powerpc" => "ppc32",
        "powerpc64" => "ppc64",
        other => other,
    }
}

/// Rust's name of an operating system in the words of the conventions.
fn os_type(rust: &'static str) -> &'static str {
    match rust {
        "macos" | "ios" => "darwin",
        "dragonfly" => "dragonflybsd",
        other => other,
    }
}

/// A value of `os-release`: `KEY=value` lines, values quoted where they hold spaces.
/// <https://www.freedesktop.org/software/systemd/man/latest/os-release.html>
fn os_release(text: &str, key: &str) -> Option<String> {
    let value = text.lines().find_map(|line| {
        let (name, value) = line.trim().split_once('=')?;
        (name == key).then_some(value)
    })?;
    let value = value.trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_is_read() {
        let text = "# a comment\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID='12'\nNAME=\nID=debian\n";
        let get = |key| os_release(text, key);
        assert_eq!(
            get("PRETTY_NAME").as_deref(),
            Some("Debian GNU/Linux 12 (bookworm)")
        );
        assert_eq!(get("VERSION_ID").as_deref(), Some("12"));
        assert_eq!(get("ID").as_deref(), Some("debian"));
        assert_eq!((get("NAME"), get("VERSION")), (None, None));
    }

    #[test]
    fn only_a_machine_id_is_one() {
        assert!(is_machine_id("fdbf79e8af94cb7f9e8df36789187052"));
        for text in ["", "uninitialized", "fdbf79e8af94cb7f9e8df3678918705z"] {
            assert!(!is_machine_id(text), "{text}");
        }
    }

    #[test]
    fn each_attribute_is_there_once_and_tells_no_secret() {
        let found = attributes();
        let mut keys: Vec<_> = found.iter().map(|a| a.key.as_str()).collect();
        for key in [
            "host.arch",
            "os.type",
            "process.executable.name",
            "process.runtime.version",
        ] {
            assert!(keys.contains(&key), "{keys:?}");
        }
        assert!(!keys.iter().any(|key| key.starts_with("process.command")));
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }
}
