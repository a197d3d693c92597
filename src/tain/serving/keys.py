"""API keys: made once, shown once, stored as hashes, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tain.core.errors import ConfigError
from tain.core.files import read_json, write_json

Scope = Literal["check", "admin"]
PREFIX = "tain_"
_FORBID = ConfigDict(extra="forbid", frozen=True)


class Key(BaseModel):
    """What is kept of a key: enough to know it again, not enough to use it."""

    model_config = _FORBID

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="Whose it is; stands in logs.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of the key; 256 random bits need no slower hash.")
    scopes: tuple[Scope, ...] = Field(min_length=1, description="check reads texts, admin sees metrics.")
    created: str = Field(description="ISO 8601, UTC.")


class KeyRing(BaseModel):
    """All keys of a server."""

    model_config = _FORBID

    format: Literal[1] = 1
    keys: tuple[Key, ...] = ()

    def find(self, token: str) -> Key | None:
        """The key that a request carries, or None. Takes as long for a wrong one as for a right one.

        Args:
            token: As sent.
        """
        digest = _digest(token)
        found = None
        for key in self.keys:  # all of them, so that time says nothing about the place
            if hmac.compare_digest(key.sha256, digest):
                found = key
        return found

    def with_new(self, name: str, scopes: tuple[Scope, ...]) -> tuple[KeyRing, str]:
        """The ring with one more key, and that key, which nobody can tell afterwards.

        Args:
            name: Whose it is.
            scopes: What it may do.

        Raises:
            ConfigError: If the name is taken or no name.
        """
        if any(key.name == name for key in self.keys):
            raise ConfigError(f"There is a key named {name!r} already. Remove it first, or choose another name.")
        token = PREFIX + secrets.token_urlsafe(32)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            key = Key(name=name, sha256=_digest(token), scopes=scopes, created=created)
        except ValidationError as error:
            raise ConfigError(
                f"{name!r} is no name for a key. Expected up to 64 letters, digits, dots, dashes and underscores."
            ) from error
        return KeyRing(keys=(*self.keys, key)), token

    def without(self, name: str) -> KeyRing:
        """The ring with one key less.

        Raises:
            ConfigError: If there is no key of that name.
        """
        kept = tuple(key for key in self.keys if key.name != name)
        if len(kept) == len(self.keys):
            raise ConfigError(
                f"There is no key named {name!r}. There are: {', '.join(k.name for k in kept) or 'none'}."
            )
        return KeyRing(keys=kept)


def read_keys(path: Path) -> KeyRing:
    """The keys in a file.

    Raises:
        ConfigError: If it is no file of keys.
        DataError: If it cannot be read.
    """
    try:
        return KeyRing.model_validate(read_json(path))
    except ValidationError as error:
        raise ConfigError(f"{path}: is no file of keys. Make one: tain key add {path} --name NAME") from error


def write_keys(path: Path, ring: KeyRing) -> None:
    """Write the keys, whole or not at all, for the owner's eyes only."""
    write_json(path, ring.model_dump(mode="json"))
    path.chmod(0o600)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
