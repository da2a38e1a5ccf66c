"""Starts the server processes."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings

from unsung.errors import InputError
from unsung.service.app import check_address
from unsung.service.main import VARIABLE
from unsung.service.settings import ServiceSettings
from unsung.settings import load_settings, read_toml

PREFIX: Final = "UNSUNG_SERVE_"
HEADER_TIMEOUT_MS: Final = 10_000
"""Who hasn't sent the headers by then is let go, so that slow callers hold nobody up."""
STOP_S: Final = 8
"""How long requests under way may take when the service stops."""


def service_settings(toml: Path | None, flags: Mapping[str, Any]) -> ServiceSettings:
    """Settings from defaults, a file, the environment and flags; the store lies by the bundle.

    Raises
    ------
    InputError
        Where there is no bundle, or a setting is unknown or out of range.
    """
    bundle = Path(flags["bundle"]).resolve()
    if not (bundle / "manifest.json").is_file():
        raise InputError(f"There is no bundle in {bundle}; 'unsung fit SHOP --out DIR' makes one.")
    base = {"store": str(bundle.parent / "shop.db")}
    values = {**base, **({} if toml is None else read_toml(toml))}
    return load_settings(
        ServiceSettings,
        values,
        flags={**flags, "bundle": str(bundle)},
        prefix=PREFIX,
        source="unsung serve" if toml is None else str(toml),
    )


def run(settings: ServiceSettings) -> None:
    """Serve until the process is told to stop.

    Raises
    ------
    InputError
        Where the address can be reached by others and there is no API key.
    """
    check_address(settings)
    os.environ[VARIABLE] = settings.model_dump_json()
    with tempfile.TemporaryDirectory(prefix="unsung-metrics-") as folder:
        if settings.workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        _server(settings).serve()


def _server(settings: ServiceSettings) -> Any:
    return Granian(
        "unsung.service.main:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        factory=True,
        websockets=False,
        log_enabled=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_S,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS, keep_alive=True),
    )
