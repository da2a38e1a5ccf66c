"""What a server process imports: the application from the environment's settings."""

import json
import os
from typing import Final

from fastapi import FastAPI

from unsung.service.app import create_app
from unsung.service.logs import set_up_logs
from unsung.service.settings import ServiceSettings

VARIABLE: Final = "UNSUNG_SERVICE"
"""Holds the settings as JSON, for the processes that a server starts."""


def app() -> FastAPI:
    """The application of a server process."""
    settings = ServiceSettings.model_validate(json.loads(os.environ[VARIABLE]))
    set_up_logs(settings.log_level)
    return create_app(settings)
