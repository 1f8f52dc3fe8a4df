//! What people write is shown as they wrote it, and is never more than text.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::guest::Guest;
use crate::node::Node;
use crate::screen::Screen;

/// Markup, scripts, templates, addresses and characters that have hurt pages before.
const HOSTILE: &[&str] = &[
    "<script>window.__pwned=1</script>",
    "<img src=x onerror=window.__pwned=1>",
    "<svg/onload=window.__pwned=1>",
    "\"><script>window.__pwned=1</script>",
    "' onmouseover='window.__pwned=1' x='",
    "</li></ol><iframe src=javascript:window.__pwned=1>",
    "<math><mtext><style><img src=x onerror=window.__pwned=1>",
    "javascript:window.__pwned=1",
    "http://x/\"onclick=\"window.__pwned=1",
    "https://x/'><b onclick=window.__pwned=1>",
    "data:text/html,<script>window.__pwned=1</script>",
    "${window.__pwned=1}{{window.__pwned=1}}<%=window.__pwned=1%>",
    "&lt;script&gt;window.__pwned=1&lt;/script&gt; &amp; &#60;b&#62;",
    "<!--<base href=https://evil.example/>-->]]><style>*{display:none}</style>",
    "__proto__",
    "a\u{300}\u{301}\u{302}\u{303} \u{1f469}\u{200d}\u{1f4bb} \u{5e9}\u{5dc}\u{5d5}\u{5dd} \\u003cb\\u003e",
];

/// What stands on the page that nobody but the page itself may have put there.
const FOREIGN: &str = r##"
    const plain = ["LI", "DIV", "SPAN", "P", "BDI", "TIME", "A", "BUTTON"];
    const shown = [...document.querySelectorAll("#messages *, #members *, #rooms *, #directs *, #out *, #typing *, #room-title *")];
    const strange = shown.filter((each) => !plain.includes(each.tagName) && each.tagName !== "I");
    const links = shown.filter((each) => each.href && !/^https?:$/.test(each.protocol));
    const armed = shown.flatMap((each) => [...each.attributes]).filter(({ name }) => name.startsWith("on"));
    return {
        pwned: window.__pwned ?? null,
        strange: [...strange, ...links].map((each) => each.outerHTML),
        armed: armed.map(({ name, value }) => `${name}=${value}`),
        scripts: document.scripts.length,
        displayed: getComputedStyle(document.querySelector("#message")).display !== "none",
    };
"##;

/// What a hole in the page would let a message do; returns what was refused at once.
const ATTACKS: &str = r##"
    const image = document.createElement("img");
    const link = document.createElement("a");
    const script = document.createElement("script");
    document.body.append(image, link, script);
    const attacks = [
        () => { document.body.innerHTML = "<b onclick=window.__pwned=1>"; },
        () => image.setAttribute("onerror", "window.__pwned=1"),
        () => { script.textContent = "window.__pwned=1"; },
        () => { script.src = "data:text/javascript,window.__pwned=1"; },
        () => { link.href = "javascript:void(window.__pwned=1)"; link.click(); },
    ];
    const failed = (attack) => { try { attack(); return null; } catch ({ name }) { return name; } };
    return attacks.map(failed);
"##;

#[tokio::test(flavor = "multi_thread")]
async fn what_people_write_is_shown_as_text_and_never_run() {
    let node = Node::alone();
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    let scripts = alice
        .run("return document.scripts.length", Vec::new())
        .await;

    let mut others = Vec::new();
    for (at, text) in HOSTILE.iter().enumerate() {
        let mut mallory = Guest::enter(node.address(), &format!("m{at}"), text, "lobby").await;
        let data = json!({ "html": text });
        let chat =
            json!({ "type": "chat", "id": 2, "room": "lobby", "message": text, "data": data });
        mallory.ask(chat, "ack").await;
        let direct = json!({ "type": "direct", "id": 3, "to": "alice", "message": text });
        mallory.ask(direct, "ack").await;
        others.push(mallory);
    }
    others[0].types("lobby").await;
    let types = |screen: &Screen| screen.typing.starts_with(HOSTILE[0]);
    alice.sees("who types, by a hostile name", types).await;
    alice.say(HOSTILE[1]).await;

    let mut all = HOSTILE.to_vec();
    all.push(HOSTILE[1]);
    let screen = alice.sees_exactly(&all).await;
    let named: Vec<&str> = screen.messages().map(|row| row.who.as_str()).collect();
    assert_eq!(named[..HOSTILE.len()], *HOSTILE);
    for name in HOSTILE {
        let listed = screen.members.iter().any(|member| member == name);
        assert!(listed, "{name} is a member: {:#?}", screen.members);
        let written = screen.directs.iter().any(|other| other == name);
        assert!(written, "{name} has written: {:#?}", screen.directs);
    }
    let read = json!({ "type": "read", "id": 4, "room": "lobby", "seq": all.len() });
    others[2].ask(read, "ok").await;
    let seen = |screen: &Screen| {
        let last = screen.messages().last();
        last.is_some_and(|row| row.readers == format!("Seen by {}", HOSTILE[2]))
    };
    alice.sees("who has read, by a hostile name", seen).await;
    let direct = "#directs > li[data-room='@m1'] .open";
    alice.click(direct).await;
    let alone = |screen: &Screen| screen.title == HOSTILE[1] && screen.texts() == [HOSTILE[1]];
    alice.sees("what one of them wrote to her", alone).await;
    let foreign = alice.run(FOREIGN, Vec::new()).await;
    let harmless =
        json!({ "pwned": null, "strange": [], "armed": [], "scripts": scripts, "displayed": true });
    assert_eq!(foreign, harmless);
    assert_eq!(browser.complaints().await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_and_rooms_at_the_door_are_text_or_refused() {
    let node = Node::alone();
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    for room in [
        "/#<img src=x onerror=window.__pwned=1>",
        "/#%3Cscript%3E",
        "/#%",
        "/#a{b}",
    ] {
        alice.open(node.address(), "/").await;
        alice.open(node.address(), room).await;
        alice.reload().await;
        let offered = alice.element("#room").await.prop("value").await.unwrap();
        assert_eq!(offered.as_deref(), Some("lobby"), "{room}");
    }
    let name = "<img src=x onerror=window.__pwned=1>";
    alice.type_into("#name", name).await;
    alice.element("#room").await.clear().await.unwrap();
    alice.type_into("#room", "<b>{den}</b>").await;
    alice.click("#enter").await;
    let refused = |screen: &Screen| !screen.signed_in && !screen.refusal.is_empty();
    alice.sees("that the room is refused", refused).await;
    alice.element("#room").await.clear().await.unwrap();
    alice.type_into("#room", "den").await;
    alice.click("#enter").await;
    let named = |screen: &Screen| screen.members == [name] && screen.count == "1 online";
    alice.sees("the name as it was written", named).await;
    alice
        .type_into("#join-room", "<svg/onload=window.__pwned=1>\n")
        .await;
    let told = |screen: &Screen| !screen.notice.is_empty() && screen.rooms == ["den"];
    alice.sees("that there is no such room", told).await;
    let foreign = alice.run(FOREIGN, Vec::new()).await;
    assert_eq!(foreign["pwned"], Value::Null);
    assert_eq!(foreign["strange"], json!([]));
    assert_eq!(browser.complaints().await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn even_markup_that_got_onto_the_page_would_not_run() {
    let node = Node::alone();
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    let refused = alice.run(ATTACKS, Vec::new()).await;
    let no = "TypeError";
    // The policy stops the link only on its way.
    assert_eq!(refused, json!([no, no, no, no, null]));
    alice.say("still here").await;
    alice.sees_exactly(&["still here"]).await;
    assert_eq!(
        alice.run("return window.__pwned ?? null", Vec::new()).await,
        Value::Null
    );
    let complaints = browser.complaints().await;
    // Here the other tests' complaints are seen to be heard.
    for word in [
        "TrustedHTML",
        "TrustedScript",
        "TrustedScriptURL",
        "script-src",
    ] {
        let told = complaints.iter().any(|text| text.contains(word));
        assert!(told, "{word} in {complaints:#?}");
    }
}
