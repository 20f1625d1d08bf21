"""One command, two sites: the provider on ``localhost`` and Acme on ``127.0.0.1``, in one process."""

import asyncio
import json
import os
import socket
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from verifeye_oidc.admin.clients import create_client
from verifeye_oidc.admin.configurations import create_configuration
from verifeye_oidc.app import House, open_app, open_house
from verifeye_oidc.demo.acme import Registration, acme_app
from verifeye_oidc.http.server import Server, server_config, stop_on_signals
from verifeye_oidc.settings import Settings, SettingsRefused, load_settings
from verifeye_oidc.verification.port import EnrolmentPolicy, FaceMode, LivenessMode, Verifier

SITE = "127.0.0.1"
"""Another site than ``localhost`` to every browser, and still this machine."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line says."""

    port: int
    acme_port: int
    data_dir: Path
    liveness: LivenessMode
    face: FaceMode
    sandbox: bool
    browser: bool


async def run_demo(options: DemoOptions, say: Callable[[str], None]) -> None:
    """Serve the demo until it is interrupted.

    Raises SettingsRefused when a port is taken or the data directory belongs to another issuer.
    """
    settings = load_settings(
        issuer=f"http://localhost:{options.port}",
        port=options.port,
        host=SITE,
        data_dir=options.data_dir,
        verification="sandbox" if options.sandbox else "embedded",
        sandbox_acknowledged=options.sandbox,
    )
    sockets = [_listen(options.port, "--port"), _listen(options.acme_port, "--acme-port")]
    async with open_house(settings) as house:
        registration = await _registration(house, settings, options)
        async with open_app(house) as provider:
            apps = (provider, acme_app(registration, sandbox=options.sandbox))
            servers = [Server(server_config(app)) for app in apps]
            stop_on_signals(servers)
            async with asyncio.TaskGroup() as serving:
                for server, bound in zip(servers, sockets, strict=True):
                    serving.create_task(server.serve([bound]))
                for server in servers:
                    await server.listening.wait()
                _announce(registration, options, say)


def _announce(registration: Registration, options: DemoOptions, say: Callable[[str], None]) -> None:
    say("")
    say(f"  Acme, a relying party   {registration.origin}   <- open this one")
    say(f"  Provider                {registration.issuer}")
    say(f"  Data                    {options.data_dir}")
    if options.sandbox:
        say("  Sandbox                 no camera: you choose how each verification ends")
    say("")
    say("Ready. Stop with Ctrl+C.")
    if options.browser:
        webbrowser.open(registration.origin)


async def _registration(house: House, settings: Settings, options: DemoOptions) -> Registration:
    """Acme's own configuration file: written at first start, as an engineer would paste it."""
    file = options.data_dir / "acme.json"
    origin = f"http://{SITE}:{options.acme_port}"
    if file.exists():
        kept = Registration(**json.loads(file.read_text()))
        if (kept.issuer, kept.origin) != (settings.issuer, origin):
            raise SettingsRefused(
                f"{options.data_dir} holds a demo at {kept.issuer} with Acme at {kept.origin}.\n"
                "Use the same --port and --acme-port, or another --data-dir."
            )
        return kept
    configuration = await create_configuration(
        house.store,
        house.ids,
        name="Acme",
        face=options.face,
        liveness=options.liveness,
        enrolment_policy=EnrolmentPolicy.FIRST_USE,
        issuer=settings.issuer,
    )
    required = {Verifier.FACE} | (
        {Verifier.LIVENESS} if options.liveness is LivenessMode.VERIFICATION else set()
    )
    client, secret = await create_client(
        house.store,
        house.ids,
        name="Acme",
        redirect_uris=(f"{origin}/callback",),
        configuration_id=configuration.configuration_id,
        required_verifiers=frozenset(required),
    )
    registration = Registration(settings.issuer, client.client_id, secret, origin)
    keep(registration, file)
    return registration


def keep(registration: Registration, file: Path) -> None:
    """Whole or not at all: half a file would keep every later start from beginning."""
    content = {
        "issuer": registration.issuer,
        "client_id": registration.client_id,
        "client_secret": registration.client_secret,
        "origin": registration.origin,
    }
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(content, out, indent=2)
            out.flush()
            os.fsync(out.fileno())
        os.link(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def _listen(port: int, option: str) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((SITE, port))
    except OSError as taken:
        raise SettingsRefused(
            f"port {port} is in use by another program. Stop it, or choose another with {option}."
        ) from taken
    return listening
