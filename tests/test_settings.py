from pathlib import Path

import pytest
from pydantic import Field

from unsung.errors import InputError, SettingsError
from unsung.settings import Settings, build_settings, load_settings, read_toml


class Dial(Settings):
    strength: float = Field(default=0.0, ge=0, le=1)
    method: str = "quota"


class Shop(Settings):
    name: str = "shop"
    k: int = 10
    dial: Dial = Dial()


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "shop.toml"
    path.write_text('name = "tea"\nk = 20\n[dial]\nstrength = 0.2\n', encoding="utf-8")
    return path


def test_defaults_alone():
    assert load_settings(Shop, environment={}) == Shop()


def test_each_layer_wins_over_the_one_before(toml):
    file = load_settings(Shop, toml, environment={})
    assert (file.name, file.k, file.dial) == ("tea", 20, Dial(strength=0.2))
    environment = {"UNSUNG_K": "30", "UNSUNG_DIAL__STRENGTH": "0.3"}
    merged = load_settings(Shop, toml, environment=environment)
    assert (merged.name, merged.k, merged.dial.strength) == ("tea", 30, 0.3)
    flags = {"k": 40, "dial.strength": 0.4, "name": None}
    flagged = load_settings(Shop, toml, environment=environment, flags=flags)
    assert (flagged.name, flagged.k, flagged.dial.strength) == ("tea", 40, 0.4)


def test_a_flag_leaves_its_neighbours_as_they_are(toml):
    merged = load_settings(Shop, toml, environment={}, flags={"dial.method": "xquad"})
    assert merged.dial == Dial(strength=0.2, method="xquad")


def test_zero_and_false_are_values_and_not_absent(toml):
    assert load_settings(Shop, toml, environment={}, flags={"dial.strength": 0}).dial.strength == 0


def test_variables_of_others_are_not_read(toml):
    others = {"UNSUNG_DATA": "/data", "K": "1", "PATH": "/bin", "OTHER_K": "2"}
    assert load_settings(Shop, toml, environment=others).k == 20


def test_the_processes_own_variables_are_read_where_none_are_given(monkeypatch):
    monkeypatch.setenv("UNSUNG_K", "7")
    assert load_settings(Shop).k == 7
    assert load_settings(Shop, environment={}).k == 10


def test_an_unknown_key_is_named_with_its_file(tmp_path):
    path = tmp_path / "shop.toml"
    path.write_text("[dial]\nstrenght = 0.2\n")
    with pytest.raises(SettingsError, match=r"shop\.toml: unknown key 'dial\.strenght'"):
        load_settings(Shop, path, environment={})
    with pytest.raises(
        SettingsError, match=r"unknown key 'kk' \(known at the top: dial, k, name\)"
    ):
        load_settings(Shop, environment={}, flags={"kk": 1})
    with pytest.raises(SettingsError, match=r"unknown key 'dial\.colour'"):
        load_settings(Shop, environment={"UNSUNG_DIAL__COLOUR": "red"})


@pytest.mark.parametrize(
    ("flags", "key"), [({"k": "many"}, "k"), ({"dial.strength": 2}, "dial.strength")]
)
def test_a_value_out_of_range_is_named(flags, key):
    with pytest.raises(SettingsError, match=f"settings: '{key}': ") as raised:
        load_settings(Shop, environment={}, flags=flags)
    assert isinstance(raised.value, InputError)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("table", ["dial = 3", "dial = 'high'"])
def test_a_variable_inside_what_is_no_table_is_refused(tmp_path, table):
    path = tmp_path / "shop.toml"
    path.write_text(table)
    with pytest.raises(SettingsError, match="'dial'"):
        load_settings(Shop, path, environment={"UNSUNG_DIAL__STRENGTH": "0.3"})


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"gone\.toml: can't be read \(No such file"):
        read_toml(tmp_path / "gone.toml")
    for broken in (b"k = ", b"\xff\xfe"):
        (tmp_path / "broken.toml").write_bytes(broken)
        with pytest.raises(SettingsError, match=r"broken\.toml: is not valid TOML"):
            read_toml(tmp_path / "broken.toml")


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Shop().k = 3


def test_merging_does_not_change_what_was_given(toml):
    flags, environment = {"dial.strength": 0.9}, {"UNSUNG_K": "1"}
    load_settings(Shop, toml, environment=environment, flags=flags)
    assert (flags, environment) == ({"dial.strength": 0.9}, {"UNSUNG_K": "1"})
    values = {"dial": {"strength": 0.1}}
    assert build_settings(Shop, values, "here").dial.strength == 0.1
    assert values == {"dial": {"strength": 0.1}}


class Page(Settings):
    width: int = 600
    dial: Dial | None = Dial(strength=0.5, method="xquad")
    shop: Shop = Shop(k=5, dial=Dial(method="mmr"))


def test_a_table_that_names_one_key_leaves_the_others_as_they_are_there():
    page = build_settings(Page, {"dial": {"strength": 0.1}, "shop": {"name": "tea"}}, "here")
    assert page.dial == Dial(strength=0.1, method="xquad")
    assert page.shop == Shop(name="tea", k=5, dial=Dial(method="mmr"))
    deeper = build_settings(Page, {"shop": {"dial": {"strength": 0.2}}}, "here")
    assert deeper.shop == Shop(k=5, dial=Dial(strength=0.2, method="mmr"))
    assert build_settings(Page, {"dial": None}, "here").dial is None
    assert Page.model_validate_json(page.model_dump_json()) == page
    assert Page(shop=Shop(k=7)).shop == Shop(k=7)


class Quota(Settings):
    kind: str = "quota"
    share: float = 0.1


class Choice(Settings):
    method: Quota | Dial = Quota(share=0.4)


def test_a_table_of_another_kind_takes_nothing_over():
    assert Choice.model_validate({"method": {"share": 0.2}}).method == Quota(share=0.2)
    other = {"kind": "soft quota"}
    assert Choice.model_validate({"method": other}).method == Quota(kind="soft quota")
