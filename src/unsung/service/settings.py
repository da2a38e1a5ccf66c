"""What the service is started with."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from unsung.settings import Settings


class ServiceSettings(Settings):
    """Settings of ``unsung serve``: defaults < service.toml < ``UNSUNG_SERVE_...`` < flags."""

    bundle: Path
    """Bundle to serve; where the store knows it already, the store says which one does."""
    store: str
    """SQLite file or PostgreSQL URL."""
    shop: Path | None = None
    """shop.toml, its folder or files, for refits; without it none can be asked for."""
    refit_hours: float | None = Field(default=None, ge=1, le=24 * 365)
    """A refit begins by itself when the model, or the last refit, is so old; none if not given."""
    host: str = "127.0.0.1"
    """Address to listen on; another than this machine's own asks for API keys."""
    port: int = Field(default=8000, ge=0, le=65535)
    """TCP port."""
    workers: int = Field(default=1, ge=1, le=64)
    """Server processes."""
    best_rung: Literal["full", "blend"] = "full"
    """Best rung of the ladder that answers: ``blend`` leaves out the second stage and the dial, for
    a third of the time."""
    deadline_ms: int = Field(default=250, ge=10, le=10_000)
    """After so long an answer comes from the lowest rung that needs nothing."""
    most_body_bytes: int = Field(default=8_000_000, ge=1_000)
    """Longest body of a request, unpacked."""
    most_rows: int = Field(default=5_000, ge=1, le=50_000)
    """Most events, items or reviews of one request."""
    requests_per_s: float | None = Field(default=None, gt=0)
    """Most requests a second of one key or account, over all processes; no limit if not given."""
    burst: int = Field(default=100, ge=1)
    """Requests that a caller may make at once before ``requests_per_s`` counts."""
    watch_days: int = Field(default=8, ge=2, le=60)
    """Days, today's beginning included, that the gauges of drift look back."""
    most_waiting: int = Field(default=32, ge=1)
    """Requests under way in one process; further ones are told to come again."""
    keep_events_days: float | None = Field(default=None, ge=1)
    """Events older than so many days are deleted from the store, once a day; kept if not given."""
    keep_exposures_days: float | None = Field(default=None, ge=1)
    """The same of exposures, and of what warm-ups and shadows showed."""
    session_hours: float = Field(default=12, gt=0, le=24 * 30)
    """After so long somebody who signed in has to do it again."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important lines that are logged."""
