"""Sentences of plain praise and plain criticism, of no shop in particular.

The head on the vectors of a language model begins from them, each counting as many reviews, so that
it knows what people say of things that this shop doesn't sell. They were written for it by hand.
"""

from typing import Final, NamedTuple


class Touchstones(NamedTuple):
    """Sentences of one language.

    Parameters
    ----------
    praise, criticism : tuple of str
        As many of the one as of the other.
    """

    praise: tuple[str, ...]
    criticism: tuple[str, ...]


ENGLISH: Final = Touchstones(
    praise=(
        "I love it.",
        "Excellent, highly recommended.",
        "It works perfectly.",
        "Very good quality.",
        "I am very happy with it.",
        "One of the best I have had.",
        "Great value for the money.",
        "It exceeded my expectations.",
        "Wonderful, I would buy it again.",
        "Really nice and well made.",
        "A pleasure from start to finish.",
        "No complaints at all.",
        "Fantastic service and friendly.",
        "I can recommend this to everyone.",
        "Five stars.",
        "It was delicious.",
        "Comfortable and reliable.",
        "Impressive and enjoyable.",
        "It does exactly what it should.",
        "Beautiful and worth every penny.",
    ),
    criticism=(
        "I hate it.",
        "Terrible, do not buy.",
        "It does not work.",
        "Very poor quality.",
        "I am very disappointed with it.",
        "One of the worst I have had.",
        "A waste of money.",
        "It failed to meet my expectations.",
        "Awful, I would never buy it again.",
        "Cheaply made and it broke at once.",
        "A pain from start to finish.",
        "Nothing but problems.",
        "Horrible service and rude.",
        "I can't recommend this to anyone.",
        "One star.",
        "It was disgusting.",
        "Uncomfortable and unreliable.",
        "Boring and annoying.",
        "It does not do what it should.",
        "Ugly and not worth the price.",
    ),
)
CHINESE: Final = Touchstones(
    praise=(
        "我很喜欢。",
        "非常好，强烈推荐。",
        "很好用，没有问题。",
        "质量很好。",
        "我非常满意。",
        "这是我用过最好的。",
        "性价比很高，很划算。",
        "超出我的期望。",
        "太棒了，还会再来买。",
        "做工精细，很漂亮。",
        "从头到尾都很愉快。",
        "没什么可挑剔的。",
        "服务热情周到。",
        "值得推荐给大家。",
        "五星好评。",
        "味道很好，很好吃。",
        "舒服，可靠。",
        "精彩，令人印象深刻。",
        "和描述的一样。",
        "物美价廉，物有所值。",
    ),
    criticism=(
        "我很讨厌。",
        "太差了，千万别买。",
        "不好用，坏了。",
        "质量很差。",
        "我非常失望。",
        "这是我用过最差的。",
        "浪费钱，不值。",
        "没有达到我的期望。",
        "太糟糕了，再也不会来买。",
        "做工粗糙，一用就坏。",
        "从头到尾都很糟心。",
        "全是问题。",
        "服务态度恶劣。",
        "不推荐任何人买。",
        "一星差评。",
        "味道很差，很难吃。",
        "不舒服，不可靠。",
        "无聊，令人讨厌。",
        "和描述的不一样。",
        "又丑又贵，不值这个价。",
    ),
)


def touchstones_of(language: str) -> Touchstones:
    """The sentences for texts in a language: Chinese ones for Chinese, else the English ones.

    A model of many languages has both in one space; for others English is all that is said.

    Parameters
    ----------
    language : str
        ISO 639-1.
    """
    return CHINESE if language == "zh" else ENGLISH
