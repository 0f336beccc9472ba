"""The command that writes a study: it looks at tables and images and says where each guess comes from."""

import logging
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.errors import UserError

if TYPE_CHECKING:
    from crossray.shell.guessed_dataset import GuessedDataset

#: images that a training on a laptop sees in all its epochs, about half an hour's work
_SEEN = 20_000
#: images from which they are made smaller
_MANY = 3000


def new_options(options: ArgumentParser) -> None:
    """Add the options of the command."""
    options.add_argument("study", type=Path, metavar="STUDY.yaml", help="file to write; one that is there is kept")
    options.add_argument(
        "--table", type=Path, nargs="+", action="extend", default=[], metavar="FILE",
        help="tables of labels: CSV, Excel or Parquet; of one hospital all that say something of its images, or one "
        "for each folder of --images; none if images lie in a folder for each class",
    )  # fmt: skip
    options.add_argument(
        "--images", type=Path, nargs="+", action="extend", required=True, metavar="DIR",
        help="folder that the image files lie in or below; several are several hospitals",
    )  # fmt: skip


def new_study(arguments: Namespace) -> None:
    """Guess a study, write it and say what was not guessed.

    Raises:
        UserError: if the file is there, or tables and images do not go together.
    """
    from crossray.shell.guessed_dataset import guess_dataset

    logging.getLogger("crossray").setLevel(logging.ERROR)  # check says what readers warn of
    study, tables, folders = arguments.study, arguments.table, arguments.images
    if study.exists():
        raise UserError(f"{study}: is there already; name another file, or move it")
    if len(folders) > 1 and len(tables) not in (0, len(folders)):
        raise UserError(
            f"--table: {len(tables)} tables for {len(folders)} folders of images; give one for each, in their order, "
            "or write a study of each hospital and copy their blocks into one"
        )
    parts = [[table] for table in tables] if len(folders) > 1 and tables else [tables] * len(folders)
    guessed = [guess_dataset(part, folder) for part, folder in zip(parts, folders, strict=True)]
    text = "\n".join(study_lines(study.stem, guessed)) + "\n"
    asked = [*(f"{one.name}: {line}" for one in guessed for line in one.asked), *_problems(text)]
    if len(guessed) == 1:
        asked.append("another hospital: with one data set nothing is tested elsewhere; add a block below datasets")
    head = [f"# Written by crossray new. Look through it, then: crossray check {study.name}"]
    head += [f"# To do: {' '.join(line.split())}" for line in asked]
    with study.open("x", encoding="utf-8") as file:
        file.write("\n".join([*head, text]))
    images, tasks = sum(one.images for one in guessed), {task for one in guessed for task in one.tasks}
    print(f"{study}: {len(guessed)} data set{'s' * (len(guessed) > 1)}, {images:,} rows of images, {len(tasks)} tasks")
    if asked:
        print("Not guessed, or to look at:\n" + "\n".join(f"  - {line}" for line in asked))
    print(f"Next: crossray check {study}")


def study_lines(name: str, guessed: Sequence["GuessedDataset"]) -> Iterator[str]:
    """Yield the lines of a study of some data sets, sized for a laptop."""
    from crossray.shell.study_text import Entry, as_yaml

    names: list[str] = []
    for one in guessed:
        names.append(one.name if one.name not in names else f"{one.name}-{len(names) + 1}")
    tasks = list(dict.fromkeys(task for one in guessed for task in one.tasks))
    images = max(one.images for one in guessed)
    epochs = min(max(_SEEN // max(images, 1), 5), 30)
    blocks = [Entry(key, below=one.entries) for key, one in zip(names, guessed, strict=True)]
    yield from as_yaml([
        Entry("study", re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._") or "study", "results are in results/STUDY"),
        *([Entry("tasks", tasks, "columns of the tables; rename or leave out")] if tasks else []),
        Entry("datasets", below=blocks),
        Entry("models", {"resnet18": {"architecture": "resnet18"}}, "small; resnet50 where there is a GPU"),
        Entry("images", {"size": 128 if images < _MANY else 64}, "pixels a side, for a laptop; 224 with a GPU"),
        Entry("training", {"epochs": epochs, "batch_size": 16 if images < 1000 else 32}, "for a laptop, to begin with"),
    ])  # fmt: skip


def _problems(text: str) -> Iterator[str]:
    """Yield why a study that was guessed cannot be read."""
    import yaml

    from crossray.datasets import find_reader
    from crossray.planning import manifest_settings, plan_of

    try:
        plan, sources = plan_of(yaml.safe_load(text))
    except UserError as error:
        yield f"{error}"
        return
    for name, dataset in plan.study.datasets.items():
        reader = find_reader(dataset.reader)
        settings = reader.ReadSettings.from_json(manifest_settings(plan, sources.readings[name], name))
        try:
            reader.read(sources.releases[name], settings)
        except UserError as error:
            yield f"{name}: {error}"
