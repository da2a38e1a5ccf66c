"""What was shown, on its way to the store."""

import threading
from collections.abc import Callable, Sequence
from typing import Final

from unsung.errors import StoreError
from unsung.store.database import Store
from unsung.store.exposures import Exposure, append_exposures

MOST_WAITING: Final = 20_000
"""Exposures held back while the store can't be written; the oldest are dropped first."""

Report = Callable[[str, Exception], None]
Counted = Callable[[str, int], None]


def uncounted(fate: str, count: int) -> None:
    """For whoever doesn't want to know what became of exposures."""


class Exposing:
    """Exposures that wait to be written.

    Parameters
    ----------
    store : Store
    report : callable
        Told of what failed: a word for the place, and the error.
    counted : callable
        Told of every exposure's fate: ``stored`` or ``dropped``, and how many.
    """

    def __init__(self, store: Store, report: Report, counted: Counted) -> None:
        self._store, self._report, self._counted = store, report, counted
        self._waiting: list[Exposure] = []
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self.dropped = 0

    def add(self, exposures: Sequence[Exposure]) -> None:
        """Take note of what was shown."""
        with self._lock:
            self._waiting.extend(exposures)
            over = len(self._waiting) - MOST_WAITING
            if over > 0:
                del self._waiting[:over]
        self._drop(max(over, 0))

    def flush(self) -> int:
        """Write what waits; how many were new to the store.

        Notes
        -----
        While the store can't be written they wait on. Where it refuses them, they are dropped,
        counted and told of: writing them again would end alike.
        """
        with self._flushing:
            with self._lock:
                waiting, self._waiting = self._waiting, []
            if not waiting:
                return 0
            try:
                stored = append_exposures(self._store, waiting)
            except StoreError as error:
                self._report("exposures", error)
                with self._lock:
                    self._waiting[:0] = waiting
                return 0
            except Exception as error:
                self._report("exposures", error)
                self._drop(len(waiting))
                return 0
        self._counted("stored", stored)
        return stored

    def _drop(self, count: int) -> None:
        if count:
            self.dropped += count
            self._counted("dropped", count)
