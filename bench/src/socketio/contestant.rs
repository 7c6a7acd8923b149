//! Who takes part.

use tokio::process::Command;

use super::options::Options;
use crate::Outcome;

/// One server, and how it is measured.
#[derive(Debug)]
pub(crate) struct Contestant {
    /// What the command line and the report's data call it.
    pub(crate) key: &'static str,
    /// What the table calls it.
    pub(crate) name: &'static str,
    /// Whether the load sends a context with each event, as a traced page does.
    pub(crate) carriers: bool,
    /// What it exports; `None` where nothing is traced.
    pub(crate) spans: Option<Spans>,
    program: Program,
}

/// The spans that say that an event was traced.
#[derive(Debug)]
pub(crate) struct Spans {
    /// How many each event makes.
    pub(crate) per_event: u64,
    /// Whether a span of this name is one of them; others, of connections for instance, come too.
    pub(crate) of_event: fn(&str) -> bool,
}

#[derive(Debug)]
enum Program {
    Rust(&'static str),
    Node(&'static [&'static str]),
    Python,
}

/// All contestants. The order is that of the table.
static ALL: [Contestant; 6] = [
    Contestant {
        key: "rust-bare",
        name: "axum + socketioxide",
        carriers: false,
        spans: None,
        program: Program::Rust("bare"),
    },
    Contestant {
        key: "rust-traced",
        name: "the same with aether-telemetry",
        carriers: false,
        spans: Some(Spans {
            per_event: 1,
            of_event: |name| name == "process echo",
        }),
        program: Program::Rust("traced"),
    },
    Contestant {
        key: "rust-joined",
        name: "the same, joined to the clients' traces",
        carriers: true,
        spans: Some(Spans {
            per_event: 1,
            of_event: |name| name == "process echo",
        }),
        program: Program::Rust("traced"),
    },
    Contestant {
        key: "node-bare",
        name: "Node socket.io",
        carriers: false,
        spans: None,
        program: Program::Node(&[]),
    },
    Contestant {
        key: "node-traced",
        name: "the same with OpenTelemetry",
        carriers: false,
        spans: Some(Spans {
            per_event: 1,
            of_event: |name| name == "receive /",
        }),
        program: Program::Node(&["--traced"]),
    },
    Contestant {
        key: "python-traced",
        name: "python-socketio, FastAPI, OpenTelemetry",
        carriers: false,
        spans: Some(Spans {
            per_event: 2,
            of_event: |name| {
                name.ends_with(" websocket receive") || name.ends_with(" websocket send")
            },
        }),
        program: Program::Python,
    },
];

impl Contestant {
    /// Those with the given keys, or all.
    pub(crate) fn chosen(keys: &[String]) -> Outcome<Vec<&'static Self>> {
        if keys.is_empty() {
            return Ok(ALL.iter().collect());
        }
        let find = |key: &String| {
            let found = ALL.iter().find(|contestant| contestant.key == key);
            found.ok_or_else(|| {
                let known: Vec<_> = ALL.iter().map(|contestant| contestant.key).collect();
                format!("no contestant `{key}`; there are {}", known.join(", "))
            })
        };
        keys.iter().map(find).collect()
    }

    /// How its server is started. It prints `listening {port}`.
    pub(crate) fn command(&self, options: &Options) -> Command {
        match self.program {
            Program::Rust(mode) => {
                let mut command = Command::new(&options.server);
                command.arg(mode);
                command
            }
            Program::Node(flags) => {
                let mut command = Command::new("node");
                command.arg(options.node.join("server.mjs")).args(flags);
                command
            }
            Program::Python => {
                let mut command = Command::new(&options.python);
                command.arg(&options.python_server);
                command
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contestants_are_found_by_key() {
        assert_eq!(Contestant::chosen(&[]).unwrap().len(), ALL.len());
        let chosen = Contestant::chosen(&["node-bare".into(), "rust-bare".into()]).unwrap();
        assert_eq!((chosen[0].key, chosen[1].key), ("node-bare", "rust-bare"));
        let error = Contestant::chosen(&["deno".into()]).unwrap_err();
        assert!(error.contains("`deno`") && error.contains("node-traced"));
    }
}
