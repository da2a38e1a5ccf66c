import re
from pathlib import Path

from unsung.evaluation.definitions import metric_definitions


def test_groups_are_named_in_their_definitions() -> None:
    found = metric_definitions(["tail", "clearance"])
    assert "established tail (not head, not fresh, not cold)" in found["tail_ndcg_at_k"]
    assert found["aplt_clearance"].startswith(
        "Share of a list's items that are items of the segment 'clearance'"
    )


def test_every_definition_is_one_sentence() -> None:
    for sentence in metric_definitions(["head", "fresh"], ["brands"]).values():
        assert sentence.endswith(".")
        assert "{" not in sentence
        assert "\n" not in sentence


def test_the_documentation_explains_every_metric() -> None:
    page = (Path(__file__).parents[2] / "docs/explanation/metrics.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", page))
    not_in_tables = {"n_items"}
    assert set(metric_definitions(["tail"], ["sellers", "brands"])) - not_in_tables <= named
