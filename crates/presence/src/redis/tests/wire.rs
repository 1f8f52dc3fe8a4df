//! Commands of one node that overtake each other on the way, at a real Redis: what the ledger's own
//! tests play against a made-up one.

use super::super::life::Life;
use super::super::link::{Link, Timeouts};
use super::super::listing::Listing;
use super::super::scripts::Scripts;
use super::super::token::Token;
use super::Server;
use crate::conformance::{PATIENCE, room, session, user};
use crate::port::PresenceError;

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
        let link = Link::new(0, &server.url(), timeouts).unwrap();
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
