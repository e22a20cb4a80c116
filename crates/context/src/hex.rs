//! Lower-case hexadecimal, the only form that the specification allows: eight digits at a time,
//! because a context is read and written with every request.

const ONES: u64 = 0x0101_0101_0101_0101;

/// Reads eight lower-case digits, one in each byte. What is wrong with them is put into `wrong`, so
/// that the reader of many words looks once.
#[inline]
const fn read_word(digits: [u8; 8], wrong: &mut u64) -> u32 {
    let x = u64::from_be_bytes(digits);
    // `0` to `9` are 0x30 and more, `a` to `f` 0x61 and more: bit 6 tells them apart.
    let letters = x >> 6 & ONES;
    let high = (x & (0xf0 * ONES)) ^ (0x30 * ONES + 0x30 * letters);
    let values = (x & (0x0f * ONES)) + 9 * letters;
    // A letter's value is 10 to 15, a digit's at most 9.
    let ten_or_more = (values + 6 * ONES) >> 4 & ONES;
    *wrong |= high | values & (0x10 * ONES) | ten_or_more ^ letters;
    let bytes = (values | values >> 4) & 0x00ff_00ff_00ff_00ff;
    let halves = (bytes | bytes >> 8) & 0x0000_ffff_0000_ffff;
    (halves | halves >> 16) as u32
}

/// The eight digits of a number.
#[inline]
const fn write_word(number: u32) -> [u8; 8] {
    let halves = (number as u64 | (number as u64) << 16) & 0x0000_ffff_0000_ffff;
    let bytes = (halves | halves << 8) & 0x00ff_00ff_00ff_00ff;
    let values = (bytes | bytes << 4) & (0x0f * ONES);
    let letters = (values + 6 * ONES) >> 4 & ONES;
    (values + 0x30 * ONES + 0x27 * letters).to_be_bytes()
}

/// Reads words of digits as one number of `N` words, the first the highest; see [`read_word`].
#[inline]
fn read_words<const N: usize>(words: &[[u8; 8]], wrong: &mut u64) -> [u32; N] {
    let mut numbers = [0; N];
    for (number, word) in numbers.iter_mut().zip(words) {
        *number = read_word(*word, wrong);
    }
    numbers
}

/// Reads the 32 digits of a trace id.
#[inline]
pub(crate) fn read_u128(text: &[u8; 32], wrong: &mut u64) -> u128 {
    let [a, b, c, d] = read_words(text.as_chunks().0, wrong).map(u128::from);
    a << 96 | b << 64 | c << 32 | d
}

/// Reads the 16 digits of a span id.
#[inline]
pub(crate) fn read_u64(text: &[u8; 16], wrong: &mut u64) -> u64 {
    let [high, low] = read_words(text.as_chunks().0, wrong).map(u64::from);
    high << 32 | low
}

/// Reads two numbers of two digits.
#[inline]
pub(crate) fn read_two([a, b]: [u8; 2], [c, d]: [u8; 2], wrong: &mut u64) -> (u8, u8) {
    let [.., first, second] = read_word([b'0', b'0', b'0', b'0', a, b, c, d], wrong).to_be_bytes();
    (first, second)
}

const fn lower(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    }
}

/// The value of one digit of either case, as percent-encoding allows.
pub(crate) const fn digit(c: u8) -> Option<u8> {
    lower(c.to_ascii_lowercase())
}

/// Writes two digits a byte for a whole number of words into `place`.
#[inline]
pub(crate) fn write(bytes: &[u8], place: &mut [u8]) {
    let (words, _) = bytes.as_chunks::<4>();
    let (places, _) = place.as_chunks_mut::<8>();
    for (place, word) in places.iter_mut().zip(words) {
        *place = write_word(u32::from_be_bytes(*word));
    }
}

/// The two digits of a byte.
#[inline]
pub(crate) fn write_u8(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [
        DIGITS[usize::from(byte >> 4)],
        DIGITS[usize::from(byte & 0xf)],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(digits: [u8; 8]) -> Option<u32> {
        let mut wrong = 0;
        let number = read_word(digits, &mut wrong);
        (wrong == 0).then_some(number)
    }

    #[test]
    fn each_place_of_a_word_takes_lower_case_digits_and_nothing_else() {
        for place in 0..8 {
            for byte in 0..=u8::MAX {
                let mut digits = *b"01289abf";
                digits[place] = byte;
                let text = std::str::from_utf8(&digits).ok();
                let expected = text
                    .filter(|text| !text.contains(|c: char| c.is_ascii_uppercase() || c == '+'))
                    .and_then(|text| u32::from_str_radix(text, 16).ok());
                assert_eq!(read(digits), expected, "{digits:?}");
            }
        }
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        for number in [0, 1, 0x0123_4567, 0x89ab_cdef, u32::MAX, 0xa0f9_9f0a] {
            assert_eq!(write_word(number), format!("{number:08x}").as_bytes());
            assert_eq!(read(write_word(number)), Some(number));
        }
    }
}
