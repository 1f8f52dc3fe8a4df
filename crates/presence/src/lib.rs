//! Roomcast: presence.
