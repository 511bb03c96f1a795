//! The plugin's allocator: it first uses the memory that the instance starts with, then asks the host for more.
//!
//! Rust's own allocator on WebAssembly asks the host for its first byte already. The host must map that memory and unmap
//! it afterwards. With an instance for every call, that is half the cost of a call.

use std::alloc::Layout;
use std::arch::wasm32::memory_grow;
use std::mem::{self, MaybeUninit};
use std::ptr::NonNull;

use talc::base::Talc;
use talc::base::binning::Binning;
use talc::cell::TalcSyncCell;
use talc::source::Source;
use talc::wasm::WasmBinning;

/// More than a strategy needs for an event of some days.
const OWN_BYTES: usize = 64 << 10;
const PAGE_BYTES: usize = 64 << 10;
/// The most that the allocator adds to an allocation.
const TAG_BYTES_MAX: usize = 64;

type Own = [MaybeUninit<u8>; OWN_BYTES];
static mut OWN: Own = [MaybeUninit::uninit(); OWN_BYTES];

#[global_allocator]
static ALLOCATOR: TalcSyncCell<Memory, WasmBinning> = TalcSyncCell::new_wasm(Memory {
    own_is_claimed: false,
    end: None,
});

#[derive(Debug)]
struct Memory {
    own_is_claimed: bool,
    /// The end of the memory that the host gave last.
    end: Option<NonNull<u8>>,
}

// SAFETY: it allocates nothing itself.
unsafe impl Source for Memory {
    /// Called until there is enough room, or until this fails.
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, wanted: Layout) -> Result<(), ()> {
        if !mem::replace(&mut talc.source.own_is_claimed, true) {
            // SAFETY: nothing else in the program uses OWN.
            let own = unsafe { talc.claim((&raw mut OWN).cast(), OWN_BYTES) };
            return own.map(drop).ok_or(());
        }
        let bytes = wanted.size() + wanted.align() + TAG_BYTES_MAX;
        let pages = bytes.div_ceil(PAGE_BYTES);
        let pages_before = memory_grow::<0>(pages);
        if pages_before == usize::MAX {
            return Err(());
        }
        let (start, bytes) = ((pages_before * PAGE_BYTES) as *mut u8, pages * PAGE_BYTES);
        let reached = talc.source.end.filter(|end| end.as_ptr() == start);
        // SAFETY: the host has just given these pages, and nothing else in the program asks it for pages.
        talc.source.end = unsafe {
            match reached {
                Some(end) => Some(talc.extend(end, start.wrapping_add(bytes))),
                None => talc.claim(start, bytes),
            }
        };
        talc.source.end.map(drop).ok_or(())
    }
}
