"""Every setting, typed and frozen: environment variables ``VERIFEYE_OIDC_*``, or a TOML file.

A value that cannot work refuses to boot and says which one it is and what to do.
"""

import os
from ipaddress import ip_address
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from verifeye_oidc.verifier.sandbox import FAILURES, PASS


class SettingsRefused(Exception):
    """The settings cannot work. The message names each one that is wrong."""


def data_home() -> Path:
    """Where data lives when nobody says otherwise (XDG base directories)."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "verifeye-oidc"


class Settings(BaseSettings):
    """What an installation is configured by."""

    model_config = SettingsConfigDict(env_prefix="VERIFEYE_OIDC_", frozen=True, extra="forbid")

    issuer: str = Field(
        "http://localhost:8080", description="Our own name in every token and link, byte for byte."
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=1, le=65535, description="Port to listen on.")
    data_dir: Path = Field(
        default_factory=data_home, description="Database and master key, unless set apart."
    )
    database_url: str = Field("", description="`sqlite:///path`; empty: `provider.db` in the data directory.")
    master_key_file: Path | None = Field(
        None,
        description="Seals what is at rest. Made in the data directory only for an http loopback issuer.",
    )
    region: str = Field("eu", pattern=r"^[a-z][a-z0-9-]{0,31}$", description="The region of this process.")
    verification: Literal["embedded", "sandbox"] = Field(
        "embedded", description="Which service verifies faces; `sandbox` looks at none."
    )
    sandbox_acknowledged: bool = Field(
        default=False, description="Says that you know: in sandbox mode anybody can pass as anybody."
    )
    sandbox_outcome: str = Field(
        "",
        description="How every sandbox verification ends, without a page: `pass` or a failure; empty: ask.",
    )
    backup_days: int = Field(
        30, ge=0, le=3650, description="How long you keep backups; each receipt of an erasure names it."
    )
    erasure_ledger_file: Path | None = Field(
        None,
        description="Who was erased, so that no restored backup brings them back; empty: `erasures.ledger` "
        "in the data directory. Never restore it from a backup.",
    )
    models_dir: Path | None = Field(None, description="Face models; empty: the user's cache.")
    capture_no_face_seconds: int = Field(
        20, ge=2, le=60, description="How long a capture waits for a face before it asks to try again."
    )

    @field_validator("issuer")
    @classmethod
    def _issuer_is_an_origin(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http or https URL such as https://login.example.com")
        if parts.path or parts.query or parts.fragment or parts.username or issuer != issuer.lower():
            raise ValueError("must be scheme, host and port only, in lower case, without a slash at the end")
        return issuer

    @model_validator(mode="after")
    def _plain_http_stays_on_this_machine(self) -> Self:
        if not self.https and not is_loopback(urlsplit(self.issuer).hostname or ""):
            raise ValueError("issuer: http is for localhost only; use an https issuer behind a TLS proxy")
        if self.https and self.master_key_file is None:
            raise ValueError(
                "master_key_file: required with an https issuer; make one with `keys create-master`"
            )
        return self

    @model_validator(mode="after")
    def _a_sandbox_is_never_on_by_accident(self) -> Self:
        if not self.sandbox:
            if self.sandbox_outcome:
                raise ValueError("sandbox_outcome: only with verification = sandbox; remove it")
            return self
        if not self.sandbox_acknowledged:
            raise ValueError(
                "sandbox_acknowledged: in sandbox mode anybody can pass as anybody; set it to true if this "
                "installation protects nothing, or set verification to embedded"
            )
        host = urlsplit(self.issuer).hostname or ""
        if not is_loopback(host) and not {"sandbox", "test"} & set(host.split(".")):
            raise ValueError(
                "issuer: off this machine a sandbox says what it is: `sandbox` or `test` must be one of the "
                "labels of its host name, as in https://login.sandbox.example.com"
            )
        if self.sandbox_outcome not in ("", PASS, *FAILURES):
            raise ValueError(f"sandbox_outcome: must be empty or one of {', '.join((PASS, *FAILURES))}")
        return self

    @property
    def sandbox(self) -> bool:
        return self.verification == "sandbox"

    @property
    def https(self) -> bool:
        return self.issuer.startswith("https://")

    @property
    def sqlite_path(self) -> Path:
        """Where the database file is. Raises SettingsRefused for any other kind of database."""
        if not self.database_url:
            return self.data_dir / "provider.db"
        if not self.database_url.startswith("sqlite:///"):
            raise SettingsRefused(
                "database_url: this version keeps its data in SQLite: sqlite:///path/to/file.db"
            )
        return Path(self.database_url.removeprefix("sqlite:///"))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class names them
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before the environment before the file named by ``--config``."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(config: Path | None = None, **overrides: Any) -> Settings:
    """Read the settings. Raises SettingsRefused with one line for each value that is wrong."""
    if config is not None and not config.is_file():
        raise SettingsRefused(f"--config: there is no file {config}")
    try:
        return _settings_of(config)(**overrides)
    except TOMLDecodeError as wrong:
        raise SettingsRefused(f"--config: {config} is not TOML: {wrong}") from wrong
    except ValidationError as refused:
        raise SettingsRefused("\n".join(map(_line, refused.errors()))) from refused


def _line(error: ErrorDetails) -> str:
    """Which setting, and what is wrong; a rule over several settings names the one to change itself."""
    unknown = error["type"] == "extra_forbidden"
    message = "there is no such setting" if unknown else error["msg"].removeprefix("Value error, ")
    return ": ".join([*map(str, error["loc"]), message])


def _settings_of(config: Path | None) -> type[Settings]:
    """Settings that also read a file: pydantic-settings takes its name from the class."""

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=config)

    return FromFile


def is_loopback(host: str) -> bool:
    """Whether a host name of an issuer can only mean this machine."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
