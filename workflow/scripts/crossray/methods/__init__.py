"""The methods of a study in words, written from its configuration: for its report and for a paper."""

from crossray.methods import data, evaluation, training
from crossray.methods.words import Part
from crossray.study.stages.write_report import WriteReport

_WRITERS = (
    data.data_sets, data.labels, data.images, data.splits, training.models, training.external_models,
    evaluation.evaluation, evaluation.comparisons, evaluation.analyses,
)  # fmt: skip


def methods(settings: WriteReport) -> list[Part]:
    """Return the methods, part by part; ``[@key]`` cites an entry of the project's references.

    Args:
        settings: of the report.
    """
    return [part for part in (write(settings) for write in _WRITERS) if part.paragraphs]
