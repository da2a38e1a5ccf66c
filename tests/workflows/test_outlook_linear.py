from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from unsung.workflows.outlook_examples import OutlookSettings, outlook_examples
from unsung.workflows.outlook_linear import choose_heads, split_labelled
from unsung.workflows.outlook_models import OutlookModels

QUICK = OutlookSettings(l2=(0.1, 1.0), fine_tuning=None, min_established=5)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_equal_documents_are_fitted_once_and_as_if_each_stood_alone(planted_shop, make):
    examples = outlook_examples(planted_shop, QUICK)
    parts = split_labelled(np.flatnonzero(examples.labels.labelled), 0.2, np.random.default_rng(1))
    n = len(examples.new)
    alike = np.random.default_rng(2).integers(7, size=n)
    columns = make(np.random.default_rng(3).normal(size=(7, 4))[alike])
    once, apart = (
        choose_heads(columns, examples.labels, examples.established, parts, QUICK, numbers)
        for numbers in (alike, np.arange(n))
    )
    assert once.chosen == apart.chosen
    for found, wanted in zip(once[:2], apart[:2], strict=True):
        np.testing.assert_allclose(found.coefficients, wanted.coefficients, atol=1e-4)
        assert found.intercept == pytest.approx(wanted.intercept, abs=1e-4)
    for found, wanted in zip(once.validated, apart.validated, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_documents_are_alike_where_every_part_is(planted_shop):
    examples = outlook_examples(planted_shop, QUICK)
    documents = replace(
        examples.documents,
        texts=("a pot", "a pot", "a pot", "a pot"),
        titles=("pot", "pot", "jug", "pot"),
        tokens=(("brand=a",), ("brand=a",), ("brand=a",), ()),
    )
    models = OutlookModels(replace(examples, documents=documents), QUICK)
    assert models.alike.tolist() == [0, 0, 1, 2]
