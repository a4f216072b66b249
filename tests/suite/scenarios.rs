//! `check` and `list`: exit codes, what is written where, and the schema against another implementation of JSON Schema.

use std::path::Path;
use std::process::{Command, Stdio};

use assert_cmd::Command as Layerwalk;

const EXAMPLE: &str = r#"
title   = "A ping"
summary = "One echo request"
node    = [{ name = "a", ip = "10.0.0.1/24" }, { name = "b", ip = "10.0.0.2/24" }]
link    = [{ ends = ["a", "b"] }]
app     = [{ on = "a", kind = "ping", to = "b" }]

[[expect]]
frame = 'icmp'
count = 2
"#;

/// Runs `layerwalk` and returns its exit code, standard output and standard error.
fn layerwalk(args: &[&str]) -> (Option<i32>, String, String) {
    let output = Layerwalk::cargo_bin("layerwalk")
        .unwrap()
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Runs `check` on a file with this text.
fn check(text: &str) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.toml");
    std::fs::write(&path, text).unwrap();
    layerwalk(&["check", path.to_str().unwrap()])
}

#[test]
fn check_tells_how_each_expectation_came_out() {
    let (code, out, err) = check(EXAMPLE);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(
        out.contains("ok  ") && out.contains("2 frames icmp: found 2 frames"),
        "{out}"
    );

    let (code, out, _) = check(&EXAMPLE.replace("count = 2", "count = 3"));
    assert_eq!(code, Some(1));
    assert!(
        out.contains("FAIL") && out.contains("3 frames icmp: found 2 frames"),
        "{out}"
    );
}

#[test]
fn check_reports_all_mistakes_and_goes_on_with_the_next_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.toml");
    std::fs::write(
        &path,
        EXAMPLE.replace("to =", "too =").replace("frame", "fram"),
    )
    .unwrap();
    let (code, out, err) = layerwalk(&["check", path.to_str().unwrap(), "handshake"]);
    assert_eq!(code, Some(3));
    assert!(
        err.contains("did you mean `to`?") && err.contains("did you mean `frame`?"),
        "{err}"
    );
    assert!(err.contains("wrong.toml:6:"), "{err}");
    assert!(
        !err.contains('\u{1b}'),
        "no colour where nobody sees it: {err:?}"
    );
    assert!(out.contains("handshake: "), "{out}");
}

#[test]
fn check_without_or_with_a_wrong_name_is_told_what_to_do() {
    assert_eq!(layerwalk(&["check"]).0, Some(2));
    let (code, _, err) = layerwalk(&["check", "hand-shake"]);
    assert_eq!(code, Some(3));
    assert!(err.contains("did you mean `handshake`?"), "{err}");
    let (code, _, err) = layerwalk(&["check", "/nowhere/x.toml"]);
    assert_eq!(code, Some(3));
    assert!(err.contains("/nowhere/x.toml"), "{err}");
}

/// A client for each server of the page on scenarios, under "Handlers", and what must come of it.
const CLIENTS: [(&str, &str); 4] = [
    (
        "An echo",
        r#"
        kind   = "socketio-client"
        script = [
            { emit = "file", args = ["a", { hex = "00 ff" }], ack = true },
            { await_event = "file", args = ["a", { hex = "00 ff" }] },
            { await = "ack" },
            { disconnect = "/" },
        ]
        [[expect]]
        message = 'socketio.type == 5'
        from    = "server"
        count   = 1
        [[expect]]
        message = 'socketio.type == 6'
        from    = "server"
        count   = 1
        "#,
    ),
    (
        "A greeting",
        r#"
        kind       = "socketio-client"
        namespaces = ["/", "/members"]
        auth       = { name = "Ada" }
        script     = [
            { await_event = "welcome", args = [{ name = "Ada" }, "you are number 1"] },
            { disconnect = "/" },
        ]
        [[expect]]
        message = 'socketio.type == 4 && socketio.nsp == "/members"'
        from    = "server"
        count   = 1
        [[expect]]
        message = 'socketio.type == 1'
        from    = "client"
        count   = 1
        "#,
    ),
    (
        "Rooms",
        r#"
        kind   = "socketio-client"
        script = [
            { emit = "join", args = ["red"], ack = true },
            { await = "ack" },
            { emit = "to", args = ["red", "hi"] },
            { await_event = "said" },
            { emit = "leave", args = ["red"], ack = true },
            { await = "ack" },
            { emit = "to", args = ["red", "anybody?"] },
            { wait = "1 s" },
            { disconnect = "/" },
        ]
        [[expect]]
        message = 'socketio.event == "said"'
        from    = "server"
        count   = 1
        [[expect]]
        message = 'socketio.type == 3'
        from    = "server"
        count   = 2
        "#,
    ),
    (
        "A chat without Socket.IO",
        r#"
        kind   = "websocket-client"
        path   = "/chat"
        script = [
            { send = "who" },
            { await_text = "1 are here" },
            { send = '{"kind":"say","text":"hi"}' },
            { await_text = "0: hi" },
            { close = 1000 },
        ]
        [[expect]]
        message = 'websocket.opcode == 8'
        from    = "client"
        count   = 1
        "#,
    ),
];

#[test]
fn each_server_of_the_page_on_handlers_does_what_is_said_of_it() {
    let page = include_str!("../../docs/scenarios.md");
    let (_, rest) = page.split_once("## Handlers\n").expect("the section");
    let (section, _) = rest.split_once("\n## ").expect("its end");
    let servers = section.split("```toml\n").skip(1);
    let servers: Vec<&str> = servers
        .filter_map(|part| part.split("```").next())
        .collect();
    assert_eq!(servers.len(), CLIENTS.len());
    for (server, (title, client)) in servers.into_iter().zip(CLIENTS) {
        assert!(server.contains(title), "{server}");
        let (code, out, err) = check(&format!(
            "{server}
            [[node]]
            name = \"client\"
            ip   = \"10.0.0.1/24\"
            [[link]]
            ends = [\"client\", \"server\"]
            [[app]]
            on   = \"client\"
            to   = \"server:3000\"
            {client}"
        ));
        assert_eq!(code, Some(0), "{title}: {out}{err}");
        // and by itself it is a file for `serve`
        let (code, out, err) = check(server);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{title}: {out}");
    }
}

#[test]
fn every_builtin_passes_its_check() {
    let (code, out, err) = layerwalk(&["check", "--all", "--invariants"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    for name in ["websocket", "handshake", "seven-layers", "blind-reset"] {
        assert!(
            out.contains(&format!("{name}: every invariant held")),
            "{out}"
        );
    }
    assert!(
        out.contains("meant old-segment: ")
            && out.contains("old-segment: every other invariant held"),
        "{out}"
    );
}

/// The server resets at once; then a SYN of the same connection comes, late, and makes a second one with the same
/// addresses and the same initial numbers.
const LATE_SYN: &str = r#"
title   = "A late SYN"
summary = "It makes a second connection"
node    = [{ name = "a", ip = "10.0.0.1/24" }, { name = "b", ip = "10.0.0.2/24", isn = 1000 }]
link    = [{ ends = ["a", "b"] }]
app     = [
    { on = "b", kind = "tcp-server", port = 7, script = [{ send = "hello" }, { wait = "50 ms" }, { end = "abort" }] },
    { on = "a", kind = "tcp-client", to = "b:7" },
]
fault   = [{ when = 'tcp.flags == 0x002', nth = 1, do = "delay", by = "3 s" }]
expect  = [{ frame = 'tcp.flags == 0x012 && tcp.seq_raw == 1000', count = 2 }]
"#;

#[test]
fn invariants_of_any_scenario_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        let path = folder.path().join("my.toml");
        std::fs::write(&path, text).unwrap();
        layerwalk(&["check", "--invariants", path.to_str().unwrap()])
    };
    let (code, out, _) = check(LATE_SYN);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("every invariant held"), "{out}");

    let breaks = |text| format!("{LATE_SYN}breaks = [{{ invariant = '{text}', reason = 'so' }}]\n");
    let (code, out, _) = check(&breaks("what was read is a beginning"));
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("was meant to break"), "{out}");
    let (code, _, err) = check(&breaks("nobody says this"));
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("no invariant says"), "{err}");

    // Without a word about it the same break is a failure.
    let old_segment = include_str!("../../scenarios/old-segment.toml");
    let (told, _) = old_segment.split_once("[[breaks]]").unwrap();
    let (code, out, _) = check(told);
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("FAIL") && out.contains("a beginning of what the peer wrote"),
        "{out}"
    );
}

#[test]
fn list_writes_text_and_json() {
    for what in ["scenarios", "interfaces", "protocols", "keys"] {
        let (code, text, _) = layerwalk(&["list", what]);
        assert_eq!(code, Some(0));
        let (_, json, _) = layerwalk(&["list", what, "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let list = json.as_array().unwrap();
        assert_eq!(list.len(), text.lines().count(), "{what}");
    }
    let (_, text, _) = layerwalk(&["list"]);
    assert!(
        text.starts_with("websocket "),
        "the default walk comes first: {text}"
    );
}

#[test]
fn the_schema_names_every_table() {
    let (code, json, _) = layerwalk(&["list", "schema"]);
    assert_eq!(code, Some(0));
    let schema: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    for table in ["Node", "Link", "App", "Fault", "Expect", "Ask", "Note"] {
        assert!(schema["$defs"][table]["description"].is_string(), "{table}");
    }
}

/// Another implementation of JSON Schema takes every built-in scenario, and refuses wrong ones.
#[test]
#[ignore = "needs python with jsonschema"]
fn the_schema_fits_the_builtin_scenarios() {
    const SCRIPT: &str = r#"
import json, sys, tomllib, pathlib, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
files = sorted(pathlib.Path(sys.argv[2]).glob("*.toml"))
assert files
for file in files:
    text = file.read_text()
    errors = list(validator.iter_errors(tomllib.loads(text)))
    assert not errors, (file, [(e.json_path, e.message) for e in errors])
    for old, new in [("[[node]]", "[[nodes]]"), ("\nkind ", "\nkinds "), ("title ", "name "), ('"10 ms"', '"10 sec"'),
                     ("order   = ", "order = 9999"), ("\nframe ", "\nfram "), ("\nbecause ", "\nbecaus "), ("\nip ", "\nipp ")]:
        wrong = text.replace(old, new)
        if wrong != text:
            assert not validator.is_valid(tomllib.loads(wrong)), (file, old, new)
"#;
    let folder = tempfile::tempdir().unwrap();
    let schema = folder.path().join("schema.json");
    std::fs::write(&schema, layerwalk(&["list", "schema"]).1).unwrap();
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let status = Command::new("python3")
        .args(["-c", SCRIPT])
        .args([schema, scenarios])
        .stdin(Stdio::null())
        .status()
        .expect("python3 can be run");
    assert!(status.success());
}
