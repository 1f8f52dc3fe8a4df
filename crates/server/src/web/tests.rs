//! What is served at `/`, with which headers, and what the page's files must never hold.

use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use tower_service::Service as _;

use super::{Files, POLICY, names, routes};

async fn ask(method: Method, path: &str, known: Option<&str>) -> (StatusCode, HeaderMap, Bytes) {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(known) = known {
        request = request.header("if-none-match", known);
    }
    let request = request.body(String::new()).unwrap();
    let response = warp::service(routes()).call(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status, head.headers, body)
}

/// The text of every file of the page, with its path.
fn texts() -> Vec<(String, String)> {
    Files::iter()
        .map(|path| {
            let data = Files::get(&path).unwrap().data.into_owned();
            (path.to_string(), String::from_utf8(data).unwrap())
        })
        .collect()
}

/// What stands in double quotes after each `before`.
fn quoted_after<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
}

#[tokio::test]
async fn the_page_and_every_file_of_it_are_served_with_the_strict_headers() {
    let paths = texts().into_iter().map(|(path, _)| format!("/web/{path}"));
    for path in std::iter::once("/".to_owned()).chain(paths) {
        let (status, headers, body) = ask(Method::GET, &path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(!body.is_empty(), "{path}");
        assert_eq!(headers["content-security-policy"], POLICY, "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert_eq!(headers["cache-control"], "no-cache", "{path}");
        let kind = headers["content-type"].to_str().unwrap();
        assert_ne!(kind, "application/octet-stream", "{path} has no type");
    }
    let (_, headers, body) = ask(Method::GET, "/", None).await;
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    assert!(body.starts_with(b"<!doctype html>"));
}

#[test]
fn the_policy_lets_nothing_in_but_the_pages_own_files() {
    assert!(POLICY.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; "));
    for part in [
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(POLICY.contains(part), "{part}");
    }
    assert!(POLICY.ends_with("require-trusted-types-for 'script'"));
    assert!(!POLICY.contains("unsafe") && !POLICY.contains('*'));
}

#[tokio::test]
async fn a_browser_that_has_the_file_is_told_so() {
    let (_, headers, _) = ask(Method::GET, "/web/app.js", None).await;
    let etag = headers["etag"].to_str().unwrap().to_owned();
    for known in [
        etag.clone(),
        format!("W/{etag}"),
        format!("\"old\", {etag}"),
        "*".into(),
    ] {
        let (status, headers, body) = ask(Method::GET, "/web/app.js", Some(&known)).await;
        assert_eq!(status, StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!(headers["etag"], etag.as_str());
        assert!(body.is_empty());
    }
    let (status, ..) = ask(Method::GET, "/web/style.css", Some(&etag)).await;
    assert_eq!(status, StatusCode::OK, "another file has another etag");
    assert!(!names("\"old\"", &etag));
}

#[tokio::test]
async fn what_is_no_file_of_the_page_is_left_to_other_routes() {
    for path in [
        "/web/",
        "/web/nothing.js",
        "/web/../Cargo.toml",
        "/web/%2e%2e/Cargo.toml",
        "/app.js",
    ] {
        let (status, ..) = ask(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    let (status, ..) = ask(Method::HEAD, "/", None).await;
    assert_eq!(status, StatusCode::OK);
    let (status, ..) = ask(Method::POST, "/", None).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn no_file_can_turn_text_into_markup_or_code() {
    const NEVER: &[&str] = &[
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "createContextualFragment",
        "DOMParser",
        "setHTMLUnsafe",
        "srcdoc",
        "eval(",
        "new Function",
        "javascript:",
        ".style.",
    ];
    for (path, text) in texts() {
        for word in NEVER {
            assert!(!text.contains(word), "{path} has {word}");
        }
        if path.ends_with(".html") {
            assert!(!text.contains(" style="), "{path} has an inline style");
            assert!(!text.contains("<style"), "{path} has an inline sheet");
            let handler = text.split(" on").skip(1).any(|rest| {
                let word = rest
                    .split(|c: char| !c.is_ascii_lowercase())
                    .next()
                    .unwrap_or("");
                rest[word.len()..].starts_with('=')
            });
            assert!(!handler, "{path} has an inline handler");
            let scripts = text.matches("<script").count();
            assert_eq!(
                scripts,
                text.matches("<script type=\"module\" src=").count()
            );
        }
    }
}

#[test]
fn every_file_that_is_named_exists_and_nothing_is_named_elsewhere() {
    let page = Files::get("index.html").unwrap().data.into_owned();
    let page = String::from_utf8(page).unwrap();
    let named: Vec<&str> = quoted_after(&page, " href=\"")
        .chain(quoted_after(&page, " src=\""))
        .collect();
    assert!(named.contains(&"/web/app.js"));
    for path in &named {
        let file = path
            .strip_prefix("/web/")
            .unwrap_or_else(|| panic!("{path} is elsewhere"));
        assert!(Files::get(file).is_some(), "{path} is missing");
    }
    for (path, text) in texts() {
        if !path.ends_with(".js") {
            continue;
        }
        assert!(
            named.contains(&&*format!("/web/{path}")),
            "{path} is not preloaded"
        );
        assert!(text.starts_with("// "), "{path} doesn't say what it owns");
        let base = url::Url::parse(&format!("http://page/web/{path}")).unwrap();
        for import in quoted_after(&text, " from \"") {
            let target = base.join(import).unwrap();
            let file = target.path().strip_prefix("/web/").unwrap();
            assert!(
                Files::get(file).is_some(),
                "{path} imports {import}, which is missing"
            );
        }
    }
}

#[test]
fn every_id_a_module_asks_for_is_on_the_page() {
    let texts = texts();
    let page = &texts
        .iter()
        .find(|(path, _)| path == "index.html")
        .unwrap()
        .1;
    for (path, text) in &texts {
        for id in quoted_after(text, "byId(\"") {
            assert!(
                page.contains(&format!(" id=\"{id}\"")),
                "{path} asks for #{id}"
            );
        }
    }
    for id in [
        "name", "room", "enter", "message", "send", "messages", "members", "state", "typing",
        "rooms",
    ] {
        assert!(
            page.contains(&format!(" id=\"{id}\"")),
            "browser tests look for #{id}"
        );
    }
}
