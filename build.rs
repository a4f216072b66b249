//! Collects the built-in scenarios: every `.toml` of `scenarios/`. To add one, add the file.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let folder = Path::new(&root).join("scenarios");
    println!("cargo::rerun-if-changed=scenarios");

    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the folder scenarios/ is there")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();

    let mut list = String::from("&[\n");
    for file in files {
        let name = file.file_stem().expect("it has a name").to_string_lossy();
        writeln!(
            list,
            "    ({name:?}, include_str!({:?})),",
            file.display().to_string()
        )
        .expect("writing to a string does not fail");
    }
    list.push(']');
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("scenarios.rs");
    fs::write(out, list).expect("OUT_DIR can be written");
}
