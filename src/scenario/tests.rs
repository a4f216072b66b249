//! The format: what is right is read, what is wrong is located.

use proptest::prelude::*;

use super::{Mistakes, builtin, catalogue, read, schema};

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
fn the_catalogue_fits_80_columns() {
    let names = catalogue().iter().map(|scenario| scenario.name.len());
    let width = names.max().unwrap_or(0) + 2;
    for scenario in catalogue() {
        let len = width + scenario.summary.chars().count();
        assert!(len <= 80, "{}: the summary is too long", scenario.name);
    }
}

/// The reference in `docs/scenarios.md` is what the declarations say. With `UPDATE=1` set it is written anew.
#[test]
fn the_documentation_is_up_to_date() {
    const MARK: &str = "<!-- From here on made from the declarations of the keys. -->\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scenarios.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, found) = page.split_once(MARK).expect("the mark is there");
    let expected = super::reference();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, format!("{before}{MARK}{expected}")).unwrap();
    } else if found != expected {
        panic!("docs/scenarios.md is old; run this test with UPDATE=1 set");
    }
}

/// The first scenario of the page, so that what a reader copies works.
#[test]
fn the_example_of_the_documentation_can_be_read() {
    let page = include_str!("../../docs/scenarios.md");
    let (_, rest) = page.split_once("```toml\n").expect("there is an example");
    let (example, _) = rest.split_once("```").expect("it ends");
    assert_eq!(mistakes(example), [""; 0]);
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
            "22:10 unknown unit `sec` | one of `ns`, `us`, `µs`, `ms`, `s`, `min`, `h`",
        ],
    );
}

/// A router between the client and a third host, with more in its table.
fn with_router(interfaces: &str, more: &str) -> String {
    format!(
        "[[node]]\nname = \"r\"\nkind = \"router\"\n{more}\ninterface = [{interfaces}]\n\
         [[node]]\nname = \"far\"\nip = \"10.0.9.2/24\"\ngateway = \"10.0.9.1\"\n\
         [[link]]\nends = [\"r\", \"far\"]\n"
    )
}

#[test]
fn mistakes_in_routers() {
    let far = "{ to = \"far\", ip = \"10.0.9.1/24\" }";
    check(&with_router(far, ""), &[]);
    check(&with_router("", ""), &["12:1 a router needs interfaces"]);
    check(
        &with_router(
            far,
            "ip = \"10.0.9.1/24\"\nroute = [{ to = \"10.1.0.0/16\", via = \"10.0.8.1\" }]",
        ),
        &[
            "15:6 a router has its addresses at its interfaces",
            "16:38 10.0.8.1 is in the network of no interface of this router",
            "17:33 the address is used twice",
        ],
    );
    check(
        &with_router("{ to = \"client\", ip = \"10.0.9.1/24\" }", ""),
        &[
            "16:21 there is no link from `r` to `client`",
            "16:36 `client` has 10.0.0.2/24",
        ],
    );
    check(
        &with_router("{ to = \"far\", ip = \"10.0.9.1/24\", mtu = 20 }", ""),
        &["16:54 `20` is not from 68 to 9000"],
    );
    check(
        &(with_router(far, "")
            + "[[node]]\nname = \"s\"\nkind = \"switch\"\nicmp_errors = false\n\
               [[link]]\nends = [\"s\", \"r\"]\n[[app]]\non = \"r\"\nkind = \"ping\"\nto = \"far\"\n"),
        &[
            "13:8 `r` has no interface on its link to `s`",
            "26:15 this key is for a node with kind = \"router\"",
            "30:6 `r` is a router, and no program runs on one",
        ],
    );
}

#[test]
fn mistakes_in_values() {
    check(
        "queue = -1\nrate = 5\n",
        &[
            "12:9 `-1` is not from 0 to 1000000",
            "13:8 expected rate such as `\"100 Mbit/s\"`, found a number",
        ],
    );
    let app = |rest: &str| format!("[[app]]\non = \"client\"\n{rest}");
    check(
        &app("kind = \"ping\"\nto = \"sever\"\nstart = \"5\"\ninterval = \"1.x s\"\n"),
        &[
            "15:6 there is no node `sever` | did you mean `server`?",
            "16:9 the unit is missing | units: ns, us, µs, ms, s, min, h",
            "17:15 unknown unit `x s` | one of `ns`, `us`, `µs`, `ms`, `s`, `min`, `h`",
        ],
    );
    check(
        &app(
            "kind = \"tcp-client\"\nto = \"server:70000\"\nscript = [{ send = \"x\", wait = \"1 s\" }]\n",
        ),
        &[
            "15:14 `70000` is no port from 1 to 65535",
            "16:25 `send` and `wait` do not go together",
        ],
    );
    check(
        "[[node]]\nname = \"x y\"\nip = \"10.0.0.3\"\nmac = \"ff:ff:ff:ff:ff:ff\"\n",
        &[
            "13:8 a name is a letter and up to 31 more letters, digits, `-` or `_` | write it as `\"client\"`",
            "14:6 the length of the network's prefix is missing \
             | a network of 256 addresses is written 10.0.0.3/24",
            "15:7 a group address is no address of a single host | write it as `\"02:00:00:00:00:01\"`",
        ],
    );
    check(
        "[[node]]\nname = \"x\"\nip = \"10.0.0.300/24\"\nkind = 3\n",
        &[
            "13:8 `x` has no link",
            "14:7 `10.0.0.300` is no IPv4 address",
            "15:8 expected one of `host`, `switch`, `router`, found a number",
        ],
    );
    check(
        "[[node]]\nname = \"x\"\nip = \"10.0.0.3/99\"\n",
        &[
            "13:8 `x` has no link",
            "14:16 a prefix has 0 to 32 bits, not `99`",
        ],
    );
}

#[test]
fn filters_are_pointed_into() {
    check(
        "[[fault]]\ndo = \"drop\"\nwhen = 'tcp.flag.syn == 1'\n",
        &["14:9 `tcp.flag.syn` is no field and no protocol | did you mean `tcp.flags.syn`?"],
    );
    check(
        "[[fault]]\ndo = \"drop\"\nwhen = 'tcp.seq == 0'\n",
        &["14:8 `tcp.seq` cannot be told from one frame alone | `tcp.seq_raw` can"],
    );
    check(
        "[[expect]]\nin_order = ['tcp', \"\"\"ip.srcc == 1\"\"\"]\n",
        &["13:23 `ip.srcc` is no field and no protocol | did you mean `ip.src`?"],
    );
}

#[test]
fn a_host_that_is_down() {
    check(
        "[[crash]]\non = \"client\"\nat = \"1 s\"\n[[crash]]\non = \"client\"\nat = \"2 s\"\n\
         [[app]]\non = \"client\"\nkind = \"ping\"\nto = \"server\"\nstart = \"3 s\"\n",
        &[
            "15:1 `client` is down at that time",
            "22:9 `client` is down when this program is to start",
        ],
    );
    check(
        "[[crash]]\non = \"client\"\nat = \"1 s\"\nup_after = \"1 s\"\n\
         [[app]]\non = \"client\"\nkind = \"raw-tcp\"\nfrom = \"1.2.3.4:5\"\nto = \"server:80\"\nstart = \"2 s\"\n",
        &["16:1 which segments?"],
    );
}

#[test]
fn what_cannot_work_together() {
    check(
        "[[node]]\nname = \"client\"\nip = \"10.0.0.9/24\"\n",
        &[
            "13:8 the name is used twice",
            "14:6 the address is used twice",
        ],
    );
    check(
        "[[node]]\nname = \"hub\"\nkind = \"switch\"\nip = \"10.0.0.3/24\"\n[[link]]\nends = [\"hub\", \"client\"]\n",
        &[
            "15:6 a switch has no address of its own",
            "17:16 `client` already has a link | put a node with kind = \"switch\" between them",
        ],
    );
    check(
        "[[link]]\nends = [\"client\", \"client\"]\n[[link]]\nends = [\"client\"]\n",
        &[
            "13:19 a link has two different ends",
            "15:8 expected two, found 1",
        ],
    );
    check(
        "[[node]]\nname = \"far\"\nip = \"10.0.0.255/24\"\n[[node]]\nname = \"s\"\nkind = \"switch\"\n\
         [[link]]\nends = [\"far\", \"s\"]\n[[app]]\non = \"s\"\nkind = \"udp-echo\"\n\
         [[app]]\non = \"client\"\nkind = \"ping\"\nto = \"far\"\n",
        &[
            "14:6 10.0.0.255/24 is the broadcast address of its network",
            "21:6 `s` is a switch, and no program runs on one",
            "26:6 no links lead from `client` to `far`",
        ],
    );
    check(
        "[[app]]\non = \"client\"\nkind = \"ping\"\nto = \"10.9.9.9\"\n",
        &[
            "15:6 10.9.9.9 is not in the network of `client`, 10.0.0.2/24 \
           | give `client` an address in the same network, or a `gateway`",
        ],
    );
    check(
        "[[app]]\non = \"server\"\nkind = \"tcp-server\"\nport = 80\nscript = [{ ping = \"x\" }, { close = 1000 }]\n\
         [[app]]\non = \"server\"\nkind = \"http-server\"\n",
        &[
            "16:11 this cannot be done over TCP | it fits a WebSocket",
            "16:27 this cannot be done over TCP | it fits a WebSocket",
            "17:1 port 80 of `server` is taken twice",
        ],
    );
    check(
        "[[expect]]\nstate = \"CLOSE\"\nnode = \"server\"\n[[expect]]\nframe = 'tcp'\ncount = 1\nat_most = 3\n\
         [[expect]]\nfilter = 'tcp'\n[[expect]]\nbetween = ['tcp', 'udp']\n",
        &[
            "13:9 unknown word `CLOSE` | did you mean `CLOSED`?",
            "17:9 `count` says it exactly: `at_least` and `at_most` do not go with it",
            "19:1 a key is missing",
            "20:1 unknown key `filter` | one of `because`, `frame`, `message`, `in_order`, `state`, \
             `passes`, `event`, `record`, `between`, `variable`",
            "22:11 how much time?",
        ],
    );
}

#[test]
fn broken_toml_is_located_and_the_rest_is_read() {
    check(
        "[[app]]\non = server\nkind = \"udp-ech\"\n",
        &[
            "13:6 string values must be quoted, expected literal string",
            "14:8 unknown word `udp-ech` | did you mean `udp-echo`?",
        ],
    );
    assert_eq!(
        mistakes(""),
        [
            "1:1 the key `title` is missing",
            "1:1 the key `summary` is missing",
            "1:1 a scenario needs nodes",
        ],
        "of an empty file"
    );
    check(
        "[node]\n",
        &[
            "12:1 there may be several of these | write its name in two pairs of brackets: [[…]]",
            "12:1 the key `name` is missing",
            "12:1 a host needs an address",
            "12:2 duplicate key",
        ],
    );
}

#[test]
fn what_is_missing_is_said_all_at_once() {
    check(
        "[[node]]\n[[link]]\n[[app]]\nstart = \"1 s\"\n",
        &[
            "12:1 the key `name` is missing",
            "12:1 a host needs an address",
            "13:1 the key `ends` is missing",
            "14:1 the key `on` is missing",
            "14:1 the key `kind` is missing",
        ],
    );
}

#[test]
fn a_report_names_file_line_and_column() {
    let report = read("my.toml", &with("rat = 1\n")).unwrap_err().to_string();
    let expected = "\
error: unknown key `rat`
  --> my.toml:12:1
   |
12 | rat = 1
   | ^^^ no such key here
   |
   = help: did you mean `rate`?";
    assert_eq!(report, expected);
}

#[test]
fn a_report_obeys_no_escape_of_the_file() {
    let text = with("\"a\\u001b[31m\" = 1\n# \u{1b}[31m\u{202e}\nrat = \u{1b}[31m\n");
    let report = read("\u{1b}]0;x\u{7}.toml", &text).unwrap_err().to_string();
    let hostile = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!report.contains(hostile), "{report:?}");
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let error = |name| builtin(name).unwrap_err().to_string();
    assert_eq!(
        error("handshakes"),
        "there is no built-in scenario `handshakes`; did you mean `handshake`?"
    );
    assert!(error("zzz").ends_with("`layerwalk list scenarios` names them all"));
}

#[test]
fn chance_and_time_spans_of_tcp() {
    check("[[fault]]\ndo = \"drop\"\nchance = \"5%\"\n", &[]);
    check(
        "[[fault]]\ndo = \"drop\"\nchance = \"100.5%\"\n",
        &["14:10 more than 100% | write it as `\"5%\"` or `\"0.1%\"`"],
    );
    let host = |keys: &str| format!("[[node]]\nname = \"third\"\nip = \"10.0.0.3/24\"\n{keys}\n");
    let of_tcp = |keys: &str| {
        let mut list = mistakes(&with(&host(keys)));
        list.retain(|mistake| !mistake.contains("has no link"));
        list
    };
    assert_eq!(
        of_tcp("delayed_ack = \"200 ms\"\nnagle = false\nmsl = \"1 s\""),
        [""; 0]
    );
    assert_eq!(
        of_tcp("delayed_ack = \"1 s\""),
        ["15:15 an acknowledgment may wait for 500 ms, not for 1s"]
    );
    assert_eq!(
        of_tcp("rto_min = \"90 s\""),
        ["15:11 `rto_min` is above `rto_max`"]
    );
    assert_eq!(of_tcp("rto_initial = \"0 ms\""), ["15:15 too short a time"]);
}

/// A default that its own key cannot read would be reported as missing.
#[test]
fn every_default_is_right() {
    let client =
        |kind: &str, rest: &str| format!("[[app]]\non = \"client\"\nkind = \"{kind}\"\n{rest}\n");
    let server =
        |kind: &str, rest: &str| format!("[[app]]\non = \"server\"\nkind = \"{kind}\"\n{rest}\n");
    let text = [
        client(
            "websocket-client",
            "to = \"server:80\"\nscript = [{ close = 1000 }]",
        ),
        client(
            "socketio-client",
            "to = \"server:80\"\n[[app.handle]]\nevent = \"a\"",
        ),
        client("http-client", "to = \"server:80\"\n[[app.request]]"),
        client("tcp-client", "to = \"server:80\""),
        client("udp-client", "to = \"server:80\""),
        client("ping", "to = \"server\""),
        server("websocket-server", "port = 81"),
        server("http-server", "[[app.page]]"),
        server("tcp-server", "port = 82"),
        server("udp-echo", ""),
        "[[fault]]\ndo = \"drop\"\n[[fault]]\ndo = \"duplicate\"\n[[fault]]\ndo = \"corrupt\"\n"
            .into(),
        "[[fault]]\ndo = \"delay\"\nby = \"1 ms\"\n[[note]]\nat = 'tcp'\ntext = \"\"\n".into(),
        "[[expect]]\nrecord = \"discarded\"\ncount = 0\n".into(),
    ];
    check(&text.concat(), &[]);
}

#[test]
fn a_socketio_client_is_read_with_what_it_sends() {
    use crate::sim::spec::{AppKind, SocketIoAction as Action};
    let text = r#"
[[app]]
on = "client"
kind = "socketio-client"
to = "server:3000"
path = "/chat"
transports = "websocket"
namespaces = ["/", "/admin"]
auth = { token = "x", age = 3 }
script = [
  { await = "connect", namespace = "/admin" },
  { emit = "a", args = [1, { b = [{ hex = "01" }] }], ack = true, timeout = "1 s" },
  { await_event = "news", args = ["x"] },
  { wait = "1 s" },
  { disconnect = "/admin" },
  { abort = true },
]
[[app.handle]]
event = "question"
do = [{ answer = ["yes", "$1"] }, { emit = "b" }]
"#;
    let scenario = read("test.toml", &with(text)).expect("it is right");
    let spec = scenario.spec(None);
    let AppKind::SocketIoClient(app) = &spec.apps[0].kind else {
        panic!("{:?}", spec.apps);
    };
    assert_eq!((&*app.path, &*app.host), ("/chat/", "server:3000"));
    assert_eq!(app.auth.as_deref(), Some(r#"{"token":"x","age":3}"#));
    assert_eq!((app.namespaces.len(), app.script.len()), (2, 6));
    assert_eq!(app.handlers[0].deeds.len(), 2);
    let Action::Emit(emit) = &app.script[1] else {
        panic!("{:?}", app.script);
    };
    assert_eq!((emit.args.len(), emit.ack), (2, true));
}

#[test]
fn mistakes_of_a_socketio_client() {
    let auth = "`auth` is a table, without bytes and `$` in it";
    for (rest, message) in [
        ("auth = 1", auth),
        ("auth = { a = { hex = \"00\" } }", auth),
        ("auth = { a = \"$1\" }", auth),
        (
            "namespaces = [\"admin\"]",
            "a namespace starts with `/` and has no `,` or `?`",
        ),
        (
            "script = [{ emit = \"disconnect\" }]",
            "no event may be called `disconnect`",
        ),
        (
            "script = [{ emit = \"a\", timeout = \"1 s\" }]",
            "a `timeout` is one for an acknowledgment: it takes `ack = true`",
        ),
        (
            "script = [{ abort = false }]",
            "without `true` this action does nothing",
        ),
        (
            "script = [{ emit = \"a\", args = [\"$1\"] }]",
            "nothing has come here that a `$` could stand for",
        ),
    ] {
        let app = "[[app]]\non = \"client\"\nkind = \"socketio-client\"\nto = \"server:80\"\n";
        let found = mistakes(&with(&format!("{app}{rest}\n")));
        let is_it = |found: &String| {
            found
                .split_once(' ')
                .is_some_and(|(_, text)| text == message)
        };
        assert!(found.len() == 1 && is_it(&found[0]), "{rest}: {found:?}");
    }
}

#[test]
fn every_object_of_the_schema_denies_unknown_keys() {
    fn walk(json: &serde_json::Value, objects: &mut usize) {
        if json["type"] == "object" && json["description"].is_string() {
            let closed =
                &json["additionalProperties"] == false || &json["unevaluatedProperties"] == false;
            *objects += usize::from(closed);
        }
        for child in json.as_object().into_iter().flatten().map(|(_, v)| v) {
            walk(child, objects);
        }
    }
    let schema = schema();
    let mut closed = 0;
    walk(&schema, &mut closed);
    let tables = schema["$defs"].as_object().unwrap().len() + 1;
    assert_eq!(closed, tables);
}

/// What must hold of any text: no panic, each mistake in the file, a report that can be made.
fn holds(text: &str) {
    if let Err(mistakes) = read("any.toml", text) {
        assert!(!mistakes.list.is_empty());
        for mistake in &mistakes.list {
            let spans = [
                Some(&mistake.span),
                mistake.also.as_ref().map(|(span, _)| span),
            ];
            for span in spans.into_iter().flatten() {
                assert!(text.get(span.clone()).is_some(), "{span:?} of {text:?}");
            }
            mistakes.line_column(mistake);
        }
        assert!(!Mistakes::render(&mistakes, true).is_empty());
    }
}

/// A text made of the pieces of scenario files.
fn toml_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "[[node]]\n",
        "[[link]]\n",
        "[[app]]\n",
        "[[fault]]\n",
        "[[expect]]\n",
        "[[app.script]]\n",
        "[node]\n",
        "name = ",
        "ip = ",
        "ends = ",
        "on = ",
        "kind = ",
        "to = ",
        "script = ",
        "do = ",
        "when = ",
        "frame = ",
        "\"client\"",
        "\"10.0.0.2/24\"",
        "\"websocket-client\"",
        "\"drop\"",
        "'tcp.seq == 1'",
        "\"1 ms\"",
        "[",
        "]",
        "{",
        "}",
        ",",
        "\n",
        " = ",
        "3",
        "-1",
        "1e9",
        "true",
        "\"\"\"",
        "\"\\u00e4\"",
        "é",
        "\t",
        "\r\n",
        "[[x.y]]",
        "a.b = 1\n",
        "1979-05-27",
        "#",
        "\0",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_or_located(text in ".{0,400}") {
        holds(&text);
    }

    #[test]
    fn any_toml_like_text_is_read_or_located(text in toml_like()) {
        holds(&text);
    }

    #[test]
    fn any_change_of_a_builtin_is_read_or_located(
        which in 0usize..100,
        at in any::<prop::sample::Index>(),
        len in 0usize..40,
        put in prop_oneof![".{0,8}", toml_like()],
    ) {
        let all = super::texts();
        let mut text = all[which % all.len()].1.to_owned();
        let floor = |mut at: usize| { while !text.is_char_boundary(at) { at -= 1; } at };
        let start = floor(at.index(text.len() + 1));
        let end = floor((start + len).min(text.len()));
        text.replace_range(start..end, &put);
        holds(&text);
    }
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let load = |bytes: &[u8]| {
        let path = folder.path().join("x.toml");
        std::fs::write(&path, bytes).unwrap();
        super::load(&path).unwrap_err().to_string()
    };
    assert!(load(b"title = 1\n\xff").ends_with("line 2 is not written in UTF-8"));
    assert!(load(&vec![b' '; (4 << 20) + 1]).ends_with("too many for a scenario"));
    let folder = super::load(folder.path()).unwrap_err().to_string();
    assert!(folder.contains("directory"), "{folder}");
}

#[test]
fn of_very_many_mistakes_the_first_are_told() {
    let text: String = (0..30).map(|n| format!("wrong{n} = 1\n")).collect();
    let told = read("test.toml", &text).unwrap_err().to_string();
    assert!(
        told.contains("`wrong0`") && told.contains("`wrong10`"),
        "{told}"
    );
    assert!(!told.contains("`wrong25`"), "{told}");
    assert!(told.contains(" more are not told"), "{told}");
}

#[test]
fn mistakes_of_handlers_of_messages() {
    for kind in ["websocket-server", "engineio-server"] {
        let with_handle = |handle: &str| {
            format!("[[app]]\non = \"server\"\nkind = \"{kind}\"\n[[app.handle]]\n{handle}")
        };
        let check = |handle: &str, expected: &[&str]| check(&with_handle(handle), expected);
        check(
            "message = \"hi\"\ndo = [{ send = \"$1\", to = \"others\" }]",
            &[],
        );
        let known = "there are `$1`, the message, `$id`, `$reason`, `$count` and `$sockets`";
        let unknown = "this value belongs to events of Socket.IO, and this is a bare message";
        check(
            "any_message = true\ndo = [{ log = \"${auth}\" }]",
            &[&format!("17:15 {unknown} | {known}")],
        );
        check(
            "every = \"1 s\"\ndo = [{ send = \"tick\" }]",
            &["17:7 no client is there at this moment"],
        );
        check(
            "every = \"1 s\"\ndo = [{ send = \"tick\", to = \"everyone\" }]",
            &[],
        );
    }
}

#[test]
fn a_server_by_itself_needs_no_link() {
    let alone = "title = \"t\"\nsummary = \"s\"\n[[node]]\nname = \"s\"\nip = \"10.0.0.2/24\"\n";
    assert_eq!(mistakes(alone), [""; 0]);
}

#[test]
fn mistakes_of_handlers_of_events() {
    let check = |handle: &str, expected: &[&str]| {
        let server = "[[app]]\non = \"server\"\nkind = \"socketio-server\"\n[[app.handle]]\n";
        check(&format!("{server}{handle}"), expected);
    };
    check(
        "when = \"connecting\"\ndo = [{ log = \"no\" }, { refuse = \"no\" }]",
        &[],
    );
    check(
        "when = \"connecting\"\ndo = [{ refuse = \"no\" }, { log = \"no\" }]",
        &["17:26 a handler that refuses a client is done with it: this is never done"],
    );
    check(
        "any_event = true\ndo = [{ log = \"${*}\" }]",
        &[
            "17:15 `$*` is all arguments: it stands by itself, in `args`, `answer` or a list \
             | write it as `\"hello, ${auth.name}\"` or `\"$1\"`",
        ],
    );
}
