"""Which language a text is in, and its words."""

import re
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

LANGUAGES = ("en", "zh", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "ru", "ja", "ko")
"""Languages that are told apart where no others are asked for (ISO 639-1)."""
UNKNOWN = "und"
"""What ISO 639-2 calls a language that can't be told."""

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")
_KANA = re.compile("[\u3040-\u30ff]")
_HANGUL = re.compile("[\u1100-\u11ff\uac00-\ud7af]")
_RUNS = re.compile(f"({_HAN.pattern})")
_TOKEN = re.compile(r"(?u)\b\w\w+\b")  # scikit-learn's default


def language_of(text: str, languages: tuple[str, ...] = LANGUAGES) -> str:
    """Tell the language of a text.

    Parameters
    ----------
    text : str
    languages : tuple of str
        Which ones to choose from. The fewer they are, the better short titles are told apart.

    Returns
    -------
    language : str
        One of ``languages``; ``"und"`` where it can't be told. Chinese, Japanese and Korean are
        told by their script (from one character in five: each stands for about a word).

    Examples
    --------
    >>> language_of("tasco望远镜")
    'zh'
    >>> language_of("12 / 30")
    'und'
    """
    letters = sum(map(str.isalpha, text))
    if letters == 0:
        return UNKNOWN
    han = sum(map(len, _HAN.findall(text)))
    kana, hangul = len(_KANA.findall(text)), len(_HANGUL.findall(text))
    if han + kana + hangul >= 0.2 * letters:
        found = "ko" if hangul > han + kana else "ja" if kana >= 0.1 * (han + kana) else "zh"
        return found if found in languages else UNKNOWN
    language, probability = _identifier(languages).classify(text)
    # Equal probabilities, that is nothing seen in the text, are no answer.
    sure = probability > min(1.5 / len(languages), 0.75)
    return str(language) if sure else UNKNOWN


def catalogue_language(
    texts: Sequence[str], languages: tuple[str, ...] = LANGUAGES, n_sampled: int = 1000
) -> str:
    """Tell the main language of a catalogue from texts at even distances.

    Parameters
    ----------
    texts : sequence of str
        Titles or documents; empty ones don't count.
    languages : tuple of str
    n_sampled : int
        How many of them are read.

    Returns
    -------
    language : str
        As in ``language_of``.
    """
    filled = [text for text in texts if text]
    step = max(1, len(filled) // n_sampled)
    return language_of(" ".join(filled[::step]), languages)


def words(text: str) -> list[str]:
    """Split a text into lower-cased words.

    Chinese runs are segmented with jieba, whose single characters count; elsewhere a word is what
    scikit-learn's default pattern takes for one: two or more letters or digits.

    Parameters
    ----------
    text : str
        Normalised text (``unsung.text.normalise``).

    Returns
    -------
    words : list of str

    Examples
    --------
    >>> words("OPI Nail Lacquer, 0.5-Fluid Ounce")
    ['opi', 'nail', 'lacquer', 'fluid', 'ounce']
    >>> words("tasco望远镜 10x50")
    ['tasco', '望远镜', '10x50']
    """
    text = text.lower()
    if text.isascii() or not _HAN.search(text):
        return _TOKEN.findall(text)
    found: list[str] = []
    for place, run in enumerate(_RUNS.split(text)):
        found += _segmenter().lcut(run) if place % 2 else _TOKEN.findall(run)
    return found


@lru_cache(maxsize=8)
def _identifier(languages: tuple[str, ...]) -> Any:
    from py3langid.langid import (  # noqa: PLC0415 - half a second that most runs don't need
        MODEL_FILE,
        LanguageIdentifier,
    )

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(languages)
    return identifier


@lru_cache(maxsize=1)
def _segmenter() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba  # noqa: PLC0415 - a second that only Chinese shops need

    # Filled by hand: initialize() would log, and read and write a marshal file that everybody on
    # the machine could have put into the temporary folder.
    segmenter = jieba.Tokenizer()
    segmenter.FREQ, segmenter.total = segmenter.gen_pfdict(segmenter.get_dict_file())
    segmenter.initialized = True
    return segmenter
