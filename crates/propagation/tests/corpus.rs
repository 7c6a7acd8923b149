//! Runs the fuzz targets' checks over their seeds, so that a bug once found stays fixed.

#[path = "../fuzz/checks.rs"]
mod checks;

use std::fs;
use std::path::Path;

fn replay(target: &str, check: fn(&str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("the seeds are part of the sources") {
        let path = entry.expect("a readable folder").path();
        let text = fs::read_to_string(&path).expect("seeds are UTF-8");
        println!("{}", path.display());
        check(&text);
        // Every prefix is an input of its own: cut short in the middle of anything.
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            check(&text[..end]);
        }
        count += 1;
    }
    assert!(count > 0, "no seeds in {}", folder.display());
}

#[test]
fn b3() {
    replay("b3", checks::b3);
}

#[test]
fn traceparent() {
    replay("traceparent", checks::traceparent);
}

#[test]
fn carrier() {
    replay("carrier", checks::carrier);
}

#[test]
fn cut_trailing() {
    replay("cut_trailing", checks::cut_trailing);
}
