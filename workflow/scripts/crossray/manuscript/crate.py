"""The folder of a paper as an RO-Crate: what ran, on what, with which software, and the digest of every file.

RO-Crate 1.1 (https://w3id.org/ro/crate/1.1) with the profile Process Run Crate 0.5. It names no person and no path of
the machine; who publishes the folder adds authors and chooses a licence.
"""

import json
import mimetypes
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crossray.files import file_digest
from crossray.study.stages.write_report import WriteReport

#: the file that makes a folder a crate
NAME = "ro-crate-metadata.json"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_APACHE = "https://www.apache.org/licenses/LICENSE-2.0"
_FORMATS = {".md": "text/markdown", ".bib": "application/x-bibtex", ".yaml": "application/yaml"}


def describe(
    folder: Path, files: Iterable[Path], settings: WriteReport, provenance: Mapping[str, str], ended: float
) -> dict[str, Any]:
    """Return the metadata of a crate.

    Args:
        folder: of the paper.
        files: what is in it.
        settings: of the report.
        provenance: name and version of inputs and software (:func:`crossray.figures.report.provenance`).
        ended: when the report was written, in seconds since 1970; a crate must have a date.
    """
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version="1.1")

    def add(key: str, kind: str, **properties: Any) -> ContextEntity:
        return crate.add(ContextEntity(crate, key, properties={"@type": kind, **properties}))

    day = datetime.fromtimestamp(ended, UTC).date()
    said = dict(provenance)
    root = crate.root_dataset
    root["name"] = f"Results of the study {settings.study}"
    root["description"] = f"{settings.title} Methods, reporting checklists, figures, tables and report, by CrossRay."
    root["datePublished"] = day.isoformat()
    root["conformsTo"] = add(_PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
    root["license"] = add(
        "#licence", "CreativeWork", name="No licence chosen",
        description="Whoever publishes this folder chooses a licence, as the terms of the data allow.",
    )  # fmt: skip
    results = [
        crate.add_file(path, path.relative_to(folder).as_posix(), properties=_properties(path)) for path in files
    ]
    crossray = add(
        "#crossray", "SoftwareApplication", name="CrossRay", softwareVersion=said.pop("CrossRay"),
        description="A Snakemake workflow that measures how chest X-ray models generalise between hospitals.",
        license=add(_APACHE, "CreativeWork", name="Apache License 2.0"),
    )  # fmt: skip
    inputs = [
        add(f"#{key.replace(' ', '-')}", "CreativeWork", name=key, description=value)
        for key, value in said.items()
        if key == "configuration" or key.startswith("data set ")
    ]
    taken = {entity["name"] for entity in inputs} | {"wall time"}
    crossray["softwareRequirements"] = [
        add(f"#software-{key}", "SoftwareApplication", name=key, softwareVersion=value)
        for key, value in said.items()
        if key not in taken
    ]
    run = add(
        "#run", "CreateAction", name=f"Run of the study {settings.study}", endTime=day.isoformat(),
        description="snakemake paper", instrument=crossray, object=inputs, result=results,
    )  # fmt: skip
    root["mentions"] = run
    written: dict[str, Any] = crate.metadata.generate()
    return written


def _properties(path: Path) -> Mapping[str, str]:
    guessed = _FORMATS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return {
        "name": path.name,
        "encodingFormat": guessed,
        "contentSize": str(path.stat().st_size),
        "sha256": file_digest(path),
    }


def as_text(metadata: Mapping[str, Any]) -> str:
    """Write metadata as JSON."""
    return json.dumps(metadata, indent=2, ensure_ascii=False) + "\n"
