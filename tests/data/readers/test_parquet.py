import numpy as np
import pandas as pd
import pytest

from unsung.data.readers.land import land
from unsung.data.settings import Source
from unsung.errors import InputError


@pytest.fixture
def orders(tmp_path):
    frame = pd.DataFrame({"user": [f"u{i}" for i in range(500)], "item": np.arange(500) % 7})
    frame.to_parquet(tmp_path / "orders.parquet")
    return tmp_path / "orders.parquet"


def test_files_stay_where_they_are_and_are_counted(tmp_path, orders):
    pd.DataFrame({"user": ["x"], "price": [1.0]}).to_parquet(tmp_path / "more.parquet")
    landed = land(Source(path=("orders.parquet", "more.parquet")), "items", tmp_path, tmp_path)
    assert landed.native
    assert landed.path == (orders, tmp_path / "more.parquet")
    assert landed.names == ("orders.parquet", "more.parquet")
    assert landed.columns == ("user", "item", "price")
    assert (landed.n_rows, len(landed.rejects)) == (501, 0)


def test_every_cut_is_one_clean_error(tmp_path, orders):
    whole = orders.read_bytes()
    workdir = tmp_path / "work"
    workdir.mkdir()
    for cut in np.linspace(0, len(whole) - 1, 200).astype(int):
        (tmp_path / "cut.parquet").write_bytes(whole[:cut])
        with pytest.raises(InputError, match=r"cut\.parquet: is a damaged or cut-off parquet file"):
            land(Source(path="cut.parquet", format="parquet"), "interactions", tmp_path, workdir)
    assert not list(workdir.iterdir())


def test_a_missing_column_is_named_with_the_nearest(tmp_path, orders):
    source = Source(path="orders.parquet", columns={"user_id": "usr"})
    message = (
        r"orders\.parquet, column 'usr': there is no such column \(needed for 'user_id'\); "
        r"did you mean 'user'\? There are: user, item\."
    )
    with pytest.raises(InputError, match=message):
        land(source, "interactions", tmp_path, tmp_path / "w")
