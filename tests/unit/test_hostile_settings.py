"""What a configuration may hold, and no file, table or command line can: refused in one line, or carried through."""

import json

import pytest

from crossray.configfiles import check_text
from crossray.errors import UserError
from crossray.planning import study_of
from crossray.study.trained_models import expand_sweeps


def study(**more):
    return {"study": "s", "tasks": ["A"], "datasets": {"d": {"reader": "simulated", "images": 1}}, **more}


def refused(config):
    with pytest.raises(UserError) as error:
        study_of(config)
    text = str(error.value)
    assert text.startswith("config: ")
    assert "\n" not in text
    assert len(text) < 800
    return text


def named(place, name):
    """Return a study with a name at one of the places that have names."""
    hospital = {"reader": "simulated", "images": 1}
    return {
        "study": study(study=name),
        "datasets": study(datasets={name: hospital}),
        "models": study(models={name: {}}),
        "cohort": study(datasets={"d": hospital | {"cohort": name}}),
        "patients_of": study(datasets={"d": hospital | {"patients_of": name}}),
        "tasks": study(tasks=[name]),
        "tasks of a folder": study(datasets={"d": {"reader": "folder", "root": ".", "classes": {"x": [name]}}}),
        "tasks of a table": study(datasets={"d": {"reader": "table", "root": ".", "table": "t", "tasks": {name: "c"}}}),
    }[place]


NAMES = ["study", "datasets", "models", "cohort", "patients_of"]
TASKS = ["tasks", "tasks of a folder", "tasks of a table"]


@pytest.mark.parametrize("place", [*NAMES, *TASKS])
@pytest.mark.parametrize("name", ["a\n", "a\r", "a\u2028", "a\x7f", "a\x00", "a" * 300, "a\ud800", "a\tb"])
def test_a_name_that_no_file_could_have_is_refused(place, name):
    refused(named(place, name))


@pytest.mark.parametrize("place", NAMES)
@pytest.mark.parametrize("name", ["{a}", "a{b}", "..", "a/b", "-a", " a", "a ", "\u202ea", "a*", ""])
def test_a_name_that_means_something_to_a_path_is_refused(place, name):
    refused(named(place, name))


@pytest.mark.parametrize("name", ["datasets", "Datasets", "DATASETS"])
def test_a_study_is_not_called_as_the_folder_that_all_share(name):
    assert "is the folder in results that all studies share; give the study another name" in refused(study(study=name))
    assert "datasets" in study_of(named("datasets", "datasets")).datasets
    assert "datasets" in study_of(named("models", "datasets")).models


@pytest.mark.parametrize("key", ["title", "private"])
@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\ud83d", "a\x0bb", "a\u2029"])
def test_a_sign_that_is_not_printed_is_refused_wherever_it_stands(key, text):
    assert "a sign that is not printed" in refused(study(**{key: text}))
    assert "a sign that is not printed" in refused(study(**{text: {}}))
    deep = {"reader": "table", "root": ".", "table": "t", "tasks": ["A"], "columns": {"image_id": text}}
    assert refused(study(datasets={"d": deep})).startswith("config: datasets.d.columns.image_id")


@pytest.mark.parametrize("key", ["root", "table"])
@pytest.mark.parametrize("path", ["a\n", "a\nb", "\ta{b}", "{a}"])
def test_a_path_that_no_rule_could_name_is_refused(key, path):
    dataset = {"reader": "table", "root": ".", "table": "t", "tasks": ["A"]} | {key: path}
    assert refused(study(datasets={"d": dataset})).startswith(f"config: datasets.d.{key}: ")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_refused(value):
    assert "not a finite number" in refused(study(training={"learning_rate": value}))
    assert "not a finite number" in refused(study(models={"m": {"sweep": {"learning_rate": [1, value]}}}))


def test_braces_lines_and_length_of_what_is_only_shown_are_carried_through():
    text = "{study} {{x}} {0} %s $HOME `id` 'a' \"b\" </script> \u05d0\u200f\n" * 20
    filled = study_of(study(title=text, tasks=["{A} {{B}}"]))
    assert (filled.title, filled.tasks) == (text, ("{A} {{B}}",))


def test_a_sweep_does_not_make_names_that_are_too_long_for_a_file():
    swept = {key: [2] for key in ("learning_rate", "weight_decay", "epochs", "batch_size", "images")}
    config = study_of(study(models={"m" * 100: {"sweep": swept | {"label_smoothing": [0.125]}}}))
    with pytest.raises(UserError, match=r"^config: models\.m+\.sweep: the name .* sweep fewer settings at a time$"):
        expand_sweeps(config)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("study: a\nx: &a [*a]\n", "line 2: this block contains itself"),
        ("study: &a\n  b: *a\n", "this block contains itself"),
        ("a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
            f"{k}: &{k} [{','.join([f'*{chr(ord(k) - 1)}'] * 10)}]\n" for k in "bcdefgh"), "written out are more than"),
        ("study: 2017-13-45\n", "put it in quotation marks"),
        ("seeds: [" + "1" * 5000 + "]\n", "put it in quotation marks"),
        ('{"seeds": [' + "1" * 5000 + "]}", "put it in quotation marks"),
        ("study: !!python/object:os.system {}\n", "not readable as YAML"),
        ("? [a]: b\n: c\n", "not readable as YAML"),
        ("study: {<<: 1}\n", "not readable as YAML"),
        ("[" * 3000, "nested too deeply"),
        ("a: " + "{a: " * 3000, "nested too deeply"),
        (json.dumps("\x00"), "a configuration is keys with values"),
        ("\x00", "not readable as YAML"),
    ],
)  # fmt: skip
def test_a_text_made_to_harm_its_reader_is_told_in_one_line(tmp_path, text, words):
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(UserError) as error:
        check_text(tmp_path / "study.yaml")
    assert words in str(error.value)
    assert "\n" not in str(error.value)
