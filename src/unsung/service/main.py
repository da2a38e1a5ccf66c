"""What a server process imports: the application from the environment's settings."""

import gc
import json
import os
import sys
from typing import Final

from fastapi import FastAPI

from unsung.service.app import create_app
from unsung.service.logs import set_up_logs
from unsung.service.settings import ServiceSettings

VARIABLE: Final = "UNSUNG_SERVICE"
"""Holds the settings as JSON, for the processes that a server starts."""
SWITCH_S: Final = 0.001
"""Threads take turns so often: a request that comes in waits no longer for a list that is made."""


def app() -> FastAPI:
    """The application of a server process."""
    sys.setswitchinterval(SWITCH_S)
    settings = ServiceSettings.model_validate(json.loads(os.environ[VARIABLE]))
    set_up_logs(settings.log_level)
    return create_app(settings, spare_model)


def spare_model() -> None:
    """Take what is in memory now out of what garbage collections walk through.

    A model is a million objects that stay: looking through them stops every request for a time.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
