"""The newest word of a customer counts, in whatever order words come in."""

from itertools import permutations

import pytest

from unsung.errors import InputError
from unsung.store import Choice, change_number, changes_after, choices_of_user, set_choice


def test_choices_are_kept_by_kind_and_subject(store):
    said = [
        Choice("ann", "like", "kettle", True, 1),
        Choice("ann", "hide_brand", "Acme", True, 2),
        Choice("ann", "profiling", "", False, 3),
    ]
    numbers = [set_choice(store, choice) for choice in said]
    assert numbers == [1, 2, 3]
    assert choices_of_user(store, "ann") == said


def test_what_is_taken_back_is_known_as_taken_back(store):
    set_choice(store, Choice("ann", "like", "kettle", True, 1))
    set_choice(store, Choice("ann", "like", "kettle", False, 2))
    assert choices_of_user(store, "ann") == [Choice("ann", "like", "kettle", False, 2)]
    assert changes_after(store, 1).choices == (Choice("ann", "like", "kettle", False, 2),)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_arrival_doesnt_matter(store, order):
    words = [Choice("ann", "like", "kettle", time % 2 == 0, time) for time in range(3)]
    for place in order:
        set_choice(store, words[place])
    assert choices_of_user(store, "ann") == [words[2]]
    number = change_number(store)
    assert set_choice(store, words[2]) == set_choice(store, words[0]) == number


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("choice", "column"),
    [
        (Choice("ann", "adore", "kettle", True, 1), "kind"),
        (Choice("ann", "like", "", True, 1), "subject"),
        (Choice("ann", "profiling", "x", True, 1), "subject"),
        (Choice("", "like", "kettle", True, 1), "user_id"),
        (Choice("ann", "like", "k" * 257, True, 1), "subject"),
    ],
)
def test_what_no_choice_can_be_is_refused_by_name(store, choice, column):
    with pytest.raises(InputError, match=f"choices, column '{column}'"):
        set_choice(store, choice)
    assert change_number(store) == 0
