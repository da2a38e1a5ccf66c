"""What reading a shop leaves behind, above all where no row can be used."""

from pathlib import Path

import pytest

from unsung.errors import InputError
from unsung.workflows.prepare import read_shop


def shop_of(folder: Path, *rows: str) -> Path:
    text = "\n".join(["user_id,item_id,timestamp", *rows, ""])
    (folder / "orders.csv").write_text(text, encoding="utf-8")
    (folder / "shop.toml").write_text('[interactions]\npath = "orders.csv"\n', encoding="utf-8")
    return folder


def test_a_shop_without_a_usable_row_keeps_its_rows_and_says_why(tmp_path: Path):
    shop = shop_of(tmp_path, "ann,tea,soon", "bea,tea,later")
    with pytest.raises(InputError, match="none of its 2 rows") as refusal:
        read_shop(shop, quarantine=tmp_path / "aside")
    said = str(refusal.value)
    assert "orders.csv" in said
    assert "column 'timestamp'" in said
    named = Path(said.rsplit(": ", 1)[1].rstrip("."))
    assert named.read_text(encoding="utf-8").count("unreadable_time") == 2


def test_without_a_quarantine_folder_nothing_is_named_that_is_gone(tmp_path: Path):
    with pytest.raises(InputError, match="unsung check") as refusal:
        read_shop(shop_of(tmp_path, "ann,tea,soon", "bea,tea,later"))
    assert "quarantine.csv" not in str(refusal.value)


def test_a_file_without_rows_is_said_to_have_none(tmp_path: Path):
    with pytest.raises(InputError, match=r"orders\.csv: has no rows"):
        read_shop(shop_of(tmp_path))


def test_rows_that_were_set_aside_are_kept_beside_those_that_count(tmp_path: Path):
    shop = shop_of(tmp_path, "ann,tea,2026-01-01", "bea,tea,2026-01-02", "bea,cup,soon")
    found = read_shop(shop, quarantine=tmp_path / "aside")
    assert len(found.dataset.interactions) == 2
    assert {file.name for file in (tmp_path / "aside").iterdir()} == {
        "quarantine.csv",
        "quarantine.parquet",
    }
