"""The digest of a rule's code: comments do not count, a constant two imports deep does."""

import shutil

import pytest

from crossray import code_version as module
from helpers import ROOT


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """Return a copy of the programs and the library that digests are taken from."""
    copy = tmp_path / "scripts"
    shutil.copytree(ROOT / "workflow/scripts", copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "SCRIPTS", copy)
    return copy


def digest(script, *modules):
    return module.code_version.__wrapped__(script, *modules)


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_comments_docstrings_and_layout_do_not_count(scripts):
    before = digest("convert_shard")
    change(scripts / "crossray/grey_levels.py", "GREY_MAX = 65535", "# a remark\nGREY_MAX  =  65535\n\n")
    change(scripts / "crossray/images.py", '"""Image files of any kind', '"""Pictures of any kind')
    assert digest("convert_shard") == before


def test_a_constant_two_imports_deep_counts_for_those_who_import_it(scripts):
    before = {name: digest(name) for name in ("convert_shard", "measure_performance", "draw_figure")}
    change(scripts / "crossray/grey_levels.py", "(0.5, 99.5)", "(1.0, 99.0)")
    changed = [name for name, old in before.items() if digest(name) != old]
    assert changed == ["convert_shard"]


def test_a_reader_counts_where_it_is_named(scripts):
    before = digest("make_manifest"), digest("make_manifest", "crossray.datasets.table")
    change(scripts / "crossray/datasets/table.py", '"images_per_patient": "all"', '"images_per_patient": "first"')
    assert digest("make_manifest") == before[0]
    assert digest("make_manifest", "crossray.datasets.table") != before[1]


def test_a_new_module_counts_only_when_imported(scripts):
    before = digest("predict")
    (scripts / "crossray/extra.py").write_text("X = 1\n")
    assert digest("predict") == before
    change(scripts / "predict.py", "import sys\n", "import sys\nfrom crossray import extra\n")
    assert digest("predict") != before


def test_what_users_are_offered_counts_for_no_program_and_none_uses_it(scripts):
    before = {name: digest(name) for name in ("predict", "draw_figure")}
    change(scripts / "crossray/__init__.py", "return Model(folder)", "return Model(folder), 1")
    change(scripts / "crossray/shell/model.py", "COLUMNS = [", 'COLUMNS = ["another", ')
    assert {name: digest(name) for name in before} == before
    used = {name: module.imported(name) for name in (path.stem for path in scripts.glob("*.py"))}
    offered = ("crossray.load_model", "crossray.open_study", "crossray.shell")
    assert not [name for name, names in used.items() if any(one.startswith(offered) for one in names)]


def test_the_place_of_the_checkout_does_not_count(scripts):
    here = digest("train_model")
    scripts.rename(scripts.parent / "elsewhere")
    module.SCRIPTS = scripts.parent / "elsewhere"
    assert digest("train_model") == here


def test_every_wing_is_seen(scripts):
    """A digest that misses imports inside functions would serve stale results."""
    for script, name in [("train_model", "learning/losses.py"), ("measure_transfer", "analysis/transfer.py")]:
        before = digest(script)
        path = scripts / "crossray" / name
        path.write_text(path.read_text() + "\nEXTRA = 1\n")
        assert digest(script) != before


def test_a_module_that_a_program_never_calls_can_be_left_out(scripts):
    def manifest():
        return module.code_version.__wrapped__(
            "make_manifest", "crossray.datasets.simulated", without="crossray.datasets.annotations"
        )

    before = manifest(), digest("locate_findings", "crossray.datasets.simulated")
    change(scripts / "crossray/grey_levels.py", "(0.5, 99.5)", "(1.0, 99.0)")
    assert manifest() == before[0]
    assert digest("locate_findings", "crossray.datasets.simulated") != before[1]


def programs(scripts):
    return sorted(path.stem for path in scripts.glob("*.py"))


def test_what_fields_mean_counts_for_nobody(scripts):
    before = {name: digest(name) for name in programs(scripts)}
    change(scripts / "crossray/study/training.py", '"Passes over the training split."', '"How often all is seen."')
    change(scripts / "crossray/tables/performance.py", '"Images with the finding."', '"Positive images."')
    change(scripts / "crossray/study/stages/predict.py", '"""Settings of the rule', '"""What is told to the rule')
    assert {name: digest(name) for name in programs(scripts)} == before


def test_a_default_of_training_counts_for_what_trains(scripts):
    before = {name: digest(name) for name in programs(scripts)}
    change(scripts / "crossray/study/training.py", "Ge(1)] = 100", "Ge(1)] = 90")
    changed = {name for name, old in before.items() if digest(name) != old}
    assert {"train_model", "train_shared_heads"} <= changed
    assert changed.isdisjoint({"make_manifest", "convert_shard", "audit_leakage", "measure_performance", "draw_drop"})


# The check plans the whole study, and nothing that it writes is kept.
@pytest.mark.parametrize("stage", ["train_model", "predict_corrected", "measure_sweeps", "index_shards"])
def test_a_new_setting_of_a_stage_counts_for_it_alone(scripts, stage):
    before = {name: digest(name) for name in programs(scripts)}
    path = scripts / f"crossray/study/stages/{stage}.py"
    path.write_text(path.read_text() + '    more: int = 1\n    "What is new."\n')
    assert {name for name, old in before.items() if digest(name) != old} - PLANNING == {stage}


#: programs that plan a study themselves
PLANNING = {"check", "query"}


@pytest.mark.parametrize("name", sorted({path.stem for path in (ROOT / "workflow/scripts").glob("*.py")} - PLANNING))
def test_a_program_knows_of_the_study_what_its_own_stage_is_told(name):
    known = module.imported(name)
    stages = {part.split(".")[3] for part in known if part.startswith("crossray.study.stages.")}
    # told the same, and drawn, written and measured anew
    same = {"typeset_figure": "draw_figure", "write_paper": "write_report", "measure_bounds": "measure_usefulness"}
    same |= dict.fromkeys(("seal_bundle", "take_model"), "apply_network")  # what is sent has to be what is applied
    assert stages <= {name, same.get(name), "inference", "analysis", "binding", "shown"}
    whole = {f"crossray.study.{part}" for part in ("plan", "layout", "reading", "config", "checks")}
    assert not known & (whole | {"crossray.planning", "pydantic"})
    assert not [part for part in known if part.startswith("crossray.study.stage_settings")]


def test_what_was_found_is_kept_and_used_for_the_same_code_alone(scripts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = digest("convert_shard")

    def later():
        """Return the digest that the next process takes."""
        module._keep(module.kept(), {})
        for function in (module.kept, module._meaning):
            function.cache_clear()
        return digest("convert_shard")

    assert later() == before
    assert not module.KEPT.exists()  # nobody ran Snakemake here
    module.KEPT.parent.mkdir()
    assert later() == before
    assert module.KEPT.exists()
    with monkeypatch.context() as patched:
        patched.setattr(module, "_parsed", lambda *_: pytest.fail("it is known"))
        assert later() == before
    change(scripts / "crossray/grey_levels.py", "(0.5, 99.5)", "(1.0, 99.0)")
    assert later() != before
    change(scripts / "crossray/grey_levels.py", "(1.0, 99.0)", "(0.5, 99.5)")
    module.kept.cache_clear()
    module.KEPT.write_text('{"crossray/grey_levels.py": ')
    assert digest("convert_shard") == before
