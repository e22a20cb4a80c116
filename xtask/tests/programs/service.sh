#!/bin/sh
# A service that tells its name, what it was given and where it exports to, and waits to be stopped.
# With FAILS set to its name it ends before it is ready.
name=$(basename "$0")
trap 'exit 0' TERM
echo "given $*"
echo "exports ${OTEL_EXPORTER_OTLP_ENDPOINT-nowhere} $EXTRA"
if [ "$FAILS" = "$name" ]; then
    echo "the port is in use" >&2
    exit 1
fi
case "$name" in
    system-api) port=1 ;;
    kernel) port=2 ;;
    compiler) port=3 ;;
    *) port=4 ;;
esac
echo "metrics on http://127.0.0.1:10$port/metrics"
echo "{\"message\":\"listening on 127.0.0.1:$port\"}"
while :; do sleep 0.01; done
