"""Which encoder a choice leads to."""

import pytest

from unsung.errors import InputError, MissingExtraError
from unsung.workflows import encoder
from unsung.workflows.encoder import find_encoder


def test_none_is_none():
    assert find_encoder("none") is None


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        find_encoder(str(tmp_path / "absent"))


def test_without_the_extra_there_is_no_encoder(monkeypatch):
    def absent(**_):
        raise MissingExtraError("The encoder", "train")

    monkeypatch.setattr(encoder, "encoder_folder", absent)
    assert find_encoder("auto") is None


@pytest.mark.train
def test_the_pretrained_encoder_and_its_folder_are_the_same():
    pretrained = find_encoder("auto")
    assert pretrained is not None
    again = find_encoder(str(pretrained.folder))
    assert again is not None
    assert again.name == pretrained.name == "all-MiniLM-L6-v2"
