"""``unsung serve``: answer a shop's site over HTTP."""

from pathlib import Path
from typing import Literal

import typer

from unsung.cli.terminal import say


def serve(
    bundle: Path = typer.Argument(help="The bundle's folder."),
    store: str | None = typer.Option(
        None,
        "--store",
        help="SQLite file or PostgreSQL URL for events and the like; shop.db beside the bundle.",
    ),
    shop: Path | None = typer.Option(
        None, "--shop", help="The shop's files, so that the service can be told to fit again."
    ),
    host: str | None = typer.Option(None, "--host", help="Address to listen on; 127.0.0.1."),
    port: int | None = typer.Option(None, "--port", help="Port to listen on; 8000."),
    workers: int | None = typer.Option(None, "--workers", help="Server processes; 1."),
    settings: Path | None = typer.Option(None, "--settings", help="A service.toml."),
    log_level: Literal["debug", "info", "warning", "error"] | None = typer.Option(
        None, "--log-level", help="Least important lines that are logged."
    ),
) -> None:
    """Answer a shop's site: recommendations that react to events, over HTTP."""
    from unsung.service.server import run, service_settings

    found = service_settings(
        settings,
        {
            "bundle": bundle,
            "store": store,
            "shop": None if shop is None else shop.resolve(),
            "host": host,
            "port": port,
            "workers": workers,
            "log_level": log_level,
        },
    )
    say(f"Serving {found.bundle} at http://{found.host}:{found.port}  (API: /docs; stop: Ctrl-C)")
    say(f"Events and settings are kept in {found.store}")
    run(found)
