//! Keys of metadata that hold a secret, or text that nobody has agreed to show.

/// Anywhere in a key.
const PARTS: &[&str] = &[
    "authorization",
    "cookie",
    "password",
    "passwd",
    "secret",
    "credential",
    "apikey",
    "bearer",
];

/// The last word of a key, or all of it.
const LAST: &[&str] = &["token", "key", "jwt", "auth", "session", "signature"];

/// As it is. Both have a form of their own, which is not for people.
const WHOLE: &[&str] = &["grpc-trace-bin", "grpc-message", "grpc-status-details-bin"];

/// Whether nobody may see the values of `key`, in whatever case it is written.
pub(crate) const fn is_secret(key: &str) -> bool {
    let key = key.as_bytes();
    if starts_with(key, b"proxy-") {
        return true;
    }
    let mut i = 0;
    while i < PARTS.len() {
        if contains(key, PARTS[i].as_bytes()) {
            return true;
        }
        i += 1;
    }
    i = 0;
    while i < LAST.len() {
        if ends_in_word(key, LAST[i].as_bytes()) {
            return true;
        }
        i += 1;
    }
    i = 0;
    while i < WHOLE.len() {
        if key.len() == WHOLE[i].len() && starts_with(key, WHOLE[i].as_bytes()) {
            return true;
        }
        i += 1;
    }
    false
}

/// Whether it can be a key of metadata: not empty, and of the characters that gRPC allows.
pub(crate) const fn is_key(key: &str) -> bool {
    let key = key.as_bytes();
    let mut i = 0;
    while i < key.len() {
        if !matches!(key[i], b'0'..=b'9' | b'a'..=b'z' | b'_' | b'-' | b'.') {
            return false;
        }
        i += 1;
    }
    !key.is_empty()
}

/// Stops the build, or panics, unless each key may be read and shown.
#[track_caller]
pub(crate) const fn check(keys: &[&str]) {
    let mut i = 0;
    while i < keys.len() {
        assert!(
            !is_secret(keys[i]),
            "metadata under this key is secret and is never captured; take the key off the list"
        );
        assert!(
            is_key(keys[i]),
            "no key of metadata: write it in lower-case letters, digits, `-`, `_` and `.`"
        );
        i += 1;
    }
}

const fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    prefix.len() <= text.len() && is_at(text, 0, prefix)
}

const fn contains(text: &[u8], part: &[u8]) -> bool {
    let mut at = 0;
    while at + part.len() <= text.len() {
        if is_at(text, at, part) {
            return true;
        }
        at += 1;
    }
    false
}

/// Also in the plural, and in front of `-bin`.
const fn ends_in_word(text: &[u8], word: &[u8]) -> bool {
    let mut end = text.len();
    if 4 < end && is_at(text, end - 4, b"-bin") {
        end -= 4;
    }
    if 0 < end && text[end - 1].eq_ignore_ascii_case(&b's') && !ends_at(text, end, word) {
        end -= 1;
    }
    ends_at(text, end, word)
}

const fn ends_at(text: &[u8], end: usize, word: &[u8]) -> bool {
    if end < word.len() || !is_at(text, end - word.len(), word) {
        return false;
    }
    end == word.len() || matches!(text[end - word.len() - 1], b'-' | b'_' | b'.')
}

const fn is_at(text: &[u8], at: usize, part: &[u8]) -> bool {
    let mut i = 0;
    while i < part.len() {
        if !text[at + i].eq_ignore_ascii_case(&part[i]) {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn the_deny_list_finds_secrets_and_leaves_the_rest() {
        for key in [
            "authorization",
            "Authorization",
            "x-authorization-2",
            "proxy-authenticate",
            "proxy-anything",
            "cookie",
            "set-cookie",
            "x-auth-token",
            "token",
            "x-tokens",
            "id_token",
            "client-secret",
            "x-secret-name",
            "x-api-key",
            "x-apikey",
            "api.key",
            "idempotency-key",
            "x-session",
            "x-key-bin",
            "grpc-trace-bin",
            "grpc-message",
            "grpc-status-details-bin",
            "x-goog-iam-authorization-token",
        ] {
            assert!(is_secret(key), "{key}");
        }
        for key in [
            "x-tenant-id",
            "x-request-id",
            "user-agent",
            "grpc-encoding",
            "x-monkey",
            "x-author",
            "x-keyboard",
            "x-tokenizer",
            "x-trace-bin",
            "",
            "-bin",
        ] {
            assert!(!is_secret(key), "{key}");
        }
    }
}
