//! The format: what is right is read, what is wrong is located.

use super::{catalogue, read};

/// The mistakes of `text`, each as `line:column message | help`.
fn mistakes(text: &str) -> Vec<String> {
    let Err(mistakes) = read("test.toml", text) else {
        return Vec::new();
    };
    let line = |mistake: &super::Mistake| {
        let (line, column) = mistakes.line_column(mistake);
        let help = mistake.help.as_deref();
        let help = help.map_or(String::new(), |help| format!(" | {help}"));
        format!("{line}:{column} {}{help}", mistake.message)
    };
    mistakes.list.iter().map(line).collect()
}

/// Two hosts on a link: what follows is appended, so the first line of `more` is line 12.
fn with(more: &str) -> String {
    format!(
        "title = \"t\"\nsummary = \"s\"\n[[node]]\nname = \"client\"\nip = \"10.0.0.2/24\"\n\
         [[node]]\nname = \"server\"\nip = \"10.0.0.9/24\"\n[[link]]\nends = [\"client\", \"server\"]\n\
         delay = \"10 ms\"\n{more}"
    )
}

#[track_caller]
fn check(more: &str, expected: &[&str]) {
    assert_eq!(mistakes(&with(more)), expected, "of:\n{}", with(more));
}

#[test]
fn every_builtin_can_be_read() {
    assert!(!catalogue().is_empty());
}

#[test]
fn a_right_file_has_no_mistakes() {
    check("", &[]);
}

#[test]
fn five_different_mistakes_are_five_located_messages() {
    check(
        "rat = \"1 Gbit/s\"
[[app]]
on = \"clint\"
kind = \"websocket-clint\"
[[app]]
on = \"server\"
kind = \"tcp-server\"
port = 99999
[[fault]]
do = \"delay\"
by = \"10 sec\"
",
        &[
            "12:1 unknown key `rat` | did you mean `rate`?",
            "14:6 there is no node `clint` | did you mean `client`?",
            "15:8 unknown word `websocket-clint` | did you mean `websocket-client`?",
            "19:8 `99999` is not from 1 to 65535",
            "22:10 unknown unit `sec` | one of `ns`, `us`, `µs`, `ms`, `s`, `min`",
        ],
    );
}
