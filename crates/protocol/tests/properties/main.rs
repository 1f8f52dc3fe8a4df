//! What must hold for every frame, name and byte, not only for the examples: encode then decode is
//! identity, garbage is refused and never panics, bounds are where the documents say.
//!
//! Owns the properties; `values` and `frames` make the content, the other modules state what holds.
//! What the wire looks like is pinned by the goldens, not here.

mod body;
mod bounds;
mod frames;
mod garbage;
mod roundtrip;
mod values;
