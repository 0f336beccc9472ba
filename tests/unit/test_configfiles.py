"""A configuration whose text is not what it seems gets one line, with the place."""

import json

import pytest
import yaml

from crossray.configfiles import check_text
from crossray.errors import UserError
from helpers import ROOT


def check(tmp_path, text):
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    check_text(path)


@pytest.mark.parametrize("path", [ROOT / "config/config.yaml", *sorted((ROOT / "config/studies").glob("*.yaml"))])
def test_the_studies_are_clean(path):
    check_text(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("study: a\ntitle: x\nstudy: b\n", "the key 'study' is given twice in one block, in lines 1 and 3"),
        ("datasets:\n  a: {}\n  b: {}\n  'a': {}\n", "the key 'a' is given twice in one block, in lines 2 and 4"),
        ("images: { size: 32, size: 64 }\n", "the key 'size' is given twice in one block, in lines 1 and 1"),
        ("tasks: [{ a: 1, b: 2, a: 3 }]\n", "the key 'a' is given twice"),
        ('{"study": "a", "images": {"size": 1, "size": 2}}', "the key 'size' is given twice in one block"),
        ("study: a\ntasks:\n\t- Effusion\n", "line 3 is indented with a tab, which YAML does not take; use spaces"),
        ("images:\n  size: 32\n \tfit: pad\n", "line 3 is indented with a tab"),
        ("title: a: b\n", "line 1, column 9: not readable as YAML: mapping values are not allowed here; a text with"),
        ("tasks: [A, B\n", "line 2, column 1: not readable as YAML"),
        ("- a\n", "a configuration is keys with values"),
        ("", "a configuration is keys with values"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, text, words):
    with pytest.raises(UserError) as error:
        check(tmp_path, text)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("2017", "a number"), ("01", "a number"), ("0x1F", "a number"), ("1_000", "a number"), ("12:30:00", "a number"),
     ("1.5", "a number"), (".5", "a number"), ("NO", "true or false"), ("yes", "true or false"), ("null", "nothing"),
     ("~", "nothing"), ("2017-01-01", "a date")],
)  # fmt: skip
def test_a_name_that_yaml_takes_for_something_else(tmp_path, name, kind):
    assert not isinstance(yaml.safe_load(name), str)
    text = f"study: a\ndatasets:\n  {name}: {{ reader: digits }}\n"
    with pytest.raises(UserError) as error:
        check(tmp_path, text)
    assert f'line 3: YAML reads the name {name} as {kind}; put it in quotation marks: "{name}"' in str(error.value)
    check(tmp_path, text.replace(name, f'"{name}"'))
    check(tmp_path, text.replace("datasets", "other"))  # somebody else's settings beside a study's


@pytest.mark.parametrize("name", ["NA", "None", "1e5", "nan", "north", "a.b"])
def test_names_that_yaml_takes_for_text(tmp_path, name):
    assert yaml.safe_load(name) == name
    check(tmp_path, f"datasets: {{ {name}: {{ reader: digits }} }}\n")


def test_shared_blocks_and_merges_are_no_repetition(tmp_path):
    check(tmp_path, "a: &x { b: 1 }\nc: *x\nd: { <<: *x, b: 2 }\ne: { <<: *x, f: 1 }\n")
    check(tmp_path, json.dumps({"study": "a", "tasks": ["b"], "datasets": {"2017": {}}}))
    check(tmp_path, '{\n\t"study": "a"\n}\n')  # tabs are spaces in JSON


def test_another_encoding(tmp_path):
    (tmp_path / "study.yaml").write_bytes("title: é\n".encode("latin-1"))
    with pytest.raises(UserError, match="not in UTF-8; save it so"):
        check_text(tmp_path / "study.yaml")
