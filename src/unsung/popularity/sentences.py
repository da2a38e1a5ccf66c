"""Numbers inside sentences."""


def count_of(number: float, noun: str) -> str:
    """A number with its noun, in the plural where it is not one.

    Examples
    --------
    >>> count_of(1, "item"), count_of(1234.0, "buyer"), count_of(0.42, "impression")
    ('1 item', '1,234 buyers', '0.4 impressions')
    """
    # Below ten a tenth can matter (an equal share of 0.4 impressions).
    shown = f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.1f}"
    return f"{shown} {noun}" if shown == "1" else f"{shown} {noun}s"
