//! Roomcast: broker.
