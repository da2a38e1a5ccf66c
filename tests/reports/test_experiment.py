import pytest

from unsung.reports.experiment import experiment_page


def effect(metric, arm="new", group="all", *, lift=0.2, family="primary", settled=False):
    return {
        "family": family,
        "metric": metric,
        "arm": arm,
        "group": group,
        "n_control": 500,
        "n_arm": 510,
        "n_active": 300,
        "control_mean": 1.0,
        "arm_mean": 1 + lift,
        "difference": lift,
        "plain_difference": lift / 2,
        "variance_share": 0.4,
        "low": lift - 0.1,
        "high": lift + 0.1,
        "fixed_low": lift - 0.05,
        "fixed_high": lift + 0.05,
        "lift": lift,
        "lift_low": lift - 0.1,
        "lift_high": lift + 0.1,
        "lift_fixed_low": lift - 0.05,
        "lift_fixed_high": lift + 0.05,
        "p_value": 0.001,
        "fixed_p_value": 0.0001,
        "adjusted_p_value": 0.002,
        "settled": settled,
    }


def metric(label):
    return {"label": label, "definition": f"Of {label}.", "is_money": False, "better": 1}


@pytest.fixture
def record():
    metrics = {
        "tail_purchases": "established-tail purchases",
        "revenue": "revenue",
        "head_purchases": "head purchases",
        "cold_revenue": "cold revenue",
    }
    unknown = dict.fromkeys(("lift", "lift_low", "lift_high", "lift_fixed_low", "lift_fixed_high"))
    return {
        "format": 1,
        "shop": "Toy",
        "verdict": "new caused +20.0% established-tail purchases (+10.0% to +30.0%).",
        "refused": False,
        "control": "control",
        "level": 0.95,
        "start": "2025-03-01T00:00:00+00:00",
        "end": "2025-03-29T00:00:00+00:00",
        "before_days": 28.0,
        "clock": {"user_days": 28000.0, "planned_user_days": 28000.0},
        "ratio": {"chi_square": 0.1, "p_value": 0.75, "fails_below": 0.001, "fails": False,
                  "groups": [{"group": "new", "n_users": {"control": 20, "new": 30},
                              "p_value": 0.16}]},
        "arms": [
            {"arm": name, "n_users": n, "expected_users": 505.0, "user_days": 14000.0,
             "items_reached": 40.5}
            for name, n in (("control", 500), ("new", 510))
        ],
        "assignments": {
            "file": "arms.csv", "n_read": 1014, "n_accepted": 1010, "n_quarantined": 4,
            "n_duplicates": 0, "n_users": 1010, "n_exposed_later": 0, "n_users_without_event": 3,
            "reasons": [{"column": "arm", "reason": "two_arms", "explanation": "In two arms.",
                         "n_rows": 4}],
        },
        "effects": [
            effect("tail_purchases", settled=True),
            effect("revenue", lift=0.01),
            effect("head_purchases", lift=-0.3, family="secondary"),
            effect("cold_revenue", family="secondary") | unknown,
        ],
        "groups": [effect("tail_purchases", group=group) for group in ("new", "active")],
        "metrics": {name: metric(label) for name, label in metrics.items()},
        "notes": ["Every assigned user counts."],
    }  # fmt: skip


def test_the_verdict_stands_first(record, take_apart):
    page = take_apart(experiment_page(record))
    page.check()
    assert page.headings[:2] == ["Experiment", "The verdict"]
    assert "2025-03-01 to 2025-03-29, 1,010 users in 2 arms" in page.text
    assert page.text.index("new caused") < page.text.index("All metrics")
    assert "In two arms." in page.text
    assert "What the tail won and the head lost" in page.headings
    assert page.elements["svg"] >= 6


def test_what_is_proven_stands_out(record):
    html = experiment_page(record)
    row = html.split('<tr class="chosen"', 1)[1].split("</tr>", 1)[0]
    assert "established-tail purchases" in row


def test_a_refused_verdict_shows_no_effect(record, take_apart):
    ratio = {**record["ratio"], "p_value": 1e-7, "fails": True}
    refused = {**record, "refused": True, "ratio": ratio, "effects": [], "groups": [],
               "verdict": "Refused: the arms don't have the planned sizes."}  # fmt: skip
    page = take_apart(experiment_page(refused))
    page.check()
    assert "The sample ratio fails (p = 1e-07)" in page.text
    assert "caused" not in page.text
    assert [h for h in page.headings if h in {"All metrics", "By group of users"}] == []
    assert "Arms" in page.headings
    assert "Sizes by group of users" in page.headings


def test_several_arms_are_named_in_every_row(record, take_apart):
    more = [effect("tail_purchases", arm="other")]
    arms = [*record["arms"], {**record["arms"][1], "arm": "other"}]
    sizes = [{"group": "known", "n_users": {"control": 1, "new": 2, "other": 3}, "p_value": None}]
    record["ratio"]["groups"] = sizes
    groups = [*record["groups"], effect("tail_purchases", arm="other", group="new")]
    page = take_apart(
        experiment_page(
            {**record, "arms": arms, "groups": groups, "effects": record["effects"] + more}
        )
    )
    page.check()
    assert "other, established-tail purchases" in page.text


def test_nothing_to_draw(record, take_apart):
    empty = {key: None for key in effect("x") if key not in {"metric", "arm", "group", "family"}}
    effects = [{**row, **empty, "settled": False} for row in record["effects"]]
    reasons = {**record["assignments"], "reasons": []}
    page = take_apart(
        experiment_page({**record, "effects": effects, "groups": [], "assignments": reasons})
    )
    page.check()
    assert "No group has users in every arm." in page.text
    assert "Every row of the assignments could be used." in page.text


def test_names_are_text(record, take_apart, evil):
    named = {**record, "shop": evil, "control": evil, "verdict": evil}
    named["arms"] = [{**arm, "arm": f"{arm['arm']}{evil}"} for arm in record["arms"]]
    named["ratio"]["groups"] = [
        {"group": "new", "n_users": {arm["arm"]: 9 for arm in named["arms"]}, "p_value": 0.5}
    ]
    named["effects"] = [{**row, "arm": evil} for row in record["effects"]]
    take_apart(experiment_page(named)).check()
