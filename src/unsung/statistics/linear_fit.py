"""Ridge and logistic regression with an unpenalised intercept, on dense or sparse rows."""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import LinearOperator, cg
from scipy.special import expit

Rows: TypeAlias = Any
"""ndarray or csr_array of float, shape (n, n_columns): mypy knows no types of scipy."""


class LinearFit(NamedTuple):
    """Coefficients and intercept of a linear model.

    Parameters
    ----------
    coefficients : ndarray of float64, shape (n_columns,)
    intercept : float
    """

    coefficients: np.ndarray
    intercept: float

    def predict(self, rows: Rows) -> np.ndarray:
        """Linear values of rows: ndarray of float64, shape (n,); log-odds where logistic."""
        return np.asarray(rows @ self.coefficients + self.intercept, dtype=np.float64)


def fit_logistic(
    rows: Rows,
    positive: np.ndarray,
    l2: float,
    *,
    weights: np.ndarray | None = None,
    start: LinearFit | None = None,
) -> LinearFit:
    """Logistic regression by L-BFGS.

    Minimises sum_i w_i log(1 + exp(-y_i (x_i b + a))) + l2 / 2 |b|^2 with y = -1 or 1; the
    intercept a isn't penalised.

    Parameters
    ----------
    rows : ndarray or csr_array of float, shape (n, n_columns)
    positive : ndarray of bool or float, shape (n,)
        A number between 0 and 1 is a share of positives.
    l2 : float
        Above 0. ``C`` of scikit-learn is 1 / l2.
    weights : ndarray of float, shape (n,), optional
        Each 1 where not given.
    start : LinearFit, optional
        Where the search begins, such as the fit for a near l2.

    Returns
    -------
    fit : LinearFit
        ``predict`` gives log-odds.

    References
    ----------
    Liu and Nocedal (1989), doi:10.1007/BF01589116

    Examples
    --------
    >>> fit = fit_logistic(np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([0, 0, 1, 1]), 1e-6)
    >>> fit.predict(np.array([[0.0], [1.0]])) > 0
    array([False,  True])
    """
    truth = np.asarray(positive, dtype=np.float64)
    weight = np.ones(len(truth)) if weights is None else np.asarray(weights, dtype=np.float64)
    # Per row, so that many rows needn't be fitted more closely than few.
    total = weight.sum()
    weight, penalty = weight / total, l2 / total
    rows, transposed = _both_ways(rows)

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        values = rows @ point[:-1] + point[-1]
        error = weight * (expit(values) - truth)
        value = np.dot(weight, np.logaddexp(0, values) - truth * values)
        gradient = np.append(transposed @ error + penalty * point[:-1], error.sum())
        return float(value + penalty / 2 * np.dot(point[:-1], point[:-1])), gradient

    begin = np.zeros(rows.shape[1] + 1)
    if start is not None:
        begin[:-1], begin[-1] = start
    from scipy import optimize  # noqa: PLC0415 - .2 s that whoever only predicts does without

    found = optimize.minimize(
        loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 500, "gtol": 1e-7}
    )
    return LinearFit(found.x[:-1], float(found.x[-1]))


def fit_ridge(
    rows: Rows,
    values: np.ndarray,
    l2: float,
    *,
    weights: np.ndarray | None = None,
    start: LinearFit | None = None,
) -> LinearFit:
    """Ridge regression by conjugate gradients on the centred rows.

    Minimises sum_i w_i (x_i b + a - y_i)^2 + l2 |b|^2; the intercept a isn't penalised.

    Parameters
    ----------
    rows : ndarray or csr_array of float, shape (n, n_columns)
    values : ndarray of float, shape (n,)
    l2 : float
        Above 0.
    weights : ndarray of float, shape (n,), optional
        Each 1 where not given.
    start : LinearFit, optional
        Where the search begins, such as the fit for a near l2.

    Returns
    -------
    fit : LinearFit

    Examples
    --------
    >>> fit = fit_ridge(np.array([[0.0], [1.0]]), np.array([1.0, 3.0]), 1e-9)
    >>> fit.predict(np.array([[2.0]])).round(3)
    array([5.])
    """
    weight = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
    rows, transposed = _both_ways(rows)
    total = weight.sum()
    centre = (transposed @ weight) / total
    mean = np.dot(weight, values) / total

    def normal_equations(point: np.ndarray) -> np.ndarray:
        shifted = weight * (rows @ point - np.dot(centre, point))
        return np.asarray(transposed @ shifted - centre * shifted.sum() + l2 * point)

    error = weight * (values - mean)
    n_columns = rows.shape[1]
    operator = LinearOperator((n_columns, n_columns), matvec=normal_equations, dtype=np.float64)
    begin = None if start is None else start.coefficients
    coefficients, _ = cg(
        operator, transposed @ error - centre * error.sum(), begin, rtol=1e-6, maxiter=500
    )
    return LinearFit(coefficients, float(mean - np.dot(centre, coefficients)))


def _both_ways(rows: Rows) -> tuple[Rows, Rows]:
    """Rows and their transpose, as they are multiplied quickest with float64 vectors."""
    if sp.issparse(rows):
        return rows, rows.T.tocsr()
    # numpy would make a float64 copy of float32 rows for every product.
    rows = np.asarray(rows, dtype=np.float64)
    return rows, rows.T
