"""What lists cost at least: FastAPI, one product of a matrix and a vector, the ten largest."""

import sys
from typing import Any

import numpy as np
from fastapi import FastAPI
from granian import Granian
from granian.constants import Interfaces

N_ITEMS, DIM, K = 10_000, 64, 10


def app() -> FastAPI:
    """An endpoint of the same path that knows nothing but vectors."""
    rng = np.random.default_rng(0)
    items = rng.standard_normal((N_ITEMS, DIM), dtype=np.float32)
    users = rng.standard_normal((4_000, DIM), dtype=np.float32)
    ids = [f"i{number}" for number in range(N_ITEMS)]
    made = FastAPI()

    @made.get("/health/ready")
    async def ready() -> dict[str, str]:
        return {}

    @made.get("/v1/users/{user_id}/recommendations")
    async def lists(user_id: str, k: int = K) -> dict[str, Any]:
        scores = items @ users[hash(user_id) % len(users)]
        best = np.argpartition(-scores, k)[:k]
        best = best[np.argsort(-scores[best])]
        return {
            "user_id": user_id,
            "rung": "peer",
            "items": [{"item_id": ids[item], "score": float(scores[item])} for item in best],
        }

    return made


if __name__ == "__main__":
    Granian(
        "bare_peer:app",
        port=int(sys.argv[1]),
        interface=Interfaces.ASGI,
        workers=int(sys.argv[2]),
        factory=True,
        websockets=False,
        log_enabled=False,
    ).serve()
