"""Label policy: which images are kept, and what words and marks of a release mean. The same rules for every reader.

Every choice is a setting, and stands in the metadata of the manifest. The policy ``default`` is what we hold to be
right; ``paper`` is what Cohen et al. (MIDL 2020) did, so that their numbers can be met. docs/labels.md says where the
two differ, and why.
"""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.datasets.reading import ChosenImages, KeptImages, NotKept
from crossray.datasets.sheets import read_table
from crossray.errors import UserError

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

#: word in ``views`` for images of which the release does not say the view
UNKNOWN_VIEW = "UNKNOWN"
ANY_VIEW = "ANY"

#: in the task column of a table of synonyms: what such an image does not name is unknown, not negative
REST_UNKNOWN = "(rest unknown)"

#: what an uncertain label becomes
UNCERTAIN = {"ignore": None, "positive": 1.0, "negative": 0.0}

#: why an image is not kept whose view is
FURTHER = "further images of a patient"


def keep_images(table: "pandas.DataFrame", settings: ChosenImages) -> KeptImages:
    """Keep the views and the images per patient that the policy asks for.

    Args:
        table: one row an image, with ``view`` and ``patient_id`` and whatever else; in the release's order.
        settings: ``views``; ``images_per_patient``: ``all``; ``first``; or ``first_known``, which takes for every
            column the first value that is not missing, be it of another image of the patient. That is what
            ``DataFrame.groupby().first()`` did in the original (its defect 1) and no other reason to use it is known.

    Returns:
        Some of the rows, under the index that they had, so that messages can name rows of the release's table; and
        the counts of the others.

    Raises:
        UserError: if no image is left; the message counts the views that there are.
    """
    kept = table
    if ANY_VIEW not in settings.views:
        kept = table[table["view"].fillna(UNKNOWN_VIEW).isin(settings.views)]
    if kept.empty:
        counts = table["view"].fillna(UNKNOWN_VIEW).value_counts()
        there = ", ".join(f"{count} {view}" for view, count in counts.items())
        raise UserError(f"views: no image is one of {', '.join(settings.views)}; the release has {there}")
    if settings.images_per_patient == "first":
        kept = kept.drop_duplicates("patient_id")
    elif settings.images_per_patient == "first_known":
        rows = kept.drop_duplicates("patient_id").index
        kept = kept.groupby("patient_id", sort=False, as_index=False).first()[list(table.columns)].set_index(rows)
    log.info("%d of %d images kept by view and images per patient", len(kept), len(table))
    return KeptImages(kept, _reasons(table, kept, settings.views))


def _reasons(table: "pandas.DataFrame", kept: "pandas.DataFrame", views: Iterable[str]) -> NotKept:
    """Return the reasons why images are not kept, the most frequent view first.

    A patient of whom no image is left counts with the first of these views that they have.
    """
    lost = table.loc[table.index.difference(kept.index)]
    names = lost["view"].fillna(UNKNOWN_VIEW)
    of_views = names[~names.isin([*views]) & (ANY_VIEW not in views)]
    order = [f"view {name}" for name in of_views.value_counts().index]
    reasons = ("view " + of_views).reindex(lost.index, fill_value=FURTHER)
    gone = lost.assign(reason=reasons)[~lost["patient_id"].isin(kept["patient_id"])]
    patients = gone.drop_duplicates("patient_id")["reason"].value_counts()
    images = reasons.value_counts()
    return {name: (int(images[name]), int(patients.get(name, 0))) for name in [*order, FURTHER] if name in images}


def resolve_uncertain(labels: "pandas.Series", uncertain: str) -> "pandas.Series":
    """Replace -1 by what the policy says: ``ignore`` (missing), ``positive`` or ``negative``."""
    return labels.mask(labels == -1, UNCERTAIN[uncertain])


def read_synonyms(path: str) -> dict[str, set[str]]:
    """Read a table from words of a release to tasks.

    Args:
        path: CSV with the columns ``finding`` (the release's word), ``task``, and others, which are for people.

    Returns:
        task -> its words in small letters; a word may stand for several tasks. :data:`REST_UNKNOWN` is among the
        tasks if the table uses it.

    Raises:
        UserError: if a row has no finding or no task.
    """
    table = read_table(path, ["finding", "task"])
    words: dict[str, set[str]] = {}
    for row, finding, task in zip(table.index, table["finding"], table["task"], strict=True):
        if not finding.strip() or not task.strip():
            raise UserError(f"{path}: row {row + 2}: a finding or a task is empty")
        words.setdefault(task.strip(), set()).add(finding.strip().lower())
    return words


def labels_of_findings(
    findings: "pandas.Series", synonyms: Mapping[str, set[str]], matching: str
) -> "pandas.DataFrame":
    """Turn lists of findings into labels.

    Args:
        findings: for each image the set of its report's words, in small letters.
        synonyms: task -> its words (:func:`read_synonyms`).
        matching: ``exact``: a finding is one of the words; ``contained``: one of the words is part of a finding,
            as in the original, where ``nodule`` so also took ``pseudonodule``.

    Returns:
        One float column a task, in the table's order: 1 named, 0 not named. With exact matching it is missing if not
        named and the image carries a word of :data:`REST_UNKNOWN`, or no word at all.
    """
    import numpy as np
    import pandas as pd

    vocabulary = sorted(set().union(*findings))

    def carries(task: str) -> "np.ndarray":
        if matching == "exact":
            chosen = synonyms[task].intersection(vocabulary)
        else:
            chosen = {word for word in vocabulary if any(part in word for part in synonyms[task])}
        return np.array([not chosen.isdisjoint(words) for words in findings])

    rest_unknown = np.array([not words and matching == "exact" for words in findings])
    if REST_UNKNOWN in synonyms:
        rest_unknown |= carries(REST_UNKNOWN)
    columns = {}
    for task in synonyms:
        if task != REST_UNKNOWN:
            named = carries(task)
            columns[task] = np.where(named, 1.0, np.where(rest_unknown, np.nan, 0.0))
    return pd.DataFrame(columns, index=findings.index)


def unknown_words(findings: Iterable[set[str]], allowed: set[str], path: str) -> None:
    """Refuse words that a closed vocabulary does not have.

    Raises:
        UserError: naming how many images carry such a word.
    """
    strange = sum(1 for words in findings if words - allowed)
    if strange:
        raise UserError(
            f"{path}: {strange} rows have a finding that is none of {', '.join(sorted(allowed))}; "
            f"is it another version of {Path(path).name}?"
        )
