import pytest

from unsung.popularity.wording import informative_words, is_blank


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Red tin", 2),
        ("red RED Red", 1),
        ("A 12 x 4B", 0),
        ("café crème", 2),
        ("纯棉毛巾套装", 3),
        ("毛巾毛巾", 1),
        ("Nike 跑步鞋", 3),
        ("", 0),
        ("  ", 0),
        (None, 0),
        (float("nan"), 0),
    ],
)
def test_words(text, words):
    assert informative_words([text]).tolist() == [words]


def test_blank():
    assert is_blank(["a", "", " \t", None, float("nan")]).tolist() == [False, *[True] * 4]


def test_no_texts():
    assert len(informative_words([])) == len(is_blank([])) == 0
