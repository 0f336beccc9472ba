"""A real SLURM of one node or more on this machine, in a folder of its own, started and stopped by a test."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from helpers import SESSION, processes_with
from workflow_helpers import wait_until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel")
#: where SLURM's commands look inside a job, whose variables the executor takes away
CONFIGURED = Path("/etc/slurm")
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])

CONFIGURATION = """
ClusterName=crossray
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=30
CryptoType=crypto/munge
SlurmctldPort={controller_port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
MpiDefault=none
ReturnToService=1
MinJobAge=3600
KillWait=2
OverTimeLimit=0
UnkillableStepTimeout=20
SchedulerParameters=sched_interval=1,batch_sched_delay=0,defer
BatchStartTimeout=60
SlurmdTimeout=20
SlurmdParameters=config_overrides
GresTypes=gpu
{nodes}
PartitionName=one Nodes={first} Default=YES MaxTime=INFINITE State=UP OverSubscribe=YES
PartitionName=both Nodes=ALL MaxTime=INFINITE State=UP OverSubscribe=YES
"""
NODE = "NodeName={name} NodeAddr=127.0.0.1 Port={port} CPUs=8 RealMemory=64000 Gres=gpu:{gpus}"
#: stand for GPUs: every machine has them, and SLURM shares them out
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random")


def obstacle() -> str | None:
    """Return why no SLURM can be started here, if so."""
    missing = [name for name in PROGRAMS if not shutil.which(name, path=PATH)]
    if missing:
        return f"no SLURM here ({', '.join(missing)} missing); install slurmctld, slurmd and munge"
    if os.getuid() != 0:
        return "only root can start a SLURM"
    if (CONFIGURED / "slurm.conf").exists() and not left_over(CONFIGURED / "slurm.conf"):
        return f"this machine has a SLURM of its own ({CONFIGURED}/slurm.conf)"
    return None


def left_over(configuration: Path) -> bool:
    """Return whether a configuration is that of a test that was killed, whose controller no longer runs."""
    record = configuration.resolve().parent / "slurmctld.pid"
    alive = record.is_file() and Path("/proc", record.read_text().strip()).exists()
    return configuration.is_symlink() and not alive


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Slurm:
    """Controller and nodes; GPUs are device files that every machine has, so that GPU jobs can be scheduled.

    Args:
        folder: for everything that SLURM writes.
        names: of the nodes, made up. The first alone is the partition ``one``, the default; all are ``both``.
        gpus: of each node.
    """

    def __init__(self, folder: Path, names: Sequence[str], gpus: int) -> None:
        self.folder, self.names = folder, names
        host = socket.gethostname().split(".")[0]
        for name in ("state", *(f"spool-{name}" for name in self.names)):
            (folder / name).mkdir(parents=True)
        self.environment = os.environ | {"PATH": PATH, "SLURM_CONF": str(folder / "slurm.conf")}
        nodes = [NODE.format(name=name, port=free_port(), gpus=gpus) for name in self.names]
        (folder / "slurm.conf").write_text(
            CONFIGURATION.format(
                host=host, folder=folder, controller_port=free_port(), nodes="\n".join(nodes), first=names[0]
            )
        )
        (folder / "gres.conf").write_text("".join(f"Name=gpu File={device}\n" for device in DEVICES[:gpus]))
        (folder / "munge.key").write_bytes(secrets.token_bytes(1024))
        (folder / "munge.key").chmod(0o400)
        self.links = [CONFIGURED / name for name in ("slurm.conf", "gres.conf")]
        self.processes: dict[str, subprocess.Popen] = {}

    def start(self) -> None:
        """Start everything and wait until the nodes are idle."""
        CONFIGURED.mkdir(exist_ok=True)
        for link in self.links:
            link.unlink(missing_ok=True)  # of a test that was killed
            link.symlink_to(self.folder / link.name)
        self._spawn("munged", "munged", "--foreground", "--force", f"--socket={self.folder}/munge.socket",
                    f"--key-file={self.folder}/munge.key", f"--pid-file={self.folder}/munged.pid",
                    f"--log-file={self.folder}/munged.log", f"--seed-file={self.folder}/munged.seed")  # fmt: skip
        self.wait_until(lambda: (self.folder / "munge.socket").exists())
        self.start_controller()
        for name in self.names:
            self._spawn(f"slurmd-{name}", "slurmd", "-D", "-N", name)
        self.wait_until(lambda: self._states() == {"idle"})

    def start_controller(self) -> None:
        """Start the controller, which takes up the state that it left."""
        self._spawn("slurmctld", "slurmctld", "-D")
        self.wait_until(lambda: "UP" in self.run("scontrol", "ping"))

    def clear(self) -> None:
        """Cancel what another test left and take back the nodes that SLURM drained for it."""
        self.run("scancel", "--user=root")
        self.wait_until(lambda: not self.jobs("RUNNING", "COMPLETING", "PENDING"))
        self.wait_until(lambda: self.resume() or self._states() == {"idle"})

    def resume(self) -> None:
        """Take back the nodes that SLURM drained, as their administrator would."""
        if any(state.startswith(("drain", "drng")) for state in self._states()):
            for name in self.names:
                self.run("scontrol", "update", f"nodename={name}", "state=resume")

    def restart_controller(self) -> None:
        """End the controller, which saves its state, and start it again; jobs go on meanwhile."""
        process = self.processes.pop("slurmctld")
        process.terminate()
        process.wait(timeout=60)
        self.start_controller()

    def stop(self) -> None:
        """Cancel all jobs and end everything that was started; a node that was down may have forgotten some."""
        self.run("scancel", "--user=root", "--signal=KILL", "--full")
        self.run("scancel", "--user=root")
        for name in reversed(list(self.processes)):
            self._end(name)
        for number in processes_with(f"{SESSION}={os.environ[SESSION]}", "SLURM_JOB_ID="):
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        for link in self.links:
            if link.is_symlink() and link.readlink() == self.folder / link.name:
                link.unlink()

    def run(self, *words: str) -> str:
        """Run one of SLURM's commands and return what it printed."""
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    def jobs(self, *states: str) -> dict[str, str]:
        """Return the comment (rule and wildcards) of every job that is in one of these states."""
        lines = self.run("squeue", "--noheader", "--states=all", "--format=%i|%T|%k").splitlines()
        rows = [line.split("|", 2) for line in lines]
        return {number: comment for number, state, comment in rows if state in states}

    def _states(self) -> set[str]:
        """Return the states of the nodes."""
        return set(self.run("sinfo", "--noheader", "--Node", "--format=%t").split())

    def _spawn(self, name: str, program: str, *words: str) -> None:
        with (self.folder / f"{name}.out").open("a") as output:
            self.processes[name] = subprocess.Popen(
                [shutil.which(program, path=PATH), *words], env=self.environment, stdout=output, stderr=output
            )

    def _end(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait(timeout=30)

    def wait_until(self, holds: Callable[[], object], seconds: int = 60) -> None:
        """Wait until something holds; show what SLURM said if it never comes."""
        try:
            wait_until(holds, seconds=seconds)
        except AssertionError as error:
            logs = "\n".join(path.read_text()[-2000:] for path in self.folder.glob("*.out"))
            raise AssertionError(f"{error}: {logs}") from None
