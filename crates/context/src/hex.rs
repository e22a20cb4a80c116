//! Lower-case hexadecimal, the only form that the specification allows.
//!
//! A context is read and written with every request, so both ways work on whole arrays, byte by byte and
//! without a branch: loops that the compiler turns into vector instructions. They are not inlined, because
//! among the shuffling of a caller's parts it makes scalar ones of them.

/// What is added to a digit of 10 or more beside `0`.
const LETTERS: u8 = b'a' - b'0' - 10;

/// Reads `N` lower-case digits as `M` bytes, of two digits each; nothing if one of them is no digit.
#[inline(never)]
pub(crate) fn read<const N: usize, const M: usize>(digits: &[u8; N]) -> Option<[u8; M]> {
    const { assert!(N == 2 * M) };
    let mut values = [0; N];
    let mut wrong = [0; N];
    for ((value, wrong), digit) in values.iter_mut().zip(&mut wrong).zip(digits) {
        let is_letter = if b'9' < *digit { 0xff } else { 0 };
        *value = digit.wrapping_sub(b'0').wrapping_sub(is_letter & LETTERS);
        // A digit's value is 0 to 9, a letter's 10 to 15.
        let is_less = if *value < is_letter & 10 { 0xff } else { 0 };
        *wrong = *value & 0xf0 | is_less;
    }
    if wrong.iter().fold(0, |all, wrong| all | wrong) != 0 {
        return None;
    }
    let mut bytes = [0; M];
    for (byte, pair) in bytes.iter_mut().zip(values.as_chunks().0) {
        let pair = u16::from_le_bytes(*pair);
        *byte = (pair << 4 | pair >> 8) as u8;
    }
    Some(bytes)
}

/// Writes `M` bytes as `N` digits, two a byte.
#[inline(never)]
pub(crate) fn write<const M: usize, const N: usize>(bytes: &[u8; M]) -> [u8; N] {
    const { assert!(N == 2 * M) };
    let pairs = bytes.map(|byte| u16::from(byte >> 4) | u16::from(byte & 0xf) << 8);
    let mut values = [0; N];
    for (place, pair) in values.as_chunks_mut().0.iter_mut().zip(pairs) {
        *place = pair.to_le_bytes();
    }
    values.map(|value| value + b'0' + if 9 < value { LETTERS } else { 0 })
}

/// The value of one digit of either case, as percent-encoding allows.
pub(crate) const fn digit(c: u8) -> Option<u8> {
    match c.to_ascii_lowercase() {
        c @ b'0'..=b'9' => Some(c - b'0'),
        c @ b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_takes_lower_case_digits_and_nothing_else() {
        for place in 0..32 {
            for byte in 0..=u8::MAX {
                let mut digits = *b"01289abf01289abf01289abf01289abf";
                digits[place] = byte;
                let text = std::str::from_utf8(&digits).ok();
                let expected = text
                    .filter(|text| !text.contains(|c: char| c.is_ascii_uppercase() || c == '+'))
                    .and_then(|text| u128::from_str_radix(text, 16).ok());
                assert_eq!(
                    read(&digits).map(u128::from_be_bytes),
                    expected,
                    "{digits:?}"
                );
            }
        }
    }

    #[test]
    fn each_byte_is_written_as_it_is_read() {
        for byte in 0..=u8::MAX {
            let bytes = [byte, !byte, 0, byte];
            let digits: [u8; 8] = write(&bytes);
            assert_eq!(
                digits,
                format!("{:08x}", u32::from_be_bytes(bytes)).as_bytes()
            );
            assert_eq!(read(&digits), Some(bytes));
        }
    }
}
