"""What a study itself says to the items of a checklist: a sentence or two by the name of each fact.

Counts and numbers are those of the published tables, with what is withheld there marked as there. What the study does
not know has no text, so that the item says who has to write it.
"""

from crossray.manuscript.design import DESIGN
from crossray.manuscript.results import RESULTS
from crossray.manuscript.study_results import StudyResults

FACTS = DESIGN | RESULTS


def fact(results: StudyResults, name: str) -> str:
    """Return what the study says; empty where it says nothing.

    Args:
        results: the study.
        name: of a fact.
    """
    return " ".join(FACTS[name](results).split())
