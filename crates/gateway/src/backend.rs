//! What back ends ask of a node over HTTP. They may do everything, everywhere; what they do takes
//! effect on every node.

mod messages;
mod moderation;
mod people;

pub use messages::Page;
pub use moderation::Disconnect;
pub use people::Whereabouts;
