"""A real SLURM of one node shares out GPUs, so that profiles can be tested on it."""

import pytest

from slurm_node import Node, obstacle

pytestmark = [pytest.mark.workflow, pytest.mark.slurm]


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Return a running SLURM."""
    if reason := obstacle():
        pytest.skip(reason)
    made = Node(tmp_path_factory.mktemp("slurm"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_two_gpu_jobs_get_a_gpu_each(node):
    script = "echo $CUDA_VISIBLE_DEVICES; sleep 4"
    for name in ("a", "b"):
        node.run("sbatch", "--gpus=1", "--mem=100", f"--comment={name}", f"--output={node.folder}/{name}.txt",
                 "--chdir", str(node.folder), "--wrap", script)  # fmt: skip
    node.wait_until(lambda: sorted(node.jobs("RUNNING").values()) == ["a", "b"])
    node.wait_until(lambda: sorted(node.jobs("COMPLETED").values()) == ["a", "b"])
    assert {(node.folder / f"{name}.txt").read_text() for name in ("a", "b")} == {"0\n", "1\n"}
