//! Which program a terminal runs, and the environment it gets.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use portable_pty::CommandBuilder;

/// The program that a new terminal runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shell {
    program: PathBuf,
    args: Vec<String>,
    hidden: BTreeSet<String>,
}

impl Shell {
    /// Reads the setting `AETHERTERM_SHELL`.
    ///
    /// `None` or blank: the user's `$SHELL`, else `/bin/sh`. A value that names an existing file is that program;
    /// otherwise it is split at spaces into a program and its arguments (`bash --norc`).
    pub fn from_setting(setting: Option<&str>) -> Self {
        match setting.map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => Self::parse(text),
            None => Self {
                program: std::env::var_os("SHELL")
                    .filter(|shell| !shell.is_empty())
                    .map_or_else(|| PathBuf::from("/bin/sh"), PathBuf::from),
                args: Vec::new(),
                hidden: BTreeSet::new(),
            },
        }
    }

    /// Keeps more variables from what terminals run, besides the server's own.
    #[must_use]
    pub fn hiding(mut self, variables: BTreeSet<String>) -> Self {
        self.hidden = variables;
        self
    }

    fn parse(text: &str) -> Self {
        if Path::new(text).is_file() {
            return Self {
                program: PathBuf::from(text),
                args: Vec::new(),
                hidden: BTreeSet::new(),
            };
        }
        let mut words = text.split_whitespace().map(str::to_owned);
        Self {
            program: words.next().unwrap_or_default().into(),
            args: words.collect(),
            hidden: BTreeSet::new(),
        }
    }

    /// The program as it was set.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// What a new terminal is called: the program's file name.
    pub fn title(&self) -> String {
        self.program
            .file_name()
            .unwrap_or(self.program.as_os_str())
            .to_string_lossy()
            .into_owned()
    }

    /// The command to run in a new terminal.
    pub(crate) fn command(&self) -> CommandBuilder {
        let mut command = CommandBuilder::new(&self.program);
        command.args(&self.args);
        for (name, _) in std::env::vars_os() {
            let hidden = name.to_str().is_some_and(|name| self.hidden.contains(name));
            if hidden || is_private(&name) {
                command.env_remove(&name);
            }
        }
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("TERM_PROGRAM", "aetherterm");
        // The size of the terminal that started the server is not the size of this one.
        command.env_remove("COLUMNS");
        command.env_remove("LINES");
        if let Some(home) = std::env::home_dir().filter(|home| home.is_dir()) {
            command.cwd(home);
        }
        command
    }
}

/// Whether a variable belongs to this server and not to the shells in it.
///
/// The server's own settings hold secrets (token, export headers, API keys), and its `OTEL_*` names would make every
/// program started in a terminal report itself as this server.
fn is_private(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    let name = name.to_ascii_uppercase();
    [
        "AETHERTERM_",
        "AETHER_TELEMETRY_",
        "OTEL_",
        "VITE_TELEMETRY_",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
        || matches!(name.as_str(), "DD_API_KEY" | "DD_APP_KEY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_a_program_with_arguments() {
        let cases: [(&str, &str, &[&str]); 4] = [
            ("bash", "bash", &[]),
            (
                "  bash --norc   --noprofile ",
                "bash",
                &["--norc", "--noprofile"],
            ),
            ("/bin/sh", "/bin/sh", &[]),
            ("/no/such/shell -l", "/no/such/shell", &["-l"]),
        ];
        for (setting, program, args) in cases {
            let shell = Shell::from_setting(Some(setting));
            assert_eq!(shell.program(), Path::new(program), "{setting:?}");
            assert_eq!(shell.args, args, "{setting:?}");
        }
    }

    #[test]
    fn a_program_whose_path_has_spaces_is_found() {
        let folder = std::env::temp_dir().join(format!("aetherterm shell {}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let program = folder.join("my shell");
        std::fs::write(&program, "").unwrap();
        let shell = Shell::from_setting(program.to_str());
        assert_eq!((shell.program(), shell.args.len()), (program.as_path(), 0));
        assert_eq!(shell.title(), "my shell");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn blank_means_the_users_own_shell() {
        assert_eq!(Shell::from_setting(Some("  ")), Shell::from_setting(None));
        assert!(!Shell::from_setting(None).program().as_os_str().is_empty());
    }

    #[test]
    fn the_servers_own_variables_are_private() {
        for name in [
            "AETHERTERM_TOKEN",
            "AETHERTERM_DATA_DIR",
            "OTEL_EXPORTER_OTLP_HEADERS",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
            "otel_service_name",
            "DD_API_KEY",
            "VITE_TELEMETRY_HEADERS",
        ] {
            assert!(is_private(OsStr::new(name)), "{name}");
        }
        for name in ["PATH", "HOME", "LANG", "MY_OTEL_NOTES", "DD_SITE"] {
            assert!(!is_private(OsStr::new(name)), "{name}");
        }
    }
}
