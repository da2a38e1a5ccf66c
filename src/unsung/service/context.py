"""What routes share: the running shop, and how to wait for it."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from unsung.operations.running import RunningShop
from unsung.service.settings import ServiceSettings

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Context:
    """What a process serves with.

    Parameters
    ----------
    settings : ServiceSettings
    shop : RunningShop
    answering : ThreadPoolExecutor
        Makes lists; bounded, so that work which hangs can't take every thread.
    working : ThreadPoolExecutor
        Does everything else that waits for the disk.
    """

    settings: ServiceSettings
    shop: RunningShop
    answering: ThreadPoolExecutor
    working: ThreadPoolExecutor

    async def work(self, job: Callable[[], T]) -> T:
        """Do something that waits, away from the loop."""
        return await asyncio.get_running_loop().run_in_executor(self.working, job)

    async def within_deadline(self, job: Callable[[], T]) -> T:
        """Make a list; a TimeoutError where it isn't there in time."""
        waiting = asyncio.get_running_loop().run_in_executor(self.answering, job)
        return await asyncio.wait_for(waiting, self.settings.deadline_ms / 1e3)


def now_us() -> int:
    """The present, in microseconds since 1970 UTC."""
    return time.time_ns() // 1_000


async def _context(request: Request) -> Context:  # a plain function would take a thread
    context: Context = request.app.state.context
    return context


Here = Annotated[Context, Depends(_context)]
