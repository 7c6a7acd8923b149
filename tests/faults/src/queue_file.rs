//! A file of queued requests as a stranger sees it who wants to break it.

use std::path::{Path, PathBuf};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

/// Bytes in front of the note of a request.
pub const FIXED: usize = 52;

/// Where a request lies.
#[derive(Debug, Clone)]
pub struct Place {
    /// Number of the span in it.
    pub number: u64,
    /// Where its header begins.
    pub header: usize,
    /// Where its body begins, behind the names of its destinations.
    pub body: usize,
    /// Where it ends.
    pub end: usize,
}

/// The files of a folder, the oldest first.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "queue"));
    paths.sort();
    paths
}

/// Everything in the only file of a folder, without the zeros that were written ahead.
pub fn read(folder: &Path) -> (PathBuf, Vec<u8>, Vec<Place>) {
    let files = files(folder);
    assert_eq!(files.len(), 1, "{files:?}");
    let mut bytes = std::fs::read(&files[0]).unwrap();
    let four = |at: usize| {
        let four = bytes[at..at + 4].try_into().unwrap();
        usize::try_from(u32::from_le_bytes(four)).unwrap()
    };
    let mut places = Vec::new();
    let mut header = 0;
    while bytes[header..].iter().any(|byte| *byte != 0) {
        let body = header + FIXED + four(header + 48);
        let end = body + four(header + 40);
        let request = ExportTraceServiceRequest::decode(&bytes[body..end]).unwrap();
        let span = &request.resource_spans[0].scope_spans[0].spans[0];
        let number = u64::from_be_bytes(span.span_id.as_slice().try_into().unwrap()) - 1;
        places.push(Place {
            number,
            header,
            body,
            end,
        });
        header = end;
    }
    bytes.truncate(header);
    (files[0].clone(), bytes, places)
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
