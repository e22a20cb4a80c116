//! New ids without a system call each.

use std::{
    cell::RefCell,
    hash::{BuildHasher, RandomState},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::text::{Text, UUID_LEN};

thread_local! {
    // Seeded here because fastrand's own seed is no more than the machine's uptime and the thread's
    // number, which machines of one image that boot together share. The standard library asks the
    // system for the keys of its hashers, once for each thread.
    static GENERATOR: RefCell<fastrand::Rng> =
        RefCell::new(fastrand::Rng::with_seed(RandomState::new().hash_one(0_u8)));
}

/// 128 random bits; a thread that is being torn down takes them from fastrand's generator.
fn random() -> u128 {
    GENERATOR
        .try_with(|generator| generator.borrow_mut().u128(..))
        .unwrap_or_else(|_| fastrand::u128(..))
}

/// A `UUIDv7` as text: 48 bits of milliseconds, then 74 random bits from the thread's generator.
pub(crate) fn uuid_v7() -> Text {
    let millis = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        // A clock before 1970 still gets unique ids, only not sorted ones.
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        });
    let time = u128::from(millis & 0xffff_ffff_ffff) << 80;
    let random = random() & 0x0fff_3fff_ffff_ffff_ffff;
    let version_and_variant = 0x7000_8000_0000_0000_0000;
    Text::uuid(hyphenated(time | version_and_variant | random))
}

fn hyphenated(uuid: u128) -> [u8; UUID_LEN] {
    let digits = digits(&uuid.to_be_bytes());
    let mut text = [b'-'; UUID_LEN];
    text[..8].copy_from_slice(&digits[..8]);
    text[9..13].copy_from_slice(&digits[8..12]);
    text[14..18].copy_from_slice(&digits[12..16]);
    text[19..23].copy_from_slice(&digits[16..20]);
    text[24..].copy_from_slice(&digits[20..]);
    text
}

/// Two lower-case digits a byte. A new id comes with nearly every request, so these are loops that the
/// compiler turns into vector instructions; inlined, it would make scalar ones of them.
#[inline(never)]
fn digits(bytes: &[u8; 16]) -> [u8; 32] {
    let pairs = bytes.map(|byte| u16::from(byte >> 4) | u16::from(byte & 0xf) << 8);
    let mut values = [0; 32];
    for (place, pair) in values.as_chunks_mut().0.iter_mut().zip(pairs) {
        *place = pair.to_le_bytes();
    }
    // `a` follows `9` after 0x27 more.
    values.map(|value| value + b'0' + if 9 < value { 0x27 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_variant_are_where_the_rfc_puts_them() {
        for _ in 0..1_000 {
            let id = uuid_v7();
            let id = id.as_str();
            assert_eq!(id.len(), 36);
            assert_eq!(&id[14..15], "7", "{id}");
            assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
        }
    }

    #[test]
    fn digits_are_in_order() {
        let text = hyphenated(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(&text, b"01234567-89ab-cdef-0123-456789abcdef");
    }

    #[test]
    fn ids_of_many_threads_differ() {
        let threads: Vec<_> = (0..4)
            .map(|_| std::thread::spawn(|| (0..2_000).map(|_| uuid_v7()).collect::<Vec<_>>()))
            .collect();
        let mut all: Vec<_> = threads
            .into_iter()
            .flat_map(|t| t.join().expect("the thread ends"))
            .collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 8_000);
    }
}
