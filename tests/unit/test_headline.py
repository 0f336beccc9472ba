"""What the page claims: of one model, by its intervals, and of nothing that is not better than chance at home."""

import json
import re
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest

from crossray.figures import auc_matrix, drop, explorer, subgroups, training_curves
from crossray.figures.summary_text import answer, key_numbers, left_out_sentence, primary_sentences
from crossray.tables import contract_of, read
from helpers import ROOT


def headline_tables(made):
    tables = (pd.read_csv(made.folder / f"analysis/{name}.csv") for name in ("summary", "transfer", "tasks"))
    return dict(zip(("summary", "transfer", "tasks"), tables, strict=True))


def of_several_models(tables):
    """Return tables of three models: the first loses little, another a lot and is listed first, as is a sweep's."""
    parts = {name: [table.assign(model=model) for model in ("z-swept", "other", "resnet50")]
             for name, table in tables.items()}  # fmt: skip
    for name, columns in {
        "summary": ["drop", "drop_low", "drop_high"],
        "tasks": ["drop"],
        "transfer": ["drop"],
    }.items():
        for part in parts[name][:2]:
            part[columns] = 0.99
    return {name: pd.concat(part, ignore_index=True) for name, part in parts.items()}


@pytest.mark.parametrize(
    ("trainings", "words"),
    [(1, "trained once; the variation between trainings is not included: in an earlier"), (2, "with two seeds; the"),
     (3, "also to other trainings (3 seeds each)")],
)  # fmt: skip
def test_the_page_says_what_intervals_leave_out(trainings, words):
    assert words in left_out_sentence(trainings)
    assert "hospital" not in left_out_sentence(trainings, classes=True).split("demonstration")[0]


def test_the_page_says_which_comparisons_were_named_before_the_run(made):
    tests = read(made.folder / "analysis/comparisons.csv", contract_of("comparisons"))
    assert primary_sentences(tests) == [
        "No comparison was named before the run (evaluation.primary): all tests are exploratory."
    ]
    away = tests["kind"] == "home and away"
    tests.loc[[away.idxmax(), (~away).idxmax()], "role"] = "primary"
    *named, rest = primary_sentences(tests)
    (apart,) = [sentence for sentence in named if " (internal) minus " in sentence]
    assert len(named) == 2
    assert f"p = {tests[away].iloc[0]['p_holm']:.2g}, after Holm's correction for 2 comparisons." in apart
    assert rest == "All other tests are exploratory."


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.1, 0.3, "Mean AUC drops by 0.20"), (-0.3, -0.1, "Mean AUC rises by 0.20"), (-0.1, 0.5, "No drop outside")],
)
def test_the_answer_follows_the_interval(made, low, high, words):
    tables = headline_tables(made)
    everything = tables["summary"]["source"] == "all sources"
    tables["summary"].loc[everything, ["drop", "drop_low", "drop_high"]] = [(low + high) / 2, low, high]
    assert answer(**tables, models=["resnet50"]).startswith(words)


def test_the_answer_says_which_tasks_travel(made):
    tables = headline_tables(made)
    tasks = tables["tasks"]
    tasks["drop"], tasks["drop_low"], tasks["drop_high"] = [0.2, 0.1, 0.0], [0.1, 0.05, -0.1], [0.3, 0.2, 0.1]
    sentence = answer(**tables, models=["resnet50"])
    lost, also, kept = tasks["task"]
    assert f"AUC drops for 2 of 3 tasks, each by its own 95% interval: {lost}, {also}; " in sentence
    assert f"; most for {lost} by 0.20 (95% interval 0.10 to 0.30)." in sentence
    assert f"The interval reaches zero for {kept}." in sentence
    assert "certain" not in sentence


def test_every_number_of_the_headline_is_the_first_models(made):
    tables = headline_tables(made)
    performance = pd.read_csv(made.folder / "analysis/performance.csv", dtype={"seed": str})
    several = of_several_models(tables)
    alone, among = answer(**tables, models=["resnet50"]), answer(**several, models=["resnet50", "other"])
    assert among == f"{alone} These results are for resnet50, the first of 2 models."
    thrice = pd.concat([performance.assign(model=name) for name in ("z-swept", "other", "resnet50")])
    assert key_numbers(several["summary"], several["transfer"], thrice, "resnet50") == key_numbers(
        tables["summary"], tables["transfer"], performance, "resnet50"
    )
    settings = made.for_figures(models=["resnet50", "other"])
    title = auc_matrix.draw(thrice, several["transfer"], several["summary"], settings).title
    alone = auc_matrix.draw(performance, tables["transfer"], tables["summary"], made.for_figures()).title
    assert title == f"{alone} (resnet50)"
    assert "0.99" not in drop.draw(several["transfer"], several["summary"], settings).title


def with_home(tables, low, high, sources=("north", "south", "reread")):
    """Return tables whose models have an AUC at home between these, with all that follows from it."""
    transfer = tables["transfer"]
    of = transfer["source"].isin(sources)
    home = of & (transfer["source"] == transfer["target"])
    transfer.loc[home, ["auc", "auc_low", "auc_high"]] = [(low + high) / 2, low, high]
    transfer.loc[of & transfer["drop"].notna(), "home_at_chance"] = low <= 0.5
    return tables


@pytest.mark.parametrize(("low", "high"), [(0.4, 0.6), (0.3, 0.45), (0.5, 0.7)])
def test_what_is_not_better_than_chance_at_home_has_nothing_to_lose(made, low, high):
    tables = with_home(headline_tables(made), low, high)
    tables["summary"]["pairs_at_chance"], tables["summary"]["pairs"] = tables["summary"]["pairs"], 0
    sentence = answer(**tables, models=["resnet50"])
    assert sentence.startswith("No model is better than chance internally, so no drop is reported")
    interval = f"{(low + high) / 2:.2f} (95% interval {low:.2f} to {high:.2f})"
    for name in ("north", "south", "reread"):
        assert f"{name} {interval}" in sentence
    performance = read(made.folder / "analysis/performance.csv", contract_of("performance"))
    for figure in (
        auc_matrix.draw(performance, tables["transfer"], tables["summary"], made.for_figures()),
        drop.draw(tables["transfer"], tables["summary"], made.for_figures()),
    ):
        assert "better than chance internally" in figure.title
    assert "drops by 0" not in sentence


def test_a_model_at_chance_is_named_and_its_pairs_are_not_the_worst(made):
    tables = headline_tables(made)
    worst = tables["transfer"].loc[tables["transfer"]["drop"].idxmax()]
    sentence = answer(**with_home(tables, 0.45, 0.6, [worst["source"]]), models=["resnet50"])
    assert f"The worst pair is {worst['source']}" not in sentence
    assert f"so no drop is reported: the model of {worst['source']} 0.53 (95% interval 0.45 to 0.60)." in sentence
    figure = drop.draw(tables["transfer"], tables["summary"], made.for_figures())
    assert "whose model is not better than chance internally" in figure.caption


@pytest.mark.parametrize(("highs", "count"), [([0.49, 0.6, 0.5], 1), ([0.9, 0.8, 0.7], 0)])
def test_worse_than_chance_goes_by_the_interval(made, highs, count):
    tables = headline_tables(made)
    cells = pd.DataFrame({"model": "m", "seed": "0", "auc": 0.45, "auc_high": highs})
    facts = key_numbers(tables["summary"], tables["transfer"], cells, "m")
    assert {fact["words"]: fact["value"] for fact in facts}["cells worse than chance by their interval"] == str(count)


def test_every_training_has_a_curve_with_a_stroke(made):
    """Also those of pooled sources, in a colour of their own."""
    svg = ElementTree.fromstring((made.folder / "figures/training_curves.svg").read_text())
    lines = [
        mark
        for mark in svg.iter()
        if mark.get("class") == "mark-line role-mark" or "mark-line" in mark.get("class", "")
    ]
    drawn = [path for group in lines for path in group.iter("{http://www.w3.org/2000/svg}path")]
    colour = training_curves.source_scale(made.settings["sources"], made.settings["datasets"])
    assert len(drawn) == 3 * len(made.settings["sources"]) * len(made.settings["seeds"])  # two losses and the AUC
    strokes = [path.get("stroke") or group.get("stroke") for group in lines for path in group.iter()
               if path.tag.endswith("path")]  # fmt: skip
    assert set(strokes) == set(colour.range)
    assert len(set(colour.range)) == len(made.settings["sources"])


@pytest.mark.parametrize("least", [0.31, 0.05, 0.6])
def test_a_curve_below_chance_is_drawn_where_it_is(made, least):
    history = training_curves.histories(made.folder / "models", made.for_figures())
    history.loc[history.index[0], "validation_auc"] = least
    drawn = training_curves.curves(history, made.for_figures()).chart.to_dict()
    curve = drawn["hconcat"][1]["layer"][1]["encoding"]["y"]["scale"]
    assert curve["domain"][0] <= least
    assert "clamp" not in json.dumps(drawn)


def test_no_figure_has_an_axis_or_a_colour_that_ends_before_its_values(made):
    assert not [
        path.name for path in (ROOT / "workflow/scripts/crossray/figures").glob("*.py") if "clamp" in path.read_text()
    ]
    data = json.loads(re.search(r'id="cells">(.*?)</script>', made.page(), re.DOTALL).group(1))
    for measure, place in explorer._PLACES.items():
        values = [row[place] for rows in data["views"].values() for row in rows if row[place] is not None]
        domain = data["measures"][measure]["domain"]
        assert domain == sorted(domain)
        assert domain[0] <= min(values) <= max(values) <= domain[-1], measure


@pytest.mark.parametrize(
    ("high", "words"), [(-0.01, "Largest gap: "), (0.05, "No group's gap has an interval below zero")]
)
def test_the_title_of_the_subgroups_does_not_contradict_its_interval(made, high, words):
    table = pd.read_csv(made.folder / "analysis/subgroups.csv")
    table[["difference", "difference_low", "difference_high"]] = [-0.1, -0.2, high]
    assert subgroups.draw(table, made.for_figures()).title.startswith(words)


def test_the_methods_name_what_a_training_was(made):
    html = made.page()
    contrast, stem = "grey levels taken to a power of up to 1.5", "the stem as published"
    for words in (
        contrast,
        stem,
        "smoothed by 0.1",
        "CORAL",
        "in bfloat16",
    ):
        assert words in html, words
    assert max(map(len, re.findall(r"<p>(Images were.*?|Unless.*?|The loss.*?)</p>", html))) < 1000


def test_the_page_shows_the_flow_of_counts_and_names_what_is_only_tested_on(made):
    html = made.page()
    flow = pd.read_csv(made.folder / "analysis/flow.csv")
    row = flow[(flow["dataset"] == "north") & (flow["split"] == "all")].iloc[0]
    cells = [str(row[name]) for name in ("dataset", "rows", "found", "readable", "labelled", "patients")]
    assert re.search(r"\s*".join(f"<t[hd][^>]*>{cell}</t[hd]>" for cell in cells), html)
    assert "Test only." not in html
    members = {source: ["north"] for source in made.settings["sources"]}
    assert "<b>south</b>:  <strong>Test only.</strong>" in re.sub(
        "no description in the configuration", "", made.page(members=members)
    )
