//! Text as JSON, within a limit.

/// The bytes that a value may still take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    left: usize,
}

impl Limit {
    pub(crate) const fn of(bytes: usize) -> Self {
        Self { left: bytes }
    }

    fn take(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

/// What a byte may begin.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    /// Nothing that needs an escape.
    Plain,
    /// A character of one byte that JSON or a terminal needs escaped.
    Escape,
    /// Maybe a longer character that moves or hides text.
    Suspect,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Plain; 256];
    let mut byte = 0;
    while byte < 0x20 {
        classes[byte] = Class::Escape;
        byte += 1;
    }
    classes[b'"' as usize] = Class::Escape;
    classes[b'\\' as usize] = Class::Escape;
    classes[0x7f] = Class::Escape;
    // The first bytes of U+0080..=U+00BF, U+0600..=U+063F and U+2000..=U+2FFF.
    classes[0xc2] = Class::Suspect;
    classes[0xd8] = Class::Suspect;
    classes[0xe2] = Class::Suspect;
    classes
};

/// Characters that readers take for line ends, for commands or for a change of direction.
const fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{80}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

/// Writes `text` with its quotes. Returns whether all of it was within the limit.
pub(crate) fn quote(out: &mut Vec<u8>, text: &str, mut limit: Limit) -> bool {
    out.push(b'"');
    let whole = escape(out, text, &mut limit);
    out.push(b'"');
    whole
}

/// Writes `text` as the inside of a JSON string, up to the limit; never a part of a character or of
/// an escape. Returns whether all of it was within the limit.
pub(crate) fn escape(out: &mut Vec<u8>, text: &str, limit: &mut Limit) -> bool {
    let bytes = text.as_bytes();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let class = CLASSES[usize::from(bytes[at])];
        if class == Class::Plain {
            at += 1;
            continue;
        }
        let c = text[at..]
            .chars()
            .next()
            .expect("the class is that of a first byte");
        let before = at;
        at += c.len_utf8();
        if class == Class::Suspect && !is_hidden(c) {
            continue;
        }
        if !copy(out, &text[copied..before], limit) || !write_escaped(out, c, limit) {
            return false;
        }
        copied = at;
    }
    copy(out, &text[copied..], limit)
}

/// Copies text that needs no escape, as far as there is room.
fn copy(out: &mut Vec<u8>, text: &str, limit: &mut Limit) -> bool {
    if limit.take(text.len()) {
        out.extend_from_slice(text.as_bytes());
        return true;
    }
    let end = floor(text, limit.left);
    out.extend_from_slice(&text.as_bytes()[..end]);
    limit.left = 0;
    false
}

fn write_escaped(out: &mut Vec<u8>, c: char, limit: &mut Limit) -> bool {
    const HEX: [u8; 16] = *b"0123456789abcdef";
    let short = match c {
        '"' | '\\' => c as u8,
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        _ => {
            let digit = |shift: u32| HEX[(c as usize >> shift) & 0xf];
            let fits = limit.take(6);
            if fits {
                out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
            } else {
                limit.left = 0;
            }
            return fits;
        }
    };
    let fits = limit.take(2);
    if fits {
        out.extend_from_slice(&[b'\\', short]);
    } else {
        limit.left = 0;
    }
    fits
}

/// The last boundary between characters at or before `at`.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    let mut end = at.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}
