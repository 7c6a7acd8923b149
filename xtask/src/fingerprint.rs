//! Skips a step whose inputs have not changed since it last succeeded.

use std::fs;
use std::path::{Path, PathBuf};

use crate::paths;
use crate::process::Outcome;

/// Folders that are made, not written, and so are never inputs.
const GENERATED: [&str; 5] = ["node_modules", "dist", "target", "artifacts", ".git"];

/// Runs `work` unless `inputs` are what they were when it last succeeded and every output exists.
/// Returns whether it ran.
pub(crate) fn step(
    name: &str,
    inputs: &[PathBuf],
    salt: &str,
    outputs: &[PathBuf],
    work: impl FnOnce() -> Outcome,
) -> Outcome<bool> {
    let stamp = paths::stamps().join(format!("{name}.stamp"));
    let print = format!("{:016x}", of(inputs, salt)?);
    let same = fs::read_to_string(&stamp).is_ok_and(|old| old == print);
    if same && outputs.iter().all(|output| output.exists()) {
        return Ok(false);
    }
    work()?;
    if let Some(dir) = stamp.parent() {
        fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    }
    fs::write(&stamp, print).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(true)
}

/// FNV-1a over names and contents, in a fixed order.
fn of(inputs: &[PathBuf], salt: &str) -> Outcome<u64> {
    let mut files = Vec::new();
    for input in inputs {
        collect(input, &mut files).map_err(|error| format!("{}: {error}", input.display()))?;
    }
    files.sort();
    let mut hash = Fnv::new();
    hash.eat(salt.as_bytes());
    for file in files {
        hash.eat(file.as_os_str().as_encoded_bytes());
        let content = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        hash.eat(&(content.len() as u64).to_le_bytes());
        hash.eat(&content);
    }
    Ok(hash.0)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if !GENERATED.iter().any(|name| entry.file_name() == *name) {
                collect(&entry.path(), files)?;
            }
        }
    } else if path.exists() {
        files.push(path.to_path_buf());
    }
    Ok(())
}

struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn eat(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use std::fs;

    #[test]
    fn content_names_and_salt_count_and_generated_folders_do_not() {
        let dir = std::env::temp_dir().join(format!("xtask-fingerprint-{}", std::process::id()));
        fs::create_dir_all(dir.join("node_modules")).unwrap();
        fs::write(dir.join("a"), "1").unwrap();
        let inputs = [dir.clone()];
        let first = of(&inputs, "").unwrap();
        fs::write(dir.join("node_modules/b"), "x").unwrap();
        assert_eq!(of(&inputs, "").unwrap(), first);
        assert_ne!(of(&inputs, "salt").unwrap(), first);
        fs::write(dir.join("a"), "2").unwrap();
        assert_ne!(of(&inputs, "").unwrap(), first);
        fs::remove_dir_all(&dir).unwrap();
    }
}
