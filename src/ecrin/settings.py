"""Settings: flags, then ECRIN_* variables, then ecrin.toml, then defaults become one frozen value.

What is not understood is refused, never passed over: a misspelt ECRIN_DATABASE_URL must not mean the embedded database.
"""

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from ecrin.base.secret import Secret
from ecrin.errors import ConfigurationError

Mode = Literal["serve", "dev"]
DATA = Path("ecrin-data")
DEV_PROJECT = "demo-ecrin"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an instance is told from outside.

    `data` is the folder of the instance. `public_url` is where clients reach it, without a slash at the end; links in
    mails come from it alone. `database_url` None means a file in `data`. `mode` is `serve` (strict) or `dev`
    (loopback only, with the emulator's routes). `project` is the one that any API key means in `dev`, and in `serve`
    the id of the project that the first start makes ("" where nobody named one). `stats_days` is how long what devices
    say is kept word for word.
    """

    mode: Mode = "serve"
    data: Path = DATA
    host: str = "127.0.0.1"
    port: int = 9099
    workers: int = 1
    database_url: Secret[str] | None = None
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    master_key_file: Path | None = None
    smtp_url: Secret[str] | None = None
    mail_from: str = ""
    log: str = "info"
    project: str = ""
    unsigned_tokens: bool = False
    stats_days: int = 14

    def __post_init__(self) -> None:
        if self.mode == "dev" and not self.project:
            object.__setattr__(self, "project", DEV_PROJECT)
        _check(self)

    @property
    def objects_folder(self) -> Path:
        """Return where the files of bundles are; `dev` has its own, as each sweeps what its database does not know."""
        return self.data / ("objects" if self.mode == "serve" else "dev-objects")

    @property
    def database_file(self) -> Path:
        """Return the embedded database; `dev` has its own, so that it can never open what `serve` keeps."""
        return self.data / ("ecrin.db" if self.mode == "serve" else "dev.db")

    @property
    def master_key(self) -> Path:
        """Return the file of the master key."""
        return self.master_key_file or self.data / ("master.key" if self.mode == "serve" else "dev.key")

    @property
    def socket(self) -> Path:
        """Return the local socket, which only the owner of the folder can use."""
        return self.data / "ecrin.sock"

    @property
    def tls(self) -> bool:
        """Return whether clients reach the instance over TLS."""
        return self.tls_cert is not None or self.public_url.startswith("https://")

    @property
    def cautions(self) -> tuple[str, ...]:
        """Return what is allowed and yet weak, in words for the operator."""
        found = []
        public = urlsplit(self.public_url)
        if public.scheme == "http" and not _is_loopback(public.hostname or ""):
            found.append("ECRIN_PUBLIC_URL is plain http: passwords and tokens cross the network in clear.")
        if self.public_url and _is_loopback(self.host) and not self.trusted_proxies:
            found.append("ECRIN_TRUSTED_PROXIES names no proxy: behind one, no limit by client address holds.")
        return tuple(found)


def load(flags: Mapping[str, Any], environment: Mapping[str, str], config: Path | None) -> Settings:
    """Return the settings; a flag that is None and a variable that is empty were not given.

    Raises `ConfigurationError` that names what is wrong, never its value where that may be a secret.
    """
    refuse_unknown(environment)
    given: dict[str, tuple[str, Any]] = {}
    if config is not None:
        given |= {name: (f"{name} in {config}", value) for name, value in _file(config).items()}
    given |= {ENVIRONMENT[key]: (key, value) for key, value in environment.items() if value and key in ENVIRONMENT}
    given |= {name: (f"--{name.replace('_', '-')}", value) for name, value in flags.items() if value is not None}
    return Settings(**{name: _PARSE.get(name, _text)(label, value) for name, (label, value) in given.items()})


def refuse_unknown(environment: Mapping[str, str]) -> None:
    """Raise `ConfigurationError` for a variable ECRIN_* that this version does not know or does not use."""
    for key in sorted(key for key, value in environment.items() if value and key.startswith("ECRIN_")):
        if key not in ENVIRONMENT and key not in _OTHER_VARIABLES and not key.startswith("ECRIN_TEST_"):
            raise _unknown(key, f"The variable {key}", ENVIRONMENT.keys() | _OTHER_VARIABLES)


def _file(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The file {path} cannot be read: {error}.") from None
    for name in sorted(values.keys() - _TOML):
        raise _unknown(name, f"{name} in {path}", _TOML)
    return values


def _unknown(name: str, label: str, known: Collection[str]) -> ConfigurationError:
    part = _LATER.get(name.upper().removeprefix("ECRIN_"))
    if part is not None:
        return ConfigurationError(f"{label} is set, but this version does not use {part}.", hint="Take it out.")
    near = difflib.get_close_matches(name, known, 1, cutoff=0.85)
    hint = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(sorted(known))}."
    return ConfigurationError(f"{label} is not a setting of ecrin.", hint=hint)


def _text(label: str, value: Any) -> Any:
    if isinstance(value, str):
        return value
    raise ConfigurationError(f"{label} must be text.")


def _path(label: str, value: Any) -> Path:
    return value if isinstance(value, Path) else Path(_text(label, value))


def _secret(label: str, value: Any) -> Secret[str]:
    return Secret(_text(label, value))


def _number(label: str, value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ConfigurationError(f"{label} must be a whole number.")


def _flag(label: str, value: Any) -> bool:
    return bool(value)


def _url(label: str, value: Any) -> str:
    text: str = _text(label, value)
    return text.rstrip("/")


def _networks(label: str, value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ConfigurationError(f"{label} must be a list of addresses.")
    named = [_text(label, part).strip() for part in parts]
    try:
        return tuple(str(ipaddress.ip_network(part, strict=False)) for part in named if part)
    except ValueError as error:
        raise ConfigurationError(f"{label}: {error}.", hint="Example: 10.0.0.0/8,192.0.2.7") from None


_PARSE: Mapping[str, Callable[[str, Any], Any]] = {
    "data": _path,
    "port": _number,
    "workers": _number,
    "database_url": _secret,
    "public_url": _url,
    "trusted_proxies": _networks,
    "tls_cert": _path,
    "tls_key": _path,
    "master_key_file": _path,
    "smtp_url": _secret,
    "unsigned_tokens": _flag,
    "stats_days": _number,
}
_TOML = {f.name for f in fields(Settings)} - {"mode", "project", "unsigned_tokens"}
ENVIRONMENT = {f"ECRIN_{name.upper()}": name for name in _TOML}
_OTHER_VARIABLES = {"ECRIN_URL", "ECRIN_TOKEN", "ECRIN_CI"}
_LATER = {"REDIS_URL": "Redis", "OBJECTS_URL": "object storage"}


def _check(settings: Settings) -> None:
    if settings.workers != 1:
        raise ConfigurationError(
            "This version serves with one worker.", hint="Leave --workers at 1; several need PostgreSQL and Redis."
        )
    if not 0 <= settings.port <= 65535:
        raise ConfigurationError("The port must be 0 to 65535.")
    if not 1 <= settings.stats_days <= 3650:
        raise ConfigurationError("ECRIN_STATS_DAYS must be 1 to 3650.")
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise ConfigurationError("ECRIN_TLS_CERT and ECRIN_TLS_KEY belong together.")
    if settings.smtp_url is not None and not settings.mail_from:
        raise ConfigurationError("ECRIN_SMTP_URL needs ECRIN_MAIL_FROM, the address that mails come from.")
    _check_reach(settings)
    if settings.public_url and not _is_origin(settings.public_url):
        raise ConfigurationError("ECRIN_PUBLIC_URL must be http(s)://host[:port] and nothing else.")


def _check_reach(settings: Settings) -> None:
    if _is_loopback(settings.host):
        return
    if not _is_host(settings.host):
        raise ConfigurationError(
            "ECRIN_HOST is not the name of a host.",
            hint="Write an address, such as 0.0.0.0, or a name of this machine.",
        )
    if settings.mode == "dev":
        raise ConfigurationError(
            f"`ecrin dev` listens on loopback only, not on {settings.host}.",
            hint="It lets anybody in. Use `ecrin serve` for others.",
        )
    if not settings.public_url:
        raise ConfigurationError(
            f"Listening on {settings.host} needs ECRIN_PUBLIC_URL, the address under which clients reach the server.",
            hint="Example: ECRIN_PUBLIC_URL=https://auth.example.org",
        )


def _is_origin(url: str) -> bool:
    try:
        parts = urlsplit(url)
        sound = parts.port is None or parts.port > 0
    except ValueError:
        return False
    more = parts.path or parts.query or parts.fragment or "@" in parts.netloc
    return sound and parts.scheme in {"http", "https"} and bool(parts.hostname) and not more


def _is_host(text: str) -> bool:
    """Return whether a name server could be asked for it: labels of 1 to 63 bytes (RFC 1035 §2.3.4)."""
    try:
        return b"\0" not in text.encode("idna")
    except UnicodeError:
        return False


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
