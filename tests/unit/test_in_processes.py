"""Work that is spread over processes."""

import os

import pytest
from threadpoolctl import threadpool_info

from crossray.analysis.in_processes import results
from crossray.errors import UserError


def where(part):
    """Return the part, the process that worked on it, and the most threads of its linear algebra."""
    return part, os.getpid(), max((pool["num_threads"] for pool in threadpool_info()), default=1)


def refuse(part):
    """Refuse one of the parts."""
    if part == 3:
        raise UserError("part 3: not allowed")
    return part


@pytest.mark.parametrize("processes", [1, 2, 8])
def test_parts_come_back_in_order_each_worked_on_in_one_thread(processes):
    found = list(results(where, range(5), processes))
    assert [part for part, _ in found] == [0, 1, 2, 3, 4]
    assert [part for _, (part, _, _) in found] == [0, 1, 2, 3, 4]
    assert all(threads == 1 for _, (_, _, threads) in found)
    assert (os.getpid() in {process for _, (_, process, _) in found}) == (processes == 1)


def test_nothing_to_do_starts_no_process():
    assert list(results(where, [], 8)) == []


def test_an_error_of_a_process_is_the_user_s_error():
    with pytest.raises(UserError, match="part 3: not allowed"):
        list(results(refuse, range(5), 2))
