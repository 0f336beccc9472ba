"""Archives of the tests: Orthanc and dcmqrscp on the loopback, what they hold, and what speaks to them."""

import json
import os
import shutil
import signal
import socket
import socketserver
import ssl
import subprocess
import threading
import urllib.request
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

from helpers import dicom_file
from releases import pixels
from workflow_helpers import wait_until

#: where Debian and others put programs and Orthanc's plugin
PLACES = f"{os.environ['PATH']}:/usr/sbin:/sbin"
ORTHANC = shutil.which("Orthanc", path=PLACES)
DCMQRSCP = shutil.which("dcmqrscp", path=PLACES)
PLUGIN = next(
    (
        place
        for folder in ("/usr/share/orthanc/plugins", "/usr/lib/orthanc", "/usr/local/share/orthanc/plugins")
        for place in sorted(Path(folder).glob("libOrthancDicomWeb.so*"))
    ),
    None,
)
#: user of the archive that asks for one
USER, PASSWORD = "reader", "never-written-7251"


def free_port():
    """Return a port that nothing listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Orthanc:
    """An Orthanc with DICOMweb in a folder, on ports of its own; it can be stopped and started again.

    Args:
        folder: of its own.
        more: settings that replace those of here.
    """

    def __init__(self, folder, **more):
        self.folder, self.more = folder, more
        self.folder.mkdir(parents=True, exist_ok=True)
        self.http, self.dicom = free_port(), free_port()
        self.process = None

    @property
    def url(self):
        return f"http://localhost:{self.http}/dicom-web"

    def start(self):
        """Start it and return it once it answers."""
        storage = str(self.folder / "storage")
        settings = {
            "Name": "tests", "StorageDirectory": storage, "IndexDirectory": storage,
            "Plugins": [str(PLUGIN)], "HttpPort": self.http, "DicomPort": self.dicom, "DicomAet": "ORTHANC",
            "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "DicomCheckCalledAet": True,
            "DicomAlwaysAllowEcho": True, "DicomAlwaysAllowFind": True, "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True, "DicomModalities": {}, "SaveJobs": False,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "EnableWado": False},
            **self.more,
        }  # fmt: skip
        (self.folder / "orthanc.json").write_text(json.dumps(settings))
        with (self.folder / "orthanc.log").open("a") as log:
            self.process = subprocess.Popen(
                [ORTHANC, str(self.folder / "orthanc.json")], stdout=log, stderr=log, start_new_session=True
            )
        wait_until(self._listens, self.process, seconds=120)
        return self

    def _listens(self):
        for port in (self.http, self.dicom):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
                continue
            return False
        return True

    def stop(self):
        """End it."""
        if self.process and self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=60)

    def ask(self, path, data=None, method=None):
        """Ask its own interface."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def put(self, *files):
        """Give it files."""
        for file in files:
            self.ask("/instances", Path(file).read_bytes(), "POST")

    def delete_study(self, uid):
        """Let a study vanish."""
        found = self.ask("/tools/lookup", uid.encode(), "POST")
        self.ask(next(one["Path"] for one in found if one["Type"] == "Study"), method="DELETE")


def hospital(folder, studies=6, side=40, first=1):
    """Write studies as an archive has them: a frontal view each, a lateral one too in every second, and their labels.

    Returns:
        Paths of the files, and the table of labels.
    """
    files, rows = [], []
    for number in range(first, first + studies):
        study = f"1.2.826.0.1.3680043.10.1.{number}"
        views = ["PA" if number % 3 else "AP", *(["LL"] if number % 2 == 0 else [])]
        for place, view in enumerate(views, start=1):
            picture = np.kron(pixels(10 * number + place, np.uint16), np.ones((side // 40, side // 40), np.uint16))
            elements = {
                "SOPInstanceUID": f"{study}.1.{place}", "SeriesInstanceUID": f"{study}.1", "StudyInstanceUID": study,
                "PatientID": f"P{number // 2:04d}", "PatientName": f"Name{number}", "AccessionNumber": f"A{number:05d}",
                "StudyID": f"S{number}", "Modality": "CR", "StudyDate": "20250301", "StudyTime": "101112",
                "PatientSex": "FM"[number % 2], "PatientAge": f"{40 + number % 40:03d}Y", "ViewPosition": view,
                "BodyPartExamined": "CHEST", "SeriesNumber": 1, "InstanceNumber": place, "PatientBirthDate": "19800101",
                "ReferringPhysicianName": "",
            }  # fmt: skip
            files.append(dicom_file(folder / f"{number:05d}-{place}.dcm", picture, bits=12, **elements))
        rows.append({"AccessionNumber": f"A{number:05d}", "Effusion": number % 2})
    return files, pd.DataFrame(rows)


class Dcmqrscp:
    """DCMTK's archive in a folder, with files."""

    def __init__(self, folder, files, peer=None):
        self.folder, self.port = folder, free_port()
        storage = folder / "TESTS"
        storage.mkdir(parents=True)
        kept = [shutil.copyfile(file, storage / Path(file).name) for file in files]
        index = shutil.which("dcmqridx", path=PLACES)
        subprocess.run([index, str(storage), *map(str, kept)], check=True, capture_output=True, timeout=120)
        host = f"peer = (CROSSRAY, localhost, {peer})\n" if peer else ""
        (folder / "dcmqrscp.cfg").write_text(
            f"NetworkTCPPort = {self.port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
            f"HostTable BEGIN\n{host}HostTable END\nVendorTable BEGIN\nVendorTable END\n"
            f"AETable BEGIN\nTESTS {storage} RW (1000, 1024mb) ANY\nAETable END\n"
        )
        with (folder / "dcmqrscp.log").open("a") as log:
            self.process = subprocess.Popen(
                [DCMQRSCP, "-c", str(folder / "dcmqrscp.cfg")], stdout=log, stderr=log, start_new_session=True
            )
        wait_until(self._listens, self.process, seconds=120)

    def _listens(self):
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5):
            return True
        return False

    def stop(self):
        """End it and its children."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=60)


def certificate(folder, name):
    """Make a certificate of a host that vouches for itself; return it and its key."""
    folder.mkdir(parents=True, exist_ok=True)
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2"]
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run(["openssl", *made, *names], cwd=folder, check=True, capture_output=True, timeout=120)
    return folder / "cert.pem", folder / "key.pem"


def signed_certificate(folder, name):
    """Make an authority, and a certificate of a host that it vouches for.

    Returns:
        The authority's certificate, and the host's with its key in one file.
    """
    authority, key = certificate(folder, "authority")
    (folder / "names").write_text(f"subjectAltName=DNS:{name}\n")
    asked = ["req", "-newkey", "rsa:2048", "-nodes", "-keyout", "host.key", "-out", "host.csr", "-subj", f"/CN={name}"]
    by = ["-CA", str(authority), "-CAkey", str(key), "-CAcreateserial"]
    signed = ["x509", "-req", "-in", "host.csr", *by, "-out", "host.pem", "-days", "2", "-extfile", "names"]
    for words in (asked, signed):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=120)
    (folder / "both.pem").write_text((folder / "host.key").read_text() + (folder / "host.pem").read_text())
    return authority, folder / "both.pem"


class Front(socketserver.ThreadingTCPServer):
    """What speaks TLS for an archive, as in front of most: it passes on what comes, both ways.

    Debian's Orthanc 1.10.1 ends with signal 11 as soon as a client accepts its certificate, so it cannot do so itself.

    Args:
        port: of the archive, on this machine.
        both: certificate and key.
    """

    daemon_threads = True

    def __init__(self, port, both):
        super().__init__(("127.0.0.1", 0), Passing)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        self.port, self.socket = port, context.wrap_socket(self.socket, server_side=True)
        self.url = f"https://localhost:{self.server_address[1]}/dicom-web"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *of):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """Say nothing of clients that are gone."""


class Passing(socketserver.BaseRequestHandler):
    """A connection of :class:`Front`."""

    def handle(self):
        with socket.create_connection(("127.0.0.1", self.server.port)) as archive:
            back = threading.Thread(target=pass_on, args=(archive, self.request), daemon=True)
            back.start()
            pass_on(self.request, archive)
            back.join()


def pass_on(one, other):
    """Send to one socket what another receives, until that ends."""
    with suppress(OSError):
        while content := one.recv(2**16):
            other.sendall(content)
    with suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)
