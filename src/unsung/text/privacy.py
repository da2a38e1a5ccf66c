"""Personal data in free text are masked before the text is stored or shown."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from unsung.text import personal_patterns as forms

_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}

# One finds nearly everything; another what stood against a piece that is masked now.
_ROUNDS = 4

Span = tuple[int, int]


class Masked(NamedTuple):
    """A text without the personal data that were found in it.

    Parameters
    ----------
    text : str
        With a word in brackets, such as ``[email]``, in place of each.
    found : dict of str to int
        How many of each kind; kinds of which there was none are absent.
    """

    text: str
    found: dict[str, int]


def _numbers(check: Callable[[str], bool]) -> Callable[[str, re.Match[str]], bool]:
    """A number counts where its own check holds and nothing says that it is an order's."""
    return lambda text, match: check(match[0]) and not forms.is_numbered(text, match.start())


# Kind, what every such text holds (looked for first: it is quick), form, what must hold.
# Earlier rows win: a link may hold an address of a mailbox.
_Check = Callable[[str, re.Match[str]], bool]
_RULES: tuple[tuple[str, str, re.Pattern[str], _Check | None], ...] = (
    ("link", "://", forms.LINK, None),
    ("email", "@", forms.EMAIL, None),
    ("id number", "身份证", forms.ID_CARD_CUED, None),
    ("id number", r"\d{17}", forms.ID_CARD, _numbers(forms.is_id_card)),
    ("iban", r"[A-Z]\d\d", forms.IBAN, _numbers(forms.is_iban)),
    ("card number", r"\d{4}", forms.CARD, _numbers(forms.is_luhn)),
    ("account", "(?i)[信扣加]|wechat|weixin|qq|vx|wx", forms.ACCOUNT_CUED, None),
    ("ip", r"\d\.\d|:", forms.IP, _numbers(forms.is_ip)),
    ("phone", r"\d", forms.PHONE, _numbers(forms.is_phone)),
    ("phone", r"\d{3}", forms.PHONE_CUED, None),
    ("address", r"\d", forms.ADDRESS_CUED, None),
    ("address", r"\d", forms.ADDRESS, None),
    ("address", "[号室座幢栋]|单元", forms.ADDRESS_HAN_CUED, None),
    ("address", "号", forms.ADDRESS_HAN, None),
    ("name", "[A-Z]", forms.PERSON_CUED, None),
    ("name", "[叫名人]", forms.PERSON_HAN_CUED, None),
)
KINDS = tuple(dict.fromkeys(kind for kind, *_ in _RULES))
"""What is looked for; the word in brackets that stands for it."""


def mask_personal(text: str) -> Masked:
    """Replace personal data in a text, English or Chinese, by words.

    Masked are addresses of mailboxes; telephone numbers with a country code, of Chinese mobiles
    and landlines, in the forms of North America and Europe, or after a word such as "call"; the
    numbers of Chinese identity cards, payment cards and IBANs whose check digits hold; links that
    carry a password or a key; IP addresses; WeChat and QQ numbers after their word; street
    addresses after a cue ("deliver to", "地址") or with a postcode or a Chinese district; and
    names after a cue ("my name is", "收件人").

    Parameters
    ----------
    text : str
        ``unsung.text.normalise`` first, where somebody may have put characters without a shape
        between the digits. Full-width characters are read as they look.

    Returns
    -------
    masked : Masked
        Masking it again changes nothing.

    Notes
    -----
    Numbers of orders, products and versions, sizes, prices and years stay. Not masked: names and
    places without a cue, service numbers (400-), names of users, spelled-out numbers, dates of
    birth. It lowers a risk and doesn't end it. Time is in proportion to the text's length.

    Examples
    --------
    >>> mask_personal("Call +44 20 7946 0958 or write to jo@example.com, order 4111111111111111")
    Masked(text='Call [phone] or write to [email], order 4111111111111111',
           found={'email': 1, 'phone': 1})
    >>> mask_personal("客服微信：abc_12345，电话13812345678").text
    '客服微信：[account]，电话[phone]'
    """
    found: Counter[str] = Counter()
    for _ in range(_ROUNDS):
        before = text
        for kind, hint, form, holds in _RULES:
            plain = text if text.isascii() else text.translate(_HALF_WIDTH)
            if not re.search(hint, plain):
                continue
            spans = list(_spans(plain, form, holds))
            found[kind] += len(spans)
            text = _replaced(text, spans, f"[{kind}]")
        if text == before:
            break
    return Masked(text, {kind: found[kind] for kind in KINDS if found[kind]})


def _spans(text: str, form: re.Pattern[str], holds: _Check | None) -> Iterator[Span]:
    """Where a form stands: its last group where it has groups, as the others are its cue."""
    for match in form.finditer(text):
        if holds is None or holds(text, match):
            yield match.span(match.lastindex or 0)


def _replaced(text: str, spans: list[Span], word: str) -> str:
    if not spans:
        return text
    pieces, end = [], 0
    for start, after in spans:
        pieces += [text[end:start], word]
        end = after
    return "".join([*pieces, text[end:]])
