"""A shop's files looked at: which is which table, which column is what, and how surely."""

from unsung.data.guess.columns import Guess
from unsung.data.guess.find import find_shop
from unsung.data.guess.tables import guess_shop
from unsung.data.guess.writing import write_shop_toml

__all__ = ["Guess", "find_shop", "guess_shop", "write_shop_toml"]
