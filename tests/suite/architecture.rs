//! The code keeps to the import table of `docs/architecture.md`: no module imports one that it may not know.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn imports_keep_to_the_table() {
    let table = table_of(&std::fs::read_to_string(in_repo("docs/architecture.md")).unwrap());
    let mut wrong = Vec::new();
    for file in rust_files(&in_repo("src")) {
        let module = module_of(&file);
        if module == "main" || module == "lib" {
            continue;
        }
        let Some(allowed) = table.get(&module) else {
            wrong.push(format!(
                "{}: module `{module}` is not in the table",
                file.display()
            ));
            continue;
        };
        let source = std::fs::read_to_string(&file).unwrap();
        for (line, import) in imports(&source) {
            if import != module && table.contains_key(&import) && !allowed.contains(&import) {
                wrong.push(format!(
                    "{}:{line}: `{module}` may not import `{import}`",
                    file.display()
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports outside the table:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_table_has_no_circle() {
    let table = table_of(&std::fs::read_to_string(in_repo("docs/architecture.md")).unwrap());
    assert!(table.len() >= 10, "the table was not found: {table:?}");
    for start in table.keys() {
        let mut reached = BTreeSet::new();
        let mut todo: Vec<&String> = table[start].iter().collect();
        while let Some(next) = todo.pop() {
            assert_ne!(next, start, "`{start}` imports itself through others");
            if reached.insert(next) {
                todo.extend(&table[next]);
            }
        }
    }
}

#[test]
fn an_import_is_seen_however_it_is_written() {
    let source = "use crate::walk::Walk;\nuse crate::{base::Time, sim};\n//! crate::tui in a comment\n\
                  let x = crate::show::text();\nuse crate::{\n    proto::{tree, stream},\n    stack,\n};\n";
    let found: Vec<String> = imports(source)
        .into_iter()
        .map(|(_, import)| import)
        .collect();
    assert_eq!(found, ["walk", "base", "sim", "show", "proto", "stack"]);
}

/// The rows of the table: "| `module` | what | `import` `import` … |".
fn table_of(page: &str) -> BTreeMap<String, BTreeSet<String>> {
    page.lines()
        .skip_while(|line| !line.starts_with("| module |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').collect();
            let names = |cell: &str| -> Vec<String> {
                cell.split('`')
                    .skip(1)
                    .step_by(2)
                    .map(str::to_owned)
                    .collect()
            };
            (
                names(cells[1])[0].clone(),
                names(cells[3]).into_iter().collect(),
            )
        })
        .collect()
}

/// The top-level modules that `crate::…` paths in `source` name, with the lines they stand on. Comments do not count.
fn imports(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let code: Vec<&str> = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect();
    let text = code.join("\n");
    for (at, _) in text.match_indices("crate::") {
        if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let line = text[..at].matches('\n').count() + 1;
        let rest = &text[at + "crate::".len()..];
        let heads = match rest.strip_prefix('{') {
            Some(group) => group_heads(group),
            None => vec![first_word(rest)],
        };
        found.extend(heads.into_iter().map(|head| (line, head)));
    }
    found
}

/// The first word of each item of `{a::b, c::{d, e}}`, from after the opening brace.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut heads) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                heads.push(first_word(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

fn first_word(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

fn in_repo(path: &str) -> PathBuf {
    Path::new(ROOT).join(path)
}

/// The top-level module that a file under `src` belongs to.
fn module_of(file: &Path) -> String {
    let inside = file.strip_prefix(in_repo("src")).unwrap();
    let first = inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
