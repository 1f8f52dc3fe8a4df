//! Roomcast: client.
