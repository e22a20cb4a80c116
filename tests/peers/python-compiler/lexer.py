"""Source text to tokens, one at a time."""

import re
from typing import NamedTuple

from circuit import CircuitError, Position, shown

WORD, NUMBER, TEXT, SYMBOL, END = "word", "number", "text", "symbol", "end"

# Unicode's white space, and comments.
_BLANKS = re.compile(
    "(?:[\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|//[^\n]*)*"
)

# Of a number: digits, a fraction and an exponent; whether they make one is for the parser to say.
_TOKEN = re.compile(
    r"""(?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>[0-9.](?:[eE][+-]|[0-9A-Za-z._])*)
      | "(?P<text>[^"\n]*)"
      | (?P<symbol>->|[;,()\[\]+\-*/])""",
    re.VERBOSE,
)


class Token(NamedTuple):
    kind: str
    text: str

    def described(self):
        """The token as a message names it."""
        if self.kind == END:
            return "the end of the circuit"
        if self.kind == TEXT:
            return "a text in quotes"
        return f"`{self.text}`" if self.kind == SYMBOL else shown(self.text)


class Lexer:
    def __init__(self, source):
        self._source = source
        self._next = 0
        self._line = 1
        self._line_start = 0

    def next(self):
        """The next token and where it stands."""
        blanks = _BLANKS.match(self._source, self._next).end()
        # Nothing but blanks goes over lines.
        lines = self._source.count("\n", self._next, blanks)
        if lines:
            self._line += lines
            self._line_start = self._source.rfind("\n", self._next, blanks) + 1
        at = Position(self._line, blanks - self._line_start + 1)
        self._next = blanks
        if blanks == len(self._source):
            return Token(END, ""), at
        found = _TOKEN.match(self._source, blanks)
        if found is None:
            if self._source[blanks] == '"':
                message = 'this text has no closing `"` on its line'
            else:
                message = f"unexpected character {shown(self._source[blanks])}"
            raise CircuitError("syntax", at, message)
        self._next = found.end()
        return Token(found.lastgroup, found[found.lastgroup]), at
