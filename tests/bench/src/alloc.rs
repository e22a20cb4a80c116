//! A global allocator that counts. It is off except inside [`counted`], so that a timed run pays one
//! relaxed load an allocation and nothing else.
//!
//! The one place with unsafe code: no crate counts a chosen stretch of one thread without taking a
//! clock or a lock of its own into the timed runs.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

pub struct Counting;

static ON: AtomicBool = AtomicBool::new(false);

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<u64> = const { Cell::new(0) };
}

fn note(size: usize) {
    if ON.load(Relaxed) {
        // A thread that is being torn down is none that we measure.
        let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get() + size as u64));
    }
}

// SAFETY: every call is forwarded unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
}

/// How often `f` asked for memory on this thread, and for how many bytes. A reallocation counts as
/// one call of its new size.
pub fn counted(f: impl FnOnce()) -> [u64; 2] {
    let before = [CALLS.get(), BYTES.get()];
    ON.store(true, Relaxed);
    f();
    ON.store(false, Relaxed);
    [CALLS.get() - before[0], BYTES.get() - before[1]]
}
