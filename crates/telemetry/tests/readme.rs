//! The README's server is the example that is compiled and run by the tests.

const README: &str = include_str!("../../../README.md");
const EXAMPLE: &str = include_str!("../examples/server.rs");

#[test]
fn the_server_in_the_readme_is_the_example() {
    let block = README
        .split_once("```rust\n")
        .and_then(|(_, rest)| rest.split_once("```"))
        .map(|(block, _)| block);
    assert_eq!(
        block,
        Some(EXAMPLE),
        "README.md and crates/telemetry/examples/server.rs differ: change both"
    );
}
