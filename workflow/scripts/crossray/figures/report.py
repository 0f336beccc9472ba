"""The report: one page with the answer first and every figure and table, readable offline and without scripts."""

import importlib.metadata
import json
import re
import subprocess
import urllib.parse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import markupsafe
import pandas as pd
import yaml

from crossray.errors import UserError
from crossray.figures import adaptation_text, monitoring_text
from crossray.figures.decision import decisions, lead
from crossray.figures.entries import MISSING, Need, Section
from crossray.figures.explorer import explorer
from crossray.figures.external import external_answer, external_facts
from crossray.figures.films import lead_sentences
from crossray.figures.pages import page_template
from crossray.figures.registry import FIGURES, SECTIONS, TABLES
from crossray.figures.report_tables import download, meanings, shown_table
from crossray.figures.summary_text import (
    accuracy_numbers,
    answer,
    cause_sentences,
    key_numbers,
    leakage_sentences,
    left_out_sentence,
    primary_sentences,
)
from crossray.files import file_digest, read_json, text_digest
from crossray.methods import methods
from crossray.methods.references import read_references, with_years
from crossray.reasons import CAVEATS
from crossray.study import folders
from crossray.study.stages.write_report import WriteReport
from crossray.study.versions import VERSION
from crossray.tables import contract_of, read, reported
from crossray.tables.conversion import Rejected
from crossray.tables.training import Penalties
from crossray.texts import visible

PACKAGES = ("snakemake", "torch", "torchvision", "pytorch-lightning", "pydicom", "imagecodecs",
            "opencv-python-headless", "scikit-learn", "numpy", "pandas", "h5py", "altair")  # fmt: skip


#: a drawing with more tags than this is embedded as one image: a browser has to lay out every element
_INLINE = 1_200
#: a drawing is shrunk to this share of its width, and no further, to fit a phone
_SMALLEST = 0.4
#: what needs no escape inside a quoted attribute
_PLAIN = " <>=:/,;()+-.*!?@$|~_"
#: blanks before a tag, which no browser shows
_INDENT = re.compile(r"\n[ \t]+(?=<)")


def render(
    folder: Path, datasets: Path, settings: WriteReport, templates: Path, citation: Path, references: Path
) -> str:
    """Build the page.

    Args:
        folder: the study's results, with ``analysis/``, ``figures/``, ``leakage/``, ``manifests/`` and ``models/``.
        datasets: folder of data sets, with indexes and lists of rejected images.
        settings: what the page is told of the study.
        templates: folder of ``report.html.j2``, ``report.css`` and ``report.js``.
        citation: ``CITATION.cff``.
        references: what the methods cite, as BibTeX.

    Returns:
        HTML; texts that come from the data are escaped, and their marks of direction written out.
    """
    tables = {name: read(folder / TABLES[name].path, contract_of(name)) for name in settings.tables}
    judged = [tables[name] for name in ("acceptance", "thresholds", "acceptance_groups") if name in tables]
    decided = decisions(*judged) if judged else []
    page = page_template(templates / "report.html.j2").render(
        settings=settings,
        prefix=f"{'phantoms-' if settings.phantoms and not settings.real else ''}{settings.study}",
        answer=_answer(tables, settings),
        left_out=left_out_sentence(len(settings.seeds), "classes" in tables),
        external=list(external_facts(settings.external)),
        caveats=CAVEATS,
        facts=_facts(tables, settings),
        sections=sections_of(settings),
        findings="findings" in _fulfilled(settings.figures),
        figures={name: _figure(folder / "figures", name) for name in settings.figures},
        shown={name: shown_table(name, table, folder / TABLES[name].path) for name, table in tables.items()},
        missing=_missing(settings.figures),
        downloads={name: download(name, table, folder / TABLES[name].path) for name, table in tables.items()},
        cells=int(tables["performance"]["auc"].count()),
        reasons=meanings(table["reason"] for table in tables.values() if "reason" in table),
        rejected={
            name: _rejections(datasets / name / settings.shape)
            for name in settings.datasets
            if name not in settings.at_sites
        },
        causes=cause_sentences(tables["shift"], tables["transfer"]) if "shift" in tables else [],
        decisions=decided,
        films=list(lead_sentences(tables)),
        adaptation=_adaptation(tables),
        monitoring=list(monitoring_text.lead_sentences(tables)),
        lead=list(lead(decided)),
        only_tested=_only_tested(settings),
        methods=_methods(settings, references),
        leakage=leakage_sentences(tables["leakage"], settings.overlap),
        records=_records(folder / "models", settings),
        penalties=_penalties(folder / "models", settings),
        explorer=_json(explorer(tables["performance"], tables["transfer"], settings)),
        provenance=provenance(folder / "manifests", datasets, settings),
        configuration=yaml.safe_dump(settings.configuration, sort_keys=False, allow_unicode=True, width=100),
        citation=_citation(citation),
        style=markupsafe.Markup((templates / "report.css").read_text(encoding="utf-8")),
        script=markupsafe.Markup((templates / "report.js").read_text(encoding="utf-8")),
    )
    return visible(_INDENT.sub("\n", page))


def _adaptation(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return what is said of local images, nothing in a study that does not ask."""
    if "adaptation" not in tables:
        return []
    return list(adaptation_text.lead_sentences(tables["adaptation"], tables["adaptation_advice"]))


def _answer(tables: Mapping[str, pd.DataFrame], settings: WriteReport) -> list[str]:
    """Return the first paragraphs: whether anything moved, if asked; the drop of models, or how external ones do."""
    moved = monitoring_text.answer(tables)
    if not settings.models:
        shown = reported(tables["performance"])
        answered = external_answer(tables["transfer"], shown, tables["claims"], tables["refusals"])
        return [words for words in (moved, answered) if words]
    classes = "classes" in tables
    found = answer(tables["summary"], tables["transfer"], tables["tasks"], settings.shown, classes=classes)
    tests = primary_sentences(tables["comparisons"]) if "comparisons" in tables else []
    left_out = left_out_sentence(len(settings.seeds), classes)
    return [words for words in (moved, found, " ".join(tests), left_out) if words]


def _methods(settings: WriteReport, references: Path) -> list[tuple[str, list[str]]]:
    """Return each heading of the methods with its paragraphs, citations as names and years."""
    known = read_references(references)
    return [(part.heading, [with_years(words, known) for words in part.paragraphs]) for part in methods(settings)]


def _facts(tables: Mapping[str, pd.DataFrame], settings: WriteReport) -> list[dict[str, str]]:
    """Return the key numbers, of classes the accuracy first."""
    facts = key_numbers(tables["summary"], tables["transfer"], tables["performance"], settings.shown[0])
    return (
        accuracy_numbers(tables["classes"], settings.members, settings.shown[0]) + facts
        if "classes" in tables
        else facts
    )


def sections_of(settings: WriteReport) -> list[Section]:
    """Return the sections that show a figure of the study, those that have none in any study, and that of trainings.

    The last one also tells of linear probes, which have no curves.
    """
    shown = [(section, [figure.name in settings.figures for figure in section.figures]) for section in SECTIONS]
    learnt = bool(settings.sources_of)
    return [section for section, has in shown if any(has) or not has or (learnt and section.link == "training")]


def _fulfilled(figures: Iterable[str]) -> set[Need | None]:
    """Return what a study with these figures must have."""
    return {FIGURES[name].needs for name in figures}


def _missing(figures: Iterable[str]) -> list[str]:
    """Say which analyses a study with these figures does not have, and why."""
    fulfilled = _fulfilled(figures)
    return [words for need, words in MISSING.items() if need not in fulfilled]


def _only_tested(settings: WriteReport) -> list[str]:
    """Return the test-only data sets."""
    learnt = {name for names in settings.members.values() for name in names}
    return [name for name in settings.datasets if name not in learnt]


def _figure(folder: Path, name: str) -> dict[str, Any]:
    svg = (folder / f"{name}.svg").read_text(encoding="utf-8")
    width = re.search(r'<svg[^>]*? width="([0-9.]+)"', svg)
    words = {**read_json(folder / f"{name}.json"), "least": round(_SMALLEST * float(width[1])) if width else 0}
    if svg.count("<") <= _INLINE:
        return {**words, "drawing": markupsafe.Markup(svg)}
    link = markupsafe.Markup(f"data:image/svg+xml,{urllib.parse.quote(svg, safe=_PLAIN)}")
    image = markupsafe.Markup('<img alt="{}" src="{}">').format(f"{words['title']}. {words['caption']}", link)
    return {**words, "drawing": image}


def _rejections(folder: Path) -> dict[str, Any]:
    reasons = read(folder / "rejected.csv", Rejected)["reason"].value_counts()
    index = read_json(folder / "index.json")
    return {"rejected": index["rejected"], "images": index["images"], "reasons": list(reasons.head(5).items())}


def _records(models: Path, settings: WriteReport) -> list[dict[str, Any]]:
    models_and_sources = settings.sources_of.items()
    keys = [(model, source, seed) for model, sources in models_and_sources for source in sources
            for seed in settings.seeds]  # fmt: skip
    return [
        {"model": model, "seed": seed, **read_json(models / model / source / str(seed) / "training.json")}
        for model, source, seed in keys
    ]


def _penalties(models: Path, settings: WriteReport) -> list[dict[str, Any]]:
    """Return the penalty that each linear probe chose for each task, with what was tried and its validation split."""
    found = []
    for record in _records(models, settings):
        if "penalties" in record:
            key = {name: record[name] for name in ("model", "source", "seed")}
            tried = read(models / folders.PENALTIES.format(**key), Penalties)
            grid = f"{tried['penalty'].min():g} to {tried['penalty'].max():g}"
            found += [key | row | {"tried": grid} for row in tried[tried["kept"]].to_dict("records")]
    return found


def _json(value: Any) -> markupsafe.Markup:
    """Write JSON that can stand inside a script element; NaN becomes null."""

    def clean(item: Any) -> Any:
        if isinstance(item, dict):
            return {clean(key): clean(part) for key, part in item.items()}
        if isinstance(item, list | tuple):
            return [clean(part) for part in item]
        if isinstance(item, str):
            return visible(item)
        return None if isinstance(item, float) and item != item else item

    text = json.dumps(clean(value), separators=(",", ":"), ensure_ascii=True)
    return markupsafe.Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def provenance(manifests: Path, datasets: Path, settings: WriteReport) -> list[tuple[str, str]]:
    """Return the provenance: identifiers of the inputs and the code."""
    facts = [
        ("CrossRay", _commit()),
        (
            "configuration",
            f"version {VERSION}, SHA-256 {text_digest(json.dumps(settings.configuration, sort_keys=True))}",
        ),
    ]
    for name in settings.datasets:
        digests = f"manifest SHA-256 {file_digest(manifests / f'{name}.parquet')[:16]}"
        if name in settings.at_sites:
            digests += ", of a bundle that its site signed"
        else:
            index = datasets / name / settings.shape / "index.json"
            digests += f", index of pixels SHA-256 {file_digest(index)[:16]}"
        facts.append((f"data set {name}", digests))
    facts += [(package, importlib.metadata.version(package)) for package in PACKAGES]
    facts.append(
        (
            "wall time",
            "in the benchmark files beside the results; this page holds no clock: equal inputs give equal pages",
        )
    )
    return facts


def _commit() -> str:
    """Return the commit of the code, and whether files differ from it."""
    try:
        head, changes = (
            subprocess.run(
                ["git", *words], capture_output=True, text=True, check=True, cwd=Path(__file__).parent
            ).stdout
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.CalledProcessError):
        return "commit not recorded: the code is not a git checkout"
    return f"commit {head.strip()}" + (", with changes that are not committed" if changes.strip() else "")


def _citation(path: Path) -> dict[str, Any]:
    facts = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key in ("title", "version", "authors", "date-released"):
        if key not in facts:
            raise UserError(f"{path}: the key {key!r} is missing")
    return {
        **facts,
        "year": str(facts["date-released"])[:4],
        "names": " and ".join(a["name"] for a in facts["authors"]),
    }
