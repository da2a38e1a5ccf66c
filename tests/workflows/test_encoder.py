"""Which encoder a choice leads to."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from unsung.data.dataset import Dataset
from unsung.errors import InputError, MissingExtraError
from unsung.workflows import encoder
from unsung.workflows.encoder import choose_encoder, find_encoder, model_of


def test_none_is_none():
    assert find_encoder("none") is None


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(InputError, match=r"no config\.json"):
        find_encoder(str(tmp_path))


def test_an_encoder_whose_files_are_not_whole(tmp_path):
    (tmp_path / "encoder.json").write_text("{}")
    with pytest.raises(InputError, match="the encoder can't be used"):
        find_encoder(str(tmp_path))


def test_only_a_model_can_be_fine_tuned(tmp_path):
    (tmp_path / "encoder.json").write_text("{}")
    assert model_of(str(tmp_path)) is None
    assert model_of("intfloat/multilingual-e5-small") == "intfloat/multilingual-e5-small"


def test_without_the_extra_there_is_no_encoder(monkeypatch):
    def absent(**_):
        raise MissingExtraError("The encoder", "train")

    monkeypatch.setattr(encoder, "encoder_folder", absent)
    assert find_encoder("auto") is None
    with pytest.raises(MissingExtraError):
        find_encoder("all-MiniLM-L6-v2")


@pytest.mark.train
def test_the_pretrained_encoder_and_its_folder_are_the_same():
    pretrained = find_encoder("auto")
    assert pretrained is not None
    again = find_encoder(str(pretrained.folder))
    assert again is not None
    assert again.name == pretrained.name == "all-MiniLM-L6-v2"


@pytest.fixture
def asked(monkeypatch):
    """Models that were asked for, by name; each is there."""
    names = []

    def found(choice, _progress=None):
        names.append(choice)
        return SimpleNamespace(name={"auto": "all-MiniLM-L6-v2"}.get(choice, choice))

    monkeypatch.setattr(encoder, "find_encoder", found)
    return names


def titled(shop: Dataset, *titles: str) -> Dataset:
    given = [titles[row % len(titles)] for row in range(shop.n_items)]
    return replace(shop, catalogue=shop.catalogue.assign(title=given))


def test_a_chinese_catalogue_takes_the_multilingual_model_and_says_so(toy_shop, asked):
    chosen, found = choose_encoder("auto", titled(toy_shop, "红色台灯", "Lenovo联想 笔记本电脑"))
    assert chosen.choice == "use-m3"
    assert found.name == "use-m3"
    assert chosen.reason == "The catalogue is mostly Chinese: its language model is use-m3."


def test_an_english_catalogue_with_some_chinese_takes_the_english_model(toy_shop, asked):
    shop = titled(toy_shop, *["A red lamp for the garden table"] * 9, "红色台灯")
    chosen, _ = choose_encoder("auto", shop)
    assert chosen == ("auto", "The language model is all-MiniLM-L6-v2.")
    assert asked == ["auto"]


def test_a_named_model_is_not_asked_about(toy_shop, asked):
    chosen, _ = choose_encoder("all-MiniLM-L6-v2", titled(toy_shop, "红色台灯"))
    assert chosen == ("all-MiniLM-L6-v2", "")


def test_a_catalogue_without_titles_is_read_by_its_reviews(toy_shop, asked):
    reviews = toy_shop.reviews.iloc[:2].assign(text=["声音很好，非常满意", "质量太差了"])
    bare = replace(toy_shop, catalogue=toy_shop.catalogue.drop(columns="title"), reviews=reviews)
    bare = replace(bare, titles=np.array([], dtype=object))
    assert choose_encoder("auto", bare)[0].choice == "use-m3"


def test_where_the_multilingual_model_is_absent_the_choice_says_what_is_amiss(
    toy_shop, monkeypatch
):
    def only_english(choice, _progress=None):
        if choice == "use-m3":
            raise MissingExtraError("The encoder", "train")
        return SimpleNamespace(name="all-MiniLM-L6-v2")

    monkeypatch.setattr(encoder, "find_encoder", only_english)
    chosen, _ = choose_encoder("auto", titled(toy_shop, "红色台灯"))
    assert chosen.choice == "auto"
    assert "mostly Chinese, which all-MiniLM-L6-v2 wasn't trained on" in chosen.reason


def test_without_any_model_nothing_is_said(toy_shop, monkeypatch):
    monkeypatch.setattr(encoder, "find_encoder", lambda *_: _absent())
    with pytest.raises(MissingExtraError):
        choose_encoder("all-MiniLM-L6-v2", toy_shop)

    monkeypatch.setattr(encoder, "find_encoder", lambda *_: None)
    assert choose_encoder("auto", titled(toy_shop, "red lamp")) == (("auto", ""), None)


def _absent():
    raise MissingExtraError("The encoder", "train")
