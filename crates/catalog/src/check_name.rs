//! The rules for names, as questions that the compiler can answer.

/// Labels whose values nobody can bound, or that must not be seen.
pub(crate) const FORBIDDEN: &[&str] = &[
    "host",
    "hostname",
    "url",
    "full_url",
    "uri",
    "path_raw",
    "query",
    "instance_id",
    "user",
    "user_id",
    "email",
    "e_mail",
    "error",
    "error_message",
    "message",
    "idempotency_key",
    "token",
    "secret",
    "password",
    "authorization",
    "api_key",
    "credential",
    "cookie",
    "job_id",
    "task_id",
    "execution_id",
    "trace_id",
    "span_id",
    "request_id",
    "correlation_id",
    "session_id",
    "message_id",
    "ip",
    "client_address",
];

/// A label that has one of these anywhere in its name is forbidden as well.
pub(crate) const FORBIDDEN_PARTS: &[&str] = &["secret", "password", "token"];

/// What a scale other than the base unit is called, wherever in a name it stands.
const SCALED: &[(&str, &str)] = &[
    ("milliseconds", "seconds"),
    ("millis", "seconds"),
    ("msec", "seconds"),
    ("ms", "seconds"),
    ("microseconds", "seconds"),
    ("micros", "seconds"),
    ("usec", "seconds"),
    ("nanoseconds", "seconds"),
    ("nanos", "seconds"),
    ("nsec", "seconds"),
    ("secs", "seconds"),
    ("kilobytes", "bytes"),
    ("kibibytes", "bytes"),
    ("kb", "bytes"),
    ("kib", "bytes"),
    ("megabytes", "bytes"),
    ("mebibytes", "bytes"),
    ("mb", "bytes"),
    ("mib", "bytes"),
    ("gigabytes", "bytes"),
    ("gibibytes", "bytes"),
    ("gb", "bytes"),
    ("gib", "bytes"),
    ("kilometers", "meters"),
    ("millimeters", "meters"),
    ("millivolts", "volts"),
    ("milliamperes", "amperes"),
    ("kilojoules", "joules"),
    ("kilograms", "grams"),
    ("fahrenheit", "celsius"),
    ("kelvin", "celsius"),
];

/// The same for words that mean something else unless they stand where the unit stands.
const SCALED_AT_END: &[(&str, &str)] = &[
    ("us", "seconds"),
    ("ns", "seconds"),
    ("sec", "seconds"),
    ("minutes", "seconds"),
    ("hours", "seconds"),
    ("days", "seconds"),
];

pub(crate) const fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && same_at(a.as_bytes(), 0, b.as_bytes())
}

pub(crate) const fn contains(text: &str, part: &str) -> bool {
    let mut at = 0;
    while at + part.len() <= text.len() {
        if same_at(text.as_bytes(), at, part.as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

pub(crate) const fn ends_with(text: &str, end: &str) -> bool {
    end.len() <= text.len() && same_at(text.as_bytes(), text.len() - end.len(), end.as_bytes())
}

pub(crate) const fn without_suffix<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    if ends_with(text, end) {
        Some(text.split_at(text.len() - end.len()).0)
    } else {
        None
    }
}

pub(crate) const fn is_one_of(text: &str, list: &[&str]) -> bool {
    let mut i = 0;
    while i < list.len() {
        if same(text, list[i]) {
            return true;
        }
        i += 1;
    }
    false
}

/// `[a-z_][a-z0-9_]*`
pub(crate) const fn is_snake_case(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'a'..=b'z' | b'_' => {}
            b'0'..=b'9' if 0 < i => {}
            _ => return false,
        }
        i += 1;
    }
    !bytes.is_empty()
}

/// A unit in `name` that is not a base unit, and the base unit to use.
pub(crate) const fn scaled_unit(name: &str) -> Option<(&'static str, &'static str)> {
    let stem = match without_suffix(name, "_total") {
        Some(stem) => stem,
        None => name,
    };
    if let Some(found) = word_of(stem, SCALED, false) {
        return Some(found);
    }
    word_of(stem, SCALED_AT_END, true)
}

/// The first of `words` that stands in `name` after an underline and before another or the end.
const fn word_of(
    name: &str,
    words: &[(&'static str, &'static str)],
    only_last: bool,
) -> Option<(&'static str, &'static str)> {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < words.len() {
        let word = words[i].0.as_bytes();
        let mut at = 1;
        while at + word.len() <= bytes.len() {
            let end = at + word.len();
            let last = end == bytes.len();
            if bytes[at - 1] == b'_'
                && same_at(bytes, at, word)
                && (last || (bytes[end] == b'_' && !only_last))
            {
                return Some(words[i]);
            }
            at += 1;
        }
        i += 1;
    }
    None
}

const fn same_at(text: &[u8], at: usize, part: &[u8]) -> bool {
    let mut i = 0;
    while i < part.len() {
        if text[at + i] != part[i] {
            return false;
        }
        i += 1;
    }
    true
}
