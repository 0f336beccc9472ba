"""The texts of a paper: methods with counts and software, captions, and the references that they cite."""

import html
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from crossray.figures.registry import FIGURES
from crossray.files import read_json
from crossray.manuscript.facts import fact
from crossray.manuscript.study_results import StudyResults
from crossray.methods import methods
from crossray.methods.references import SOFTWARE
from crossray.methods.words import Part, part

#: headings that are written from results, after those of :func:`crossray.methods.methods`
COUNTS, PROGRAMS = "Patients and images", "Software"

_HEAD = """# Methods

*Written by CrossRay from the configuration and the tables of the study {study}. Check every sentence: what you did
outside the study, such as how its releases were collected and labelled, is not in it. Keys in brackets are those
of `references.bib`.*
"""


def parts(results: StudyResults) -> list[Part]:
    """Return the methods with what only results say: counts and software."""
    written = methods(results.settings)
    counts = part(COUNTS, *(fact(results, name) for name in ("flow", "split_sizes", "audit", "unknown", "events")))
    return [written[0], counts, *written[1:], _programs(results)]


def _programs(results: StudyResults) -> Part:
    """Return the software with its versions, each package cited whose makers ask for it."""
    used = ", ".join(f"{name} {version(name)} [@{key}]" for name, key in SOFTWARE.items() if _is_used(name, results))
    return part(
        PROGRAMS,
        f"{fact(results, 'code')} It ran as a workflow of Snakemake; packages were {used}. All versions are in the "
        f"report's provenance. {fact(results, 'hardware')} {fact(results, 'seeds')} Equal inputs give equal results on "
        "one kind of processor.",
        "Reporting follows TRIPOD+AI [@collins2024] and CLAIM 2024 [@tejani2024]; the filled checklists are "
        "tripod_ai.md and claim_2024.md.",
    )


def _is_used(package: str, results: StudyResults) -> bool:
    return package != "pytorch-lightning" or bool(results.study.models)


def as_markdown(written: list[Part], study: str) -> str:
    """Return the methods as Markdown; signs that HTML takes for tags are written out."""
    texts = [html.escape(f"## {one.heading}\n\n" + "\n\n".join(one.paragraphs), quote=False) for one in written]
    return "\n\n".join([_HEAD.format(study=study), *texts]) + "\n"


def captions(figures: Path, names: tuple[str, ...]) -> str:
    """Return the captions of a study's figures in the order of the report, with the size of each file.

    Args:
        figures: folder of the figures for a paper, each with its words as JSON.
        names: those of the study.
    """
    shown = [name for name in FIGURES if name in names]
    head = "# Figures\n\nFor columns of 89 mm and pages of 183 mm. Titles are here, not in the drawings.\n"
    return "\n".join([head, *_captions(figures, shown)])


def _captions(figures: Path, names: list[str]) -> Iterator[str]:
    for number, name in enumerate(names, start=1):
        words: Mapping[str, str] = read_json(figures / f"{name}.json")
        size = f"{words['width_mm']} x {words['height_mm']} mm, smallest text {words['text_pt']} pt"
        text = html.escape(f"**Figure {number}. {words['title']}.** {words['caption']} {words['reading']}", quote=False)
        yield f"{text}\n\n`figures/{name}.pdf`, `figures/{name}.svg`: {size}.\n"
