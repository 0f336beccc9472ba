"""Files are whole or absent."""

import numpy as np
import pandas as pd
import pytest

from crossray.files import read_json, replacing, text_digest, write_csv, write_json


def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write():
        with replacing(path) as partial:
            partial.write_text("half of the n")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_whole_write_replaces_and_makes_folders(tmp_path):
    path = tmp_path / "new" / "a.json"
    write_json(path, {"b": 1, "a": [1, 2]})
    write_json(path, {"b": 2})
    assert read_json(path) == {"b": 2}
    assert list(path.parent.iterdir()) == [path]


def test_csv_has_empty_cells_for_what_is_missing(tmp_path):
    write_csv(tmp_path / "t.csv", pd.DataFrame({"a": [0.1 + 0.2, np.nan], "b": ["x", None]}))
    assert (tmp_path / "t.csv").read_text() == "a,b\n0.3,x\n,\n"


def test_digests_tell_where_a_part_ends():
    assert text_digest("ab", "c") != text_digest("a", "bc")
