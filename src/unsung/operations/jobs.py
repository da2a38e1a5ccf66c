"""Long work beside the service: a process that runs the command line, and says how it goes."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from unsung.errors import InputError, UnsungError
from unsung.store.database import Store
from unsung.store.jobs import (
    Job,
    add_job,
    claim_job,
    fail_lost_jobs,
    finish_job,
    heartbeat,
    jobs,
    update_job,
)

SILENT_S: Final = 120
"""A job whose process gave no sign of life for so long has failed."""
BEAT_S: Final = 5.0
ALIVE_S: Final = 30.0
"""A process gives a sign of life so often, whatever its work is silent about."""


def start_refit(store: Store, url: str, shop: Path | None, bundle: Path, who: str, now: int) -> Job:
    """Queue a refit and start its process; one at a time.

    Parameters
    ----------
    store : Store
    url : str
        Of the store, for the process.
    shop : Path or None
        The shop's files.
    bundle : Path
        Where the new bundle goes.
    who : str
        For the history.
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    InputError
        Where the service wasn't told where the shop's files are, or a refit is under way.
    StoreError
        Where the store can't be written now.
    """
    if shop is None:
        raise InputError("Start the service with --shop SHOP, so that a refit finds its files.")
    if refit_under_way(store, now):
        raise InputError("A refit is under way already; wait for it, or cancel it.")
    job = add_job(store, "refit", {"shop": str(shop), "out": str(bundle), "who": who}, now)
    _start(["refit", str(shop), "--out", str(bundle), "--job", job.job_id], url)
    return job


def refit_under_way(store: Store, now: int) -> bool:
    """Whether a refit waits or runs; one whose process died doesn't.

    Parameters
    ----------
    store : Store
    now : int
        Microseconds since 1970 UTC.
    """
    end_lost_jobs(store, now)
    return any(
        job.kind == "refit" and job.state in ("queued", "running") for job in jobs(store, 50)
    )


def end_lost_jobs(store: Store, now: int) -> None:
    """End jobs whose process died, or never came.

    Parameters
    ----------
    store : Store
    now : int
        Microseconds since 1970 UTC.

    Raises
    ------
    StoreError
        Where the store can't be read or written now.
    """
    under_way = [job for job in jobs(store, 50) if job.state in ("queued", "running")]
    if not under_way:
        return
    silent_since = now - SILENT_S * 1_000_000
    fail_lost_jobs(store, silent_since, now)
    for job in under_way:
        if job.state == "queued" and job.created < silent_since:
            finish_job(store, job.job_id, "failed", "Its process never began.", now)


def _start(arguments: Sequence[str], url: str) -> None:
    subprocess.Popen(
        [sys.executable, "-m", "unsung", *arguments],
        # Not among the arguments, which everybody on the machine can read: it may hold a password.
        env={**os.environ, "UNSUNG_STORE": url},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


class RunningJob:
    """Tells the store how a job goes, from the process that runs it.

    Parameters
    ----------
    store : Store
    job_id : str or None
        None for work that nobody queued: then nothing is told.
    clock : callable
        The present in microseconds since 1970 UTC.
    """

    def __init__(self, store: Store, job_id: str | None, clock: Callable[[], int]) -> None:
        self._store, self.job_id, self._clock = store, job_id, clock
        self._told = -(10**18)
        self._lock, self._over = threading.Lock(), threading.Event()

    def begin(self, pid: int) -> None:
        """Take the job, so that everybody sees which process runs it, and that it lives.

        Raises
        ------
        InputError
            Where another process has it, or it was cancelled.
        """
        if self.job_id is None:
            return
        if claim_job(self._store, pid, self._clock(), job_id=self.job_id) is None:
            raise InputError(f"The job {self.job_id} isn't waiting any more.")
        alive = threading.Thread(target=self._live, args=(self.job_id,), daemon=True)
        alive.start()

    def progress(self, what: str, done: int, total: int) -> None:
        """Say where the work stands, at most once in some seconds.

        Raises
        ------
        KeyboardInterrupt
            Where somebody cancelled the job.
        """
        now = self._clock()
        with self._lock:
            if self.job_id is None or now - self._told < BEAT_S * 1e6:
                return
            self._told = now
        share = done / total if total else 0.0
        job = update_job(self._store, self.job_id, min(max(share, 0.0), 1.0), what, now)
        if job.state == "cancelled":
            raise KeyboardInterrupt

    def done(self, message: str, artefact: str) -> None:
        """The work is done."""
        self._over.set()
        if self.job_id is not None:
            finish_job(self._store, self.job_id, "done", message, self._clock(), artefact)

    def failed(self, message: str) -> None:
        """The work can't be done."""
        self._over.set()
        if self.job_id is not None:
            finish_job(self._store, self.job_id, "failed", message, self._clock())

    def _live(self, job_id: str) -> None:
        while not self._over.wait(ALIVE_S):
            with contextlib.suppress(UnsungError):  # the next sign of life may come through
                heartbeat(self._store, job_id, self._clock())
