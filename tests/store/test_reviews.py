"""Reviews are stored once each."""

from dataclasses import replace

import pytest

from unsung.errors import ConflictError, InputError
from unsung.store import Review, put_reviews, reviews_of_item

NOW = 1_767_225_600_000_000
GOOD = Review("v1", "ann", "kettle", 5.0, "Lovely", "Pours well. 好用", NOW)


def test_what_goes_in_comes_out_once(store):
    bare = Review("v0", None, "kettle", None, None, None, NOW - 1)
    assert put_reviews(store, [GOOD, bare], NOW).accepted == 2
    again = put_reviews(store, [bare, GOOD, replace(GOOD, review_id="v2")], NOW + 1)
    assert (again.accepted, again.duplicates) == (1, 2)
    assert reviews_of_item(store, "kettle") == [bare, GOOD, replace(GOOD, review_id="v2")]


def test_an_id_with_other_content_is_a_conflict(store):
    put_reviews(store, [GOOD], NOW)
    with pytest.raises(ConflictError, match="review_id v1"):
        put_reviews(store, [replace(GOOD, review_id="v2"), replace(GOOD, rating=1.0)], NOW)
    assert reviews_of_item(store, "kettle") == [GOOD]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("field", "value"),
    [("rating", float("nan")), ("text", "x" * 100_001), ("title", "x" * 2_001), ("user_id", "")],
)
def test_what_no_column_takes_is_refused_by_name(store, field, value):
    with pytest.raises(InputError, match=f"reviews, column '{field}', row 1"):
        put_reviews(store, [replace(GOOD, **{field: value})], NOW)
    assert reviews_of_item(store, "kettle") == []
