"""A user's latest items in words."""

from dataclasses import replace

import numpy as np

from unsung.text.documents import documents_of
from unsung.text.profiles import profile_texts


def test_profiles_list_the_latest_titles_first(toy_shop):
    state = toy_shop.as_of()
    users = state.users.index_of(["ann", "gus", "dan"])
    titles = documents_of(state).titles
    assert profile_texts(state, titles, users) == [
        "Porcelain teacup; Red enamel teapot; Red enamel kettle",
        "",
        "Garden rake; Garden spade; Red enamel kettle",
    ]
    assert profile_texts(state, titles, users, n_recent=1)[0] == "Porcelain teacup"
    assert profile_texts(state, [""] * state.n_items, users) == ["", "", ""]


def test_what_was_taken_back_says_nothing(toy_shop):
    rows = toy_shop.interactions
    teacup = toy_shop.items.index_of(["teacup"])[0]
    weight = np.where(rows.item_index == teacup, np.float32(0), rows.weight)
    state = toy_shop.with_interactions(replace(rows, weight=weight)).as_of()
    (text,) = profile_texts(state, documents_of(state).titles, state.users.index_of(["ann"]))
    assert text == "Red enamel teapot; Red enamel kettle"
