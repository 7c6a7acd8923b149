//! docs/instrumenting.md as printed: its changes turn the chat without telemetry into the one with
//! it, and its commands print what it says. `cargo run … --example` is left out of the commands,
//! because the programs are built already.

use std::path::Path;

use tokio::process::Command;

use crate::LISTEN;
use crate::support::backend::{Backend, status};
use crate::support::decoded::spans;
use crate::support::program::{Program, example};

const GUIDE: &str = include_str!("../../../../docs/instrumenting.md");
const BEFORE: &str = include_str!("../../examples/chat_before.rs");
const AFTER: &str = include_str!("../../examples/chat_after.rs");

/// The blocks of that language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let parts = GUIDE.split("\n```");
    let blocks = parts.filter_map(|part| part.strip_prefix(language)?.strip_prefix('\n'));
    blocks.collect()
}

/// A change: the lines that were there, and those that are there afterwards.
fn sides(change: &str) -> (String, String) {
    let side = |leave_out: char| {
        let lines = change.lines().filter(|line| !line.starts_with(leave_out));
        let lines = lines.map(|line| line.get(1..).unwrap_or_default().to_owned() + "\n");
        lines.collect::<String>()
    };
    (side('+'), side('-'))
}

#[test]
fn the_changes_lead_from_one_program_to_the_other() {
    // The comment at the top names the other file in each.
    let body = |program: &'static str| program.split_once("\n\n").unwrap().1;
    let mut program = body(BEFORE).to_owned();
    let changes = blocks("diff");
    assert!(changes.len() > 3, "{changes:?}");
    for change in changes {
        let (before, after) = sides(change);
        let found = program.matches(&before).count();
        assert_eq!(
            found, 1,
            "the place of this change:\n{change}\nin:\n{program}"
        );
        program = program.replace(&before, &after);
    }
    assert_eq!(program, body(AFTER));
}

/// The command as the shell gets it, in the root of the repository.
fn shell(block: &str, replacements: &[(&str, &str)]) -> Command {
    let mut line = block.trim().to_owned();
    for name in ["chat_after", "job"] {
        let run = format!("cargo run -p aether-telemetry --example {name}");
        let program = example(name).display().to_string();
        line = line.replace(&format!("{run} -- "), &format!("{program} "));
        line = line.replace(&run, &program);
    }
    for (printed, real) in replacements {
        assert!(line.contains(printed), "{line}");
        line = line.replace(printed, real);
    }
    let mut shell = Command::new("sh");
    // In the shell's place, so that a signal reaches it.
    shell.args(["-c", &format!("exec env {line}")]);
    shell.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    shell
}

#[tokio::test]
async fn the_commands_do_what_is_printed() {
    let backend = Backend::start([], Some(status(200))).await;
    let [serve, ask, count] = blocks("sh")[..] else {
        panic!("three commands")
    };
    let [topic, words] = blocks("text")[..] else {
        panic!("two answers")
    };
    let endpoint = [("http://localhost:4318", backend.url.as_str())];
    let serve = shell(serve, &endpoint);
    let mut server = Program::spawn(serve, "set by the command", &[LISTEN]);
    let port = server.port().await;
    let address = format!("127.0.0.1:{port}");
    let ask = shell(ask, &[("127.0.0.1:3000", &address)]);
    let asked = Program::spawn(ask, &backend.url, &[]).ended().await;
    assert_eq!(asked.out.trim(), topic.trim(), "{asked:?}");
    server.terminate().await;
    assert!(server.ended().await.status.success());
    let names: Vec<_> = spans(&backend.received())
        .into_iter()
        .map(|span| span.name)
        .collect();
    assert_eq!(names, ["GET /rooms/{room}"]);
    assert!(GUIDE.contains("`GET /rooms/{room}`"));

    let count = shell(count, &endpoint);
    let counted = Program::spawn(count, "set by the command", &[])
        .ended()
        .await;
    let printed = counted.out + &counted.error;
    assert_eq!(printed.trim(), words.trim());
}
