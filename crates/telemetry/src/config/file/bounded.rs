//! Reads files that settings name, without ever waiting for one or filling the memory.

use std::io::Read;

/// The bytes of a regular file, at most `limit`. Pipes and devices could block for ever.
pub(in crate::config) fn read(path: &str, limit: u64) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("the file cannot be read: {error}");
    let about = std::fs::metadata(path).map_err(failed)?;
    if !about.is_file() {
        return Err("expected the path of a file, and this is none".to_owned());
    }
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(format!("the file is larger than {limit} bytes"));
    }
    Ok(bytes)
}
