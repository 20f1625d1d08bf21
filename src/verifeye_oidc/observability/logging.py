"""Structured logs on standard error: one JSON object a line, or readable lines on a terminal."""

import json
import logging
import sys

import structlog

_ENCODER = json.JSONEncoder(default=repr, separators=(",", ":"))


def _json(event: object, **_: object) -> str:
    return _ENCODER.encode(event)


def configure_logging(*, readable: bool = False, level: int = logging.INFO) -> None:
    """Set up logging for the process.

    Tracebacks are plain: they carry no local variables, which could hold a template or a token.
    """
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if readable
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    before = [] if readable else [structlog.processors.format_exc_info]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *before,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
