//! A disk that is soon full.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of so many bytes in memory.
#[derive(Debug)]
pub struct Small(PathBuf);

impl Small {
    /// `None` where this process may not mount, which is said aloud.
    pub fn mount(folder: &Path, size: &str) -> Option<Self> {
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
            .arg(folder)
            .status();
        if mount.is_ok_and(|status| status.success()) {
            return Some(Self(folder.to_owned()));
        }
        let allowed = std::env::var_os("AETHER_TEST_MOUNT").is_some_and(|value| value == "never");
        assert!(
            allowed,
            "a small file system cannot be mounted: run this test as root on Linux, or set AETHER_TEST_MOUNT=never to go without it"
        );
        eprintln!("NOT RUN: the full disk, because AETHER_TEST_MOUNT=never");
        None
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
