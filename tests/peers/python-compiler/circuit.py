"""Gates and circuits, their limits, and what is wrong with one."""

import math
import unicodedata
from typing import NamedTuple

MAX_SOURCE = 1 << 20
MAX_QUBITS = 16
MAX_BITS = 64
MAX_OPERATIONS = 100_000

# How many qubits each kind works on; the place of its name, from 1, is its number in the contract.
QUBITS = {
    "x": 1,
    "y": 1,
    "z": 1,
    "h": 1,
    "s": 1,
    "sdg": 1,
    "t": 1,
    "tdg": 1,
    "rx": 1,
    "ry": 1,
    "rz": 1,
    "cx": 2,
    "cz": 2,
    "swap": 2,
    "ccx": 3,
}

ROTATIONS = frozenset(("rx", "ry", "rz"))


class Gate(NamedTuple):
    kind: str
    qubits: tuple
    angle: float

    @classmethod
    def new(cls, kind, qubits, angle=0.0):
        """A gate; its angle is taken modulo 4 pi. Small angles keep their digits so."""
        return cls(kind, tuple(qubits), math.fmod(angle, 4 * math.pi))


class Barrier(NamedTuple):
    qubits: frozenset


class Position(NamedTuple):
    """A place in a source, counted from 1; columns are characters."""

    line: int
    column: int


class CircuitError(Exception):
    """What is wrong with a circuit, where, and what would do."""

    def __init__(self, kind, at, message):
        super().__init__(f"line {at.line}, column {at.column}: {message}")
        self.kind = kind
        self.at = at
        self.message = message


_ESCAPES = {
    "\0": "\\0",
    "\t": "\\t",
    "\r": "\\r",
    "\n": "\\n",
    "'": "\\'",
    '"': '\\"',
    "\\": "\\\\",
}


def _plain(char):
    # A mark would join the character before it.
    if char.isprintable() and unicodedata.category(char) not in ("Mn", "Me"):
        return _ESCAPES.get(char, char)
    return _ESCAPES.get(char) or f"\\u{{{ord(char):x}}}"


def shown(text):
    """A piece of the source as a message shows it: short, and in plain characters."""
    longest = 32
    rest = "…" if len(text) > longest else ""
    return f"`{''.join(map(_plain, text[:longest]))}{rest}`"
