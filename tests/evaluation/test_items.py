import numpy as np
import pytest

from unsung.errors import InputError
from unsung.evaluation.items import ItemTable

SEGMENTS = np.array([0, 1, 2, 3, 1], dtype=np.int8)
BUYERS = np.array([9, 2, 1, 0, 3])


def test_groups_tell_fresh_from_established_tail() -> None:
    items = ItemTable(SEGMENTS, BUYERS, n_training_users=9)
    members = {name: np.flatnonzero(group).tolist() for name, group in items.groups.items()}
    assert members == {
        "head": [0],
        "tail": [1, 4],
        "fresh": [2],
        "cold": [3],
        "tail_fresh": [1, 2, 4],
        "not_head": [1, 2, 3, 4],
    }
    assert items.band_members == {}


def test_other_segments_have_groups_of_their_own() -> None:
    items = ItemTable(np.array([0, 1]), BUYERS[:2], 9, segment_names=("new", "old"))
    assert list(items.groups) == ["new", "old"]


def test_bands_by_name() -> None:
    bands = np.array([0, 1, 1, 1, 1], dtype=np.int8)
    items = ItemTable(SEGMENTS, BUYERS, 9, bands=bands, band_names=("0-20", "20-100"))
    assert {name: int(band.sum()) for name, band in items.band_members.items()} == {
        "0-20": 1,
        "20-100": 4,
    }


def test_an_empty_catalogue_is_fine() -> None:
    assert len(ItemTable(np.zeros(0, dtype=np.int8), np.zeros(0, dtype=np.int64), 0)) == 0


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"buyers": BUYERS[:4]}, "buyers has 4 rows and segments has 5"),
        ({"vectors": np.zeros((6, 2))}, "vectors has 6 rows"),
        ({"segments": np.array([0, 1, 4, 0, 0])}, "segments: item 2 has code 4"),
        ({"segments": np.array([0, -1, 0, 0, 0])}, "segments: item 1 has code -1"),
        ({"bands": np.zeros(5, dtype=np.int8)}, "bands: item 0 has code 0"),
        ({"n_training_users": 8}, "9 buyers of 8 users"),
    ],
)
def test_wrong_columns_are_refused(columns: dict[str, object], fault: str) -> None:
    given = {"segments": SEGMENTS, "buyers": BUYERS, "n_training_users": 9} | columns
    with pytest.raises(InputError, match=fault):
        ItemTable(**given)
