"""The compiler of examples/job-kernel in Python: grpcio with its OpenTelemetry instrumentation."""

import argparse
import os
import sys

# What grpcio's core says by itself goes to standard error and is no JSON. Read at import.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc

import log
import service
import spans


def address(text):
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError("give an address such as 127.0.0.1:9103")
    return host, int(port)


def main():
    parser = argparse.ArgumentParser(prog="peer-python-compiler", description=__doc__)
    parser.add_argument("--version", action="version", version=f"grpcio {grpc.__version__}")
    parser.add_argument(
        "--listen",
        type=address,
        default="127.0.0.1:9103",
        metavar="ADDR",
        help="port 0: a free one (default: %(default)s)",
    )
    host, port = parser.parse_args().listen
    log.start()
    provider = spans.start()
    try:
        service.run(host, port)
    except service.CannotListen as why:
        sys.exit(f"compiler: {why}")
    finally:
        spans.stop(provider)


if __name__ == "__main__":
    main()
