import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unsung.data.guess import Guess, write_shop_toml
from unsung.data.readers.paths import resolve_paths
from unsung.data.settings import CleaningSettings, ShopSettings, Source, read_shop_settings
from unsung.errors import InputError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(name=TEXT, column=TEXT, why=TEXT, kind=TEXT, pattern=TEXT, more=TEXT)
def test_what_is_written_reads_back_equal(tmp_path_factory, name, column, why, kind, pattern, more):
    folder = tmp_path_factory.getbasetemp()
    written = ShopSettings(
        name=name,
        folder=str(folder.resolve()),
        interactions=Source(
            path=("a.csv", "b.csv"),
            columns={"user_id": column, "title": ""},
            constants={"event": kind},
            header=(column, more),
            time_unit="ms",
        ),
        items=Source(url="sqlite:///x.db", query=more, attributes=()),
        event_names={kind: "purchase"},
        event_weights={"view": 0.05},
        cleaning=CleaningSettings(item_id_pattern=pattern, trim_trailing_zero=False),
        repeats="show",
    )
    guesses = [
        Guess("interactions", "user_id", column, 0.9, why),
        Guess("items", "title", column, 0.1, why),
    ]
    write_shop_toml(written, guesses, folder / "shop.toml", force=True)
    assert read_shop_settings(folder / "shop.toml") == written


def test_each_guess_stands_beside_its_line_and_unused_ones_last(tmp_path):
    shop = ShopSettings(
        folder=str(tmp_path), interactions=Source(path="o.csv", columns={"user_id": "who"})
    )
    guesses = [
        Guess("interactions", "user_id", "who", 0.9, "the name says so"),
        Guess("interactions", "price", "cost", 0.3, "the name may\nmean that"),
    ]
    write_shop_toml(shop, guesses, tmp_path / "shop.toml")
    text = (tmp_path / "shop.toml").read_text(encoding="utf-8")
    assert 'user_id = "who"  # 90%: the name says so\n' in text
    last = '# [interactions] price = "cost"  # 30%: the name may mean that'
    assert text.splitlines()[-2:] == ["# not used:", last]


def test_paths_lead_to_the_files_from_another_folder(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "o.csv").write_text("a\n", encoding="utf-8")
    shop = ShopSettings(folder=str(tmp_path / "data"), interactions=Source(path="o.csv"))
    target = tmp_path / "config" / "shop.toml"
    write_shop_toml(shop, [], target)
    read = read_shop_settings(target)
    assert read.interactions.path == "../data/o.csv"
    (found,) = resolve_paths(read.interactions, target.parent)
    assert found.samefile(tmp_path / "data" / "o.csv")


def test_an_existing_file_is_kept_unless_forced(tmp_path):
    path = tmp_path / "shop.toml"
    path.write_text("mine", encoding="utf-8")
    shop = ShopSettings(folder=str(tmp_path), interactions=Source(path="o.csv"))
    with pytest.raises(InputError, match=r"shop\.toml: exists already; use --force"):
        write_shop_toml(shop, [], path)
    assert path.read_text(encoding="utf-8") == "mine"
    write_shop_toml(shop, [], path, force=True)
    assert tomllib.loads(path.read_text(encoding="utf-8"))["interactions"]["path"] == "o.csv"


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    shop = ShopSettings(folder=str(tmp_path), interactions=Source(path="o.csv"))
    with pytest.raises(InputError, match="can't be written"):
        write_shop_toml(shop, [], tmp_path / "file" / "shop.toml")
