//! Angles: `pi`, decimals, `+ - * /`, a leading sign and parentheses.

use std::f64::consts::PI;

use super::{
    error::{CircuitError, ErrorKind, Position},
    lexer::Token,
    parser::Parser,
};

/// Deepest nesting of parentheses; each level is a call of its own on the stack.
const MAX_DEPTH: u32 = 64;

impl Parser<'_> {
    /// An expression that is a finite number.
    pub(super) fn angle(&mut self) -> Result<f64, CircuitError> {
        let at = self.at;
        let value = self.sum(0)?;
        if value.is_finite() {
            return Ok(value);
        }
        Err(CircuitError::new(
            ErrorKind::BadParameter,
            at,
            "this angle is not a finite number",
        ))
    }

    fn sum(&mut self, depth: u32) -> Result<f64, CircuitError> {
        let mut value = self.product(depth)?;
        loop {
            if self.accept('+')? {
                value += self.product(depth)?;
            } else if self.accept('-')? {
                value -= self.product(depth)?;
            } else {
                return Ok(value);
            }
        }
    }

    fn product(&mut self, depth: u32) -> Result<f64, CircuitError> {
        let mut value = self.signed(depth)?;
        loop {
            if self.accept('*')? {
                value *= self.signed(depth)?;
            } else if self.accept('/')? {
                value /= self.signed(depth)?;
            } else {
                return Ok(value);
            }
        }
    }

    fn signed(&mut self, depth: u32) -> Result<f64, CircuitError> {
        let mut sign = 1.0;
        while self.accept('-')? {
            sign = -sign;
        }
        Ok(sign * self.atom(depth)?)
    }

    fn atom(&mut self, depth: u32) -> Result<f64, CircuitError> {
        let at = self.at;
        match self.advance()? {
            Token::Word("pi") => Ok(PI),
            Token::Number(text) => number(text, at),
            Token::Symbol('(') if depth == MAX_DEPTH => {
                let message = format!("parentheses go deeper than {MAX_DEPTH} levels");
                Err(CircuitError::new(ErrorKind::BadParameter, at, message))
            }
            Token::Symbol('(') => {
                let value = self.sum(depth + 1)?;
                self.expect(')')?;
                Ok(value)
            }
            other => {
                let message = format!(
                    "expected a number, `pi` or `(`, found {}",
                    other.described()
                );
                Err(CircuitError::new(ErrorKind::Syntax, at, message))
            }
        }
    }
}

fn number(text: &str, at: Position) -> Result<f64, CircuitError> {
    // The lexer lets only letters, digits, dots and signs through; this keeps out `inf` and `nan`.
    let value: Option<f64> = text
        .starts_with(|c: char| c.is_ascii_digit() || c == '.')
        .then(|| text.parse().ok())
        .flatten();
    match value {
        Some(value) if value.is_finite() => Ok(value),
        Some(_) => Err(CircuitError::new(
            ErrorKind::BadParameter,
            at,
            "this number is too large",
        )),
        None => {
            let message = format!("{} is not a number", Token::Number(text).described());
            Err(CircuitError::new(ErrorKind::Syntax, at, message))
        }
    }
}
