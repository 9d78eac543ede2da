//! An allocator that counts what each thread takes, for tests and benches that put a bound on memory.

#![allow(dead_code, unreachable_pub, reason = "each test uses its own part of the rig")]
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait; this one hands every call on to the system's")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// The system's allocator with a tally for each thread.
pub struct Counting;

/// What a piece of code took from the allocator on its thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Most bytes that were held at once, over what was held before.
    pub peak: i64,
    /// Bytes that are still held; negative where more was given back than taken.
    pub kept: i64,
    /// Allocations, each growth of one counted, too.
    pub count: u64,
}

/// Runs `run` and says what it took. Calls do not nest.
pub fn measure<T>(run: impl FnOnce() -> T) -> (T, Usage) {
    let (live, count) = (LIVE.get(), COUNT.get());
    PEAK.set(live);
    let result = run();
    let usage = Usage { peak: PEAK.get() - live, kept: LIVE.get() - live, count: COUNT.get() - count };
    (result, usage)
}

/// Bytes that this thread holds now.
pub fn live() -> i64 {
    LIVE.get()
}

/// Most bytes that this thread held at once since the last [`measure`] began.
pub fn peak() -> i64 {
    PEAK.get()
}

fn note(bytes: i64) {
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
    COUNT.set(COUNT.get() + u64::from(bytes > 0));
}

// SAFETY: every call goes to the system's allocator as it came; the tally beside it neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size() as i64);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size() as i64);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        note(-(layout.size() as i64));
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // While it moves, both are held.
        note(size as i64);
        note(-(layout.size() as i64));
        unsafe { System.realloc(at, layout, size) }
    }
}

thread_local! {
    static LIVE: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
    static COUNT: Cell<u64> = const { Cell::new(0) };
}
