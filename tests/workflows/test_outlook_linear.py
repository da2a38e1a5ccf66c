from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from unsung.learning.settings import FineTuneSettings
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


@pytest.mark.train
@pytest.mark.parametrize(
    ("n_texts", "given", "every"), [(36, None, 15), (3200, None, 100), (36, 4, 4)]
)
def test_patience_does_not_run_out_before_training_has_begun(planted_shop, n_texts, given, every):
    tuning = FineTuneSettings(batch_size=32, validate_every=given)
    settings = QUICK.model_copy(update={"fine_tuning": tuning})
    models = OutlookModels(outlook_examples(planted_shop, settings), settings)
    found = models._training(0, n_texts, from_scratch=False)
    assert found.validate_every == every
    assert found.epochs * n_texts / 32 >= 150


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
