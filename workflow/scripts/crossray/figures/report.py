"""The report: one page that answers first, holds every figure and table itself, and needs no network and no script."""

import base64
import importlib.metadata
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import markupsafe
import pandas as pd
import yaml

from crossray.errors import UserError
from crossray.figures.contents import FIGURES
from crossray.figures.style import AUC_DOMAIN, AUC_RANGE, BELOW_CHANCE, WHITE_FROM, with_interval
from crossray.files import file_digest, read_json, text_digest
from crossray.reasons import REASONS
from crossray.tables import read_performance, reported

PACKAGES = ("snakemake", "torch", "torchvision", "pytorch-lightning", "pydicom", "imagecodecs",
            "opencv-python-headless", "scikit-learn", "numpy", "pandas", "h5py", "altair")  # fmt: skip

TABLES = ("performance", "transfer", "summary", "datasets", "labels", "leakage")

_WORDS = {
    "auc": "AUC", "auc_low": "low", "auc_high": "high", "source": "trained on", "target": "tested on",
    "home_auc": "AUC at home", "away_auc": "AUC elsewhere", "drop": "loss", "drop_low": "low", "drop_high": "high",
    "shared_tasks": "shared tasks", "positives": "positives", "images": "labelled images", "dataset": "data set",
}  # fmt: skip


def render(folder: Path, datasets: Path, settings: Mapping[str, Any], templates: Path, citation: Path) -> str:
    """Build the page.

    Args:
        folder: the study's results, with ``analysis/``, ``figures/``, ``leakage/``, ``manifests/`` and ``models/``.
        datasets: folder of data sets, with indexes and lists of rejected images.
        settings: the study's resolved configuration without paths, the names of the data sets in ``order``, those that
            are ``phantoms``, and the ``shape`` (name of the folder) of the shards.
        templates: folder of ``report.html.j2``, ``report.css`` and ``report.js``.
        citation: ``CITATION.cff``.

    Returns:
        HTML; texts that come from the data are escaped.
    """
    tables = {name: _table(_path(folder, name)) for name in TABLES}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["number"] = _number
    environment.filters["word"] = lambda name: _WORDS.get(name, name.replace("_", " "))
    return environment.get_template("report.html.j2").render(
        settings=settings,
        prefix=f"{'phantoms-' if settings['phantoms'] else ''}{settings['study']}",
        answer=answer(tables["summary"], tables["transfer"]),
        facts=key_numbers(tables["summary"], tables["transfer"], tables["performance"]),
        figures={name: _figure(folder / "figures", name) for name in FIGURES},
        tables=tables,
        downloads={name: _download(_path(folder, name)) for name in TABLES},
        reasons=REASONS,
        rejected={name: _rejections(datasets / name / settings["shape"]) for name in settings["datasets"]},
        leakage=leakage_sentences(tables["leakage"], settings["leakage"]["overlap"]),
        records=_records(folder / "models", settings),
        explorer=_json(explorer(tables["performance"], tables["transfer"], settings)),
        provenance=provenance(folder / "manifests", datasets, settings),
        configuration=yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True, width=100),
        citation=_citation(citation),
        style=markupsafe.Markup((templates / "report.css").read_text(encoding="utf-8")),
        script=markupsafe.Markup((templates / "report.js").read_text(encoding="utf-8")),
    )


def _path(folder: Path, name: str) -> Path:
    return folder / "leakage" / "summary.csv" if name == "leakage" else folder / "analysis" / f"{name}.csv"


def _table(path: Path) -> pd.DataFrame:
    return reported(read_performance(path)) if path.stem == "performance" else pd.read_csv(path)


def answer(summary: pd.DataFrame, transfer: pd.DataFrame) -> str:
    """Answer the study's question in two sentences, with intervals."""
    overall = _overall(summary)
    if overall is None:
        return (
            "No model could be compared between home and elsewhere: "
            "no pair of data sets shares a task that can be measured."
        )
    lost = with_interval(abs(overall["drop"]), *sorted((abs(overall["drop_low"]), abs(overall["drop_high"]))))
    if overall["drop_low"] > 0:
        verdict = f"Models lose {lost} of mean AUC outside the hospital that they were trained at"
    elif overall["drop_high"] < 0:
        verdict = f"Models gain {lost} of mean AUC outside the hospital that they were trained at"
    else:
        verdict = "No loss outside the hospital of training is certain: the mean AUC changes by " + with_interval(
            -overall["drop"], -overall["drop_high"], -overall["drop_low"]
        )
    home, away = f"{overall['home_auc']:.2f} at home", f"{overall['away_auc']:.2f} elsewhere"
    worst = transfer.loc[transfer["drop"].idxmax()]
    pair = with_interval(worst["drop"], worst["drop_low"], worst["drop_high"])
    return f"{verdict}: {home}, {away}. The worst pair is {worst['source']} to {worst['target']}, which loses {pair}."


def _overall(summary: pd.DataFrame) -> pd.Series | None:
    """Return the row over all sources of the model that is listed first, if any pair was measured."""
    rows = summary[(summary["source"] == "all sources") & (summary["pairs"] > 0)]
    return rows.iloc[0] if len(rows) else None


def key_numbers(summary: pd.DataFrame, transfer: pd.DataFrame, performance: pd.DataFrame) -> list[dict[str, str]]:
    """Return a handful of numbers, each with its meaning and the section that shows it."""
    facts = []
    overall = _overall(summary)
    if overall is not None:
        for name, words in (("home_auc", "mean AUC at home"), ("away_auc", "mean AUC elsewhere"), ("drop", "loss")):
            low, high = overall[f"{name}_low"], overall[f"{name}_high"]
            facts.append(
                {"value": f"{overall[name]:.2f}", "range": f"{low:.2f} to {high:.2f}", "words": words, "link": "loss"}
            )
    away = transfer[transfer["source"] != transfer["target"]]
    pairs, measured = len(away), int(away["auc"].notna().sum())
    facts.append(
        {"value": f"{measured} of {pairs}", "range": "", "words": "pairs that can be measured", "link": "matrix"}
    )
    cells = int(performance["auc"].notna().sum())
    facts.append(
        {
            "value": f"{cells} of {len(performance)}",
            "range": "",
            "words": "cells (pair and task) with a number",
            "link": "tasks",
        }
    )
    chance = int((performance["auc"] < 0.5).sum())
    facts.append({"value": str(chance), "range": "", "words": "cells worse than chance", "link": "tasks"})
    return facts


def leakage_sentences(leakage: pd.DataFrame, overlap: str) -> list[str]:
    """Say what the audit of patients and near-duplicates found, and what was done about it.

    Args:
        leakage: the audit's summary, one row a source and target.
        overlap: the setting: move, refuse or keep.
    """
    once = leakage[leakage["source"] <= leakage["target"]]
    exact, near = (int(once[column].sum()) for column in ("exact", "near"))
    found = (
        f"found {exact:,} times an image that equals one of the same or another data set, and {near:,} times one that "
        "nearly does"
        if exact + near
        else "found no radiograph twice"
    )
    sentences = [f"The audit compared all images of the study by what they show and {found}."]
    if shared := int(once["shared_patients"].sum()):
        sentences.append(f"By the registers of their releases, {shared:,} patients are in two data sets.")
    before, after = int(leakage["overlap_before"].sum()), int(leakage["overlap"].sum())
    moved = int(leakage.drop_duplicates("target")["moved"].sum())
    if not before:
        return [*sentences, "No test image is of a patient whom a model was trained or chosen on."]
    done = {
        "move": f"Each group of such patients was moved to one split ({moved:,} images moved); {after:,} are left.",
        "refuse": "The numbers of such sources and targets are not given (O).",
        "keep": "Splits were kept by the configuration, so those numbers are too good.",
    }[overlap]
    leak = (
        f"{before:,} times, a test image is of a patient whom a model was trained or chosen on, or shows the same film."
    )
    return [*sentences, f"{leak} {done}"]


def _figure(folder: Path, name: str) -> dict[str, Any]:
    svg = (folder / f"{name}.svg").read_text(encoding="utf-8")
    link = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    return {**read_json(folder / f"{name}.json"), "svg": markupsafe.Markup(svg), "link": link}


def _download(path: Path) -> str:
    return "data:text/csv;base64," + base64.b64encode(path.read_bytes()).decode()


def _number(value: Any) -> str:
    """Write a value of a table: three decimals, whole numbers whole, a hyphen for what is empty."""
    if value is None or pd.isna(value):
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) >= 1 else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _rejections(folder: Path) -> dict[str, Any]:
    reasons = pd.read_csv(folder / "rejected.csv", dtype=str)["reason"].value_counts()
    index = read_json(folder / "index.json")
    return {"rejected": index["rejected"], "images": index["images"], "reasons": list(reasons.head(5).items())}


def _records(models: Path, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = settings["models"], settings["sources"], settings["seeds"]
    keys = [(model, source, seed) for model in names[0] for source in names[1] for seed in names[2]]
    return [
        {"model": model, "seed": seed, **read_json(models / model / source / str(seed) / "training.json")}
        for model, source, seed in keys
    ]


def explorer(performance: pd.DataFrame, transfer: pd.DataFrame, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the interactive matrix shows: every cell by task, and the means."""
    views: dict[str, list[list[Any]]] = {"Mean of tasks": [
        [row.model, row.source, row.target, row.auc, row.auc_low, row.auc_high, f"{row.tasks} tasks", row.reason]
        for row in transfer.itertuples()
    ]}  # fmt: skip
    for task in settings["tasks"]:
        rows = performance[performance["task"] == task]
        views[task] = [
            [row.model, row.source, row.target, row.auc, row.auc_low, row.auc_high,
             f"{row.positives} positives of {row.images} labelled images, {row.patients} patients", row.reason]
            for row in rows.itertuples()
        ]  # fmt: skip
    names = {key: list(settings[key]) for key in ("models", "sources", "targets")}
    colours = {"domain": AUC_DOMAIN, "range": AUC_RANGE, "below": BELOW_CHANCE, "white": WHITE_FROM}
    return {"views": views, **names, "reasons": REASONS, "colours": colours}


def _json(value: Any) -> markupsafe.Markup:
    """Write JSON that can stand inside a script element; NaN becomes null."""

    def clean(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: clean(part) for key, part in item.items()}
        if isinstance(item, list | tuple):
            return [clean(part) for part in item]
        return None if isinstance(item, float) and item != item else item

    text = json.dumps(clean(value), separators=(",", ":"), ensure_ascii=True)
    return markupsafe.Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def provenance(manifests: Path, datasets: Path, settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a reader needs to find the inputs and the code again."""
    facts = [("CrossRay", _commit()), ("configuration", f"SHA-256 {text_digest(json.dumps(settings, sort_keys=True))}")]
    for name in settings["datasets"]:
        index = datasets / name / settings["shape"] / "index.json"
        manifest = manifests / f"{name}.parquet"
        digests = f"manifest SHA-256 {file_digest(manifest)[:16]}, index of pixels SHA-256 {file_digest(index)[:16]}"
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
