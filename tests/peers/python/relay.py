"""A relay over RabbitMQ: pika with its OpenTelemetry instrumentation. Exports its spans by OTLP.

It passes messages on, or makes them: each in a trace of its own and with ids of its own, which it prints,
a line of JSON a message.
"""

import argparse
import json
import uuid

import pika
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.pika import PikaInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

# How long the broker may say nothing, in seconds.
LIMIT = 60

IDS = ("x-job-id", "x-message-id", "x-request-id")


def connect(broker):
    host, _, port = broker.rpartition(":")
    parameters = pika.ConnectionParameters(host, int(port), blocked_connection_timeout=LIMIT)
    return pika.BlockingConnection(parameters)


def make(args):
    connection = connect(args.broker)
    channel = connection.channel()
    channel.confirm_delivery()
    tracer = trace.get_tracer("orders")
    for _ in range(args.count):
        ids = {name: str(uuid.uuid4()) for name in IDS}
        with tracer.start_as_current_span("order"):
            properties = pika.BasicProperties(headers=dict(ids))
            channel.basic_publish("", args.give, args.body.encode(), properties)
        print(json.dumps(ids))
    connection.close()


def relay(args):
    connection = connect(args.broker)
    connection.call_later(LIMIT, lambda: connection.close(320, "nothing came"))
    channel = connection.channel()
    left = args.count

    def pass_on(channel, method, properties, body):
        nonlocal left
        headers = properties.headers or {}
        # As a service would: the ids go along by hand, the trace by the instrumentation.
        ids = {name: headers[name] for name in IDS if name in headers}
        channel.basic_publish("", args.give, body, pika.BasicProperties(headers=ids))
        channel.basic_ack(method.delivery_tag)
        left -= 1
        if left == 0:
            channel.stop_consuming()

    channel.confirm_delivery()
    channel.basic_consume(args.take, pass_on)
    channel.start_consuming()
    connection.close()


def main():
    parser = argparse.ArgumentParser(prog="peer-python-relay", description=__doc__)
    parser.add_argument("--broker", required=True, metavar="HOST:PORT")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--take", metavar="QUEUE", help="where messages come from")
    source.add_argument("--body", help="what is in the messages that are made here")
    parser.add_argument("--give", required=True, metavar="QUEUE", help="where they go to")
    parser.add_argument("--count", type=int, default=1, help="how many")
    args = parser.parse_args()
    provider = TracerProvider(resource=Resource.create({"service.name": "relay"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    PikaInstrumentor().instrument()
    try:
        relay(args) if args.take else make(args)
    finally:
        provider.shutdown()


if __name__ == "__main__":
    main()
