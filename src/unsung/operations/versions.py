"""The models that a service knows, side by side."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from unsung.artifacts.folder import Manifest
from unsung.errors import UnsungError
from unsung.store.database import Store
from unsung.store.models import ModelEntry, models

MANIFEST: Final = "manifest.json"
SERVED: Final = ("dialled", "two_stage", "blend")
"""Of the lists that a fit tested, those that its model serves: the first that is there."""
FIGURES: Final = (
    "ndcg_at_k",
    "tail_ndcg_at_k",
    "fresh_ndcg_at_k",
    "hr_at_k",
    "aplt_tail",
    "catalogue_coverage_at_k",
    "captured_value_at_k",
)


def figures_of(store: Store) -> dict[str, Any]:
    """The figures of each known model's lists on its own test window.

    Parameters
    ----------
    store : Store

    Returns
    -------
    figures : dict
        ``versions``: a model's ``version``, ``created``, the ``name`` of the lists that were tested
        and their ``figures``. Where a model's bundle is gone only what the store kept is there.
    """
    return {"versions": [_figures(entry) for entry in models(store)]}


def _figures(entry: ModelEntry) -> dict[str, Any]:
    created, metrics = _manifest(Path(entry.path) / MANIFEST)
    name = next((name for name in SERVED if isinstance(metrics.get(name), Mapping)), "")
    summary = metrics.get(name, {})
    figures = {figure: summary[figure] for figure in FIGURES if summary.get(figure) is not None}
    if not figures:
        kept = next((one for one in SERVED if one in entry.metrics), "")
        name, figures = kept, {FIGURES[0]: entry.metrics[kept]} if kept else {}
    return {"version": entry.version, "created": created, "name": name, "figures": figures}


def _manifest(path: Path) -> tuple[str | None, Mapping[str, Any]]:
    """When a bundle was made and its figures; nothing where it can't be read any more."""
    try:
        manifest = Manifest.from_bytes(path, path.read_bytes())
    except (OSError, UnsungError):
        return None, {}
    return manifest.created, manifest.metrics
