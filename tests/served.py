"""Programs without their start-up: each is forked from a process that has imported torch, pandas and Snakemake.

What a tiny study computes takes a second a job; importing torch for it takes five. ``Server`` makes a folder whose
``bin/python`` hands its arguments, files, folder and environment to that process, which forks, and the fork runs the
program as the command line says; ``bin/snakemake`` beside it is for commands as a person types them. Only libraries
are imported beforehand: the code of CrossRay is that of the checkout. Signals do what they do to a program: those to a
process group reach the forks of its clients too, and who kills a client kills its fork. The fault tests and those of
SLURM start programs as a user does.
"""

import atexit
import contextlib
import importlib
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

LIBRARIES = (
    "altair", "cv2", "gdcm", "h5py", "imagecodecs", "jinja2", "pandas", "pandera", "pyarrow.parquet", "pydicom.pixels",
    "pytorch_lightning", "safetensors.torch", "scipy.optimize", "scipy.stats", "sklearn.linear_model",
    "sklearn.metrics", "snakemake.cli", "snakemake_executor_plugin_slurm", "statsmodels.api", "timm",
    "torchvision.transforms.v2", "vl_convert", "captum.attr",
)  # fmt: skip

#: what ``bin/python`` is; -I and -S leave it nothing to import but this
CLIENT = """#!{python} -IS
import json, os, signal, socket, sys
words = sys.argv[1:]
if not words or words[0].startswith("-") and words[:2] != ["-m", "snakemake"]:
    os.execv({original!r}, ["python", *words])
group = os.getpgrp() if os.getsid(0) == {session} else None
if group:  # the fork gets signals to its group itself, and says how it ends
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    request = json.dumps([words, os.getcwd(), dict(os.environ), group]).encode()
    socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(request)
    status = server.recv(1)
sys.exit(status[0] if status else 1)
"""


class Server:
    """The process that is forked, in a folder of its own.

    Attributes:
        python: runs programs, and Snakemake, in forks; with its folder on the PATH, ``snakemake`` does.
        original: the interpreter, whose programs find ``python`` beside it.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="crossray-"))
        self.python, self.original = self.folder / "bin/python", self.folder / "bin/python3"
        (self.folder / "bin").mkdir()
        (self.folder / "lib").symlink_to(Path(sys.prefix, "lib"))
        shutil.copyfile(Path(sys.prefix, "pyvenv.cfg"), self.folder / "pyvenv.cfg")
        interpreter, address = Path(sys.executable).resolve(), str(self.folder / "socket")
        self.original.symlink_to(interpreter)
        self.python.write_text(
            CLIENT.format(python=interpreter, original=str(self.original), address=address, session=os.getsid(0))
        )
        self.python.chmod(0o700)
        snakemake = self.python.with_name("snakemake")
        snakemake.write_text(f'#!/bin/sh\nexec "{self.python}" -m snakemake "$@"\n')
        snakemake.chmod(0o700)
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # as Snakemake sets them for a job
        words = [str(self.original), __file__, address]
        self.process = subprocess.Popen(
            words, env=os.environ | one_thread, stdout=subprocess.PIPE, text=True, process_group=0
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", "the libraries cannot be imported"

    def stop(self) -> None:
        """End the process and its forks."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=60)
        shutil.rmtree(self.folder)


def serve(address: str) -> None:
    """Fork for each connection, until this process is ended."""
    for name in LIBRARIES:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        print("ready", flush=True)
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _keep(connection)
            connection.close()


def _keep(connection: socket.socket) -> None:
    """Fork the program that a client asks for and tell it the status; if the client ends first, end the program.

    A client in this session only ends first if it is killed, as it leaves other signals to the fork, which is in its
    group; from another session, groups cannot be joined, and the fork is asked to end.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, files, _, _ = socket.recv_fds(connection, 4, 3)
    with connection.makefile("rb") as stream:
        words, folder, environment, group = json.loads(stream.read(int.from_bytes(length, "big")))
    if (program := os.fork()) == 0:
        connection.close()
        if group:
            with contextlib.suppress(OSError):  # it ended already
                os.setpgid(0, group)
        os._exit(_run(words, folder, environment, files))
    for file in files:
        os.close(file)
    if connection in select.select([os.pidfd_open(program), connection], [], [])[0]:
        os.kill(program, signal.SIGKILL if group else signal.SIGTERM)
    code = os.waitstatus_to_exitcode(os.waitpid(program, 0)[1])
    with contextlib.suppress(OSError):
        connection.sendall(bytes([code if code >= 0 else 128 - code]))
    os._exit(0)


def _run(words: list[str], folder: str, environment: dict[str, str], files: list[int]) -> int:
    """Run a program in this fork as ``python`` would and return its status.

    What is registered for the end is done here, as the fork ends without taking its many modules down, for which the
    interpreter would need longer than most programs for their work.
    """
    status: object = 0
    try:
        _become(words, folder, environment, files)
    except SystemExit as ended:
        status = ended.code
        if not (status is None or isinstance(status, int)):
            print(status, file=sys.stderr)
    except BaseException:  # as the interpreter would
        sys.excepthook(*sys.exc_info())
        status = 1
    with contextlib.suppress(OSError, ValueError):
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    return status if isinstance(status, int) else int(status is not None)


def _become(words: list[str], folder: str, environment: dict[str, str], files: list[int]) -> None:
    """Take over the files, the folder and the environment of a client and run its program."""
    sys.executable = str(Path(sys.executable).with_name("python"))  # jobs that Snakemake submits are forked too
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdin, sys.stdout, sys.stderr = map(os.fdopen, range(3), "rww", (1, 1, 1))
    added = [part for part in environment.get("PYTHONPATH", "").split(os.pathsep) if part]
    sys.path[:1] = ["" if words[0] == "-m" else str(Path(words[0]).parent), *added]
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    serve(sys.argv[1])
