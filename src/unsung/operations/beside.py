"""A second model beside the one that serves: its lists shown to a share of customers, or nobody."""

import queue
import threading
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Final

from unsung.errors import BundleError, InputError, StoreError, UnsungError
from unsung.operations.answers import Query, answer
from unsung.operations.served_model import ServedModel, entry_of, load_model
from unsung.store.database import Store
from unsung.store.models import register_model
from unsung.store.second_models import (
    SecondModel,
    ShadowItem,
    append_shadow_items,
    arm_name,
    second_models,
    start_second,
)

CONTROL: Final = "control"
SECOND: Final = "second"
ARMS: Final = (CONTROL, SECOND)
MOST_ASKED: Final = 64
"""Lists that wait for the shadow, in one process; further ones are left out and counted."""
MOST_KEPT: Final = 20_000
"""Rows of the shadow that wait for the store."""
_TICKS: Final = 2**32

Report = Callable[[str, Exception], None]
BringUp = Callable[[ServedModel, int], None]


class Beside:
    """What a process holds of the second model.

    Parameters
    ----------
    store : Store
    report : callable
        Told of what failed and was got over.
    bring_up : callable
        Gives a model all that the store knows, as of a moment.
    """

    def __init__(self, store: Store, report: Report, bring_up: BringUp) -> None:
        self._store, self._report, self._bring_up = store, report, bring_up
        self._now: tuple[SecondModel, ServedModel] | None = None
        self._wanted = 0
        self._asked: queue.Queue[tuple[Query, str, int]] = queue.Queue(MOST_ASKED)
        self._made: list[ShadowItem] = []
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self.counts = {"scored": 0, "dropped": 0, "failed": 0}

    @property
    def served(self) -> ServedModel | None:
        """The second model, once it is loaded here."""
        return None if self._now is None else self._now[1]

    @property
    def entry(self) -> SecondModel | None:
        """What the store says of it."""
        return None if self._now is None else self._now[0]

    def follow(self, now: int) -> None:
        """Load what the store says is beside the active model, or let go of what is no more."""
        latest = next(iter(second_models(self._store, 1)), None)
        if latest is None or not latest.running:
            self._wanted, self._now = 0, None
        elif latest.number != self._wanted:
            self._wanted, self._now = latest.number, None
            entry = latest
            threading.Thread(
                target=lambda: self._load(entry, now), name="unsung-second", daemon=True
            ).start()

    def choose(self, active: ServedModel, query: Query) -> tuple[ServedModel, str | None]:
        """The model that answers a query, and the arm that its customer is in.

        Parameters
        ----------
        active : ServedModel
        query : Query

        Returns
        -------
        served : ServedModel
        arm : str or None
            None without an experiment, for nobody, and for whoever doesn't want to be known.

        Notes
        -----
        Who is in which arm follows from the experiment and the customer alone: all processes
        agree, before and after a restart. A process that hasn't loaded the second model yet shows
        everybody the active one's lists, and names no arm.
        """
        now = self._now
        if now is None or now[0].kind != "experiment" or now[0].control != active.version:
            return active, None
        entry, second = now
        if not query.user_id or not active.shop.wishes_of(query.user_id).profiled:
            return active, None
        arm = arm_of(entry.name, query.user_id, entry.share)
        return (second if arm == SECOND else active), arm_name(entry.name, arm)

    def shadow(self, query: Query, request_id: str, now: int) -> str | None:
        """Have the shadow make the list of a request too, later; nothing waits for it.

        Parameters
        ----------
        query : Query
        request_id : str
            Of the list that was shown.
        now : int
            Microseconds since 1970 UTC.

        Returns
        -------
        fate : str or None
            ``asked``, or ``dropped`` where too many wait; None without a shadow.
        """
        if self._now is None or self._now[0].kind != "shadow":
            return None
        try:
            self._asked.put_nowait((query, request_id, now))
        except queue.Full:
            return "dropped"
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="unsung-shadow", daemon=True)
            self._thread.start()
        return "asked"

    def flush(self) -> None:
        """Write what the shadow made."""
        with self._lock:
            made, self._made = self._made, []
        if not made:
            return
        try:
            append_shadow_items(self._store, made)
        except UnsungError as error:
            self._report("shadow", error)
            if isinstance(error, StoreError):
                with self._lock:
                    self._made = (made + self._made)[-MOST_KEPT:]

    def _work(self) -> None:
        while self._now is not None and self._now[0].kind == "shadow":
            try:
                query, request_id, now = self._asked.get(timeout=1)
            except queue.Empty:
                continue
            try:
                self._make(query, request_id, now)
            except Exception as error:  # a shadow may fail as it likes
                self._report("shadow", error)

    def _make(self, query: Query, request_id: str, now: int) -> None:
        current = self._now
        if current is None:
            return
        found = answer(current[1], query, now, self._report)
        made = [
            ShadowItem(request_id, item.rank, query.user_id or None, item.item_id, now, found.model)
            for item in found.items
        ]
        with self._lock:
            self._made.extend(made)

    def _load(self, entry: SecondModel, now: int) -> None:
        try:
            served = load_model(Path(entry.path))
            if served.version != entry.version:
                raise BundleError(f"{entry.path} holds another model now than {entry.version}.")
            self._bring_up(served, now)
        except UnsungError as error:
            self._report("second model", error)
            return
        if self._wanted == entry.number:
            self._now = (entry, served)


def arm_of(name: str, user_id: str, share: float) -> str:
    """The arm of a customer, by a hash of the experiment and the id.

    Parameters
    ----------
    name : str
        Of the experiment.
    user_id : str
    share : float
        Of the customers whom the second model serves.

    Examples
    --------
    >>> [arm_of("spring", user, 0.5) for user in ("u1", "u2", "u3")]
    ['control', 'second', 'second']
    >>> {arm_of("spring", f"u{n}", 0.0) for n in range(50)}
    {'control'}
    """
    digest = blake2b(f"{name}\0{user_id}".encode(), digest_size=4).digest()
    return SECOND if int.from_bytes(digest, "big") < share * _TICKS else CONTROL


def begin_second(store: Store, active: ServedModel, path: Path, wanted: SecondModel) -> SecondModel:
    """Verify a bundle and put its model beside the active one; every process follows.

    Parameters
    ----------
    store : Store
    active : ServedModel
    path : Path
        Of the bundle.
    wanted : SecondModel
        Its version, path and control are found here.

    Raises
    ------
    InputError
        Where the bundle can't be used or is the active one, one is there already, or the name
        was used before.
    StoreError
        Where the store can't be written now.
    """
    try:
        given = load_model(path)
    except BundleError as error:
        # The caller's bundle is at fault.
        raise InputError(str(error)) from None
    if given.version == active.version:
        raise InputError(f"{path} holds the model that serves already; give another one.")
    entry = entry_of(given.bundle, wanted.timestamp)
    register_model(store, entry)
    return start_second(
        store,
        SecondModel(
            name=wanted.name,
            kind=wanted.kind,
            version=entry.version,
            path=entry.path,
            control=active.version,
            share=wanted.share if wanted.kind == "experiment" else 0.0,
            state="running",
            who=wanted.who,
            timestamp=wanted.timestamp,
        ),
    )
