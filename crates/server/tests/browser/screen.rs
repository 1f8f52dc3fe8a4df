//! What stands on the page at one moment, read off its elements in one go.

use serde::Deserialize;

/// Reads a [`Screen`] in the browser.
pub(crate) const READ: &str = r##"
    const text = (selector) => document.querySelector(selector)?.textContent ?? "";
    const list = (selector, read) => [...document.querySelectorAll(selector)].map(read);
    const row = (item) => item.classList.contains("message")
        ? {
            seq: item.dataset.seq ? Number(item.dataset.seq) : null,
            id: item.dataset.id ?? null,
            own: item.classList.contains("own"),
            pending: item.classList.contains("pending"),
            failed: item.classList.contains("failed"),
            who: item.querySelector(".who").textContent,
            text: item.querySelector(".text").textContent,
            readers: item.querySelector(".readers")?.textContent ?? "",
            tick: item.querySelector(".tick")?.title ?? "",
            gap: null,
        }
        : { gap: item.textContent, who: "", text: "" };
    const all = [...document.querySelectorAll("#messages > li")];
    const mark = all.findIndex((item) => item.classList.contains("new"));
    const behind = mark < 0 ? null : all.slice(mark).find((item) => item.classList.contains("message"));
    const out = document.getElementById("out");
    return {
        signed_in: document.getElementById("sign-in")?.hidden ?? false,
        refusal: text("#sign-in-why"),
        title: text("#room-title"),
        count: text("#room-count"),
        state: document.getElementById("state")?.dataset.state ?? "",
        notice: text("#notice"),
        typing: text("#typing"),
        out: out && !out.hidden ? text("#out-why") : "",
        rest: document.getElementById("members-rest")?.hidden ? "" : text("#members-rest"),
        members: list("#members > li[data-user]", (item) => item.querySelector(".member-name").textContent),
        rooms: list("#rooms > li[data-room]", (item) => item.dataset.room),
        unread: list("#rooms .badge", (badge) => badge.firstChild.textContent),
        directs: list("#directs > li[data-room]", (item) => item.querySelector(".room-name").textContent),
        unread_directs: list("#directs .badge", (badge) => badge.firstChild.textContent),
        first_new: behind?.querySelector(".text").textContent ?? "",
        edge: text("#messages > li.edge"),
        rows: list("#messages > li.message, #messages > li.gap", row),
    };
"##;

/// The page at one moment.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Screen {
    /// Whether the card of the sign-in is gone.
    pub(crate) signed_in: bool,
    /// Why the card would not let one in.
    pub(crate) refusal: String,
    pub(crate) title: String,
    pub(crate) count: String,
    /// `connected`, `reconnecting` or `offline`.
    pub(crate) state: String,
    pub(crate) notice: String,
    pub(crate) typing: String,
    /// Why one is not in the room any more.
    pub(crate) out: String,
    /// How many are here besides those who are listed.
    pub(crate) rest: String,
    pub(crate) members: Vec<String>,
    pub(crate) rooms: Vec<String>,
    pub(crate) unread: Vec<String>,
    /// The names of those with whom there are conversations.
    pub(crate) directs: Vec<String>,
    pub(crate) unread_directs: Vec<String>,
    /// The message above which the line of what is new stands.
    pub(crate) first_new: String,
    /// What stands above the first message.
    pub(crate) edge: String,
    /// Messages and gaps, from above.
    pub(crate) rows: Vec<Row>,
}

/// A message, or, where `gap` says something, a gap.
#[derive(Debug, Deserialize)]
pub(crate) struct Row {
    #[serde(default)]
    pub(crate) seq: Option<u64>,
    /// Only once the room has said it back.
    #[serde(default)]
    pub(crate) id: Option<String>,
    #[serde(default)]
    pub(crate) own: bool,
    #[serde(default)]
    pub(crate) pending: bool,
    #[serde(default)]
    pub(crate) failed: bool,
    pub(crate) who: String,
    pub(crate) text: String,
    /// Who has read it, where it says so.
    #[serde(default)]
    pub(crate) readers: String,
    /// What the tick of one's own message means.
    #[serde(default)]
    pub(crate) tick: String,
    pub(crate) gap: Option<String>,
}

impl Screen {
    /// Whether the page is connected and every message on it has been said back by the room.
    pub(crate) fn is_settled(&self) -> bool {
        let said =
            |row: &Row| row.gap.is_some() || (row.id.is_some() && !row.pending && !row.failed);
        self.state == "connected" && self.rows.iter().all(said)
    }

    /// The texts of the messages, from above.
    pub(crate) fn texts(&self) -> Vec<&str> {
        self.messages().map(|row| row.text.as_str()).collect()
    }

    /// The positions and texts of the messages, from above.
    pub(crate) fn log(&self) -> Vec<(u64, &str)> {
        self.messages()
            .map(|row| (row.seq.expect("acked"), row.text.as_str()))
            .collect()
    }

    /// The positions of the messages, cut where a gap stands.
    pub(crate) fn runs(&self) -> Vec<Vec<u64>> {
        let runs = self.rows.split(|row| row.gap.is_some());
        runs.map(|run| run.iter().map(|row| row.seq.expect("acked")).collect())
            .collect()
    }

    /// What the gaps say.
    pub(crate) fn gaps(&self) -> Vec<&str> {
        let gaps = self.rows.iter().filter_map(|row| row.gap.as_deref());
        gaps.collect()
    }

    pub(crate) fn messages(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.gap.is_none())
    }
}
