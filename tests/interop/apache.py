"""Debian's Apache with mod_auth_openidc, configured as its README says, in a folder of its own."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.interop.installation import Registered, somebody, wait_until_ready

APACHE = "/usr/sbin/apache2"
MODULES = "/usr/lib/apache2/modules"
USER = "www-data"
"""Apache refuses to serve as root."""

CONFIGURATION = """
ServerRoot {folder}
ServerName {site}
Listen {site}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
LogLevel warn
DefaultRuntimeDir {folder}
Mutex file:{folder}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule include_module {modules}/mod_include.so
LoadModule mime_module {modules}/mod_mime.so
LoadModule auth_openidc_module {modules}/mod_auth_openidc.so
TypesConfig /etc/mime.types
StartServers 1
ThreadsPerChild 8
MaxRequestWorkers 8

OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCRedirectURI {redirect_uri}
OIDCCryptoPassphrase only-for-this-test
OIDCScope "openid profile email verification"
OIDCPKCEMethod S256
{more}

DocumentRoot {folder}/pages
<Location /protected>
    AuthType openid-connect
    Require valid-user
    Options +Includes
    SetOutputFilter INCLUDES
</Location>
<Location /protected/named>
    Require claim preferred_username:{name}
</Location>
"""

PAGE = (
    '{"user": "<!--#echo var="REMOTE_USER" -->", "sub": "<!--#echo var="OIDC_CLAIM_sub" -->", '
    '"name": "<!--#echo var="OIDC_CLAIM_preferred_username" -->"}'
)


@dataclass(frozen=True, slots=True)
class WebSite:
    """``protected``/page is for everybody who has an ID token, ``protected``/named for ``name`` only."""

    name: str
    protected: str
    log: Path


@contextlib.contextmanager
def apache(registered: Registered, more: str = "") -> Iterator[WebSite]:
    """The site, newly started: it remembers nothing. ``more``: further directives."""
    if not Path(MODULES, "mod_auth_openidc.so").exists():
        raise RuntimeError("mod_auth_openidc is not installed: run `make interop`")
    site, name = urlsplit(registered.redirect_uri).netloc, somebody()
    with _folder() as folder:
        (folder / "pages" / "protected").mkdir(parents=True)
        for page in ("page", "named"):
            (folder / "pages" / "protected" / page).write_text(PAGE)
        (folder / "apache.conf").write_text(
            CONFIGURATION.format(
                folder=folder,
                modules=MODULES,
                site=site,
                issuer=registered.issuer,
                client_id=registered.client_id,
                client_secret=registered.client_secret,
                redirect_uri=registered.redirect_uri,
                name=name,
                more=more,
            )
        )
        with _running(folder) as process:
            wait_until_ready(process, f"http://{site}/", folder / "error.log")
            yield WebSite(name, f"http://{site}/protected", folder / "error.log")


@contextlib.contextmanager
def _running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [APACHE, "-d", str(folder), "-f", str(folder / "apache.conf"), "-DFOREGROUND"]
    (folder / "error.log").touch()
    _give_away(folder)
    user = USER if os.geteuid() == 0 else None
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, user=user, group=user, extra_groups=[] if user else None
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=15)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Not under pytest's folder, into which only the user of the tests may look."""
    folder = Path(tempfile.mkdtemp(prefix="verifeye-apache-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        owner = pwd.getpwnam(USER)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid)
