"""Several processes that train one model together, as torchrun starts them."""

import dataclasses
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from unsung.errors import InputError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Processes:
    """The processes of a training, and which of them this one is.

    Parameters
    ----------
    rank : int
        0 for the first, which alone validates, writes and reports.
    n : int
    """

    rank: int = 0
    n: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the process that validates, writes and reports."""
        return self.rank == 0

    def share(self, batch: Any) -> Any:
        """The rows of a batch that this process learns from.

        A batch is an array or a tensor with one row an example, or a tuple, dict or dataclass of
        such. One with fewer rows than there are processes goes to each whole.

        Examples
        --------
        >>> Processes(rank=1, n=2).share({"items": np.array([4, 5, 6]), "weight": 0.5})
        {'items': array([5, 6]), 'weight': 0.5}
        """
        n_rows = n_examples(batch)
        if self.n == 1 or n_rows < self.n:
            return batch
        start, end = (n_rows * rank // self.n for rank in (self.rank, self.rank + 1))
        return _each_array(batch, lambda array: array[start:end])

    def weight(self, batch: Any) -> float:
        """What this process's mean loss counts for, so that the mean over processes is the batch's.

        1 where all shares are equal.
        """
        n_rows = n_examples(batch)
        if self.n == 1 or n_rows < self.n:
            return 1.0
        return n_examples(self.share(batch)) * self.n / n_rows

    def average(self, parameters: "Iterable[torch.nn.Parameter]", loss: float) -> float:
        """Average gradients, in place, and the loss over all processes."""
        if self.n == 1:
            return loss
        import torch
        from torch import distributed

        parameters = list(parameters)
        device = parameters[0].device
        used = torch.tensor([p.grad is not None for p in parameters], dtype=torch.int32).to(device)
        distributed.all_reduce(used, op=distributed.ReduceOp.MAX)
        reached = [p for p, any_used in zip(parameters, used.tolist(), strict=True) if any_used]
        for parameter in reached:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        parts = [parameter.grad.flatten() for parameter in reached if parameter.grad is not None]
        flat = torch.cat([*parts, torch.tensor([loss], device=device)])
        distributed.all_reduce(flat)
        flat /= self.n
        start = 0
        for parameter in reached:
            end = start + parameter.numel()
            parameter.grad = flat[start:end].view_as(parameter).clone()
            start = end
        return float(flat[-1])

    def same(self, value: float | None) -> float | None:
        """The first process's value, in all."""
        if self.n == 1:
            return value
        from torch import distributed

        held = [value]
        distributed.broadcast_object_list(held, src=0)
        return held[0]

    def wait(self) -> None:
        """Go on when all are here."""
        if self.n > 1:
            from torch import distributed

            distributed.barrier()


@contextmanager
def joined(device: str = "auto") -> Iterator[Processes]:
    """Join the processes that torchrun started; without it, be the only one.

    Parameters
    ----------
    device : str
        As in ``FineTuneSettings``: which way the processes talk (gloo, or nccl with CUDA).
    """
    from torch import distributed

    n = int(os.environ.get("WORLD_SIZE", "1"))
    if n == 1:
        yield Processes()
        return
    starts = not distributed.is_initialized()
    if starts:
        backend = "nccl" if find_device(device).startswith("cuda") else "gloo"
        distributed.init_process_group(backend)
    try:
        yield Processes(distributed.get_rank(), n)
    finally:
        if starts:
            distributed.destroy_process_group()


def gather(vectors: "torch.Tensor") -> "tuple[torch.Tensor, int]":
    """Rows of all processes, through which gradients flow, and where this one's begin.

    For losses that compare the examples of a batch with each other: with it a batch has the same
    negatives on one process as on several.

    Parameters
    ----------
    vectors : Tensor of float32, shape (n, dim)
        ``n`` may differ between processes.

    Returns
    -------
    everything : Tensor of float32, shape (n_all, dim)
        In the order of the whole batch.
    start : int
        Row of ``everything`` that is this process's first.
    """
    import torch
    from torch import distributed

    if not distributed.is_available() or not distributed.is_initialized():
        return vectors, 0
    from torch.distributed.nn.functional import all_gather

    sizes = [torch.zeros(1, dtype=torch.int64, device=vectors.device) for _ in range(world_size())]
    distributed.all_gather(sizes, torch.tensor([len(vectors)], device=vectors.device))
    counts = [int(size) for size in sizes]
    padded = torch.nn.functional.pad(vectors, (0, 0, 0, max(counts) - len(vectors)))
    parts = all_gather(padded)  # type: ignore[no-untyped-call]
    everything = torch.cat([part[:n] for part, n in zip(parts, counts, strict=True)])
    return everything, sum(counts[: distributed.get_rank()])


def world_size() -> int:
    """Processes that train together; 1 without torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def find_device(choice: str = "auto") -> str:
    """The device of this process: ``cpu``, or ``cuda`` with the number that torchrun gives it.

    Raises
    ------
    InputError
        Where CUDA is asked for and there is none.
    """
    import torch

    if choice == "cpu" or (choice == "auto" and not torch.cuda.is_available()):
        return "cpu"
    if not torch.cuda.is_available():
        raise InputError("There is no CUDA device; take device 'auto' or 'cpu'.")
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}"


def n_examples(batch: Any) -> int:
    """Rows of the first array of a batch; 0 where it holds none."""
    sizes: list[int] = []
    _each_array(batch, lambda array: sizes.append(len(array)))
    return sizes[0] if sizes else 0


def _each_array(batch: Any, change: Any) -> Any:
    """``batch`` with ``change(array)`` in the place of each array."""
    if isinstance(batch, np.ndarray) or hasattr(batch, "requires_grad_"):
        return change(batch)
    if isinstance(batch, dict):
        return {key: _each_array(part, change) for key, part in batch.items()}
    if isinstance(batch, tuple | list):
        parts = [_each_array(part, change) for part in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts)
    if dataclasses.is_dataclass(batch) and not isinstance(batch, type):
        names = [field.name for field in dataclasses.fields(batch)]
        parts = [_each_array(getattr(batch, name), change) for name in names]
        return dataclasses.replace(batch, **dict(zip(names, parts, strict=True)))
    return batch
