"""Angles: `pi`, decimals, `+ - * /`, a leading sign and parentheses."""

import math
import re

from circuit import CircuitError
from lexer import NUMBER, SYMBOL, WORD, Token

# Deepest nesting of parentheses; each level is some calls on the stack.
MAX_DEPTH = 64

_DECIMAL = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class Expressions:
    """The part of the parser that reads angles."""

    def angle(self):
        """An expression that is a finite number."""
        at = self.at
        value = self._sum(0)
        if not math.isfinite(value):
            raise CircuitError("bad_parameter", at, "this angle is not a finite number")
        return value

    def _sum(self, depth):
        value = self._product(depth)
        while True:
            if self.accept("+"):
                value += self._product(depth)
            elif self.accept("-"):
                value -= self._product(depth)
            else:
                return value

    def _product(self, depth):
        value = self._signed(depth)
        while True:
            if self.accept("*"):
                value *= self._signed(depth)
            elif self.accept("/"):
                value = divided(value, self._signed(depth))
            else:
                return value

    def _signed(self, depth):
        sign = 1.0
        while self.accept("-"):
            sign = -sign
        return sign * self._atom(depth)

    def _atom(self, depth):
        at, token = self.at, self.advance()
        if token == Token(WORD, "pi"):
            return math.pi
        if token.kind == NUMBER:
            return number(token, at)
        if token == Token(SYMBOL, "("):
            if depth == MAX_DEPTH:
                message = f"parentheses go deeper than {MAX_DEPTH} levels"
                raise CircuitError("bad_parameter", at, message)
            value = self._sum(depth + 1)
            self.expect(")")
            return value
        message = f"expected a number, `pi` or `(`, found {token.described()}"
        raise CircuitError("syntax", at, message)


def divided(value, by):
    """As IEEE 754 has it; Python raises for zero."""
    if by != 0:
        return value / by
    if value == 0 or math.isnan(value):
        return math.nan
    return math.copysign(math.inf, value) * math.copysign(1.0, by)


def number(token, at):
    if _DECIMAL.fullmatch(token.text) is None:
        raise CircuitError("syntax", at, f"{token.described()} is not a number")
    value = float(token.text)
    if math.isinf(value):
        raise CircuitError("bad_parameter", at, "this number is too large")
    return value
