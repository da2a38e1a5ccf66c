"""What commands share on the terminal: progress on stderr, results on stdout."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

from unsung.errors import InputError
from unsung.progress import Progress

QUIET_S = 1.0
"""Work that is done sooner is not worth a line of its own."""
REPEAT_S = 10.0
"""Without a terminal, long work gives a sign of life this often."""


@contextmanager
def show_progress() -> Iterator[Progress]:
    """A progress callback that draws on stderr: bars on a terminal, lines elsewhere."""
    if sys.stderr.isatty():
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
            yield _BarProgress(bars)
    else:
        yield _LineProgress()


class _LineProgress:
    """One line when a stage that took a while is done, and signs of life in between."""

    def __init__(self) -> None:
        self.begun: dict[str, tuple[float, int]] = {}
        self.spoke = time.monotonic()

    def __call__(self, stage: str, done: int = 0, total: int = 0) -> None:
        now = time.monotonic()
        begun, before = self.begun.setdefault(stage, (now, done))
        if total and done >= total:
            del self.begun[stage]
            if now - begun >= QUIET_S:
                self._say(f"{stage}: done in {now - begun:.0f} s")
        elif now - self.spoke >= REPEAT_S:
            left = (
                (now - begun) * (total - done) / (done - before) if total and done > before else 0
            )
            counted = f": {done} of {total}" if total else ""
            self._say(f"{stage}{counted}" + (f", about {left:.0f} s left" if left else ""))

    def _say(self, line: str) -> None:
        self.spoke = time.monotonic()
        typer.echo(f"  {line}", err=True)


class _BarProgress:
    """A bar for every stage under way; a line stays for those that took a while."""

    def __init__(self, bars: Bars) -> None:
        self.bars = bars
        self.tasks: dict[str, tuple[Any, float]] = {}

    def __call__(self, stage: str, done: int = 0, total: int = 0) -> None:
        if stage not in self.tasks:
            self.tasks[stage] = (self.bars.add_task(stage, total=None), time.monotonic())
        task, begun = self.tasks[stage]
        if total and done >= total:
            self.bars.remove_task(task)
            del self.tasks[stage]
            took = time.monotonic() - begun
            if took >= QUIET_S:
                self.bars.console.print(f"[green]done[/] {stage} [dim]{took:.0f} s[/]")
        else:
            self.bars.update(task, completed=done, total=total or None)


def print_json(value: Any) -> None:
    """Machine-readable output: one JSON document on stdout."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def write_page(path: Path, html: str) -> None:
    """Write an HTML page, and the folder that it is to be in; InputError where that can't be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{path} can't be written ({error.strerror}); name another file with --page."
        ) from None


def say(text: str = "") -> None:
    """A line for people on stdout."""
    typer.echo(text)
