"""Takes out neighbours that undo each other."""

import math

from circuit import ROTATIONS, Barrier, Gate

# Angles closer to a full turn than this do nothing.
NEGLIGIBLE = 1e-12

# What undoes a gate, where it is not the gate itself.
INVERSE = {"s": "sdg", "sdg": "s", "t": "tdg", "tdg": "t"}


def optimize(operations):
    """What is left of the gates once those are gone that undo each other, up to a global phase.

    Two gates are neighbours when nothing stands between them on any of their qubits; a barrier
    does. A gate that goes uncovers the one before it, where the next gate finds it.
    """
    # Each gate that is kept, or None for one that went, with the gates before it on its qubits.
    kept = []
    # The gate that is last on a qubit, by its place in `kept`.
    last = {}
    for operation in operations:
        if isinstance(operation, Barrier):
            for qubit in operation.qubits:
                last.pop(qubit, None)
            continue
        at = neighbour(kept, last, operation)
        left = None if at is None else combined(kept[at][0], operation)
        if left is None:
            if operation.kind in ROTATIONS and is_full_turn(operation.angle):
                continue
            before = [last.get(qubit) for qubit in operation.qubits]
            last.update((qubit, len(kept)) for qubit in operation.qubits)
            kept.append((operation, before))
        elif left:
            kept[at] = (left[0], kept[at][1])
        else:
            gate, before = kept[at]
            last.update(zip(gate.qubits, before))
            kept[at] = (None, before)
    return [gate for gate, _ in kept if gate is not None]


def neighbour(kept, last, gate):
    """The place of the gate right before this one on all qubits of both."""
    places = {last.get(qubit) for qubit in gate.qubits}
    at = places.pop()
    if places or at is None or len(kept[at][0].qubits) != len(gate.qubits):
        return None
    return at


def combined(before, gate):
    """What two neighbours come to: none, one, or None where both stay."""
    if gate.kind in ROTATIONS:
        if before.kind != gate.kind:
            return None
        angle = before.angle + gate.angle
        return [] if is_full_turn(angle) else [Gate.new(gate.kind, gate.qubits, angle)]
    if before.kind == INVERSE.get(gate.kind, gate.kind) and same_roles(before, gate):
        return []
    return None


def same_roles(a, b):
    """Whether the two mean the same by their qubits, given that the sets are equal."""
    if a.kind in ("cz", "swap"):
        return True
    if a.kind == "ccx":
        return a.qubits[2] == b.qubits[2]
    return a.qubits == b.qubits


def is_full_turn(angle):
    rest = angle % math.tau
    return rest < NEGLIGIBLE or math.tau - rest < NEGLIGIBLE
