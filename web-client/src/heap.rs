//! The module's memory allocator: small, because every visitor of a page downloads it.
//!
//! Sizes are rounded up to powers of two, and freed blocks wait in a list for their size until one of that
//! size is wanted again. Nothing is ever merged; that suits a client whose few large blocks (two buffers and
//! the batches of a bounded queue) come in few sizes, and it is a fraction of a general allocator's code.

#![allow(unsafe_code)] // A global allocator cannot be written without.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr::null_mut;

const PAGE: usize = 64 * 1024;
/// Smallest block, and the alignment of all blocks.
const LEAST: usize = 16;

struct State {
    /// For each power of two the first free block; a free block holds the address of the next one.
    free: [*mut u8; usize::BITS as usize],
    /// Memory that was never handed out.
    fresh: usize,
    end: usize,
}

struct Heap(UnsafeCell<State>);

// SAFETY: the module is compiled without threads, so there is nobody to share it with.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(State {
    free: [null_mut(); usize::BITS as usize],
    fresh: 0,
    end: 0,
}));

/// The size of the block for a layout.
const fn block(layout: Layout) -> usize {
    let size = if layout.size() < LEAST {
        LEAST
    } else {
        layout.size()
    };
    size.next_power_of_two()
}

impl State {
    /// `size` bytes that nobody has used; null when the browser gives no more.
    fn take_fresh(&mut self, size: usize) -> *mut u8 {
        if self.end - self.fresh < size {
            let pages = size.div_ceil(PAGE);
            let before = core::arch::wasm32::memory_grow::<0>(pages);
            if before == usize::MAX {
                return null_mut();
            }
            // The first time, memory begins behind the module's own data; later it continues where it ended.
            if self.end != before * PAGE {
                self.fresh = before * PAGE;
            }
            self.end = (before + pages) * PAGE;
        }
        let start = self.fresh;
        self.fresh += size;
        start as *mut u8
    }
}

// SAFETY: blocks are powers of two of at least 16 bytes, cut from memory that nobody else uses and aligned
// to 16, which is more than any type here asks for; a block is in a free list only while it is not in use.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > LEAST || layout.size() > isize::MAX as usize / 2 {
            return null_mut();
        }
        let size = block(layout);
        // SAFETY: no reference to the state outlives a call, and calls do not nest.
        let state = unsafe { &mut *self.0.get() };
        let free = &mut state.free[size.trailing_zeros() as usize];
        let head = *free;
        if head.is_null() {
            return state.take_fresh(size);
        }
        // SAFETY: a free block holds the address of the next one.
        *free = unsafe { head.cast::<*mut u8>().read() };
        head
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: as in `alloc`.
        let state = unsafe { &mut *self.0.get() };
        let free = &mut state.free[block(layout).trailing_zeros() as usize];
        // SAFETY: the block is at least 16 bytes long, aligned to 16, and no longer used by its owner.
        unsafe { start.cast::<*mut u8>().write(*free) };
        *free = start;
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller guarantees a valid size; the alignment stays as it is.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if block(wanted) == block(layout) {
            return start;
        }
        // SAFETY: `wanted` is valid, and both blocks hold the bytes that are copied.
        unsafe {
            let target = self.alloc(wanted);
            if !target.is_null() {
                start.copy_to_nonoverlapping(target, layout.size().min(size));
                self.dealloc(start, layout);
            }
            target
        }
    }
}
