//! Source text to tokens, one at a time.

use super::error::{CircuitError, ErrorKind, Position, shown};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Word(&'a str),
    Number(&'a str),
    /// The text between quotes.
    Text(&'a str),
    Arrow,
    Symbol(char),
    End,
}

impl Token<'_> {
    /// The token as a message names it.
    pub(super) fn described(self) -> String {
        match self {
            Self::Word(text) | Self::Number(text) => shown(text),
            Self::Text(_) => "a text in quotes".to_owned(),
            Self::Arrow => "`->`".to_owned(),
            Self::Symbol(symbol) => format!("`{symbol}`"),
            Self::End => "the end of the circuit".to_owned(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Lexer<'a> {
    rest: &'a str,
    at: Position,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(source: &'a str) -> Self {
        Self {
            rest: source,
            at: Position { line: 1, column: 1 },
        }
    }

    pub(super) fn next(&mut self) -> Result<(Token<'a>, Position), CircuitError> {
        self.skip_blanks();
        let at = self.at;
        let Some(first) = self.rest.chars().next() else {
            return Ok((Token::End, at));
        };
        let token = match first {
            'a'..='z' | 'A'..='Z' | '_' => {
                Token::Word(self.take_while(|c| c.is_ascii_alphanumeric() || c == '_'))
            }
            '0'..='9' | '.' => Token::Number(self.number()),
            '"' => return self.text(at).map(|text| (Token::Text(text), at)),
            '-' if self.rest.starts_with("->") => {
                self.take(2);
                Token::Arrow
            }
            ';' | ',' | '(' | ')' | '[' | ']' | '+' | '-' | '*' | '/' => {
                self.take(1);
                Token::Symbol(first)
            }
            other => {
                let message = format!(
                    "unexpected character {}",
                    shown(other.encode_utf8(&mut [0; 4]))
                );
                return Err(CircuitError::new(ErrorKind::Syntax, at, message));
            }
        };
        Ok((token, at))
    }

    fn skip_blanks(&mut self) {
        loop {
            self.take_while(char::is_whitespace);
            if !self.rest.starts_with("//") {
                return;
            }
            self.take_while(|c| c != '\n');
        }
    }

    /// Digits, a fraction and an exponent; whether they make a number is for the parser to say.
    fn number(&mut self) -> &'a str {
        let mut before = ' ';
        self.take_while(|c| {
            let sign_of_exponent = matches!(c, '+' | '-') && matches!(before, 'e' | 'E');
            let part = c.is_ascii_alphanumeric() || matches!(c, '.' | '_') || sign_of_exponent;
            before = c;
            part
        })
    }

    fn text(&mut self, at: Position) -> Result<&'a str, CircuitError> {
        self.take(1);
        let text = self.take_while(|c| c != '"' && c != '\n');
        if !self.rest.starts_with('"') {
            return Err(CircuitError::new(
                ErrorKind::Syntax,
                at,
                "this text has no closing `\"` on its line",
            ));
        }
        self.take(1);
        Ok(text)
    }

    fn take_while(&mut self, mut part: impl FnMut(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// Takes that many bytes, and keeps count of lines and columns.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        for c in taken.chars() {
            if c == '\n' {
                self.at = Position {
                    line: self.at.line + 1,
                    column: 1,
                };
            } else {
                self.at.column += 1;
            }
        }
        self.rest = rest;
        taken
    }
}
