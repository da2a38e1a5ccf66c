import pytest

from unsung.reports.evaluation import evaluation_page


def test_the_page_puts_recommenders_side_by_side(evaluation, take_apart):
    page = take_apart(evaluation_page(evaluation))
    page.check()
    assert (
        "blend has the highest NDCG@10, 0.1100, and 0.0200 on the established tail; there terms is "
        "best with 0.0300 (0.0800 overall)."
    ) in page.text
    assert "blend beats popular by 0.0600 NDCG@10 (95% interval +0.0500 to +0.0700)." in page.text
    assert "blend and terms can't be told apart in NDCG@10" in page.text
    assert "1,229 users, fitted on everything before 2025-03-01." in page.text
    assert "Users with a history." in page.text
    assert "3 targets are cold." in page.text
    assert page.elements["svg"] == 8


def test_the_best_of_a_column_is_marked_and_gini_is_best_when_low(evaluation):
    html = evaluation_page(evaluation)
    for number in ("0.1100", "0.0300", "0.7900"):
        assert f">{number}</td>" in html.split('class="n best"', 1)[1]
    assert html.count('class="n best"') == 5


def test_metrics_that_nobody_has_are_left_out(evaluation, take_apart):
    text = take_apart(evaluation_page(evaluation)).text
    assert "NDCG, established tail" in text
    assert "NDCG, fresh" not in text.split("Where the places")[0]
    assert "novelty" not in text


def test_definitions_are_one_hover_away(evaluation, take_apart):
    page = take_apart(evaluation_page(evaluation))
    assert ("title", "Discounted gain.") in page.attributes
    assert ("title", "Within 'fresh': Discounted gain.") in page.attributes


def test_the_choice_is_told(evaluation, take_apart):
    text = take_apart(evaluation_page(evaluation)).text
    assert "Chosen on 800 users of an earlier window" in text
    assert "l2 300.0" in text
    assert "half_life None" not in text


def test_one_recommender_without_comparisons(evaluation, take_apart):
    alone = {**evaluation, "models": evaluation["models"][:1], "comparisons": [], "chosen": None}
    page = take_apart(evaluation_page(alone))
    page.check()
    assert "There is only one recommender" in page.text
    assert "popular is best both overall" in page.text
    assert page.elements["svg"] == 4


def test_nothing_evaluated(evaluation, take_apart):
    page = take_apart(evaluation_page({**evaluation, "models": []}))
    page.check()
    assert "Nothing was evaluated." in page.text


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        ("tail_ndcg_at_k", "blend has the highest NDCG@10, 0.1100."),
        ("ndcg_at_k", "No user has a relevant item"),
    ],
)
def test_a_metric_without_values(evaluation, take_apart, metric, sentence):
    for model in evaluation["models"]:
        model["summary"][metric] = None
    page = take_apart(evaluation_page(evaluation))
    page.check()
    assert sentence in page.text


def test_worse_than_the_baseline_is_said(evaluation, take_apart):
    evaluation["comparisons"] = [
        {**evaluation["comparisons"][0], "difference": -0.05, "low": -0.06, "high": -0.04}
    ]
    assert "blend falls short of popular by 0.0500" in take_apart(evaluation_page(evaluation)).text


def test_several_baselines_are_named_in_the_chart(evaluation):
    assert "blend - terms" in evaluation_page(evaluation)
    one = [row for row in evaluation["comparisons"] if row["b"] == "popular"]
    html = evaluation_page({**evaluation, "comparisons": one})
    assert "Difference in NDCG@10 to popular" in html


def test_an_evaluation_by_order_without_cuts(evaluation, take_apart):
    for model in evaluation["models"]:
        model["cuts"] = {}
    bare = {**evaluation, "cutoff": None, "protocol": "leave-one-out", "segments": {}}
    page = take_apart(evaluation_page(bare))
    page.check()
    assert "Each user's last item predicted from those before, 1,229 users." in page.text
    assert "by popularity band" not in page.text


def test_names_are_text(evaluation, take_apart, evil):
    for model in evaluation["models"]:
        model["name"] += evil
    page = take_apart(evaluation_page(evaluation))
    page.check()


def test_names_of_recommenders_are_words(evaluation, take_apart):
    models = [{**model, "name": f"{model['name']}_one"} for model in evaluation["models"]]
    rows = [{**row, "a": f"{row['a']}_one"} for row in evaluation["comparisons"]]
    page = take_apart(evaluation_page({**evaluation, "models": models, "comparisons": rows}))
    assert "blend one has the highest" in page.text
    assert "_one" not in page.text


def test_what_serves_stands_out(evaluation):
    serving = evaluation["models"][0]["name"]
    html = evaluation_page({**evaluation, "serves": serving})
    row = html.split('<tr class="chosen"', 1)[1].split("</tr>", 1)[0]
    assert serving in row
