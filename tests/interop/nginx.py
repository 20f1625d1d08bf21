"""Debian's nginx with TLS, under the configuration that docs/howto/behind-nginx.md shows."""

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.interop.certificates import make_certificate
from tests.interop.installation import SITE, wait_until_ready
from tests.support.shared import REPOSITORY

NGINX = "/usr/sbin/nginx"
HOWTO = REPOSITORY / "docs" / "howto" / "behind-nginx.md"

AROUND = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {documented}
}}
"""


@dataclass(frozen=True, slots=True)
class Proxy:
    """``authority``: the file with which clients check its certificate. ``logs``: what it writes."""

    authority: Path
    logs: tuple[Path, ...]


@contextlib.contextmanager
def nginx(folder: Path, *, port: int, upstream_port: int) -> Iterator[Proxy]:
    """Serve https://localhost:``port`` in front of a provider on loopback."""
    if not Path(NGINX).exists():
        raise RuntimeError("nginx is not installed: run `make interop`")
    authority, certificate, key = make_certificate(folder)
    documented = _documented(
        {
            "listen 443 ": f"listen {SITE}:{port} ",
            "login.example.com;": "localhost;",
            "/etc/ssl/login.example.com.pem": str(certificate),
            "/etc/ssl/login.example.com.key": str(key),
            "/var/log/nginx/": f"{folder}/",
            "127.0.0.1:8080": f"{SITE}:{upstream_port}",
        }
    )
    # The workers of root are nobody, who may not look into the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(AROUND.format(user=user, folder=folder, documented=documented))
    log = folder / "nginx.log"
    log.touch()
    with subprocess.Popen([NGINX, "-p", str(folder), "-c", str(configuration), "-e", str(log)]) as process:
        try:
            wait_until_ready(process, f"https://localhost:{port}/", log, authority)
            yield Proxy(authority, (log, folder / "verifeye-oidc.log", folder / "verifeye-oidc-errors.log"))
        finally:
            process.terminate()
            process.wait(timeout=15)


def _documented(changes: dict[str, str]) -> str:
    """The how-to's block, with what is particular to a machine exchanged; each of it must be there."""
    (block,) = re.findall(r"```nginx\n(.*?)```", HOWTO.read_text(), re.DOTALL)
    for ours, theirs in changes.items():
        assert ours in block, f"{HOWTO.name} no longer says {ours!r}"
        block = block.replace(ours, theirs)
    return str(block)
