"""The code in the how-to pages runs and does what the page says."""

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    text = (HOW_TO / "add-a-recommender.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    module = ModuleType("recipe")
    # Pydantic looks the module of a settings class up by name.
    monkeypatch.setitem(sys.modules, "recipe", module)
    exec(compile(code, "add-a-recommender.md", "exec"), module.__dict__)
    return module


def test_the_recommender_of_the_recipe(recipe, toy_shop, rng):
    state = toy_shop.as_of()
    settings = recipe.FollowUpSettings(min_count=1)
    fitted = recipe.FollowUp(settings).fit(state, rng=rng)
    users = np.arange(toy_shop.n_users)
    scores = fitted.score(state, users)
    # ann's last item is a teacup, and nothing ever followed a teacup.
    index_of = toy_shop.users.index_of(["ann"])[0]
    assert not scores[index_of].any()
    # Before her last purchase it was the teapot, which cups and strainers followed.
    moment = int(toy_shop.interactions.timestamp[0]) + 15 * 86_400_000_000
    earlier = fitted.score(toy_shop.as_of(moment), users)[index_of]
    followers = toy_shop.items.index_of(["teacup", "strainer"])
    assert earlier[followers].tolist() == [2, 1]
    again = recipe.FollowUp.from_arrays(settings, fitted.to_arrays())
    assert np.array_equal(again.score(state, users), scores)
    for user in users:
        for item in range(toy_shop.n_items):
            parts = fitted.explain(state, int(user), item)
            assert sum(part.amount for part in parts) == scores[user, item]
