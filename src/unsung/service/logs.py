"""Log lines as JSON: what happened, never who a customer is."""

import logging
import sys
from typing import Any

import structlog


def set_up_logs(level: str) -> None:
    """Write log lines of a level and above to standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def logger() -> Any:
    """The service's logger."""
    return structlog.get_logger("unsung")
