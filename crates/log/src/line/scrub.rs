//! Finding credentials in free text: bearer tokens, JSON Web Tokens and the user part of an address.
//!
//! It errs on the side of finding too much: a word lost from a message costs little.

use std::ops::Range;

/// What a credential is replaced by.
pub(crate) const REPLACEMENT: &str = "[redacted]";

/// A shorter run after `eyJ`, which is `{"` in Base64, is not taken for a token.
const SHORTEST_JWT: usize = 20;

/// How far beyond its first slash a password is looked for; without a bound, a text made for it would
/// be read over and over.
const LONGEST_REST: usize = 256;

/// Finds the first credential at or after `from`. `cut` says that the text goes on beyond its end.
pub(crate) fn find(text: &str, from: usize, cut: bool) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    (from..bytes.len()).find_map(|at| match bytes[at] {
        b'B' | b'b' => bearer(bytes, at),
        b'e' => jwt(bytes, at),
        b':' => address(bytes, at, cut),
        _ => None,
    })
}

fn run(bytes: &[u8], from: usize, belongs: impl Fn(u8) -> bool) -> usize {
    from + bytes[from..]
        .iter()
        .take_while(|byte| belongs(**byte))
        .count()
}

/// `Bearer xyz`, in any case, also as `bearer: xyz` or `"bearer" "xyz"`.
fn bearer(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    const WORD: &[u8] = b"bearer";
    let end = at + WORD.len();
    if !bytes.get(at..end)?.eq_ignore_ascii_case(WORD) {
        return None;
    }
    let start = run(bytes, end, |b| {
        matches!(b, b' ' | b'\t' | b':' | b'=' | b'"' | b'\'')
    });
    let token = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=%".contains(&b);
    let stop = run(bytes, start, token);
    let apart = end < start || bytes[end..].starts_with(b"%20");
    (apart && start < stop).then_some(start..stop)
}

/// `eyJ…`, whole or without its last parts.
fn jwt(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    if !bytes[at..].starts_with(b"eyJ") {
        return None;
    }
    let token = |b: u8| b.is_ascii_alphanumeric() || b"-_.=".contains(&b);
    let stop = run(bytes, at, token);
    (SHORTEST_JWT <= stop - at).then_some(at..stop)
}

/// `://user:pass@`: everything between the slashes and the at sign.
fn address(bytes: &[u8], at: usize, cut: bool) -> Option<Range<usize>> {
    if !bytes[at..].starts_with(b"://") {
        return None;
    }
    let start = at + 3;
    let ends = |b: u8| b.is_ascii_whitespace() || b"\"'<>`".contains(&b);
    let authority = start..run(bytes, start, |b| !ends(b) && !b"/?#".contains(&b));
    let last_at = |range: Range<usize>| {
        let length = bytes[range.clone()].iter().rposition(|b| *b == b'@')?;
        Some(range.start..range.start + length)
    };
    if let Some(user) = last_at(authority.clone()) {
        return Some(user);
    }
    // A password with a slash in it ends the authority early; a port does not look like one.
    let colon = bytes[authority.clone()].iter().rposition(|b| *b == b':')? + start;
    if bytes[colon + 1..authority.end]
        .iter()
        .all(u8::is_ascii_digit)
    {
        return None;
    }
    let near = &bytes[..bytes.len().min(authority.end + LONGEST_REST)];
    let stop = run(near, start, |b| !ends(b));
    let unfinished = cut && stop == bytes.len();
    last_at(start..stop).or_else(|| unfinished.then_some(start..stop))
}

#[cfg(test)]
mod tests {
    use super::{REPLACEMENT, find};

    fn scrubbed(text: &str, cut: bool) -> String {
        let (mut out, mut from) = (String::new(), 0);
        while let Some(found) = find(text, from, cut) {
            out.push_str(&text[from..found.start]);
            out.push_str(REPLACEMENT);
            from = found.end;
        }
        out + &text[from..]
    }

    #[test]
    fn credentials_are_replaced() {
        let cases = [
            (
                "Authorization: Bearer abc.def-1",
                "Authorization: Bearer [redacted]",
            ),
            ("authorization=bearer%20x", "authorization=bearer[redacted]"),
            (
                "BEARER\tabc, BEARER def",
                "BEARER\t[redacted], BEARER [redacted]",
            ),
            (
                "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.c2ln end",
                "jwt [redacted] end",
            ),
            ("postgres://me:pw@db/x", "postgres://[redacted]@db/x"),
            (
                "https://ghp_0123@host and http://a:b@c",
                "https://[redacted]@host and http://[redacted]@c",
            ),
            ("amqp://u:p@ss@host", "amqp://[redacted]@host"),
            ("postgres://u:p/ss@host/db", "postgres://[redacted]@host/db"),
            ("ünï://ü:pä@h", "ünï://[redacted]@h"),
        ];
        for (text, expected) in cases {
            assert_eq!(scrubbed(text, false), expected);
        }
    }

    #[test]
    fn other_text_stays() {
        let cases = [
            "no bearer",
            "the bearer",
            "eyJ",
            "http://host:80/path?mail=a@b.c",
            "http://host/@x",
            "a :// b@c",
            "::://",
            "",
        ];
        for text in cases {
            assert_eq!(scrubbed(text, false), text);
        }
    }

    #[test]
    fn a_credential_that_the_cut_hides_the_end_of_is_replaced() {
        assert_eq!(
            scrubbed("postgres://me:pass", true),
            "postgres://[redacted]"
        );
        assert_eq!(
            scrubbed("postgres://host:5432", true),
            "postgres://host:5432"
        );
        assert_eq!(scrubbed("Bearer ab", true), "Bearer [redacted]");
    }
}
