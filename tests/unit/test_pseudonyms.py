"""Pseudonyms keep identity and hide identifiers from whoever lacks the key."""

import stat

import pytest

from crossray.errors import UserError
from crossray.pseudonyms import make_key, pseudonym, read_key


def test_pseudonyms_depend_on_the_key_and_keep_identity():
    assert pseudonym("a", b"k" * 32, "patient_id") == pseudonym("a", b"k" * 32, "patient_id")
    others = [("b", b"k" * 32, "patient_id"), ("a", b"x" * 32, "patient_id"), ("a", b"k" * 32, "image_id")]
    assert len({pseudonym(*one) for one in [("a", b"k" * 32, "patient_id"), *others]}) == 4


def test_the_key_is_made_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "deep" / "private" / "pseudonyms.key"
    make_key(path)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.parent.chmod(0o755)  # as one that was made by other means
    key = read_key(path)
    make_key(path)
    assert read_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_is_too_short_is_no_key(tmp_path):
    (tmp_path / "pseudonyms.key").write_text("short")
    with pytest.raises(UserError, match="32 characters"):
        read_key(tmp_path / "pseudonyms.key")
