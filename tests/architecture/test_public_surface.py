"""What `import unsung` offers: few names, all of them there and documented."""

from pathlib import Path

import pytest

import unsung

ROOT = Path(__file__).parents[2]


def test_the_surface_is_small_and_sorted():
    assert len(unsung.__all__) <= 12
    assert unsung.__all__ == sorted(unsung.__all__)
    assert dir(unsung) == unsung.__all__


@pytest.mark.parametrize("name", unsung.__all__)
def test_names_resolve_and_are_documented(name):
    value = getattr(unsung, name)
    assert isinstance(value, str) or value.__doc__
    page = (ROOT / "docs/reference/python.md").read_text(encoding="utf-8")
    assert name == "__version__" or f"::: unsung.{name}" in page


def test_other_names_are_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'recomend'"):
        _ = unsung.recomend
