"""The demo shop: UCI Online Retail, raw as published."""

from importlib.resources import files
from pathlib import Path


def demo_shop_folder() -> Path:
    """The folder of the demo shop: its ``shop.toml``, its order lines, and their attribution."""
    return Path(str(files("unsung.data.demo")))
