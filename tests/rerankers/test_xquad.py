"""The paper's formula on a case that was done by hand."""

import numpy as np
import pytest
from tests.rerankers.conftest import facts_of, pool_of

from unsung.errors import InputError
from unsung.rerankers.xquad import XQuAD, XQuADSettings

# Items 0 and 1 are head, 2 and 3 tail; the user's history is one fifth head.
FACTS = facts_of([0, 0, 1, 1])
POOL = pool_of([[0, 1, 2, 3]], [[0.5, 0.4, 0.3, 0.2]], [[0.2, 0.8, 0.0, 0.0]])


# s = .5, so halves of everything.
# 1st slot: item 0 .25 + .10 = .35, item 2 .15 + .40 = .55.
# 2nd slot, the tail is covered either way: item 0 .25 + .10 = .35, item 3 .10.
# 3rd slot, binary: item 1 .20, item 3 .10.
# 3rd slot, smooth, half of the slots each: item 1 .20 + .05 = .25, item 3 .10 + .20 = .30.
@pytest.mark.parametrize(("smooth", "wanted"), [(False, [2, 0, 1, 3]), (True, [2, 0, 3, 1])])
def test_by_hand(smooth, wanted):
    method = XQuAD(XQuADSettings(smooth=smooth))
    assert method.rerank(POOL, FACTS, 4, np.array([0.5])).tolist() == [wanted]


def test_the_own_taste_decides():
    pool = pool_of([[0, 2], [0, 2]], [[0.3, 0.2], [0.3, 0.2]], [[1, 0, 0, 0], [0, 1, 0, 0]])
    assert XQuAD().rerank(pool, FACTS, 1, np.full(2, 0.5)).tolist() == [[0], [2]]


def test_who_has_no_history_gets_the_list_of_the_pool():
    pool = pool_of([[0, 2]], [[0.3, 0.2]], [[0, 0, 0, 0]])
    assert XQuAD().rerank(pool, FACTS, 2, np.array([0.9])).tolist() == [[0, 2]]


def test_a_pool_without_tastes_is_refused():
    with pytest.raises(InputError, match="tastes"):
        XQuAD().rerank(pool_of([[0]], [[0.5]]), FACTS, 1, np.array([0.5]))
