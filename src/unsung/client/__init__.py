"""The Python client of a running service; it needs nothing else of this package.

Examples
--------
>>> from unsung.client import Client
>>> client = Client("http://127.0.0.1:9", timeout_s=0.3)  # nobody answers there
>>> client.recommend("u17").fallback
True
"""

from unsung.client.answers import Event, Received, Recommendation, Recommendations
from unsung.client.asynchronous import AsyncClient
from unsung.client.exchange import ServiceError
from unsung.client.synchronous import Client

__all__ = [
    "AsyncClient",
    "Client",
    "Event",
    "Received",
    "Recommendation",
    "Recommendations",
    "ServiceError",
]
