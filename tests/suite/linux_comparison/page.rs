//! The page that is made of the comparison.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::Compared;
use super::align::Pair;
use super::cases::Source;
use super::ladder::Row;

const HEAD: &str = include_str!("head.md");
/// Begins the one line that may change from machine to machine.
const MADE_WITH: &str = "Made with Linux ";

/// The page.
pub fn write(compared: &[Compared]) -> String {
    let mut page = HEAD.to_owned();
    let _ = writeln!(page, "\n{MADE_WITH}{}.", kernel());
    for (index, compared) in compared.iter().enumerate() {
        section(&mut page, index + 1, compared);
    }
    page
}

/// The kernel's version, without what a distribution adds.
fn kernel() -> String {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("a kernel");
    let numbers = release.split('.').take(2);
    numbers.collect::<Vec<_>>().join(".")
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/linux-comparison.md")
}

/// Writes the page to its place.
pub fn save(page: &str) {
    std::fs::write(path(), page).expect("the page");
}

/// The page in its place is this one.
pub fn check(page: &str) {
    let there = std::fs::read_to_string(path()).unwrap_or_default();
    let lines = |page: &str| {
        let lines = page.lines().filter(|line| !line.starts_with(MADE_WITH));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let (there, made) = (lines(&there), lines(page));
    let differing = (0..there.len().max(made.len())).find(|&at| there.get(at) != made.get(at));
    if let Some(at) = differing {
        panic!(
            "docs/linux-comparison.md is not what comes out; UPDATE=1 writes it anew\n\
             it has: {:?}\ncame out: {:?}",
            there.get(at),
            made.get(at)
        );
    }
}

fn section(page: &mut String, number: usize, compared: &Compared) {
    let case = compared.case;
    let _ = write!(page, "\n## {number}. {}\n\n", case.title);
    paragraph(page, "", case.text);
    let _ = write!(page, "\n```text\n{}```\n\n", ladders(compared));
    if case.differences.is_empty() {
        page.push_str("They are the same.\n");
    }
    for (index, difference) in case.differences.iter().enumerate() {
        paragraph(page, &format!("{}. ", index + 1), difference.why);
    }
    page.push('\n');
    paragraph(page, "", &conditions(compared));
}

/// Adds text in lines that are not too long; behind a number they are indented.
fn paragraph(page: &mut String, number: &str, text: &str) {
    const WIDE: usize = 118;
    let indent = " ".repeat(number.len());
    let mut line = number.to_owned();
    for word in text.split(' ') {
        if line.chars().count() + word.chars().count() > WIDE {
            let _ = writeln!(page, "{}", line.trim_end());
            line.clone_from(&indent);
        }
        line += word;
        line.push(' ');
    }
    let _ = writeln!(page, "{}", line.trim_end());
}

/// Where the scenario is, and what the wire is like.
fn conditions(compared: &Compared) -> String {
    let link = &compared.spec.links[0];
    let scenario = match compared.case.scenario {
        Source::Builtin(name) => format!("The built-in scenario `{name}`"),
        Source::Own(name, _) => {
            format!("The scenario `tests/suite/linux_comparison/scenarios/{name}.toml`")
        }
    };
    let slower = match compared.case.stretch {
        1 => String::new(),
        factor => format!(", {factor} times as slow as it stands there"),
    };
    let (delay, rate) = (link.delay.as_millis(), link.rate / 1000);
    format!("{scenario}{slower}: a wire of {delay} ms and {rate} kbit/s.")
}

/// The two ladders beside each other, with the numbers of what explains a difference.
fn ladders(compared: &Compared) -> String {
    let mut lines = Vec::new();
    for pair in &compared.pairs {
        let marks = marks(compared, pair);
        let sides = [&pair.linux, &pair.ours].map(|row| row.as_ref().map_or_else(Vec::new, cell));
        let height = sides[0].len().max(sides[1].len());
        for line in 0..height {
            let [linux, ours] =
                [0, 1].map(|side| sides[side].get(line).cloned().unwrap_or_default());
            let mark = if line == 0 {
                marks.clone()
            } else {
                String::new()
            };
            lines.push([linux, mark, ours]);
        }
    }
    let title = [
        "  Linux".to_owned(),
        String::new(),
        "  layerwalk".to_owned(),
    ];
    lines.insert(0, title);
    let width = |column: usize| {
        let cells = lines.iter().map(|line| line[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let (left, middle) = (width(0), width(1));
    let line = |[linux, mark, ours]: &[String; 3]| {
        let line = format!("{linux:left$}  {mark:^middle$}  {ours}");
        format!("{}\n", line.trim_end())
    };
    lines.iter().map(line).collect()
}

/// `=` for a pair that is the same, else what explains it.
fn marks(compared: &Compared, pair: &Pair) -> String {
    let parts = pair.differences();
    if parts.is_empty() {
        return "=".to_owned();
    }
    let entries = compared.case.differences.iter().enumerate();
    let numbers = entries.filter(|(_, entry)| parts.iter().any(|part| entry.explains(pair, *part)));
    let numbers: Vec<String> = numbers.map(|(index, _)| (index + 1).to_string()).collect();
    format!("[{}]", numbers.join(","))
}

/// A row, with the options of a long one on a line of their own.
fn cell(row: &Row) -> Vec<String> {
    const WIDE: usize = 50;
    let text = row.to_string();
    match text
        .split_once(" <")
        .filter(|_| text.chars().count() > WIDE)
    {
        Some((segment, options)) => vec![segment.to_owned(), format!("        <{options}")],
        None => vec![text],
    }
}
