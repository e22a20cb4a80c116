"""The registers that a circuit declares, and what its operands mean."""

from typing import NamedTuple, Optional

from circuit import MAX_BITS, MAX_QUBITS, CircuitError, Position, shown

QUANTUM, CLASSICAL = "qreg", "creg"


class Register(NamedTuple):
    kind: str
    # Number of its first qubit or bit.
    first: int
    size: int


class Operand(NamedTuple):
    """One qubit or bit, or a whole register of them."""

    at: Position
    first: int
    # None for a single one.
    size: Optional[int]

    def nth(self, i):
        """The one that takes part in the `i`-th round of a broadcast."""
        return self.first if self.size is None else self.first + i

    def all(self):
        return range(self.first, self.first + (self.size or 1))


class Registers:
    def __init__(self):
        self._by_name = {}
        self._counts = {QUANTUM: 0, CLASSICAL: 0}

    def qubits(self):
        return self._counts[QUANTUM]

    def classical(self):
        """The classical registers in the order of their declaration."""
        return [register for register in self._by_name.values() if register.kind == CLASSICAL]

    def declare(self, kind, name, name_at, size, size_at):
        if name in self._by_name:
            message = f"there is already a register {shown(name)}; choose another name"
            raise CircuitError("duplicate_register", name_at, message)
        if size == 0:
            message = "a register needs a size of at least 1"
            raise CircuitError("bad_parameter", size_at, message)
        first = self._counts[kind]
        if kind == QUANTUM and first + size > MAX_QUBITS:
            message = f"a circuit has at most {MAX_QUBITS} qubits in all its registers"
            raise CircuitError("too_many_qubits", size_at, message)
        if kind == CLASSICAL and first + size > MAX_BITS:
            message = f"a circuit has at most {MAX_BITS} classical bits in all its registers"
            raise CircuitError("too_large", size_at, message)
        self._counts[kind] += size
        self._by_name[name] = Register(kind, first, size)

    def resolve(self, kind, name, at, index):
        """What `name`, or `name[index]` for an index and its place, stands for."""
        register = self._by_name.get(name)
        if register is None:
            declare = f"{kind} {shown(name).strip('`')}[1];"
            message = f"there is no register {shown(name)}; declare it with `{declare}`"
            raise CircuitError("unknown_register", at, message)
        if register.kind != kind:
            if kind == QUANTUM:
                is_one, wanted = "classical", "a quantum one (`qreg`)"
            else:
                is_one, wanted = "quantum", "a classical one (`creg`)"
            message = f"{shown(name)} is a {is_one} register; this place needs {wanted}"
            raise CircuitError("unknown_register", at, message)
        if index is None:
            return Operand(at, register.first, register.size)
        number, index_at = index
        if number >= register.size:
            last = register.size - 1
            message = f"this index is past the end of {shown(name)}; its last is {last}"
            raise CircuitError("index_out_of_range", index_at, message)
        return Operand(at, register.first + number, None)
