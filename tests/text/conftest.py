"""The packaged encoder as ONNX, from the cache where it was exported before."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    from unsung.learning.export import encoder_folder

    return encoder_folder()
