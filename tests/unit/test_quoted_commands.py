"""Every command that README and docs quote is run by a test or by continuous integration, or it is said why not.

A new command in a block of code fails here until it is listed. Words in capitals stand for a user's own; the test runs
the command with its own.
"""

import re

import pytest

from helpers import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "config/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
_PROGRAMS = re.compile(
    r"\s*\$?\s*(apptainer|crossray|git|make|mkdocs|pip|python3?|snakemake|squeue|sbatch|source|tensorboard|uv) "
)

W, U = "tests/workflow/", "tests/unit/"
BEGUN = f"{W}test_quoted_studies.py::test_studies_on_phantoms_are_planned_as_quoted"
TUTORIAL = f"{W}test_tutorial.py::test_the_commands_lead_from_the_files_as_downloaded_to_an_answer"
HOUR = f"{W}test_shell.py::test_a_strangers_hour"
ARCHIVE = f"{W}test_archive_study.py::test_the_path_as_written"
BUNDLES = f"{W}test_bundles_study.py::test_an_officer_sees_the_very_file_that_leaves"
ROUNDS = f"{W}test_models_of_sites.py::test_every_model_is_tested_at_every_hospital_as_in_the_pooled_study"
VENDOR = f"{W}test_vendor_path.py::test_ten_lines_lead_to_the_sheet"
TINY = f"{W}test_tiny_study.py::test_every_file_of_the_contracts_is_there"
SLURM = f"{W}test_slurm.py::test_the_tiny_study_through_the_profile"
CACHE = f"{W}test_cache.py::test_a_second_checkout_converts_nothing"
FORGET = f"{W}test_privacy.py::test_a_patient_is_forgotten_and_does_not_come_back"
PREDICT = f"{W}test_models_leave.py::test_the_command_writes_csv_and_maps"
GUESS = f"{U}test_new.py"

#: command -> the test that runs it
RUN = {
    "make install": ".ci/run",
    "make test": ".ci/run",
    "make release VERSION=1.0.0": f"{U}test_releasing.py::test_a_release_is_a_version_packages_a_commit_and_a_tag",
    # a study of one's own
    "snakemake --cores all --configfile STUDY.yaml": TINY,
    "snakemake check --cores 1 --configfile STUDY.yaml": TUTORIAL,
    "snakemake --cores all -n --configfile STUDY.yaml": f"{W}test_tiny_study.py::test_a_second_run_does_nothing",
    "snakemake --cores all train --configfile STUDY.yaml": (
        f"{W}test_tiny_study.py::test_targets_by_name_resolve_to_the_whole_graph"
    ),
    "snakemake --cores all --report snakemake-report.html": (
        f"{W}test_tiny_study.py::test_snakemakes_own_report_has_captions_categories_and_labels"
    ),
    "snakemake diff --cores 1 --config before=results/OTHER": (
        f"{W}test_tiny_study.py::test_a_study_set_beside_its_own_tables_is_equal"
    ),
    "snakemake paper --cores all --configfile STUDY.yaml": (
        f"{W}test_paper_folder.py::test_the_paper_of_a_study_is_written_from_it_and_reruns_nothing_else"
    ),
    "snakemake plan --cores 1 --configfile STUDY.yaml": (
        f"{W}test_external_study.py::test_films_are_planned_listed_read_and_judged"
    ),
    "snakemake recheck --cores 1 --configfile STUDY.yaml --config sheet=SIGNED.html": (
        f"{W}test_decision.py::test_a_signed_sheet_is_checked_again_and_a_changed_criterion_shows"
    ),
    "snakemake forget --cores 1 --configfile STUDY.yaml --config forget=FILE": FORGET,
    # studies that come with it
    "snakemake --cores all": BEGUN,
    "snakemake --cores all --configfile config/studies/simulated.yaml": BEGUN,
    "snakemake --cores all --configfile config/studies/known-truth.yaml": BEGUN,
    "snakemake --cores all --configfile config/studies/external.yaml": BEGUN,
    "snakemake --cores all --configfile config/studies/planning.yaml": BEGUN,
    "snakemake --cores all --configfile config/studies/monitoring.yaml": (
        f"{W}test_monitoring_study.py::test_the_page_answers_first_whether_anything_moved"
    ),
    "snakemake --cores all --configfile config/studies/adaptation.yaml": (
        f"{W}test_adaptation_study.py::test_the_curve_is_on_the_page_and_answers_first"
    ),
    "snakemake --cores all --configfile config/studies/transfer.yaml": BEGUN,
    "snakemake --cores all --configfile config/studies/probes.yaml": (
        f"{W}test_probes_study.py::test_probes_are_evaluated_and_told_like_other_models"
    ),
    "snakemake --cores all --configfile config/studies/children-adults.yaml": TUTORIAL,
    "snakemake check --cores 1 --configfile config/studies/children-adults.yaml": TUTORIAL,
    "snakemake --cores all --configfile config/studies/tuberculosis.yaml": (
        f"{W}test_decision.py::test_the_sheet_answers_for_the_programme"
    ),
    "snakemake --cores all --configfile config/studies/open-xrays.yaml": (
        f"{W}test_open_xrays.py::test_cells_without_a_partner_stay_empty_with_their_reason"
    ),
    "snakemake --cores all --configfile config/studies/cohen2020.yaml": (
        f"{W}test_releases.py::test_the_papers_study_resolves_to_its_whole_graph"
    ),
    "python -m zipfile -e ChestXRay2017.zip data": TUTORIAL,
    "python -m zipfile -e ChinaSet_AllFiles.zip data": TUTORIAL,
    # archives and bundles, from their pages
    "snakemake query --cores 1 --configfile first.yaml": ARCHIVE,
    "snakemake convert --cores all --configfile first.yaml": ARCHIVE,
    "snakemake query_diff --cores 1 --configfile first.yaml": ARCHIVE,
    "snakemake invitation --cores 1 --configfile study.yaml": BUNDLES,
    "python -m zipfile -e invitation.zip invitation": BUNDLES,
    "python workflow/scripts/make_keys.py --private private/site.key --public site_a.pub": BUNDLES,
    "snakemake bundle_preview --cores all --configfile invitation/study.yaml ours.yaml": BUNDLES,
    "snakemake bundle --cores all --configfile invitation/study.yaml ours.yaml": BUNDLES,
    "snakemake --cores all --configfile study.yaml": BUNDLES,
    "mkdir -p first": ROUNDS,
    "mv site_a.zip first/": ROUNDS,
    # a vendor's file, from its page
    "snakemake check --cores 1 --configfile vendor.yaml": VENDOR,
    "snakemake --cores all --configfile vendor.yaml": VENDOR,
    # the cache
    "mkdir -p -m 700 /scratch/crossray-cache": CACHE,
    "export SNAKEMAKE_OUTPUT_CACHE=/scratch/crossray-cache": CACHE,
    "snakemake --cores all --cache": CACHE,
    # the command crossray
    "mkdir work && cd work": HOUR,
    "crossray new first.yaml --table ../labels.csv --images ../films": HOUR,
    "crossray check first.yaml": HOUR,
    "crossray run first.yaml": HOUR,
    "crossray predict results/first/models/resnet18/films/0 ../films/1.dcm --map maps": HOUR,
    "crossray export results/first/models/resnet18/films/0": HOUR,
    "crossray --help": f"{U}test_command.py::test_help_explains_everything_and_needs_no_heavy_library",
    "crossray new STUDY.yaml --table labels.csv --images DIR": GUESS,
    "crossray new STUDY.yaml --table north.csv south.csv --images NORTH SOUTH": GUESS,
    "crossray new STUDY.yaml --images DIR": GUESS,
    "crossray check STUDY.yaml": f"{W}test_shell.py::test_a_study_is_checked_and_its_faults_are_told_in_one_line",
    "crossray run STUDY.yaml": HOUR,
    "crossray run STUDY.yaml train -n --cores 2": (
        f"{W}test_shell.py::test_what_snakemake_made_in_a_checkout_is_up_to_date_for_the_command"
    ),
    "crossray predict MODEL film.dcm other.png": PREDICT,
    "python envs/convert_weights.py model.pt model.safetensors": (
        f"{U}test_convert_weights.py::test_state_dicts_are_read_as_they_are"
    ),
    "crossray predict MODEL film.dcm --at south": f"{U}test_recalibration.py::test_the_place_says_what_a_logit_means",
    "crossray predict MODEL film.dcm --output predictions.csv --map maps --method integrated_gradients": PREDICT,
    "crossray export results/STUDY/models/MODEL/SOURCE/SEED": HOUR,
    "crossray export results/STUDY/models/MODEL/SOURCE/SEED --output FOLDER": (
        f"{W}test_models_leave.py::test_an_exported_model_comes_back_as_an_external_one"
    ),
    # a cluster
    "snakemake --profile profiles/slurm --configfile config/studies/YOURS.yaml": SLURM,
    "snakemake --profile profiles/slurm --configfile config/studies/YOURS.yaml -n": SLURM,
}

#: command -> why no test runs it
NOT_RUN = {
    "make demo": "installs, then runs snakemake --cores all, which a test plans",
    "source .venv/bin/activate": "the tests and the Makefile put .venv/bin on the PATH, which is what it does",
    "make check STUDY=STUDY.yaml": "installs, then runs snakemake check, which a test runs",
    "snakemake --cores all results/demo/figures/empty_cells.svg": "a test adds the figure and runs its program",
    "snakemake --cores all results/demo/analysis/separation.csv": "a test adds the analysis and runs its program",
    "make soak MINUTES=40": "takes forty minutes and appends to a page; a test strikes in the same way",
    "tensorboard --logdir logs": "serves pages until it is stopped; a test looks for its files",
    "snakemake --cores all --configfile config/studies/public-releases.yaml": "needs releases; a test reads made ones",
    "export CROSSRAY_ARCHIVE_OURS_TOKEN=...": "a credential; tests set it in their environment",
    "pip install PATH/TO/CHECKOUT": "downloads 7 GB; a test builds the wheel and runs what is in it",
    "git clone ADDRESS crossray && cd crossray": "there is no public address yet",
    "tmux": "an interactive terminal",
    'squeue --me --format "%.9i %.9T %.10M %.10l %.4C %.8m %.12R %k"': "shows what a person wants to see",
    "apptainer build crossray.sif envs/crossray.def": "needs Apptainer; a test looks for what its steps need",
    "echo 'container: crossray.sif' >> config/studies/YOURS.yaml": "belongs to the next",
    'snakemake --profile profiles/slurm --configfile config/studies/YOURS.yaml --sdm apptainer --apptainer-args "--nv '
    '--bind /data"': "needs Apptainer; a test checks that each program is started in the image",
}


def blocks():
    """Yield page, language and text of every block of code."""
    for page in PAGES:
        for language, text in re.findall(r"^ *```(\w*)\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.M | re.S):
            yield page.relative_to(ROOT), language, text


def quoted():
    """Return the commands of all blocks, without comments, and the first page of each."""
    found = {}
    for page, language, text in blocks():
        for line in text.splitlines() if language == "bash" else ():
            command = " ".join(re.sub(r"(^| )#.*", "", line).split())
            if command:
                found.setdefault(command, str(page))
    return found


def test_every_quoted_command_is_run_or_it_is_said_why_not():
    assert not {command: page for command, page in quoted().items() if command not in RUN | NOT_RUN}, "list it above"
    assert not [command for command in RUN | NOT_RUN if command not in quoted()], "no page quotes it any more"
    assert not set(RUN) & set(NOT_RUN)


def test_no_command_hides_in_a_block_of_another_language():
    hidden = [
        f"{page}: {line}"
        for page, language, text in blocks()
        if language in ("", "console", "sh", "shell", "text")
        for line in text.splitlines()
        if _PROGRAMS.match(line)
    ]
    assert not hidden, "begin its block with ```bash"


@pytest.mark.parametrize("place", sorted(set(RUN.values())))
def test_the_tests_are_there(place):
    path, _, name = place.partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"^def {name}\(", text, re.MULTILINE) if name else text
