//! Whether a label's value looks like what a client sent; the rules are at
//! [`Rule::RawPath`](super::Rule::RawPath).

/// Labels that are called like this hold a route.
const ROUTES: &[&str] = &[
    "endpoint",
    "handler",
    "http_route",
    "path",
    "path_template",
    "route",
    "uri_template",
    "url_template",
];

/// What the value looks like, if it does.
pub(super) fn suspect(label: &str, value: &str) -> Option<&'static str> {
    if value.contains("://") {
        return Some("a URL");
    }
    let path = value.contains('/');
    if !path && !ROUTES.contains(&label) {
        return match value {
            _ if is_uuid(value) => Some("a UUID"),
            _ if value.contains('@') => Some("an address"),
            _ if is_hexadecimal(value, 16) => Some("an id in hexadecimal"),
            _ => None,
        };
    }
    if value.contains('?') {
        return Some("a path with a query");
    }
    value.split('/').find_map(segment)
}

fn segment(segment: &str) -> Option<&'static str> {
    if segment.contains('{') || segment.starts_with([':', '*', '<']) {
        return None;
    }
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    let id = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    match segment {
        "" => None,
        _ if digits == segment.len() => Some("a path with a number in it"),
        _ if is_uuid(segment) => Some("a path with a UUID in it"),
        _ if is_hexadecimal(segment, 8) => Some("a path with an id in hexadecimal"),
        _ if 16 <= segment.len() && 4 <= digits && segment.bytes().all(id) => {
            Some("a path with an id in it")
        }
        _ if segment.contains('@') => Some("a path with an address in it"),
        _ if segment.contains('%') => Some("a path that is percent-encoded"),
        _ => None,
    }
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|c| c == b'-' || c.is_ascii_hexdigit())
}

/// Words of the letters a to f have no digit among them.
fn is_hexadecimal(text: &str, at_least: usize) -> bool {
    at_least <= text.len()
        && text.bytes().all(|c| c.is_ascii_hexdigit())
        && text.bytes().any(|c| c.is_ascii_digit())
}
