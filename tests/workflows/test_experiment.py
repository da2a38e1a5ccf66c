"""Experiments on a shop of 300 people over 120 days, the last 40 of them in two arms."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from unsung.data.assignments import Assignments
from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.quarantine import Example, ReasonCount
from unsung.data.settings import ShopSettings, Source
from unsung.errors import InputError, NotEnoughDataError
from unsung.schema import DAY_US
from unsung.workflows.experiment import ReadoutSettings, read_experiment, user_groups
from unsung.workflows.experiment_metrics import METRICS, Span, user_metrics
from unsung.workflows.experiment_plan import PlanSettings, plan_experiment, plan_record
from unsung.workflows.experiment_record import experiment_record, verdict

START = int(np.datetime64("2025-01-01", "us").astype(np.int64))
BEGUN = START + 80 * DAY_US
N_USERS, N_ITEMS = 300, 40
USERS = [f"u{n}" for n in range(N_USERS)]
PURCHASE, RETURN, VIEW = 0, 1, 2


def shop_of(rows: dict[str, np.ndarray], kinds=("purchase", "return", "view")) -> Dataset:
    users = Identifiers.from_ids(USERS)
    items = Identifiers.from_ids([f"i{n}" for n in range(N_ITEMS)])
    event = rows.get("event", np.zeros(len(rows["user"]), int))
    columns = {name: rows[name] for name in ("price", "quantity", "basket") if name in rows}
    return Dataset(
        users=users,
        items=items,
        catalogue=pd.DataFrame({"item_id": items.values}),
        catalogue_is_derived=False,
        interactions=Interactions.from_columns(
            user_index=users.index_of([f"u{n}" for n in rows["user"]]),
            item_index=items.index_of([f"i{n}" for n in rows["item"]]),
            timestamp=rows["time"],
            event=event,
            weight=event == PURCHASE,
            is_target=event == PURCHASE,
            **columns,
        ),
        event_kinds=kinds,
        titles=np.array([], dtype=object),
        reviews=pd.DataFrame({name: [] for name in ("user_index", "item_index", "timestamp")}),
        exposures=None,
        user_table=None,
        has_clock=True,
    )


@pytest.fixture
def rows(rng) -> dict[str, np.ndarray]:
    """Every user buys by an own rate; few items sell most; prices from 1 to 10."""
    rate = rng.gamma(2, 6, N_USERS)
    user = np.repeat(np.arange(N_USERS), rng.poisson(rate))
    chance = 1 / (1 + np.arange(N_ITEMS))
    n = len(user)
    return {
        "user": user,
        "item": rng.choice(N_ITEMS, n, p=chance / chance.sum()),
        "time": START + rng.integers(0, 120 * DAY_US, n),
        "price": rng.integers(1, 11, n).astype(float),
        "quantity": np.ones(n),
    }


@pytest.fixture
def arm(rng) -> np.ndarray:
    return rng.permutation(np.arange(N_USERS) % 2)


def assigned(arm, *, exposed=BEGUN, reasons=()) -> Assignments:
    names = np.array(["control", "new", "other"], dtype=object)[arm]
    n = len(names)
    users = np.array(USERS[:n], dtype=object)
    times = None if exposed is None else np.full(n, exposed)
    return Assignments("arms.csv", users, names, times, n, n, 0, 0, reasons)


@pytest.fixture
def settings() -> ShopSettings:
    return ShopSettings(name="Toy", interactions=Source(path="x.csv"))


def planted(rows, arm):
    """The new arm buys every tail line of its time three times."""
    tail = (rows["time"] >= BEGUN) & (arm[rows["user"]] == 1) & (rows["item"] >= 8)
    again = np.concatenate([np.arange(len(tail)), *[np.flatnonzero(tail)] * 2])
    return {name: values[again] for name, values in rows.items()}


def test_metrics_count_what_each_user_did_since_the_exposure():
    dataset = shop_of({
        "user": np.array([0, 0, 0, 0, 0, 1]),
        "item": np.array([1, 2, 2, 1, 1, 1]),
        "time": BEGUN + np.array([-5, 0, 0, 7, 9, 3]) * DAY_US,
        "event": np.array([PURCHASE, PURCHASE, PURCHASE, RETURN, VIEW, PURCHASE]),
        "price": np.array([4.0, 3.0, 3.0, 4.0, np.nan, np.nan]),
        "quantity": np.array([1.0, 2.0, np.nan, -1.0, np.nan, 2.0]),
        "basket": np.array([1, 2, 2, 3, -1, -1]),
    })  # fmt: skip
    users = dataset.users.index_of(["u1", "nobody", "u0"])
    span = Span(users, np.full(3, BEGUN), dataset.end)
    segments = np.zeros(N_ITEMS, np.int8)
    segments[dataset.items.index_of(["i2"])] = 1
    found = user_metrics(dataset, span, segments)
    assert list(found) == list(METRICS)
    told = {name: values.tolist() for name, values in found.items()}
    assert told["revenue"] == [0, 0, 9]
    assert told["purchases"] == [1, 0, 2]
    assert told["orders"] == [1, 0, 1]
    assert told["items"] == [1, 0, 1]
    assert told["tail_purchases"] == [0, 0, 2]
    assert told["tail_revenue"] == [0, 0, 9]
    assert told["head_purchases"] == [1, 0, 0]
    assert told["returns"] == [0, 0, 1]
    assert told["returned_revenue"] == [0, 0, 4]


def test_segments_add_up(rows):
    dataset = shop_of(rows)
    segments = np.arange(N_ITEMS, dtype=np.int8) % 4
    users = np.arange(N_USERS, dtype=np.int32)
    found = user_metrics(dataset, Span(users, np.full(N_USERS, BEGUN), dataset.end), segments)
    for what in ("purchases", "revenue"):
        parts = sum(found[f"{name}_{what}"] for name in ("head", "tail", "fresh", "cold"))
        assert parts == pytest.approx(found[what])
    since = dataset.interactions.between(BEGUN, dataset.end)
    assert found["purchases"].sum() == len(since)


def test_what_the_arm_did_is_caused(rows, arm, settings):
    dataset = shop_of(planted(rows, arm))
    readout = read_experiment(dataset, settings, assigned(arm))
    (tail,) = [effect for effect in readout.primary if effect.metric == "tail_purchases"]
    assert tail.settled
    assert 1 < tail.lift < 3.5
    said = verdict(readout)
    assert said.startswith("new caused +")
    assert "established-tail purchases" in said
    assert said.endswith("95% intervals that hold at every look).")
    assert readout.items_reached.keys() == {"control", "new"}
    assert readout.trial.days == pytest.approx((dataset.end - BEGUN) / DAY_US)


def test_nothing_done_proves_nothing(rows, arm, settings):
    readout = read_experiment(shop_of(rows), settings, assigned(arm))
    assert not [e for e in (*readout.primary, *readout.secondary, *readout.by_group) if e.settled]
    assert verdict(readout).startswith("new has no proven effect so far: ")
    assert "caused" not in verdict(readout)
    assert {effect.group for effect in readout.by_group} <= {"new", "known", "active", "inactive"}


def test_events_before_the_exposure_belong_to_no_arm(rows, arm, settings):
    """Each user's own first exposure counts, and so does the end."""
    dataset = shop_of(rows)
    later = replace(assigned(arm), first_exposure=BEGUN + np.arange(N_USERS) * DAY_US // 10)
    end = datetime.fromtimestamp((BEGUN + 25 * DAY_US) / 1e6, UTC).replace(tzinfo=None)
    readout = read_experiment(dataset, settings, later, ReadoutSettings(end=end))
    trial = readout.trial
    assert readout.n_later == 50
    assert any(
        note.startswith("50 users are first") for note in experiment_record(readout)["notes"]
    )
    assert len(trial.arm) == 250
    assert trial.days.min() == pytest.approx(0.1)
    expected = [
        sum(
            later.first_exposure[n] <= time < BEGUN + 25 * DAY_US
            for time in rows["time"][rows["user"] == n]
        )
        for n in range(250)
    ]
    assert trial.values["purchases"].tolist() == expected


def test_users_of_whom_the_shop_knows_nothing_count_as_zeros(rows, arm, settings):
    known = {name: values[rows["user"] >= 10] for name, values in rows.items()}
    dataset = shop_of(known)
    dataset = replace(dataset, users=Identifiers(dataset.users.values))
    given = assigned(arm)
    given = replace(given, user_id=np.array([*USERS[:-2], "ghost", "ghoul"], dtype=object))
    readout = read_experiment(dataset, settings, given)
    assert readout.n_unknown == 2
    assert len(readout.trial.arm) == N_USERS
    groups = user_groups(readout.trial)
    assert groups["new"][-2:].all()
    assert (groups["new"] ^ groups["known"]).all()
    assert (groups["known"] == groups["active"] | groups["inactive"]).all()
    assert not readout.trial.values["purchases"][-2:].any()


def test_a_failing_ratio_comes_first_and_refuses(rows, arm, settings):
    lost = np.flatnonzero((arm == 0) | (np.arange(N_USERS) % 2 == 0))
    given = assigned(arm)
    given = replace(given, user_id=given.user_id[lost], arm=given.arm[lost],
                    first_exposure=given.first_exposure[lost])  # fmt: skip
    readout = read_experiment(shop_of(planted(rows, arm)), settings, given)
    record = experiment_record(readout)
    assert record["refused"]
    assert record["verdict"].startswith("Refused: the arms don't have the planned sizes")
    assert not record["effects"]
    assert not record["groups"]
    assert record["arms"][0]["items_reached"] is None
    assert record["ratio"]["p_value"] < 0.001
    groups = {row["group"]: row for row in record["ratio"]["groups"]}
    assert list(groups) == ["new", "known", "active", "inactive"]
    sizes = {name: sum(row["n_users"].values()) for name, row in groups.items()}
    assert sizes["known"] + sizes["new"] == len(lost)
    assert sizes["active"] + sizes["inactive"] == sizes["known"]
    assert groups["known"]["p_value"] < 0.001
    shares = {"control": 2.0, "new": 1.0}
    agreed = read_experiment(shop_of(rows), settings, given, ReadoutSettings(shares=shares))
    assert not agreed.ratio.fails


def test_the_record_is_plain_json(rows, arm, settings):
    reasons = (ReasonCount("arm", "two_arms", 4, (Example("arms.csv", 1, "new"),)),)
    given = replace(assigned(arm % 2 + (np.arange(N_USERS) % 3 == 0)), reasons=reasons)
    shares = {"control": 1.0, "new": 1.5, "other": 0.5}
    readout = read_experiment(shop_of(rows), settings, given, ReadoutSettings(shares=shares))
    record = experiment_record(readout)
    again = json.loads(json.dumps(record, allow_nan=False))
    assert again["verdict"].count(";") == 2 or again["refused"]
    assert {row["arm"] for row in again["effects"]} <= {"new", "other"}
    assert any("4 rows" in note for note in again["notes"])
    assert any("--planned-user-days" in note for note in again["notes"])


def test_a_metric_that_the_control_lacks_is_told_in_pieces(rows, arm, settings):
    only = (arm[rows["user"]] == 1) | (rows["time"] < BEGUN)
    dataset = shop_of({name: values[only] for name, values in rows.items()})
    said = verdict(read_experiment(dataset, settings, assigned(arm)))
    assert "% " not in said.partition("(per user")[0]
    assert "established-tail purchases (+" in said


def test_without_prices_purchases_take_the_place_of_revenue(rows, arm, settings):
    bare = {name: rows[name] for name in ("user", "item", "time")}
    readout = read_experiment(shop_of(bare, kinds=("purchase",)), settings, assigned(arm))
    assert [effect.metric for effect in readout.primary] == ["tail_purchases", "purchases"]
    assert not {"revenue", "returns"} & set(readout.trial.values)


def test_two_users_prove_nothing(rows, settings):
    readout = read_experiment(shop_of(rows), settings, assigned(np.array([0, 1])))
    record = json.loads(json.dumps(experiment_record(readout), allow_nan=False))
    assert "established-tail purchases without a value to compare" in record["verdict"]
    assert not [row for row in record["effects"] if row["settled"] or row["low"] is not None]


def test_few_buyers_are_said_to_be_few(rows, arm, settings):
    calm = rows["time"] < BEGUN
    calm[np.flatnonzero(~calm)[:9]] = True
    dataset = shop_of({name: values[calm] for name, values in rows.items()})
    record = experiment_record(read_experiment(dataset, settings, assigned(arm)))
    assert any(note.startswith("Fewer than 50 users") for note in record["notes"])


def test_a_plan_follows_from_the_past(rows, settings):
    dataset = shop_of(rows)
    wanted = PlanSettings(effect=0.3, days=20, before_days=40)
    plan = plan_experiment(dataset, settings, wanted)
    record = json.loads(json.dumps(plan_record(plan), allow_nan=False))
    assert record["metrics"][0]["metric"] == "tail_purchases"
    for row in record["metrics"]:
        assert row["users_fixed_adjusted"] <= row["users_fixed"] <= row["users_always"]
        assert row["variance_share"] <= 1
        assert row["planned_user_days"] == 20 * row["users_always_adjusted"]
    known = (rows["time"] >= dataset.end - 20 * DAY_US) & (rows["item"] >= 0)
    mean = known.sum() / plan.n_users
    (purchases,) = [row for row in record["metrics"] if row["metric"] == "purchases"]
    assert purchases["mean"] == pytest.approx(mean)
    # The shop logs views, so those who had an event in the window are the visitors.
    assert record["population"].startswith("users with any event")


def test_a_plan_knows_nothing_after_its_moment(rows, settings):
    dataset = shop_of(rows, kinds=("purchase", "return"))
    moment = datetime(2025, 3, 1, tzinfo=UTC).replace(tzinfo=None)
    wanted = PlanSettings(effect=0.5, days=14, before_days=14, as_of=moment)
    plan = plan_experiment(dataset, settings, wanted)
    past = dataset.with_interactions(dataset.interactions.before(plan.end))
    again = plan_experiment(past, settings, wanted.model_copy(update={"as_of": None, "days": 14}))
    assert plan.end == int(np.datetime64("2025-03-01", "us").astype(np.int64))
    assert plan.population.startswith("users with any purchase")
    assert again.n_users == plan.n_users


def test_too_thin_a_past_gives_no_plan(rows, settings):
    dataset = shop_of(rows)
    with pytest.raises(NotEnoughDataError, match="fewer days"):
        plan_experiment(dataset, settings, PlanSettings(days=400))
    with pytest.raises(InputError, match="0 can't be seen"):
        plan_experiment(dataset, settings, PlanSettings(effect=0))
    with pytest.raises(InputError, match="no times"):
        plan_experiment(replace(dataset, has_clock=False), settings)


def told(dataset, settings, given, **more) -> str:
    with pytest.raises(InputError) as caught:
        read_experiment(dataset, settings, given, ReadoutSettings(**more))
    return str(caught.value)


def test_bad_input_is_named_with_its_place(rows, arm, settings):
    dataset = shop_of(rows)
    given = assigned(arm)
    at = "arms.csv, column 'arm': "
    assert told(dataset, settings, given, control="A").startswith(f"{at}no arm is called 'A'")
    assert told(dataset, settings, assigned(arm * 0)).startswith(f"{at}1 arms")
    many = replace(given, arm=np.array([f"{n}" for n in range(N_USERS)], dtype=object))
    assert "300 arms" in told(dataset, settings, many, control="7")
    assert "shares are of A" in told(dataset, settings, given, shares={"A": 1.0})
    assert "--start" in told(dataset, settings, assigned(arm, exposed=None))
    late = dataset.end + DAY_US
    assert "nothing to read out" in told(dataset, settings, assigned(arm, exposed=late))
    early = datetime(2025, 2, 1, tzinfo=UTC)
    assert "nobody was exposed" in told(dataset, settings, assigned(arm, exposed=late), start=early)
    assert "no times" in told(replace(dataset, has_clock=False), settings, given)


def test_without_times_of_exposure_the_start_counts_for_all(rows, arm, settings):
    begun = datetime.fromtimestamp(BEGUN / 1e6, UTC)
    given = assigned(arm, exposed=None)
    settings_of = ReadoutSettings(start=begun, before_days=10)
    readout = read_experiment(shop_of(rows), settings, given, settings_of)
    told_by_file = read_experiment(
        shop_of(rows), settings, assigned(arm), ReadoutSettings(before_days=10)
    )
    assert readout.primary == told_by_file.primary
    tuned = settings_of.model_copy(update={"planned_user_days": 9000.0})
    record = experiment_record(read_experiment(shop_of(rows), settings, given, tuned))
    assert not any("No plan was named" in note for note in record["notes"])
    assert readout.before_days == 10
