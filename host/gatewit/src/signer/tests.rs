//! Making and opening a key leaves nothing of the private half in memory but the key that signs.

use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::FileExt;

use jiff::Timestamp;
use memchr::memmem::Finder;

use super::*;

/// The test masks its copy of the private key, so that it does not find itself.
const MASK: u8 = 0x55;
const READ_AT_ONCE: usize = 1 << 20;

/// A part of a private key that occurs nowhere else, masked: 64 bytes of its private exponent.
fn masked_part(sealing: &RandomizedNonceKey, event: EventId, key: &SealedKey) -> Vec<u8> {
    let mut sealed = STANDARD.decode(&key.sealed_private_key).unwrap();
    let (nonce, text) = sealed.split_at_mut(NONCE_LENGTH);
    let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
    let der = sealing.open_in_place(nonce, bound_to(event), text).unwrap();
    der.iter_mut().for_each(|byte| *byte ^= MASK);
    // The modulus, which is public, takes the first 270 bytes.
    der[300..364].to_vec()
}

/// Counts how often some bytes occur in this process's memory.
fn copies_in_memory(masked: &[u8]) -> usize {
    let finder = Finder::new(masked);
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut buffer = vec![0; READ_AT_ONCE + masked.len()];
    let mut found = 0;
    for map in maps.lines().filter(|map| map.contains(" rw-p ")) {
        let (begin, end) = map.split(' ').next().unwrap().split_once('-').unwrap();
        let at = |hex| u64::from_str_radix(hex, 16).unwrap();
        for begin in (at(begin)..at(end)).step_by(READ_AT_ONCE) {
            // The process changes while it is read; memory that was unmapped meanwhile is skipped.
            let Ok(read) = memory.read_at(&mut buffer, begin) else {
                continue;
            };
            buffer[..read].iter_mut().for_each(|byte| *byte ^= MASK);
            found += finder.find_iter(&buffer[..read]).count();
            // Unmasked, the test's own copy of the key would be found here when the scan reaches this buffer.
            buffer.fill(0);
        }
    }
    found
}

#[tokio::test]
async fn making_and_opening_a_key_leaves_no_private_key_in_memory() {
    let master_key = MasterKey::find(Some(&"5".repeat(64)), "".as_ref()).unwrap();
    let signer = RsaSigner::new(&master_key).unwrap();
    let event = EventId::new(Timestamp::UNIX_EPOCH);
    let key = signer.create(event).await.unwrap();
    let opened = signer.open(event, &key).unwrap();
    let masked = masked_part(&signer.sealing, event, &key);
    assert_eq!(copies_in_memory(&masked), 0);
    let plain: Vec<u8> = masked.iter().map(|byte| byte ^ MASK).collect();
    assert_ne!(copies_in_memory(&masked), 0, "a copy would be found");
    drop((black_box(plain), opened));
}
