//! How much memory is in use: an allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, with a count of the bytes that it has given out.
pub struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// The bytes that are in use now.
pub fn live() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// There is one thread that allocates while something is measured: a plain load and store count right there, and cost
/// next to nothing.
fn count(change: impl Fn(usize) -> usize) {
    LIVE.store(change(LIVE.load(Ordering::Relaxed)), Ordering::Relaxed);
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(|live| live.wrapping_add(layout.size()));
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(|live| live.wrapping_add(layout.size()));
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(|live| live.wrapping_sub(layout.size()));
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(|live| live.wrapping_sub(layout.size()).wrapping_add(size));
        unsafe { System.realloc(at, layout, size) }
    }
}
