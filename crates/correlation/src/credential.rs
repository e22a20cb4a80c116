//! Finding credentials in free text: bearer tokens, JSON Web Tokens, the user part of an address, and
//! the value that follows the name of a secret.
//!
//! It errs on the side of finding too much: a word lost from a message costs little.

use std::{borrow::Cow, ops::Range};

use crate::names_a_secret;

/// What a credential is replaced by.
pub const REDACTED: &str = "[redacted]";

/// The longest name that is looked at before a value.
const LONGEST_NAME: usize = 64;

/// A shorter run after `eyJ`, which is `{"` in Base64, is not taken for a token.
const SHORTEST_JWT: usize = 20;

/// How far beyond its first slash a password is looked for; without a bound, a text made for it would
/// be read over and over.
const LONGEST_REST: usize = 256;

/// A text that nobody wrote for a log, without what looks like a credential in it: each is replaced by
/// [`REDACTED`]. `cut` says that the text goes on beyond its end.
///
/// ```
/// use throughline_correlation::scrub;
///
/// let text = "connecting to postgres://me:pw@db/x with token=abc";
/// assert_eq!(scrub(text, false), "connecting to postgres://[redacted]@db/x with token=[redacted]");
/// ```
#[must_use]
pub fn scrub(text: &str, cut: bool) -> Cow<'_, str> {
    let Some(first) = find_credential(text, 0, cut) else {
        return text.into();
    };
    let mut out = String::with_capacity(text.len());
    let (mut from, mut next) = (0, Some(first));
    while let Some(found) = next {
        out.push_str(&text[from..found.start]);
        out.push_str(REDACTED);
        from = found.end;
        next = find_credential(text, from, cut);
    }
    out.push_str(&text[from..]);
    out.into()
}

/// Where the first credential at or after `from` stands. `cut` says that the text goes on beyond its
/// end.
///
/// For writers that cannot use [`scrub`]; what is found is replaced whole by [`REDACTED`].
#[must_use]
pub fn find_credential(text: &str, from: usize, cut: bool) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    (from..bytes.len()).find_map(|at| match bytes[at] {
        b'B' | b'b' => bearer(bytes, at),
        b'e' => jwt(bytes, at),
        b':' => address(bytes, at, cut).or_else(|| member(text, at)),
        b'=' => assigned(text, at),
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

/// `password=xyz`, also as `password="xyz"`: a name that is a secret's, and what follows it.
fn assigned(text: &str, at: usize) -> Option<Range<usize>> {
    // First, so that a text made of such signs is not read over and over.
    if !is_secret(text, at) {
        return None;
    }
    let value = |b: u8| !b.is_ascii_whitespace() && !b"&;,\"'<>)".contains(&b);
    let bytes = text.as_bytes();
    let quoted = bytes.get(at + 1).is_some_and(|b| b"\"'".contains(b));
    let start = at + 1 + usize::from(quoted);
    let stop = run(bytes, start, |b| {
        if quoted { b != bytes[at + 1] } else { value(b) }
    });
    (start < stop).then_some(start..stop)
}

/// `"password": "xyz"`, as JSON has it.
fn member(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let name = bytes[..at].strip_suffix(b"\"")?.len();
    let start = run(bytes, at + 1, |b| b == b' ');
    if bytes.get(start) != Some(&b'"') || !is_secret(text, name) {
        return None;
    }
    let stop = run(bytes, start + 1, |b| b != b'"');
    (start + 1 < stop).then_some(start + 1..stop)
}

/// Whether the name that ends before `end` is that of a secret.
fn is_secret(text: &str, end: usize) -> bool {
    let part = |b: &&u8| b.is_ascii_alphanumeric() || b"-_.".contains(b);
    let before = text.as_bytes()[..end].iter().rev();
    let length = before.take(LONGEST_NAME).take_while(part).count();
    names_a_secret(&text[end - length..end])
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
    use super::scrub;

    #[test]
    fn credentials_are_replaced() {
        let cases = [
            (
                "Authorization: Bearer abc.def-1",
                "Authorization: Bearer [redacted]",
            ),
            ("authorization=bearer%20x", "authorization=[redacted]"),
            ("for=bearer%20x", "for=bearer[redacted]"),
            (
                "host=db password=hunter2 user=me",
                "host=db password=[redacted] user=me",
            ),
            (
                "GET /x?api_key=abc&page=2: 401",
                "GET /x?api_key=[redacted]&page=2: 401",
            ),
            ("DB_PASSWORD='a b' left", "DB_PASSWORD='[redacted]' left"),
            ("ünï.secret=ä", "ünï.secret=[redacted]"),
            (
                r#"{"user":"me","apiKey": "a b","n":1}"#,
                r#"{"user":"me","apiKey": "[redacted]","n":1}"#,
            ),
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
            assert_eq!(scrub(text, false), expected);
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
            "password=",
            "password= is empty",
            "the password: wrong",
            r#""password":"#,
            r#""password":7"#,
            r#""password":""#,
            "token=\"\"",
            "=x",
            "",
        ];
        for text in cases {
            assert_eq!(scrub(text, false), text);
        }
    }

    #[test]
    fn a_credential_that_the_cut_hides_the_end_of_is_replaced() {
        assert_eq!(scrub("postgres://me:pass", true), "postgres://[redacted]");
        assert_eq!(scrub("postgres://host:5432", true), "postgres://host:5432");
        assert_eq!(scrub("Bearer ab", true), "Bearer [redacted]");
    }
}
