"""Which encoder a choice leads to."""

import pytest

from unsung.errors import InputError, MissingExtraError
from unsung.workflows import encoder
from unsung.workflows.encoder import find_encoder, model_of


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
