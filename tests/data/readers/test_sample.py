import pandas as pd
import pytest

from unsung.data.readers.sample import read_sample
from unsung.errors import InputError


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_first_rows_as_text(tmp_path, name):
    frame = pd.DataFrame({"n": range(10), "word": ["a", None] * 5})
    path = tmp_path / name
    if name == "t.csv":
        frame.to_csv(path, index=False)
    elif name == "t.jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_parquet(path)
    sample = read_sample(path, n_rows=3)
    assert sample.columns == ("n", "word")
    assert sample.rows["n"].tolist() == ["0", "1", "2"]
    assert sample.rows["word"].isna().tolist() == [False, True, False]


def test_a_parquet_file_without_rows_shows_its_columns(tmp_path):
    pd.DataFrame({"a": [], "b": []}).to_parquet(tmp_path / "t.parquet")
    assert read_sample(tmp_path / "t.parquet").columns == ("a", "b")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="doesn't exist"):
        read_sample(tmp_path / "t.csv")


def test_a_parquet_file_with_damaged_pages_is_named(tmp_path):
    pd.DataFrame({"word": [f"w{i}" for i in range(999)]}).to_parquet(tmp_path / "t.parquet")
    whole = bytearray((tmp_path / "t.parquet").read_bytes())
    whole[4:400] = b"\xff" * 396
    (tmp_path / "t.parquet").write_bytes(whole)
    with pytest.raises(InputError, match=r"t\.parquet: is a damaged or cut-off parquet file"):
        read_sample(tmp_path / "t.parquet")
