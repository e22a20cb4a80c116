"""Statements, and the operations they stand for."""

from circuit import (
    MAX_BITS,
    MAX_OPERATIONS,
    MAX_QUBITS,
    MAX_SOURCE,
    QUBITS,
    ROTATIONS,
    Barrier,
    CircuitError,
    Gate,
    Position,
    shown,
)
from expression import Expressions
from lexer import END, NUMBER, SYMBOL, TEXT, WORD, Lexer, Token
from registers import CLASSICAL, QUANTUM, Registers

# Larger than any size or index, whatever its number of digits.
HUGE = 1 << 64


class Parser(Expressions):
    """Reads and checks a circuit, up to its first mistake."""

    def __init__(self, source):
        if len(source.encode()) > MAX_SOURCE:
            message = f"a circuit's source has at most {MAX_SOURCE} bytes"
            raise CircuitError("too_large", Position(1, 1), message)
        self._lexer = Lexer(source)
        self.token, self.at = self._lexer.next()
        self.registers = Registers()
        # Gates and barriers in their order.
        self.operations = []
        # Qubit and, where one is named, bit.
        self.measurements = []
        self._measured = set()

    def read(self):
        first = True
        while self.token.kind != END:
            self._statement(first)
            first = False
        if self.measurements:
            return
        if self.operations:
            message = "the circuit measures nothing; end it with a `measure`"
            raise CircuitError("no_measurement", self.at, message)
        message = "the circuit does nothing; try `qreg q[1]; h q[0]; measure q;`"
        raise CircuitError("empty_circuit", self.at, message)

    def advance(self):
        """Goes on to the next token and returns this one."""
        token = self.token
        self.token, self.at = self._lexer.next()
        return token

    def accept(self, symbol):
        found = self.token == Token(SYMBOL, symbol)
        if found:
            self.advance()
        return found

    def expect(self, symbol):
        if not self.accept(symbol):
            raise self._unexpected(f"`{symbol}`")

    def _unexpected(self, wanted):
        message = f"expected {wanted}, found {self.token.described()}"
        return CircuitError("syntax", self.at, message)

    def _word(self, wanted):
        at = self.at
        if self.token.kind != WORD:
            raise self._unexpected(wanted)
        return self.advance().text, at

    def _statement(self, first):
        word, at = self._word("a statement such as `h q[0];`")
        if word == "OPENQASM":
            self._version(first, at)
        elif word == "include":
            if self.token != Token(TEXT, "qelib1.inc"):
                raise self._unexpected('`"qelib1.inc"`, whose gates are built in')
            self.advance()
        elif word in (QUANTUM, CLASSICAL):
            self._register(word)
        elif word == "measure":
            self._measure(at)
        elif word == "barrier":
            self._barrier(at)
        else:
            self._gate(word, at)
        self.expect(";")

    def _version(self, first, at):
        if not first:
            message = "`OPENQASM 2.0;` may stand at the start only"
            raise CircuitError("syntax", at, message)
        if self.token not in (Token(NUMBER, "2.0"), Token(NUMBER, "2")):
            raise self._unexpected("the version `2.0`")
        self.advance()

    def _register(self, kind):
        name, name_at = self._word("a register's name")
        self.expect("[")
        size, size_at = self._whole_number()
        self.expect("]")
        self.registers.declare(kind, name, name_at, size, size_at)

    def _whole_number(self):
        at, token = self.at, self.token
        # The lexer's numbers are ASCII.
        if token.kind != NUMBER or not token.text.isdecimal():
            raise self._unexpected("a whole number")
        self.advance()
        digits = token.text.lstrip("0") or "0"
        return (int(digits) if len(digits) < 10 else HUGE), at

    def _operand(self, kind):
        name, at = self._word("a register's name")
        index = None
        if self.accept("["):
            index = self._whole_number()
            self.expect("]")
        return self.registers.resolve(kind, name, at, index)

    def _operands(self, most):
        """Operands up to the semicolon, and no more than make sense."""
        operands = [self._operand(QUANTUM)]
        while self.accept(","):
            operand = self._operand(QUANTUM)
            if len(operands) == most:
                message = f"there are more than {most} operands here"
                raise CircuitError("wrong_operands", operand.at, message)
            operands.append(operand)
        return operands

    def _measure(self, at):
        qubits = self._operand(QUANTUM)
        bits = None
        if self.accept("->"):
            bits = self._operand(CLASSICAL)
            if bits.size != qubits.size:
                message = (
                    "both sides of `->` must be of one size: two registers, or two single places"
                )
                raise CircuitError("size_mismatch", bits.at, message)
        for i, qubit in enumerate(qubits.all()):
            self._room(at)
            self._measured.add(qubit)
            self.measurements.append((qubit, None if bits is None else bits.nth(i)))

    def _barrier(self, at):
        qubits = frozenset(q for operand in self._operands(MAX_QUBITS) for q in operand.all())
        self._room(at)
        self.operations.append(Barrier(qubits))

    def _gate(self, name, at):
        if name not in QUBITS:
            message = f"there is no gate {shown(name)}; there are: {' '.join(QUBITS)}"
            raise CircuitError("unknown_gate", at, message)
        angle = self._parameter(name, at)
        operands = self._operands(3)
        takes = QUBITS[name]
        if len(operands) != takes:
            ending = "" if takes == 1 else "s"
            message = f"`{name}` works on {takes} qubit{ending}, not on {len(operands)}"
            raise CircuitError("wrong_operands", at, message)
        registers = [operand for operand in operands if operand.size is not None]
        rounds = registers[0].size if registers else 1
        for register in registers:
            if register.size != rounds:
                message = "registers side by side must be of one size"
                raise CircuitError("size_mismatch", register.at, message)
        for i in range(rounds):
            self._apply(name, operands, i, angle, at)

    def _parameter(self, name, at):
        has_one = self.token == Token(SYMBOL, "(")
        if name not in ROTATIONS:
            if has_one:
                raise CircuitError("bad_parameter", self.at, f"`{name}` takes no angle")
            return 0.0
        if not has_one:
            message = f"`{name}` needs an angle, such as `{name}(pi/2)`"
            raise CircuitError("bad_parameter", at, message)
        self.expect("(")
        angle = self.angle()
        self.expect(")")
        return angle

    def _apply(self, name, operands, i, angle, at):
        qubits = []
        for operand in operands:
            qubit = operand.nth(i)
            if qubit in qubits:
                message = f"`{name}` has one qubit twice; its qubits must differ"
                raise CircuitError("duplicate_qubit", operand.at, message)
            if qubit in self._measured:
                message = "this qubit has been measured; measure after its last gate"
                raise CircuitError("gate_after_measurement", operand.at, message)
            qubits.append(qubit)
        self._room(at)
        self.operations.append(Gate.new(name, qubits, angle))

    def _room(self, at):
        """Refuses one operation more than there may be."""
        if len(self.operations) + len(self.measurements) >= MAX_OPERATIONS:
            message = f"a circuit has at most {MAX_OPERATIONS} operations"
            raise CircuitError("too_large", at, message)

    def layout(self):
        """How many bits the result has, and each measured qubit with its bit.

        First come the classical registers that are written to, in the order of their declaration,
        then a bit for each qubit that is measured without a place named for it, in the order of the
        qubits.
        """
        named = {bit for _, bit in self.measurements if bit is not None}
        place = {}
        for register in self.registers.classical():
            own = range(register.first, register.first + register.size)
            if not named.isdisjoint(own):
                for bit in own:
                    place[bit] = len(place)
        bits = len(place)
        alone = sorted({qubit for qubit, bit in self.measurements if bit is None})
        own = {qubit: bits + n for n, qubit in enumerate(alone)}
        bits += len(own)
        if bits > MAX_BITS:
            message = f"the result has more than {MAX_BITS} bits; name a place in a `creg` for each"
            raise CircuitError("too_large", self.at, message)
        return bits, [
            (qubit, own[qubit] if bit is None else place[bit]) for qubit, bit in self.measurements
        ]
