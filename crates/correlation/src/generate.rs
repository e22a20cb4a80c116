//! New ids without a system call each.

use std::{
    cell::RefCell,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

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
pub(crate) fn uuid_v7() -> Arc<str> {
    let millis = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        // A clock before 1970 still gets unique ids, only not sorted ones.
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        });
    let time = u128::from(millis & 0xffff_ffff_ffff) << 80;
    let random = random() & 0x0fff_3fff_ffff_ffff_ffff;
    let version_and_variant = 0x7000_8000_0000_0000_0000;
    let mut text = [0; 36];
    write_hyphenated(time | version_and_variant | random, &mut text);
    Arc::from(std::str::from_utf8(&text).expect("hexadecimal digits and hyphens are ASCII"))
}

fn write_hyphenated(uuid: u128, text: &mut [u8; 36]) {
    let bytes = uuid.to_be_bytes();
    let (high, low) = bytes.split_at(8);
    let (mut first, mut second) = ([0; 16], [0; 16]);
    write_digits(high, &mut first);
    write_digits(low, &mut second);
    text[..8].copy_from_slice(&first[..8]);
    text[8] = b'-';
    text[9..13].copy_from_slice(&first[8..12]);
    text[13] = b'-';
    text[14..18].copy_from_slice(&first[12..]);
    text[18] = b'-';
    text[19..23].copy_from_slice(&second[..4]);
    text[23] = b'-';
    text[24..].copy_from_slice(&second[4..]);
}

/// Two lower-case digits a byte, eight digits at a time: a new id comes with nearly every request.
fn write_digits(bytes: &[u8], text: &mut [u8; 16]) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    for (place, word) in text
        .as_chunks_mut::<8>()
        .0
        .iter_mut()
        .zip(bytes.as_chunks::<4>().0)
    {
        let number = u64::from(u32::from_be_bytes(*word));
        let halves = (number | number << 16) & 0x0000_ffff_0000_ffff;
        let bytes = (halves | halves << 8) & 0x00ff_00ff_00ff_00ff;
        let values = (bytes | bytes << 4) & (0x0f * ONES);
        let letters = (values + 6 * ONES) >> 4 & ONES;
        // `a` follows `9` after 0x27 more.
        *place = (values + 0x30 * ONES + 0x27 * letters).to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_variant_are_where_the_rfc_puts_them() {
        for _ in 0..1_000 {
            let id = uuid_v7();
            assert_eq!(id.len(), 36);
            assert_eq!(&id[14..15], "7", "{id}");
            assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
        }
    }

    #[test]
    fn digits_are_in_order() {
        let mut text = [0; 36];
        write_hyphenated(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef, &mut text);
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
