import numpy as np
import pytest

from unsung.errors import InputError
from unsung.evaluation.protocols import COLD_ITEMS, LEAVE_ONE_OUT, PROTOCOLS, TIME


def test_leave_one_out_has_one_target_a_user() -> None:
    LEAVE_ONE_OUT.check(np.array([1, 0, 1]))
    with pytest.raises(InputError, match=r"user 2 \(from 0\) has 3 relevant items"):
        LEAVE_ONE_OUT.check(np.array([1, 0, 3]))


def test_a_window_may_hold_any_number() -> None:
    TIME.check(np.array([0, 7, 1]))


def test_protocols_are_known_by_the_names_of_the_command_line() -> None:
    assert PROTOCOLS == {
        "time": TIME,
        "leave-one-out": LEAVE_ONE_OUT,
        "cold-items": COLD_ITEMS,
    }


@pytest.mark.parametrize("protocol", PROTOCOLS.values())
def test_every_note_is_made_of_sentences(protocol) -> None:
    for note in (protocol.eligibility, protocol.relevance, protocol.ranking, protocol.caution):
        assert note[0].isupper()
        assert note.endswith(".")
