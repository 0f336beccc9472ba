"""The folder of a paper: checklists, references, captions, figures at journal widths, and the crate around them."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import altair as alt
import pandas as pd
import pytest

from crossray.datasets import READERS
from crossray.errors import UserError
from crossray.figures.journal import DOUBLE, HIGHEST, LEAST, SINGLE, typeset
from crossray.figures.registry import SECTIONS
from crossray.figures.style import Figure
from crossray.files import read_json
from crossray.manuscript import crate
from crossray.manuscript.checklists import COLUMNS, FILLED, PARTLY, YOURS, Anchors, filled
from crossray.manuscript.draft import COUNTS, PROGRAMS
from crossray.manuscript.facts import FACTS, fact
from crossray.manuscript.folder import CHECKLISTS, PaperFiles, fill
from crossray.manuscript.study_results import StudyResults
from crossray.methods import releases
from crossray.methods.networks import OF_TORCHVISION, architecture_cited
from crossray.methods.references import SOFTWARE, cited, read_references
from helpers import ROOT

ITEMS = ROOT / "resources/methods"
GIVEN = PaperFiles(ITEMS / "references.bib", [ITEMS / f"{name}.csv" for name in CHECKLISTS])
#: of TRIPOD+AI, sub-items counted; of CLAIM 2024
NUMBERS = {"tripod_ai": 52, "claim_2024": 44}
HEADINGS = (
    "Data sets", COUNTS, "Labels", "Images", "Splits and leakage", "Models", "External models", "Evaluation",
    "Comparisons", "Further analyses", PROGRAMS,
)  # fmt: skip
#: what only authors know, by item
OF_AUTHORS = {
    "tripod_ai": {"3a", "3b", "3c", "6c", "8c", "17", "18a", "18b", "18d", "19", "25", "27b"},
    "claim_2024": {"3", "5", "13", "15", "17", "34", "41", "44"},
}
FEW = ("drop", "patients")


@pytest.fixture(scope="module")
def paper(made, tmp_path_factory):
    """Return the folder of a paper about the made-up study, with two of its figures."""
    folder = tmp_path_factory.mktemp("paper")
    study = folder / "study"
    shutil.copytree(made.folder, study, ignore=shutil.ignore_patterns("predictions", "figures"))
    for name in FEW:
        words = read_json(made.folder / f"figures/{name}.json")
        chart = alt.Chart(pd.DataFrame({"x": [1.0], "y": ["a"]})).mark_bar().encode(x="x", y="y").properties(width=400)
        place = study / "paper/figures"
        place.mkdir(parents=True, exist_ok=True)
        typeset(Figure(chart, words["title"], words["caption"], words["reading"]),
                *(place / f"{name}.{kind}" for kind in ("svg", "pdf", "json")))  # fmt: skip
    (study / "report.html").write_text(made.page())
    os.utime(study / "report.html", (1_700_000_000, 1_700_000_000))
    settings = replace(made.for_page(), figures=FEW)
    fill(study, study / "datasets", settings, GIVEN, study / "paper")
    return study / "paper"


@pytest.mark.parametrize("name", NUMBERS)
def test_every_item_is_answered_by_facts_that_there_are_or_asks_the_authors(name):
    items = pd.read_csv(ITEMS / f"{name}.csv", dtype=str, keep_default_na=False)
    assert len(items) == items["item"].nunique() == NUMBERS[name]
    assert {fact for facts in items["facts"] for fact in facts.split()} <= set(FACTS)
    assert (items["facts"].ne("") | items["yours"].ne("")).all()
    assert set(items.loc[items["facts"] == "", "item"]) == OF_AUTHORS[name]
    known = {f"report:{section.link}" for section in SECTIONS} | {f"methods:{heading}" for heading in HEADINGS}
    places = set(re.sub(" (report|methods):", r"\n\1:", "\n".join(items["where"])).split("\n")) - {""}
    assert places <= known | {"report:numbers"}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_checklist_says_of_every_item_who_answers_it(paper, name):
    table = pd.read_csv(paper / f"{name}.csv", dtype=str, keep_default_na=False)
    assert tuple(table) == COLUMNS
    assert len(table) == NUMBERS[name]
    assert set(table["status"]) == {FILLED, PARTLY, YOURS}
    table = table.set_index("item")
    mine = table["status"] == YOURS
    assert OF_AUTHORS[name] <= set(table.index[mine])
    assert (table.loc[mine, "answer"] == "").all()
    assert (table.loc[mine, "yours"] != "").all()
    assert (table.loc[mine, "where"] == "").all()
    assert (table.loc[~mine, "answer"] != "").all()
    assert (table.loc[table["status"] == FILLED, "yours"] == "").all()
    text = (paper / f"{name}.md").read_text()
    assert text.count("**You must write this:**") == (table["yours"] != "").sum()


def test_answers_lead_to_places_that_are_there(paper):
    page, methods = (paper / "report.html").read_text(), (paper / "methods.md").read_text()
    for name in NUMBERS:
        table = pd.read_csv(paper / f"{name}.csv", dtype=str, keep_default_na=False)
        for place in {place for where in table["where"] if where for place in where.split("; ")}:
            if place.startswith("report.html#"):
                assert f'id="{place.removeprefix("report.html#")}"' in page, place
            else:
                assert f"\n## {place.removeprefix('methods.md, ')}\n" in methods, place


def test_an_item_without_an_answer_is_never_marked_as_filled(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "item,topic,asks,facts,yours,where\n1,A,a,known,,report:data\n2,B,b,silent,,report:data\n3,C,c,,You.,\n"
    )
    table = filled(path, {"known": "Yes.", "silent": ""}.get, Anchors(["data"], []))
    assert list(table["status"]) == [FILLED, YOURS, YOURS]
    assert list(table["where"]) == ["report.html#data", "", ""]
    assert table["yours"][1] == "The study does not say this."
    path.write_text("item,topic\n1,A\n")
    with pytest.raises(UserError, match="its columns are item, topic; they must be"):
        filled(path, str, Anchors([], []))


def test_counts_that_are_not_shown_are_not_in_the_texts(paper, made):
    flow = pd.read_csv(paper.parent / "analysis/flow.csv", dtype=str)
    flow.loc[0, ["labelled", "patients"]] = ["hidden", "<5"]
    folder = paper.parent / "closed"
    shutil.copytree(paper.parent / "analysis", folder / "analysis")
    flow.to_csv(folder / "analysis/flow.csv", index=False)
    told = StudyResults(folder, paper.parent / "datasets", made.for_page())
    assert "hidden labelled, of <5 of 200 patients" in fact(told, "flow")
    labels = pd.read_csv(folder / "analysis/labels.csv", dtype=str)
    place = labels.index[labels["split"] == "test"][0]
    labels.loc[place, ["positives", "negatives"]] = ["<5", "hidden"]
    labels.loc[place, ["prevalence", "prevalence_low", "prevalence_high"]] = None
    labels.to_csv(folder / "analysis/labels.csv", index=False)
    assert " <5 of a number not shown" in fact(told, "events")
    said = " ".join(fact(told, name) for name in ("flow", "sizes", "split_sizes", "events", "characteristics"))
    assert not re.search(r"\bnan\b|\d\.0\b", said)


def test_the_references_are_those_that_the_methods_cite(paper):
    methods, entries = (paper / "methods.md").read_text(), read_references(paper / "references.bib")
    assert list(entries) == sorted(cited(methods))
    assert {"collins2024", "tejani2024", "delong1988", "sun2016", "molder2021"} <= set(entries)
    assert "wang2017" not in entries  # of a data set that the study does not have
    assert not re.search(r"\[@", (paper / "tripod_ai.md").read_text())


def test_every_reference_is_whole_and_some_text_cites_it():
    entries = read_references(ITEMS / "references.bib")
    sources = [*(ROOT / "workflow/scripts/crossray").glob("m*/*.py")]
    code = "\n".join(path.read_text() for path in sources)
    assert len(entries) > 50
    assert (set(cited(code)) - {"key"}) | set(SOFTWARE.values()) <= set(entries)
    for key, entry in entries.items():
        assert f'"{key}"' in code or f"[@{key}]" in code, key
        assert entry.text.count("{") == entry.text.count("}"), key
        assert key.endswith(entry.short[-4:]), key


def test_a_network_is_cited_as_of_the_library_that_builds_it():
    from torchvision import models

    assert set(models.list_models(module=models)) == OF_TORCHVISION
    assert architecture_cited("resnet50") == "resnet50 [@he2016] [@torchvision2016]"
    assert architecture_cited("convnextv2_atto") == "convnextv2_atto [@wightman2019]"


def with_readers(settings, readers):
    """Return what a report is told of data sets that are read by these readers."""
    block = next(iter(settings.configuration["datasets"].values()))
    datasets = {name: {**block, "reader": reader} for name, reader in readers.items()}
    return replace(settings, configuration={**settings.configuration, "datasets": datasets}, choices={}, cohorts={})


def test_who_labelled_and_when_is_told_where_it_is_published_and_asked_else(paper, made):
    ours = with_readers(made.for_page(), {"ours": "table", "theirs": "folder"})
    told = StudyResults(paper.parent, paper.parent / "datasets", ours)
    assert fact(told, "taken") == fact(told, "labelled") == ""
    public = with_readers(made.for_page(), {"pad": "padchest", "brax": "brax", "ours": "table", "drawn": "simulated"})
    told = StudyResults(paper.parent, paper.parent / "datasets", public)
    assert "Images of pad were taken in Spain from 2009 to 2017 [@bustos2020]." in fact(told, "taken")
    assert fact(told, "taken").endswith("Where and when the images of ours were taken is not known here.")
    assert "Labels of brax were mined from radiology reports by a program [@reis2022]." in fact(told, "labelled")
    assert "Labels of drawn follow from the severity" in fact(told, "labelled")
    assert fact(told, "labelled").endswith("Who or what labelled the images of ours is not known here.")


def test_every_reader_of_patients_says_what_its_release_tells_or_nothing():
    of_patients = set(READERS) - {"simulated", "digits", "cifar10", "cifar100", "table", "folder", "bundle",
                                  "dicomweb", "dimse", "object_cxr"}  # fmt: skip
    assert of_patients == set(releases.ACQUISITIONS) == set(releases.LABELLINGS) - {"simulated"}


def test_the_folder_tells_seeds_processors_widths_and_operating_points(paper):
    methods = (paper / "methods.md").read_text()
    assert "Trainings ran on " in methods
    assert re.search(r"Seeds of random draws: splits \d+, trainings \d[^.]*, resamples 0\.", methods)
    tables = {name: pd.read_csv(paper / f"{name}.csv", dtype=str).set_index("item") for name in NUMBERS}
    assert re.search(r"intervals of \d+ AUCs are 0\.\d\d wide in the middle", tables["claim_2024"].loc["21", "answer"])
    assert "sensitivity 0." in tables["claim_2024"].loc["38", "answer"]
    assert "External, over " in tables["tripod_ai"].loc["23a", "answer"]
    assert "Trainings ran on " in tables["claim_2024"].loc["23", "answer"]


def test_what_a_plan_of_films_promised_is_told_beside_what_was_reached(paper, made):
    told = StudyResults(paper.parent, paper.parent / "datasets", made.for_page())
    said = fact(told, "promised")
    planned = pd.read_csv(paper.parent / "analysis/sample_sizes.csv").dropna(subset=["wanted_width"])
    assert said.startswith("Widths wanted by the plan: ")
    row = planned.iloc[0]
    assert f"{row['task']} {row['measure']} {row['wanted_width']:g} by {row['images']:,} images" in said
    assert "Widths reached by the films that were read: " in said


def test_captions_name_the_files_and_their_sizes(paper):
    text = (paper / "captions.md").read_text()
    assert text.count("**Figure ") == len(FEW)
    for name in FEW:
        measures = read_json(paper / f"figures/{name}.json")
        size = f"{measures['width_mm']} x {measures['height_mm']} mm, smallest text {measures['text_pt']} pt"
        assert f"`figures/{name}.pdf`, `figures/{name}.svg`: {size}" in text


def test_the_crate_has_every_file_with_its_digest_and_nothing_of_the_machine(paper):
    text = (paper / crate.NAME).read_text()
    entities = {entity["@id"]: entity for entity in json.loads(text)["@graph"]}
    files = {path.relative_to(paper).as_posix() for path in paper.rglob("*") if path.is_file()} - {crate.NAME}
    assert files == {key for key, entity in entities.items() if entity["@type"] == "File"}
    for name in files:
        digest = subprocess.run(["sha256sum", paper / name], capture_output=True, text=True, check=True).stdout[:64]
        assert entities[name]["sha256"] == digest
    assert entities["./"]["datePublished"] == "2023-11-14"  # of the report's file time
    assert entities["#run"]["instrument"] == {"@id": "#crossray"}
    assert {key["@id"] for key in entities["#run"]["result"]} == files
    assert {entities[key["@id"]]["name"] for key in entities["#run"]["object"]} > {"configuration", "data set north"}
    for words in (str(Path.home()), str(paper.parent), str(ROOT), os.uname().nodename):
        assert words not in text


def test_a_crate_made_again_is_the_same(paper, made):
    before = {path: path.read_bytes() for path in paper.rglob("*") if path.is_file()}
    settings = replace(made.for_page(), figures=FEW)
    fill(paper.parent, paper.parent / "datasets", settings, GIVEN, paper)
    assert {path: path.read_bytes() for path in paper.rglob("*") if path.is_file()} == before


@pytest.fixture(scope="module")
def validated():
    """Return a function that lists what roc-validator finds wrong with a folder."""
    python = os.environ.get("ROC_VALIDATOR") or "python"
    asked = subprocess.run([python, "-c", "import rocrate_validator"], capture_output=True, check=False)
    if asked.returncode:
        pytest.skip("no roc-validator: install it in an environment of its own, and set ROC_VALIDATOR to its python")
    context = Path(importlib.util.find_spec("rocrate").origin).parent / "data/ro-crate.jsonld"

    def validated(folder):
        words = [python, ROOT / "tests/validate_crate.py", context, folder]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout

    return validated


def test_the_crate_is_one(paper, validated):
    assert not validated(paper).strip()


@pytest.mark.parametrize("wrong", ["no date", "no file", "no instrument"])
def test_the_validator_sees_a_crate_that_is_none(paper, validated, tmp_path, wrong):
    """The oracle can refuse, so that what it finds right means something."""
    shutil.copytree(paper, tmp_path / "crate")
    metadata = json.loads((tmp_path / "crate" / crate.NAME).read_text())
    entities = {entity["@id"]: entity for entity in metadata["@graph"]}
    if wrong == "no date":
        del entities["./"]["datePublished"]
    elif wrong == "no file":
        (tmp_path / "crate/methods.md").unlink()
    else:
        del entities["#run"]["instrument"]
    (tmp_path / "crate" / crate.NAME).write_text(json.dumps(metadata))
    assert validated(tmp_path / "crate").strip()


def bars(width, height=40, size=12):
    chart = alt.Chart(pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]})).encode(x="x", y="y", text="y")
    drawn = (chart.mark_bar() + chart.mark_text(fontSize=size)).properties(width=width, height=height)
    return Figure(drawn, "A title", "A caption.", "A reading.")


@pytest.mark.parametrize(
    ("width", "height", "size", "column"),
    [(200, 40, 12, SINGLE), (400, 40, 12, SINGLE), (400, 40, 9, SINGLE), (700, 40, 12, DOUBLE), (1400, 40, 8, DOUBLE)],
)
def test_a_figure_has_a_journals_width_and_text_that_can_be_read(tmp_path, width, height, size, column):
    paths = [tmp_path / f"f.{kind}" for kind in ("svg", "pdf", "json")]
    typeset(bars(width, height, size), *paths, subtitle="Phantoms, not patients: simulated images")
    svg, words = paths[0].read_text(), read_json(paths[2])
    assert words["width_mm"] == column
    assert words["text_pt"] >= LEAST
    root = re.search(r'width="([0-9.]+)mm" height="([0-9.]+)mm" viewBox="0 0 ([0-9.]+) ([0-9.]+)"', svg)
    millimetres, _, pixels, _ = map(float, root.groups())
    assert millimetres == pytest.approx(column)
    points = [float(found) * millimetres / 25.4 * 72 / pixels for found in re.findall(r'font-size="([0-9.]+)', svg)]
    assert min(points) == pytest.approx(words["text_pt"], abs=0.06)
    box = re.search(rb"MediaBox ?\[0 0 ([0-9.]+) ([0-9.]+)\]", paths[1].read_bytes())
    assert float(box[1]) == pytest.approx(column / 25.4 * 72, abs=0.1)
    assert "Phantoms, not patients" in svg
    assert ">A title</text>" not in svg


def test_a_high_figure_fits_a_page(tmp_path):
    paths = [tmp_path / f"f.{kind}" for kind in ("svg", "pdf", "json")]
    typeset(bars(500, 1400), *paths)
    words = read_json(paths[2])
    assert words["height_mm"] <= HIGHEST
    assert words["text_pt"] >= LEAST


def test_a_figure_drawn_again_is_the_same(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        typeset(bars(300), *(tmp_path / name / f"f.{kind}" for kind in ("svg", "pdf", "json")))
    for kind in ("svg", "pdf", "json"):
        assert (tmp_path / f"a/f.{kind}").read_bytes() == (tmp_path / f"b/f.{kind}").read_bytes()
