//! How much memory Rust code holds at this moment, and held at most.
//!
//! Owns the allocator of the fuzz targets, which counts and leaves the work to the system's.
//! Sums are of the whole process: a target runs its cases one after the other on one thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counted.
pub struct Counted;

// SAFETY: every call goes to the system's allocator as it came; the counting touches no memory
// but its own two sums, and allocates nothing.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps `dealloc`'s contract; the place came from `System`.
        unsafe { System.dealloc(place, layout) }
    }

    // `realloc` is the trait's own, by the two above: so a move counts both places at once.
}

/// Bytes held now.
pub fn held_bytes() -> usize {
    HELD.load(Relaxed)
}

/// The most bytes held at once since the last call of `forget_peak`.
pub fn peak_bytes() -> usize {
    PEAK.load(Relaxed)
}

/// Begins to look for the peak anew.
pub fn forget_peak() {
    PEAK.store(held_bytes(), Relaxed);
}

fn more(bytes: usize) {
    let held = HELD.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(held, Relaxed);
}
