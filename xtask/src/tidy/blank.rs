//! Rust source with comments and texts blanked out, line for line.

/// Replaces what is in comments, strings and characters by blanks; lines stay where they are.
pub(super) fn blank(source: &str) -> String {
    let mut scanner = Scanner {
        rest: source,
        out: String::with_capacity(source.len()),
    };
    while !scanner.rest.is_empty() {
        scanner.step();
    }
    scanner.out
}

struct Scanner<'a> {
    rest: &'a str,
    out: String,
}

impl Scanner<'_> {
    fn step(&mut self) {
        let rest = self.rest;
        if rest.starts_with("//") {
            self.hide(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.hide(comment(rest));
        } else if let Some(length) = raw_string(rest).filter(|_| !self.in_word()) {
            self.hide(length);
        } else if rest.starts_with('"') {
            self.hide(quoted(rest, '"'));
        } else if let Some(length) = character(rest) {
            self.hide(length);
        } else {
            let next = rest.chars().next().expect("it is not empty");
            self.out.push(next);
            self.rest = &rest[next.len_utf8()..];
        }
    }

    /// Whether what stands before is part of a name: the `r` of `for"` begins no raw string.
    fn in_word(&self) -> bool {
        self.out
            .ends_with(|c: char| c.is_alphanumeric() || c == '_')
    }

    fn hide(&mut self, length: usize) {
        let (hidden, rest) = self.rest.split_at(length);
        self.out
            .extend(hidden.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        self.rest = rest;
    }
}

/// The length of a block comment, which may have others inside.
fn comment(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of `"…"` or `'…'` with its escapes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `r"…"` or `r#"…"#`; a `b` or `c` may stand before.
fn raw_string(text: &str) -> Option<usize> {
    let after = text
        .strip_prefix(['b', 'c'])
        .unwrap_or(text)
        .strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(text.len() - body.len() + length)
}

/// The length of a character; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let mut inner = text.strip_prefix('\'')?.chars();
    let first = inner.next()?;
    let is_character = first == '\\' || inner.next() == Some('\'');
    is_character.then(|| quoted(text, '\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_comments_are_blanked_and_nothing_else() {
        #[track_caller]
        fn check(source: &str, expected: &str) {
            assert_eq!(blank(source), expected, "{source}");
        }
        check("a // b\nc", "a     \nc");
        check("a /* b /* c */ d\n */ e", "a               \n    e");
        check("f(\"a\\\"b\", g)", "f(      , g)");
        check("r\"a\\\" b", "      b");
        check("r#\"a\"b\"# c", "         c");
        check("br##\"\"#\"## c", "           c");
        check("for\"a\" x", "for    x");
        check("'\"' 'a' '\\'' x", "             x");
        check("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}");
        check("r#type", "r#type");
        check("\"never closed", "             ");
        check("\"two\nlines\" x", "    \n       x");
        check("'é' \"ü\" x", "        x");
    }
}
