"""Log lines: one JSON object each, on standard output, with the keys of the system in its order."""

import contextvars
import datetime
import json
import logging
import re
import sys

from opentelemetry import trace
from opentelemetry.trace import format_span_id, format_trace_id

SERVICE = "compiler"

# The names of levels in the system, where they are not Python's.
LEVELS = {"WARNING": "WARN", "CRITICAL": "ERROR"}

# What an id may be; anything else is as good as none.
ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

# The ids of the call that is being answered, by key of the line.
_ids = contextvars.ContextVar("ids", default={})

_log = logging.getLogger(SERVICE)


class Json(logging.Formatter):
    def format(self, record):
        time = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
        span = trace.get_current_span().get_span_context()
        ids = _ids.get()
        line = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "level": LEVELS.get(record.levelname, record.levelname),
            "service": SERVICE,
            "trace_id": format_trace_id(span.trace_id) if span.is_valid else None,
            "span_id": format_span_id(span.span_id) if span.is_valid else None,
            "job_id": ids.get("job_id"),
            "message": record.getMessage(),
        }
        fault = getattr(record, "fault", None)
        # A library's own line may come with an exception.
        raised = record.exc_info[1] if record.exc_info else None
        if fault is not None:
            line["error"] = fault["error"]
        elif raised is not None:
            line["error"] = text_of(raised)
        if "request_id" in ids:
            line["request_id"] = ids["request_id"]
        if fault is not None:
            line["error_kind"] = fault["kind"]
            line["root_cause"] = fault["root_cause"]
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def start():
    """Libraries write to the same log: their warnings, and never to standard error."""
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Json())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.captureWarnings(True)
    _log.setLevel(logging.INFO)


def accept(metadata):
    """Takes the ids that a caller sent for the lines of this call; two of a kind are none."""
    ids = {}
    for key, name in (("x-request-id", "request_id"), ("x-job-id", "job_id")):
        values = [value for sent, value in metadata if sent == key]
        if len(values) == 1 and ID.fullmatch(values[0]):
            ids[name] = values[0]
    _ids.set(ids)


def info(message):
    _log.info(message)


def warning(kind, error):
    _fault(logging.WARNING, kind, error)


def error(kind, error):
    _fault(logging.ERROR, kind, error)


def _fault(level, kind, error):
    """Tells an error, once, where it comes from."""
    root = error
    while root.__cause__ is not None:
        root = root.__cause__
    fault = {"kind": kind, "error": text_of(error), "root_cause": text_of(root)}
    _log.log(level, "%s", kind, extra={"fault": fault})


def text_of(error):
    return str(error) or type(error).__name__
