"""Ways to part a site's images into groups, and what subtracting groups of one from those of another would tell.

A ward that lies within a building is a group within a group: who has counts of both has those of the rest of the
building. The same holds of the images with a nodule among those with an opacity. Whoever knows that one lies within the
other can subtract, so that what is left is looked at as a cell of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

#: images that are in no group
NOWHERE = -1

#: number of the group of each image, or :data:`NOWHERE`, shape (images,)
Partition = NDArray[np.int64]


def remainders(first: Partition, second: Partition) -> Iterator[NDArray[np.bool_]]:
    """Yield what groups of one have beside those groups of the other that lie within them, and the reverse.

    Args:
        first: of the images.
        second: of the same images.
    """
    for inner, outer in ((first, second), (second, first)):
        width = int(outer.max(initial=NOWHERE)) + 2
        parts, places = np.divmod(np.flatnonzero(np.bincount((inner + 1) * width + outer + 1)), width)
        alone = (np.bincount(parts)[parts] == 1) & (parts - 1 != NOWHERE)
        for whole in np.unique(places[places - 1 != NOWHERE]) - 1:
            within = parts[alone & (places - 1 == whole)] - 1
            if len(within):
                yield (outer == whole) & ~np.isin(inner, within)


def tells_of_few(new: Partition, told: Iterable[Partition], patients: NDArray, below: int) -> bool:
    """Return whether groups, once they are told beside others, would tell of fewer patients than a cell must have.

    Args:
        new: whose groups are asked for.
        told: those that are told already.
        patients: number of the patient of each image, shape (images,).
        below: fewest patients of a cell that is not empty.
    """
    return any(0 < len(np.unique(patients[rest])) < below for one in told for rest in remainders(one, new))


def joined(partitions: Mapping[str, Partition]) -> Iterator[tuple[Sequence[str], NDArray[np.int64]]]:
    """Yield the partitions that must have the same bins, as groups of one lie within groups of another.

    Yields:
        Their names; and the cells that bins must keep, of shape (images, columns): the groups of each, and what is left
        where some are subtracted.
    """
    columns = {name: [one] for name, one in partitions.items()}
    together = {name: [name] for name in partitions}
    names = list(partitions)
    for place, name in enumerate(names):
        for other in names[:place]:
            rests = list(remainders(partitions[other], partitions[name]))
            if not rests:
                continue
            columns[name] += [np.where(rest, 0, NOWHERE) for rest in rests if rest.any()]
            if together[name] is not together[other]:
                together[other] += together[name]
                for one in together[name]:
                    together[one] = together[other]
    for name in names:
        if together[name][0] == name:
            yield together[name], np.stack([one for part in together[name] for one in columns[part]], axis=1)
