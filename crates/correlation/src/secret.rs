//! Names that give a secret away.

/// What makes a name that of a secret, wherever it stands in it. Compared without case and without
/// what separates words, so that `Api-Key`, `api_key` and `apiKey` are one.
const MARKS: [&str; 16] = [
    "authorization",
    "cookie",
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "token",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "credential",
    "bearer",
    "jwt",
];

/// Whether a field, a header or a key of this name holds a secret: a token, a password, a cookie, in
/// any spelling. Allowlists refuse such names.
///
/// ```
/// use throughline_correlation::names_a_secret;
///
/// const _: () = assert!(names_a_secret("X-Api-Key") && names_a_secret("idToken"));
/// assert!(!names_a_secret("author"));
/// ```
#[must_use]
pub const fn names_a_secret(name: &str) -> bool {
    let mut mark = 0;
    while mark < MARKS.len() {
        let mut from = 0;
        while from < name.len() {
            if starts_with(name.as_bytes(), from, MARKS[mark].as_bytes()) {
                return true;
            }
            from += 1;
        }
        mark += 1;
    }
    false
}

/// Whether `mark` stands at `from`, not looking at case or separators.
const fn starts_with(name: &[u8], from: usize, mark: &[u8]) -> bool {
    let (mut at, mut matched) = (from, 0);
    while matched < mark.len() {
        if at == name.len() {
            return false;
        }
        let byte = name[at].to_ascii_lowercase();
        if byte == mark[matched] {
            matched += 1;
        } else if byte.is_ascii_alphanumeric() || matched == 0 {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::names_a_secret;

    #[test]
    fn names_of_secrets_are_known_in_any_spelling() {
        let secret = [
            "authorization",
            "proxy-authorization",
            "Set-Cookie",
            "db_password",
            "PASSWORD",
            "token",
            "idToken",
            "client.secret",
            "api_key",
            "x-api-key",
            "apiKey",
            "aws_access_key_id",
            "credentials",
            "a_p_i_key",
        ];
        for name in secret {
            assert!(names_a_secret(name), "{name}");
        }
        let harmless = [
            "driver", "shots", "key", "api", "author", "secre", "toke_", "", "user_id",
        ];
        for name in harmless {
            assert!(!names_a_secret(name), "{name}");
        }
    }
}
