import json
from dataclasses import replace

import numpy as np
import pytest

from unsung.errors import InputError
from unsung.evaluation.certificate import Certificate, Position, Subject
from unsung.evaluation.certification import Constraint, certify
from unsung.evaluation.margins import Margins, margins

SUBJECT = Subject(
    model_hash="c0ffee",
    reference_hash="0ff",
    population="customers with a new purchase",
    window="2011-11-11 to 2011-12-09",
)
LOSSES = (0.0, 0.01, 0.03, 0.1)
POSITIONS = tuple(Position(f"tail +{loss}", loss) for loss in LOSSES)


def users(
    rng: np.random.Generator, n: int, losses: tuple[float, ...] = LOSSES, budget: float = 0.05
) -> Margins:
    """Half of the users find .4, the others nothing; dialled lists lose a share or gain one."""
    reference = np.where(rng.random(n) < 0.5, 0.4, 0.0)
    noise = rng.choice([-0.05, 0.05], size=(n, 1)) * (reference > 0)[:, None]
    policy = reference[:, None] * (1 - np.array(losses)) + noise * np.sign(losses)
    return margins(policy, reference, budget)


def certified(*constraints: Constraint, **options: object) -> Certificate:
    return certify(constraints, POSITIONS, SUBJECT, rng=np.random.default_rng(5), **options)


def test_certifies_up_to_the_budget(rng: np.random.Generator) -> None:
    found = certified(Constraint("all customers", users(rng, 4000)))
    assert found.certified == Position("tail +0.03", 0.03)
    assert [position.certified for position in found.positions] == [True, True, True, False]
    assert found.positions[3].p_value > 0.9
    assert all(position.p_value <= 0.05 for position in found.positions[:3])
    for position, loss in zip(found.positions, LOSSES, strict=True):
        assert position.loss_low - 1e-9 <= position.loss <= position.loss_high + 1e-9
        assert position.loss == pytest.approx(loss, abs=0.01)
    assert found.refusal is None
    assert found.n == 4000
    assert found.claim == (
        "On customers with a new purchase like these 4,000, in a period like 2011-11-11 to"
        " 2011-12-09, the expected NDCG@10 of the lists dialled to 'tail +0.03' is at least 95 % of"
        " the undialled lists', with 95 % confidence."
    )


def test_stops_at_the_first_failure(rng: np.random.Generator) -> None:
    found = certified(Constraint("all customers", users(rng, 4000, (0.01, 0.2, 0.0, 0.0))))
    assert [position.certified for position in found.positions] == [True, False, False, False]
    assert found.positions[2].p_value < 0.01


def test_dies_with_a_refit(rng: np.random.Generator) -> None:
    found = certified(Constraint("all customers", users(rng, 4000)))
    assert found.is_valid_for("c0ffee")
    assert not found.is_valid_for("decaf")
    refused = certified(Constraint("all customers", users(rng, 20)))
    assert not refused.is_valid_for("c0ffee")


def test_refuses_with_the_number_that_would_suffice(rng: np.random.Generator) -> None:
    constraint = Constraint("all customers", users(rng, 100), users(rng, 500))
    found = certified(constraint)
    assert found.certified is None
    assert found.claim == "Nothing is certified: keep the undialled lists."
    assert found.refusal.basis == "selection users"
    assert 250 < found.refusal.users_needed < 400
    assert found.refusal.sentence == (
        "'tail +0.0' is not certified for all customers by 100 calibration users: about"
        f" {found.refusal.users_needed} would be with 80 % probability, judging by the selection"
        " users."
    )
    enough = replace(constraint, calibration=users(rng, 2 * found.refusal.users_needed))
    assert certified(enough).certified is not None


def test_refusal_of_the_wanted_position(rng: np.random.Generator) -> None:
    found = certified(Constraint("all customers", users(rng, 3000)), wanted=3)
    assert found.certified == POSITIONS[2]
    assert (found.refusal.position, found.refusal.users_needed) == ("tail +0.1", None)
    assert found.refusal.basis == "calibration users"
    assert "no number would be enough" in found.refusal.sentence
    assert certified(Constraint("all customers", users(rng, 3000)), wanted=2).refusal is None


def test_the_way_to_the_wanted_position_counts(rng: np.random.Generator) -> None:
    easier = users(rng, 4000, (0.0, 0.045, 0.0, 0.0))
    found = certified(Constraint("all customers", easier), wanted=3)
    assert found.refusal.position == "tail +0.1"
    assert found.certified == POSITIONS[0]
    assert found.refusal.users_needed > 4000


def test_a_group_holds_the_dial_back(rng: np.random.Generator) -> None:
    everybody = Constraint("all customers", users(rng, 4000))
    harmed = Constraint("new customers", users(rng, 2000, (0.0, 0.1, 0.2, 0.3)), users(rng, 900))
    found = certified(everybody, harmed)
    assert found.certified == POSITIONS[0]
    assert found.claim.endswith("confidence, and for each of these groups alone: new customers.")
    assert [group.certified for group in found.groups] == [True, True]
    assert found.groups[1].loss == pytest.approx(0, abs=1e-9)
    joint = [position.p_value for position in found.positions]
    alone = [position.p_value for position in certified(everybody).positions]
    assert joint[1] > 0.9 > alone[1]


def test_a_group_that_is_too_small_is_named_as_not_certified(rng: np.random.Generator) -> None:
    everybody = Constraint("all customers", users(rng, 4000))
    small = Constraint("new customers", users(rng, 40, (0.5,) * 4), users(rng, 300))
    found = certified(everybody, small)
    assert found.certified == POSITIONS[2]
    group = found.groups[1]
    assert (group.tested, group.certified, group.n) == (False, False, 40)
    assert 250 < group.users_needed < 400
    assert found.claim.endswith("; too few users to say so of new customers.")
    # Without selection users nothing says beforehand that it is too small: it is tested.
    assert certified(everybody, replace(small, selection=None)).certified is None


def test_a_group_that_selection_users_see_harmed_is_tested_if_large_enough(
    rng: np.random.Generator,
) -> None:
    everybody = Constraint("all customers", users(rng, 4000))
    losing = (0.2, 0.2, 0.2, 0.2)
    large = Constraint("new customers", users(rng, 900, losing), users(rng, 900, losing))
    refused = certified(everybody, large)
    assert refused.certified is None
    assert refused.refusal.constraint == "new customers"
    small = replace(large, calibration=users(rng, 50, losing))
    assert not certified(everybody, small).groups[1].tested
    lost = Constraint("visitors", users(rng, 0), margins(np.zeros((9, 4)), np.zeros(9), 0.05))
    group = certified(everybody, lost).groups[1]
    assert (group.tested, group.users_needed) == (False, None)


def test_errs_no_more_often_than_it_may(rng: np.random.Generator) -> None:
    # The second position loses the whole budget: it may be certified once in twenty times.
    wrong = 0
    for trial in range(300):
        found = certify(
            [Constraint("all", users(rng, 600, (0.01, 0.05)))],
            POSITIONS[:2],
            SUBJECT,
            rng=np.random.default_rng(trial),
        )
        wrong += found.positions[1].certified
    assert wrong / 300 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_json_has_everything_and_no_nan(rng: np.random.Generator) -> None:
    found = certified(Constraint("all customers", users(rng, 1)))
    record = json.loads(found.to_json())
    assert record["subject"]["model_hash"] == "c0ffee"
    assert record["positions"][0]["loss_low"] is None
    assert record["positions"][0]["t_test_p_value"] is None
    assert record["groups"][0]["name"] == "all customers"
    assert record["certified"] is None
    assert record["refusal"]["users_needed"] is None or record["refusal"]["users_needed"] > 0
    assert "arXiv:2010.09686" in record["method"]


def test_wrong_arguments_are_refused(rng: np.random.Generator) -> None:
    everybody = Constraint("all", users(rng, 50))
    with pytest.raises(InputError, match="nothing to certify"):
        certified()
    with pytest.raises(InputError, match="number of columns"):
        certified(Constraint("all", users(rng, 50, (0.1,))))
    with pytest.raises(InputError, match="different budgets"):
        certified(everybody, Constraint("new", users(rng, 50, budget=0.02)))
    with pytest.raises(InputError, match="same name"):
        certified(everybody, everybody)
    with pytest.raises(InputError, match="wanted"):
        certified(everybody, wanted=4)
