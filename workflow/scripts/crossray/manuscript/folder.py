"""The folder of a paper: texts, checklists, figures, tables and the report, described as an RO-Crate."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from crossray.figures.registry import TABLES
from crossray.figures.report import sections_of
from crossray.files import replacing, write_csv, write_text
from crossray.manuscript import crate
from crossray.manuscript.checklists import Anchors, as_markdown, filled
from crossray.manuscript.draft import as_markdown as methods_as_markdown
from crossray.manuscript.draft import captions, parts
from crossray.manuscript.facts import fact
from crossray.manuscript.printed import write_printed
from crossray.manuscript.study_results import StudyResults
from crossray.methods.references import bibliography, cited, read_references, with_years
from crossray.study.stages.write_report import WriteReport
from crossray.texts import visible

#: file -> title of the checklist, and where its items are from
CHECKLISTS = {
    "tripod_ai": ("TRIPOD+AI", "Collins et al., BMJ 2024;385:e078378"),
    "claim_2024": ("CLAIM 2024", "Tejani et al., Radiology: Artificial Intelligence 2024;6(4):e240300"),
}


@dataclass(frozen=True)
class PaperFiles:
    """The project's own files that a paper is made with: references as BibTeX, and the items of each checklist."""

    references: Path
    checklists: Sequence[Path]


def fill(
    study: Path, datasets: Path, settings: WriteReport, given: PaperFiles, folder: Path
) -> dict[str, dict[str, int]]:
    """Write everything but the figures, which are there.

    Args:
        study: the study's results, with ``report.html``.
        datasets: the folder of data sets.
        settings: of the report.
        given: references and checklists.
        folder: of the paper.

    Returns:
        Checklist -> status -> number of items.
    """
    results = StudyResults(study, datasets, settings)
    written = parts(results)
    methods = methods_as_markdown(written, settings.study)
    write_text(folder / "methods.md", visible(methods))
    write_text(folder / "captions.md", visible(captions(folder / "figures", settings.figures)))
    references = read_references(given.references)
    write_text(folder / "references.bib", bibliography(cited(methods), references))
    configuration = yaml.safe_dump(settings.configuration, sort_keys=False, allow_unicode=True, width=100)
    write_text(folder / "configuration.yaml", visible(configuration))
    anchors = Anchors(
        ["numbers", *(section.link for section in sections_of(settings))], [one.heading for one in written]
    )
    statuses = {}
    for path in given.checklists:
        name, (title, source) = path.stem, CHECKLISTS[path.stem]
        table = filled(path, lambda name: with_years(fact(results, name), references), anchors)
        write_csv(folder / f"{name}.csv", table)
        write_text(folder / f"{name}.md", visible(as_markdown(table, title, source)))
        statuses[name] = dict(table["status"].value_counts())
    for name in settings.tables:
        _copy(study / TABLES[name].path, folder / "tables" / f"{name}.csv")
    _copy(study / "report.html", folder / "report.html")
    printed = write_printed(results, folder / "print")
    _describe(results, folder, [f"print/{name}" for name in printed])
    return statuses


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    with replacing(target) as partial:
        shutil.copyfile(source, partial)


def _describe(results: StudyResults, folder: Path, printed: Sequence[str]) -> None:
    """Write the crate's metadata; only what this study made is in it, whatever else lies in the folder."""
    texts = ["methods.md", "captions.md", "references.bib", "configuration.yaml", "report.html"]
    texts += [f"{name}.{kind}" for name in CHECKLISTS for kind in ("csv", "md")]
    settings = results.settings
    figures = [f"figures/{name}.{kind}" for name in settings.figures for kind in ("svg", "pdf", "json")]
    tables = [f"tables/{name}.csv" for name in settings.tables]
    files = [folder / name for name in sorted([*texts, *figures, *tables, *printed])]
    ended = (results.folder / "report.html").stat().st_mtime
    metadata = crate.describe(folder, files, settings, results.provenance, ended)
    write_text(folder / crate.NAME, visible(crate.as_text(metadata)))
