"""Raise the sales of the products that a shop's recommender never shows.

The names below are loaded on first use, so that ``import unsung`` stays fast.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unsung.data.dataset import Dataset as Dataset
    from unsung.errors import InputError as InputError
    from unsung.errors import UnsungError as UnsungError
    from unsung.pipeline.bundle import Bundle as Bundle
    from unsung.pipeline.bundle import load_bundle as load_bundle
    from unsung.workflows.diagnose import diagnose as diagnose
    from unsung.workflows.evaluate import evaluate as evaluate
    from unsung.workflows.fit import fit as fit
    from unsung.workflows.prepare import read_shop as read_shop

__version__ = "0.1.0"

_HOMES = {
    "Bundle": "unsung.pipeline.bundle",
    "Dataset": "unsung.data.dataset",
    "InputError": "unsung.errors",
    "UnsungError": "unsung.errors",
    "diagnose": "unsung.workflows.diagnose",
    "evaluate": "unsung.workflows.evaluate",
    "fit": "unsung.workflows.fit",
    "load_bundle": "unsung.pipeline.bundle",
    "read_shop": "unsung.workflows.prepare",
}

__all__ = [
    "Bundle",
    "Dataset",
    "InputError",
    "UnsungError",
    "__version__",
    "diagnose",
    "evaluate",
    "fit",
    "load_bundle",
    "read_shop",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'unsung' has no attribute {name!r}")
    # The one place that imports by name: the table above is fixed text.
    from importlib import import_module  # noqa: TID251

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
