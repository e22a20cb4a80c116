"""A peer in Python for the tests of examples/interop: echo services with official instrumentation."""

import argparse

import grpc

import grpc_echo
import http_echo
import seen


def main():
    parser = argparse.ArgumentParser(prog="peer-python", description=__doc__)
    parser.add_argument("--version", action="version", version=f"grpcio {grpc.__version__}")
    parser.add_argument("protocol", choices=["grpc", "http"])
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="ADDR", help="port 0: a free one")
    parser.add_argument("--forward", metavar="ADDR", help="whom to call on; a URL for http")
    args = parser.parse_args()
    host, _, port = args.listen.rpartition(":")
    if not host or not port.isdigit():
        parser.error(f"--listen {args.listen}: give an address such as 127.0.0.1:0")
    seen.start_tracing()
    run = {"grpc": grpc_echo.run, "http": http_echo.run}[args.protocol]
    run(host, int(port), args.forward)


if __name__ == "__main__":
    main()
