"""What a server process does before it answers."""

import gc

from unsung.service.main import spare_model


def test_a_model_is_left_out_of_garbage_collections():
    model = [[number] for number in range(1_000)]
    try:
        spare_model()
        assert gc.get_freeze_count() > 1_000
        assert not any(kept is model for kept in gc.get_objects())
    finally:
        gc.unfreeze()
