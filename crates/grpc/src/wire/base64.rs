//! Base64 as gRPC-Web's text form sends it: piece after piece, each padded or not.

/// Decodes a stream in steps of any length.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Decoder {
    bits: u32,
    letters: u8,
    padding: u8,
    /// Something else than base64 has passed; nothing that follows can be told.
    broken: bool,
}

impl Decoder {
    pub(super) fn decode(&mut self, text: &[u8], mut each: impl FnMut(&[u8])) {
        let mut out = [0; 384];
        let mut len = 0;
        for &letter in text {
            if self.broken {
                break;
            }
            let Some(group) = self.push(letter) else {
                continue;
            };
            let (bytes, count) = group;
            out[len..len + 3].copy_from_slice(&bytes);
            len += count;
            if out.len() < len + 3 {
                each(&out[..len]);
                len = 0;
            }
        }
        each(&out[..len]);
    }

    /// The bytes of a group of four letters, once it is complete.
    fn push(&mut self, letter: u8) -> Option<([u8; 3], usize)> {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' if 2 <= self.letters => {
                self.padding += 1;
                0
            }
            _ => {
                self.broken = true;
                return None;
            }
        };
        self.bits = self.bits << 6 | u32::from(value);
        self.letters += 1;
        if self.letters < 4 {
            return None;
        }
        let [_, bytes @ ..] = self.bits.to_be_bytes();
        let count = 3 - usize::from(self.padding.min(2));
        *self = Self::default();
        Some((bytes, count))
    }
}
