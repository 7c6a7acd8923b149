//! A folder for one test.

use std::path::{Path, PathBuf};

/// A folder that is gone at the end of a test.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// An empty one; the name is the test's own.
    pub fn new(name: &str) -> Self {
        let name = format!("aether-test-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// One that is there already.
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
