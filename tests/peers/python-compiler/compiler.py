"""From a source to a checked and shortened program."""

from job_kernel.v1 import circuit_pb2

from circuit import QUBITS, Gate
from optimizer import optimize
from parser import Parser

NUMBERS = {kind: number for number, kind in enumerate(QUBITS, start=1)}


def compile_source(source):
    """The message of a program; a CircuitError is raised for the first mistake."""
    parser = Parser(source)
    parser.read()
    bits, measurements = parser.layout()
    gates = optimize(parser.operations)
    written = sum(isinstance(operation, Gate) for operation in parser.operations)
    return circuit_pb2.Program(
        qubits=parser.registers.qubits(),
        bits=bits,
        gates=[
            circuit_pb2.Gate(kind=NUMBERS[gate.kind], qubits=gate.qubits, angle=gate.angle)
            for gate in gates
        ],
        measurements=[circuit_pb2.Measurement(qubit=qubit, bit=bit) for qubit, bit in measurements],
        cancelled_gates=written - len(gates),
    )
