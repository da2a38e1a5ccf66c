"""How unequally sales or impressions are spread over the catalogue."""

import numpy as np


def shares(counts: np.ndarray) -> np.ndarray:
    """Each count as a share of their sum, ndarray of float64, shape (n,); zeros for a sum of 0.

    Examples
    --------
    >>> shares(np.array([3, 1])).tolist()
    [0.75, 0.25]
    """
    total = counts.sum()
    return counts / total if total > 0 else np.zeros(len(counts))


def lorenz_curve(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points of the Lorenz curve, from the least to the most popular item.

    Parameters
    ----------
    counts : ndarray of number, shape (n,)
        Not negative; items without any count belong in it as zeros.

    Returns
    -------
    catalogue_share, held_share : ndarray of float64, shape (max(n, 1) + 1,)
        The least popular ``catalogue_share`` of the items hold ``held_share`` of the sum. Both run
        from 0 to 1; where the sum is 0 nobody holds more than others and the curve is the
        diagonal.

    Examples
    --------
    >>> [part.tolist() for part in lorenz_curve(np.array([3, 0, 1, 0]))]
    [[0.0, 0.25, 0.5, 0.75, 1.0], [0.0, 0.0, 0.0, 0.25, 1.0]]
    """
    place = np.linspace(0, 1, max(len(counts), 1) + 1)
    if counts.sum() <= 0:
        return place, place
    held = np.concatenate([[0.0], np.cumsum(np.sort(counts), dtype=np.float64)])
    return place, held / held[-1]


def gini(counts: np.ndarray) -> float:
    """Gini coefficient: 0 = all equal, towards 1 = one item holds everything.

    Parameters
    ----------
    counts : ndarray of number, shape (n,)
        Not negative, over the whole catalogue: zeros count.

    Returns
    -------
    gini : float
        Between 0 and (n - 1) / n; 0 where there is nothing to share out.

    Notes
    -----
    Twice the area between the Lorenz curve and the diagonal. Some libraries report one minus this.

    References
    ----------
    .. [1] C. Gini (1912), "Variabilita e mutabilita"; in recommenders: D. Fleder, K. Hosanagar
       (2009), doi:10.1287/mnsc.1080.0974.

    Examples
    --------
    >>> gini(np.array([1, 1, 1, 1])), gini(np.array([0, 0, 0, 8]))
    (0.0, 0.75)
    """
    n, total = len(counts), float(np.sum(counts, dtype=np.float64))
    if total <= 0:
        return 0.0
    order = 2 * np.arange(1, n + 1) - n - 1
    return float(np.dot(order, np.sort(counts).astype(np.float64)) / (n * total))


def effective_number(counts: np.ndarray) -> float:
    """How many equally popular items would be spread as widely: exp of the entropy.

    Parameters
    ----------
    counts : ndarray of number, shape (n,)

    Returns
    -------
    number : float
        Between 1 and n; 0 where there is nothing to share out.

    References
    ----------
    .. [1] M. O. Hill (1973), the number of order 1, doi:10.2307/1934352.

    Examples
    --------
    >>> round(effective_number(np.array([5, 5, 0, 0])), 6)
    2.0
    """
    held = shares(counts)
    held = held[held > 0]
    return float(np.exp(-np.sum(held * np.log(held)))) if len(held) else 0.0


def share_of_top(counts: np.ndarray, top_share: float) -> float:
    """Share of the sum that the most popular items hold.

    Parameters
    ----------
    counts : ndarray of number, shape (n,)
    top_share : float
        Which share of the items, 0 to 1; read off the Lorenz curve, between items by a line.

    Examples
    --------
    >>> share_of_top(np.array([6, 2, 1, 1]), 0.25)
    0.6
    """
    place, held = lorenz_curve(counts)
    return float(1 - np.interp(1 - top_share, place, held))
