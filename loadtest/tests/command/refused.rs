//! What can't be done is refused at once, in a sentence that names what is wrong and what was expected.

use crate::called::{Called, call, words};

/// The program can't read this line; what it says about it.
async fn unreadable(line: &str) -> String {
    let called = call(&words(line), &[]).await;
    assert_eq!(called.code, Some(2), "{called}");
    assert_eq!(called.said, "");
    called.complained
}

/// There is no result, and one thing to say.
fn no_result(called: Called) -> String {
    assert_eq!(called.code, Some(70), "{called}");
    assert_eq!(called.said.trim(), "", "{called}");
    let complaint = called.complained.strip_prefix("loadtest: ");
    complaint
        .unwrap_or_else(|| panic!("{called}"))
        .trim_end()
        .to_owned()
}

/// What is said where this line has no result.
async fn complaint(line: &str) -> String {
    no_result(call(&words(line), &[]).await)
}

/// The same with a file of settings.
async fn complaint_of(file: &str, line: &str) -> String {
    let line = format!("{line} --config load.toml");
    no_result(call(&words(&line), &[("load.toml", file.as_bytes())]).await)
}

#[tokio::test]
async fn somewhere_to_connect_is_asked_for() {
    let said = complaint("chatter").await;
    assert_eq!(
        said,
        "target: say where to connect (ws://host:port), or --local to start a cluster here"
    );
    let said = complaint("chatter --local --target ws://127.0.0.1:9").await;
    assert!(said.starts_with("target: with --local"), "{said}");
}

#[tokio::test]
async fn a_fault_that_nobody_knows_is_refused_with_those_that_are_known() {
    let said = unreadable("chatter --fault trip@2s").await;
    for part in [
        "trip@2s",
        "--fault",
        "kill:<node>",
        "reconnect",
        "run:<command>",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = unreadable("chatter --fault reconnect").await;
    assert!(said.contains("@ and when it begins"), "{said}");
    let said = unreadable("chatter --for 2weeks").await;
    assert!(said.contains("a time such as"), "{said}");
    let said = unreadable("chat").await;
    assert!(said.contains("chatter"), "{said}");
}

#[tokio::test]
async fn a_fault_that_cannot_be_done_here_is_refused_before_anybody_connects() {
    let line = "chatter --target ws://127.0.0.1:9 --pid a=1 --fault kill:b@1s";
    let said = complaint(line).await;
    assert!(said.starts_with("kill:b@1s: "), "{said}");
    let said = complaint("chatter --target ws://127.0.0.1:9 --fault redis-flush@1s").await;
    assert_eq!(
        said,
        "redis-flush@1s: this can't be done: it is not known where Redis is"
    );
    let said = complaint("chatter --target ws://127.0.0.1:9 --pid a").await;
    assert!(
        said.starts_with("pid: ") && said.contains("NAME=PID"),
        "{said}"
    );
}

#[tokio::test]
async fn a_file_says_what_the_flags_do_not() {
    let file = "target = ['ws://127.0.0.1:9']\nclients = 2\nrooms = 5\n";
    let said = complaint_of(file, "fanout").await;
    assert!(said.starts_with("rooms: 5 rooms and 2 clients"), "{said}");
    let said = complaint_of(file, "fanout --clients 3").await;
    assert!(said.starts_with("rooms: 5 rooms and 3 clients"), "{said}");
    let said = complaint_of(file, "fanout --rooms 4").await;
    assert!(said.starts_with("rooms: 4 rooms and 2 clients"), "{said}");
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_refused_by_what_is_wrong_in_it() {
    for (file, part) in [
        ("client = 9\n", "unknown field `client`"),
        ("for = '2 weeks'\n", "a time such as"),
        ("fault = ['trip@2s']\n", "kill:<node>"),
        ("clients = 'many'\n", "clients"),
        ("clients = \n", "line 1"),
    ] {
        let said = complaint_of(file, "fanout").await;
        assert!(
            said.starts_with("config: ") && said.contains(part),
            "{file}: {said}"
        );
    }
    let said = complaint("fanout --config nowhere.toml").await;
    assert!(said.starts_with("reading nowhere.toml: "), "{said}");
}

#[tokio::test]
async fn numbers_of_which_nothing_would_come_are_refused_by_name() {
    for (flags, expected) in [
        ("--clients 0", "clients: at least 1"),
        ("--rate 0", "rate: more than 0"),
        ("--rate nan", "rate: more than 0"),
        ("--factor 1", "factor: more than 1"),
        ("--zipf nan", "zipf: 0 or more"),
        ("--direct 200", "direct: 0 to 100"),
        ("--reloads=-1", "reloads: 0 to 100"),
        ("--speakers 0", "speakers: at least 1"),
        ("--rooms-each 0", "rooms-each: at least 1"),
        ("--waiting 0", "waiting: at least 1"),
        ("--connects 0", "connects: at least 1"),
        ("--processes 0", "processes: at least 1"),
    ] {
        let said = complaint(&format!("chatter --target ws://127.0.0.1:9 {flags}")).await;
        assert!(said.starts_with(expected), "{flags}: {said}");
    }
}

#[tokio::test]
async fn a_target_that_is_none_is_refused_at_once() {
    for (target, part) in [
        ("wss://127.0.0.1:9", "TLS is not built in"),
        ("127.0.0.1:9", "a target is ws://host[:port][/path]"),
    ] {
        let line = format!("fanout --clients 2 --rooms 1 --target {target}");
        let called = call(&words(&line), &[]).await;
        assert_eq!(called.code, Some(70), "{called}");
        assert!(called.complained.contains(part), "{called}");
    }
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_told_with_what_the_system_says() {
    // Nothing listens there.
    let line = "fanout --plain --clients 2 --rooms 1 --patience 2s --target ws://127.0.0.1:1";
    let called = call(&words(line), &[]).await;
    assert_eq!(called.code, Some(70), "{called}");
    assert!(called.complained.contains("refused (os error"), "{called}");
}

#[tokio::test]
async fn acts_and_ledgers_that_are_not_there_are_refused_by_name() {
    let said = complaint("faults --only trip").await;
    assert!(
        said.starts_with("only: there is no act \"trip\"; there are "),
        "{said}"
    );
    let said = complaint("audit nowhere").await;
    assert!(said.starts_with("nowhere: "), "{said}");
    let said = unreadable("audit").await;
    assert!(said.contains("<LEDGERS>"), "{said}");
}
