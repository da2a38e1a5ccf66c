"""The client for ordinary programs."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Final, Self

import httpx

from unsung.client import exchange
from unsung.client.answers import (
    FALLBACK,
    Event,
    Received,
    Recommendations,
    received_of,
    recommendations_of,
)
from unsung.client.exchange import Call, ServiceError

THREADS: Final = 16
"""Lists that are waited for at once."""


class Client:
    """Asks a running service; threads may share one.

    A list never fails: where the service doesn't answer in time it is empty and marked
    ``fallback``. Everything else raises a ServiceError, after it was tried again where that does no
    harm.

    Parameters
    ----------
    url : str
        Such as ``http://127.0.0.1:8000``.
    key : str, optional
        API key.
    timeout_s : float
        In which a list has to be there, connecting included.
    transport : httpx.BaseTransport, optional
        For tests, or a proxy of your own.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        timeout_s: float = 0.3,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._threads = ThreadPoolExecutor(THREADS, "unsung-client")
        self._http = httpx.Client(
            base_url=exchange.checked_url(url),
            headers=exchange.headers_of(key),
            transport=transport,
            timeout=timeout_s,
        )

    def recommend(
        self, user_id: str, k: int = 10, *, explain: bool = False, **filters: Any
    ) -> Recommendations:
        """A list for a customer.

        Parameters
        ----------
        user_id : str
        k : int
        explain : bool
        filters
            As in the API: ``category``, ``brand``, ``exclude``, ``min_price``, ``max_price``,
            ``in_stock_only``, ``repeats``, ``dial``.
        """
        return self._list(exchange.recommend_call(user_id, k, explain, filters))

    def recommend_for(
        self,
        *,
        session_id: str | None = None,
        items: Sequence[str] = (),
        query: str | None = None,
        k: int = 10,
    ) -> Recommendations:
        """A list for a session, a basket or a wish in words.

        Parameters
        ----------
        session_id : str, optional
        items : sequence of str
            What is in the basket, or was looked at.
        query : str, optional
            A wish in words.
        k : int
        """
        wanted = {"session_id": session_id, "items": list(items), "query": query, "k": k}
        return self._list(exchange.recommend_for_call(wanted))

    def events(self, events: Iterable[Event]) -> Received:
        """Tell what customers did; when this returns it is on the service's disk.

        Raises
        ------
        ServiceError
        """
        return received_of(self._ask(exchange.events_call(events)))

    def items(self, items: Sequence[Mapping[str, Any]]) -> Received:
        """Add items, or change values of known ones; as ``events``."""
        return received_of(self._ask(exchange.items_call(items)))

    def choose(self, user_id: str, kind: str, subject: str, *, active: bool = True) -> None:
        """Say that a customer likes, dislikes or hides something, or takes it back.

        Parameters
        ----------
        user_id : str
        kind : str
            ``like``, ``dislike``, ``not_interested``, ``hide_brand`` or ``hide_term``.
        subject : str
            The item, brand or term.
        active : bool
            False takes it back.
        """
        self._ask(exchange.choose_call(user_id, kind, subject, active))

    def consent(self, user_id: str, *, profiling: bool) -> None:
        """Say whether a customer's doings may be used."""
        self._ask(exchange.consent_call(user_id, profiling))

    def merge(self, session_id: str, user_id: str) -> None:
        """Say whose an anonymous session is."""
        self._ask(exchange.merge_call(session_id, user_id))

    def similar(self, item_id: str, k: int = 10, *, discover: bool = False) -> list[str]:
        """Ids of items that go with one; with ``discover`` those beyond the head alone."""
        found = self._ask(exchange.similar_call(item_id, k, discover))
        return [item["item_id"] for item in found["items"]]

    def erase(self, user_id: str) -> dict[str, Any]:
        """Erase a customer; the receipt. Takes an admin's key."""
        receipt: dict[str, Any] = self._ask(exchange.erase_call(user_id))
        return receipt

    def close(self) -> None:
        """Close the connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _list(self, call: Call) -> Recommendations:
        # httpx bounds each wait, not their sum: what trickles in is left to its thread.
        waiting = self._threads.submit(self._send, call, self._timeout_s)
        try:
            answer = waiting.result(self._timeout_s)
            return recommendations_of(exchange.body_of(answer))
        except (httpx.HTTPError, ServiceError, TimeoutError, LookupError, TypeError):
            waiting.cancel()
            return FALLBACK

    def _ask(self, call: Call) -> Any:
        for tried in range(1, exchange.TRIES + 1):
            answer, reason = None, ""
            try:
                answer = self._send(call, exchange.WRITE_TIMEOUT_S)
            except httpx.HTTPError as error:
                reason = type(error).__name__
            pause_s = exchange.pause_before(call, tried, answer)
            if pause_s is None:
                break
            threading.Event().wait(pause_s)
        if answer is None:
            raise ServiceError(f"The service can't be reached ({reason}).")
        return exchange.body_of(answer)

    def _send(self, call: Call, timeout_s: float) -> httpx.Response:
        return self._http.request(
            call.method, call.path, params=call.query, json=call.body, timeout=timeout_s
        )
