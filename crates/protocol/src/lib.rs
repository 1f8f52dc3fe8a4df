//! Roomcast: protocol.
