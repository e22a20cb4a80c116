//! Texts that are put together at compile time.

/// A text put together by the compiler, for its own messages.
#[derive(Clone, Copy)]
pub(crate) struct Text {
    bytes: [u8; Self::CAPACITY],
    len: usize,
}

impl Text {
    const CAPACITY: usize = 512;

    /// The pieces, one after the other; what is too long is cut.
    pub(crate) const fn of(pieces: &[&str]) -> Self {
        let mut text = Self {
            bytes: [0; Self::CAPACITY],
            len: 0,
        };
        let mut i = 0;
        while i < pieces.len() {
            let piece = pieces[i].as_bytes();
            let mut j = 0;
            while j < piece.len() && text.len < Self::CAPACITY {
                text.bytes[text.len] = piece[j];
                text.len += 1;
                j += 1;
            }
            i += 1;
        }
        text
    }

    /// `n` in digits.
    pub(crate) const fn number(n: usize) -> Self {
        let mut text = Self {
            bytes: [0; Self::CAPACITY],
            len: 1,
        };
        let mut rest = n;
        while 10 <= rest {
            rest /= 10;
            text.len += 1;
        }
        let mut at = text.len;
        rest = n;
        while 0 < at {
            at -= 1;
            text.bytes[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        text
    }

    pub(crate) const fn as_str(&self) -> &str {
        let bytes = self.bytes.split_at(self.len).0;
        match str::from_utf8(bytes) {
            Ok(text) => text,
            // Cut within a character: the text ends before it.
            Err(cut) => match str::from_utf8(bytes.split_at(cut.valid_up_to()).0) {
                Ok(text) => text,
                Err(_) => "",
            },
        }
    }
}
