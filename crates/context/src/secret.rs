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

pub(crate) fn is_secret(name: &str) -> bool {
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    MARKS.iter().any(|mark| name.contains(mark))
}
