//! Commands of one node that overtake each other on the way or are said once more, at a real Redis:
//! what the ledger's own tests play against a made-up one.

use super::super::life::Life;
use super::super::line::Timeouts;
use super::super::link::Link;
use super::super::listing::Listing;
use super::super::scripts::{Asking, Entered, Reaped, Released, Scripts};
use super::super::token::Token;
use super::Server;
use crate::conformance::{PATIENCE, room, session, user};
use crate::port::{Entry, PresenceError};

/// A link that a test holds itself.
struct Wire {
    link: Link,
    scripts: Scripts,
    life: Life,
}

impl Wire {
    async fn to(server: &Server) -> Self {
        let timeouts = Timeouts {
            connect: PATIENCE,
            response: PATIENCE,
        };
        let link = Link::new(0, &super::address(&server.url()), timeouts);
        link.connect().await.unwrap();
        Self {
            link,
            scripts: Scripts::new(),
            life: Life::fresh(&"n".parse().unwrap()),
        }
    }

    /// Tells Redis a list of sessions.
    async fn list(&self, edition: u64, numbers: &[u128]) {
        let listing = Listing {
            edition,
            sessions: numbers.iter().copied().map(session).collect(),
        };
        let (inbox, alice) = (room("@alice"), user("alice"));
        let what = (Token::fresh(), None, &listing);
        let (link, who) = (&self.link, (&inbox, &alice));
        let entered = self.scripts.enter(link, who, &self.life, what, false).await;
        entered.unwrap();
    }

    /// Enters somebody into `r`.
    async fn enter(&self, name: &str, token: Token) -> Entered {
        let (r, who, listing) = (room("r"), user(name), Listing::default());
        let (link, place) = (&self.link, (&r, &who));
        let what = (token, None, &listing);
        let entered = self.scripts.enter(link, place, &self.life, what, false);
        entered.await.unwrap()
    }

    /// Releases somebody from `r`, without grace. The count and the revision that it left.
    async fn release(&self, name: &str, token: Token, asking: Asking) -> Entry {
        let (r, who) = (room("r"), user(name));
        let (link, place, act) = (&self.link, (&r, &who), (token, asking));
        let released = self.scripts.release(link, place, &self.life, act, (0, 1));
        match released.await.unwrap() {
            Released::Left {
                count, revision, ..
            } => Entry { count, revision },
            other => panic!("{other:?}"),
        }
    }

    /// Reaps the first page of `r`.
    async fn reap(&self, token: Token, again: bool) -> Reaped {
        let (r, act) = (room("r"), (0, token, again));
        let reaped = self.scripts.reap(&self.link, &r, &self.life, act, (0, 1));
        reaped.await.unwrap()
    }

    async fn listed(&self) -> Result<Vec<u128>, PresenceError> {
        let (inbox, alice) = (room("@alice"), user("alice"));
        let sessions = self.scripts.sessions(&self.link, &inbox, &alice).await?;
        let numbers = sessions
            .iter()
            .map(|one| uuid::Uuid::parse_str(&one.session.to_string()).unwrap());
        Ok(numbers.map(|number| number.as_u128()).collect())
    }
}

#[tokio::test]
async fn a_list_of_sessions_that_was_overtaken_by_a_later_one_does_not_replace_it() {
    let server = Server::start();
    let wire = Wire::to(&server).await;
    wire.list(3, &[1]).await;
    wire.list(5, &[1, 2]).await;
    wire.list(4, &[1, 3]).await;
    assert_eq!(wire.listed().await, Ok(vec![1, 2]));
    wire.list(5, &[1, 2]).await;
    wire.list(6, &[]).await;
    assert_eq!(wire.listed().await, Ok(vec![]));
    // Another life of the node begins at the beginning.
    let reborn = Wire::to(&server).await;
    reborn.list(1, &[4]).await;
    assert_eq!(wire.listed().await, Ok(vec![4]));
}

#[tokio::test]
async fn what_is_asked_for_again_has_the_revision_and_the_count_that_it_had() {
    let server = Server::start();
    let (wire, other) = (Wire::to(&server).await, Wire::to(&server).await);
    let tokens = [(); 6].map(|()| Token::fresh());
    let first = wire.enter("alice", tokens[0]).await;
    let join = first.join.unwrap();
    assert_eq!((join.count, first.entry), (1, join));
    let second = other.enter("bob", tokens[1]).await.join.unwrap();
    assert_eq!((second.count, second.revision), (2, join.revision + 1));
    let again = wire.enter("alice", tokens[0]).await;
    assert_eq!((again.join, again.entry), (Some(join), second));
    let anew = other.enter("alice", tokens[2]).await;
    assert_eq!((anew.join, anew.entry), (None, second));
    other.enter("carol", tokens[3]).await;

    let left = other.release("bob", tokens[4], Asking::First).await;
    assert_eq!((left.count, left.revision), (2, join.revision + 3));
    wire.enter("dave", Token::fresh()).await;
    for asking in [Asking::Again, Asking::WhetherGone, Asking::EvenIfUnknown] {
        assert_eq!(other.release("bob", tokens[4], asking).await, left);
    }

    wire.enter("erin", Token::fresh()).await;
    let page = wire.reap(tokens[5], false).await;
    assert_eq!((page.left.len(), page.count), (2, 2), "dave and erin");
    assert_eq!(page.revision, join.revision + 7);
    wire.enter("frank", Token::fresh()).await;
    let again = wire.reap(tokens[5], true).await;
    assert_eq!(again.left, page.left);
    assert_eq!((again.count, again.revision), (page.count, page.revision));
}

#[tokio::test]
async fn whom_redis_forgot_leaves_with_a_revision_of_their_own() {
    let server = Server::start();
    let wire = Wire::to(&server).await;
    let join = wire.enter("alice", Token::fresh()).await.join.unwrap();
    let token = Token::fresh();
    let left = wire.release("bob", token, Asking::EvenIfUnknown).await;
    assert_eq!((left.count, left.revision), (1, join.revision + 1));
    let again = wire.release("bob", token, Asking::EvenIfUnknown).await;
    assert_eq!(again, left);
}
