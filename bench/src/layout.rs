//! How reports look: tables for a terminal and for a page, and the place of a report in a page.

use std::fs;
use std::path::Path;

use crate::Outcome;
use crate::verdict::Verdict;

/// For a terminal: columns of even width, then what the comparisons came to.
pub(crate) fn terminal<const N: usize>(rows: &[[String; N]], verdicts: &[Verdict]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        for (cell, width) in row.iter().zip(widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text.push('\n');
    for verdict in verdicts {
        text.push_str(&verdict.sentence());
        text.push('\n');
    }
    text
}

/// The same for a page. The first row has the headings; the first `texts` columns are texts, the
/// others numbers.
pub(crate) fn markdown<const N: usize>(
    rows: &[[String; N]],
    texts: usize,
    verdicts: &[Verdict],
) -> String {
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        text.push_str(&format!("| {} |\n", row.join(" | ")));
        if index == 0 {
            let (texts, numbers) = ("|---".repeat(texts), "|---:".repeat(N - texts));
            text.push_str(&format!("{texts}{numbers}|\n"));
        }
    }
    text.push('\n');
    for verdict in verdicts {
        text.push_str(&format!("- {}\n", verdict.sentence()));
    }
    text
}

/// `all of 600000`, or how many and what share was lost.
pub(crate) fn arrived(arrived: u64, expected: u64) -> String {
    if arrived == expected {
        return format!("all of {expected}");
    }
    if arrived > expected {
        let more = arrived - expected;
        return format!("all of {expected}, {more} twice");
    }
    let lost = (expected - arrived) as f64 / expected as f64;
    format!("{arrived} of {expected} (lost {:.2} %)", lost * 100.0)
}

/// Writes a file of the report and says so.
pub(crate) fn write(folder: &Path, name: &str, text: &str) -> Outcome {
    let path = folder.join(name);
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("written: {}", path.display());
    Ok(())
}

/// Replaces the report of a benchmark in `page`, between the lines `<!-- bench name: begin -->` and
/// `<!-- bench name: end -->`.
///
/// # Errors
/// A page that cannot be read or written, or has no place for it.
pub(crate) fn update(page: &Path, benchmark: &str, report: &str) -> Outcome {
    let failed = |error: std::io::Error| format!("{}: {error}", page.display());
    let text = fs::read_to_string(page).map_err(failed)?;
    let [begin, end] = marks(benchmark);
    let text = replaced(&text, benchmark, report).ok_or_else(|| {
        format!(
            "{} has no lines `{}` and `{end}` for the report",
            page.display(),
            begin.trim_end()
        )
    })?;
    fs::write(page, text).map_err(failed)?;
    eprintln!("written: {}", page.display());
    Ok(())
}

fn marks(benchmark: &str) -> [String; 2] {
    [
        format!("<!-- bench {benchmark}: begin -->\n"),
        format!("<!-- bench {benchmark}: end -->"),
    ]
}

fn replaced(page: &str, benchmark: &str, report: &str) -> Option<String> {
    let [begin, end] = marks(benchmark);
    let (head, rest) = page.split_once(&begin)?;
    let (_, tail) = rest.split_once(&end)?;
    let report = report.trim_end();
    Some(format!("{head}{begin}\n{report}\n\n{end}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_even() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned);
        let rows = [row(["a", "µs"]), row(["longer", "1"])];
        assert_eq!(terminal(&rows, &[]), "a       µs\nlonger  1\n\n");
        let page = markdown(&rows, 1, &[]);
        assert_eq!(page, "| a | µs |\n|---|---:|\n| longer | 1 |\n\n");
    }

    #[test]
    fn losses_and_doubles_are_said() {
        assert_eq!(arrived(200, 200), "all of 200");
        assert_eq!(arrived(150, 200), "150 of 200 (lost 25.00 %)");
        assert_eq!(arrived(201, 200), "all of 200, 1 twice");
    }

    #[test]
    fn only_the_part_between_the_marks_is_replaced() {
        let page = "# Title\n<!-- bench a: begin -->\nold\n<!-- bench a: end -->\nrest\n";
        let text = replaced(page, "a", "new\n").unwrap();
        let expected = "# Title\n<!-- bench a: begin -->\n\nnew\n\n<!-- bench a: end -->\nrest\n";
        assert_eq!(text, expected);
        assert_eq!(replaced(&text, "a", "new").unwrap(), text);
        assert_eq!(replaced(&text, "b", "new"), None);
    }
}
