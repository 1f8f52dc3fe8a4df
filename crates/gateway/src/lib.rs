//! Roomcast: gateway.
