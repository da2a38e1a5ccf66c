"""Lists from scores, against sorting in plain Python."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from unsung.pipeline.ranking import one_of_group, top_k
from unsung.schema import EMPTY

SCORES = hnp.arrays(
    np.float32,
    st.tuples(st.integers(0, 4), st.integers(0, 9)),
    elements=st.integers(-3, 3),  # few values, so that ties are everywhere
)


@given(SCORES, st.integers(0, 12), st.data())
def test_equals_a_stable_sort(scores: np.ndarray, k: int, data: st.DataObject):
    allowed = data.draw(hnp.arrays(np.bool_, scores.shape))
    lists = top_k(scores, k, allowed)
    assert lists.shape == (len(scores), k)
    for row, found in enumerate(lists.tolist()):
        items = [i for i in range(scores.shape[1]) if allowed[row, i]]
        wanted = sorted(items, key=lambda i: (-scores[row, i], i))[:k]
        assert found == wanted + [EMPTY] * (k - len(wanted))


def test_many_ties_at_the_cut_go_to_the_lowest_index():
    scores = np.zeros((3, 5000), np.float32)
    scores[1, 4999] = 1
    assert top_k(scores, 4).tolist() == [[0, 1, 2, 3], [4999, 0, 1, 2], [0, 1, 2, 3]]


@given(SCORES, st.data())
def test_one_of_each_group_is_left_and_it_is_the_best(scores: np.ndarray, data: st.DataObject):
    allowed = data.draw(hnp.arrays(np.bool_, scores.shape))
    shape = data.draw(st.sampled_from([scores.shape, scores.shape[1:]]))
    group = data.draw(hnp.arrays(np.int32, shape, elements=st.integers(-1, 2)))
    left = one_of_group(scores, allowed, group)
    for row in range(len(scores)):
        labels = group if group.ndim == 1 else group[row]
        for label in range(-1, 3):
            members = [i for i in np.flatnonzero(labels == label).tolist() if allowed[row, i]]
            best = sorted(members, key=lambda i: (-scores[row, i], i))
            wanted = sorted(best if label < 0 else best[:1])
            assert np.flatnonzero(left[row] & (labels == label)).tolist() == wanted


def test_without_groups_all_that_was_allowed_stays():
    allowed = np.array([True, False])
    assert one_of_group(np.zeros((2, 2), np.float32), allowed, None).tolist() == [[True, False]] * 2
