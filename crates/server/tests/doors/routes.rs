//! What all routes of the HTTP API share: the key first, methods, names and queries read strictly.

use crate::back_end::{delete, get, head, post, put};
use crate::line::Answer;
use crate::node::Node;

/// Every route with good names, and a body where it takes one.
const ROUTES: &[(&str, &str, &str)] = &[
    (
        "POST",
        "/v1/rooms/lobby/messages",
        r#"{"from":"robot","message":"Hi"}"#,
    ),
    (
        "POST",
        "/v1/users/bob/messages",
        r#"{"from":"robot","message":"Hi"}"#,
    ),
    ("GET", "/v1/rooms/lobby/messages", ""),
    ("GET", "/v1/rooms/lobby/members", ""),
    ("GET", "/v1/rooms/lobby/reads", ""),
    ("GET", "/v1/rooms/lobby/bans", ""),
    ("GET", "/v1/users/bob", ""),
    ("GET", "/v1/users/bob/sessions", ""),
    ("POST", "/v1/users/bob/disconnect", "{}"),
    ("DELETE", "/v1/rooms/lobby/members/bob", ""),
    ("PUT", "/v1/rooms/lobby/bans/bob", r#"{"for_ms":60000}"#),
    ("DELETE", "/v1/rooms/lobby/bans/bob", ""),
];

fn ask(node: &Node, method: &str, path: &str, body: &str) -> Answer {
    match method {
        "GET" => get(node, path),
        "DELETE" => delete(node, path),
        "POST" => post(node, path, body),
        "PUT" => put(node, path, body),
        other => panic!("{other}"),
    }
}

#[test]
fn every_route_answers_who_shows_the_key_and_nobody_else() {
    let node = Node::start(&[]);
    for (method, path, body) in ROUTES {
        // A body that is never sent: who has no key doesn't make the node wait for one.
        let stranger = node.ask(format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        ));
        assert_eq!(stranger.status, 401, "{method} {path}: {stranger:?}");
        assert_eq!(stranger.header("www-authenticate"), Some("Bearer"));
        stranger.problem();
        let answer = ask(&node, method, path, body);
        assert_eq!(answer.status, 200, "{method} {path}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let name = if path.contains("rooms") {
            ("room", "lobby")
        } else {
            ("user", "bob")
        };
        let told = answer.json();
        let is_direct = *path == "/v1/users/bob/messages";
        assert!(
            told[name.0] == name.1 || is_direct,
            "{method} {path}: {told}"
        );
    }
}

#[test]
fn where_the_api_is_off_every_route_says_so() {
    let node = Node::start_without_api();
    for (method, path, body) in ROUTES {
        let answer = ask(&node, method, path, body);
        assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
        assert_eq!(answer.problem(), None);
        assert!(answer.body.contains("api_key"), "what to set: {answer:?}");
    }
}

#[test]
fn a_method_that_a_path_does_not_take_is_405_and_told_which_it_does() {
    let node = Node::start(&[]);
    for (path, allowed) in [
        ("/v1/ws", "GET"),
        ("/v1/rooms/lobby/messages", "POST, GET"),
        ("/v1/rooms/lobby/members", "GET"),
        ("/v1/rooms/lobby/members/bob", "DELETE"),
        ("/v1/rooms/lobby/reads", "GET"),
        ("/v1/rooms/lobby/bans", "GET"),
        ("/v1/rooms/lobby/bans/bob", "PUT, DELETE"),
        ("/v1/users/bob", "GET"),
        ("/v1/users/bob/messages", "POST"),
        ("/v1/users/bob/sessions", "GET"),
        ("/v1/users/bob/disconnect", "POST"),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            if allowed.split(", ").any(|each| each == method) {
                continue;
            }
            let mut line = node.line();
            line.send(head(
                method,
                path,
                "Content-Length: 0\r\nConnection: close\r\n",
            ));
            let said = String::from_utf8(line.until_closed()).unwrap();
            assert!(said.starts_with("HTTP/1.1 405 "), "{method} {path}: {said}");
            let told = format!("allow: {allowed}\r\n");
            assert!(said.contains(&told), "{method} {path}: {said}");
        }
    }
}

#[test]
fn a_path_that_is_no_route_is_404() {
    let node = Node::start(&[]);
    for path in [
        "/v1/rooms/lobby",
        "/v1/rooms/lobby/members/bob/more",
        "/v1/rooms//members",
        "/v1/rooms/lobby/members//",
        "/v1/rooms/lobby/Members",
        "/v1/users",
        "/v1/users/",
        "/v1/users/bob/bans",
        "/v2/users/bob",
        "/users/bob",
    ] {
        let answer = get(&node, path);
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        answer.problem();
    }
}

#[test]
fn a_name_that_is_none_and_a_query_that_nobody_reads_are_400_on_every_route() {
    let node = Node::start(&[]);
    for (method, path, body) in ROUTES {
        let mut wrong = vec![format!("{path}?page=2"), format!("{path}?limit=x")];
        for name in ["lobby", "bob"] {
            if path.contains(name) {
                wrong.push(path.replace(name, "a%20b"));
                wrong.push(path.replace(name, &"x".repeat(129)));
            }
        }
        for path in wrong {
            let answer = ask(&node, method, &path, body);
            assert_eq!(
                (answer.status, answer.problem()),
                (400, Some(104)),
                "{method} {path}: {answer:?}"
            );
        }
    }
    let refused = crate::node::until("each refusal is counted", || {
        let metrics = node.ask_ops("/metrics").body;
        let counted = "roomcast_refusals_total{code=\"bad_value\"} ";
        let line = metrics.lines().find_map(|line| line.strip_prefix(counted));
        line.map(|number| number.parse::<usize>().unwrap())
    });
    assert!(refused >= 4 * ROUTES.len(), "{refused}");
}

#[test]
fn pages_of_users_are_asked_for_by_user_and_number() {
    let node = Node::start(&[]);
    for list in ["members", "reads", "bans"] {
        let path = format!("/v1/rooms/lobby/{list}");
        for query in [
            "after=a%20b",
            "after=",
            "after=a&after=b",
            "before=a",
            "limit=-1",
            "limit=1.5",
            "limit=1&limit=1",
        ] {
            let answer = get(&node, &format!("{path}?{query}"));
            assert_eq!(
                (answer.status, answer.problem()),
                (400, Some(104)),
                "{query}: {answer:?}"
            );
        }
        for query in [
            "",
            "limit=0",
            "limit=4294967296",
            "after=bob%23",
            "after=zz",
        ] {
            let answer = get(&node, &format!("{path}?{query}"));
            assert_eq!(answer.status, 200, "{query}: {answer:?}");
            assert_eq!(answer.json()["more"], false);
        }
    }
}
