"""Exposures are stored once a request and rank."""

from dataclasses import replace

import pytest

from unsung.errors import InputError
from unsung.store import Exposure, append_exposures, exposures_of_request

NOW = 1_767_225_600_000_000
FIRST = Exposure("r1", "ann", "kettle", 1, NOW, 0.25, "dial", "m1", "full", "treated")


def test_what_goes_in_comes_out_once(store):
    second = replace(FIRST, rank=2, item_id="cup", user_id=None, logging_propensity=None, arm=None)
    assert append_exposures(store, [second, FIRST]) == 2
    assert append_exposures(store, [FIRST, replace(FIRST, request_id="r2")]) == 1
    assert exposures_of_request(store, "r1") == [FIRST, second]
    assert exposures_of_request(store, "r9") == []
    assert append_exposures(store, []) == 0


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("field", "value"),
    [("logging_propensity", float("nan")), ("rank", 1.0), ("policy", ""), ("arm", "x" * 65)],
)
def test_what_no_column_takes_is_refused_by_name(store, field, value):
    with pytest.raises(InputError, match=f"exposures, column '{field}', row 2"):
        append_exposures(store, [FIRST, replace(FIRST, **{field: value})])
    assert exposures_of_request(store, "r1") == []
