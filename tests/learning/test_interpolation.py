"""Both ends of the line are the two models."""

import numpy as np
import pytest

from unsung.errors import InputError
from unsung.learning.interpolation import interpolate
from unsung.learning.layers import load_encoder
from unsung.learning.loop import train
from unsung.learning.settings import FineTuneSettings

pytestmark = pytest.mark.train
TEXTS = ["red lamp", "blue tea pot"]


def test_ends_and_middle(pairs, layered_model):
    frozen = load_encoder(FineTuneSettings(model=str(layered_model)))
    task, settings = pairs(trained="lora")
    train(task, settings)
    tuned = task.encoder
    expected = {0.0: frozen.encode(TEXTS), 1.0: tuned.encode(TEXTS)}
    for share, vectors in expected.items():
        np.testing.assert_array_equal(interpolate(frozen, tuned, share).encode(TEXTS), vectors)
    between = interpolate(frozen, tuned, 0.25)
    for name, parameter in between.transformer.named_parameters():
        first, last = (e.transformer.get_parameter(name).detach() for e in (frozen, tuned))
        np.testing.assert_allclose(parameter.detach(), 0.75 * first + 0.25 * last, atol=1e-6)
    np.testing.assert_array_equal(tuned.encode(TEXTS), expected[1.0])


def test_other_architectures_are_refused(tiny_model, layered_model):
    encoders = [load_encoder(FineTuneSettings(model=str(m))) for m in (tiny_model, layered_model)]
    with pytest.raises(InputError, match="tiny and layered have other layers"):
        interpolate(*encoders, 0.5)
