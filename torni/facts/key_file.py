"""A file of secret keys outside the database, made at first need for its owner alone: who has the database has not the key."""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from torni.core.faults import BadInput, bad_input
from torni.core.language import Message, t
from torni.facts.postgres import data_folder


@dataclass(frozen=True)
class KeyFile:
    """A line of it is one key of 32 bytes: the first is in use, the others were. `variable` of the environment names the file, else it is
    `file` of the data folder. The messages say what is wrong, and what to do: where others may read it (`opens`), it is not there
    (`missing`), or holds no key (`empty`)."""

    variable: str
    file: str
    line: str
    opens: Message
    missing: Message
    empty: Message
    bring: Message
    name: Message

    def path(self) -> Path:
        named = os.environ.get(self.variable)
        return Path(named).absolute() if named else data_folder() / self.file

    def make(self) -> Path | None:
        """Make the file where there is none. Returns it where it was made."""
        path = self.path()
        if path.exists():
            return None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            making = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
            with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(f"{self.line} {base64.b64encode(secrets.token_bytes(32)).decode()}\n")
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(making, path)  # of two at once one is the key
            except FileExistsError:
                return None
            finally:
                making.unlink()
        except OSError as error:
            raise self._unreadable(error) from error
        return path

    def renew(self) -> None:
        """Put a new key before those of the file, which still open what they closed; the file is made where there is none."""
        if self.make() is not None:
            return
        self.secrets()  # a file that cannot be read is not written over
        path = self.path()
        try:
            making = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
            with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(
                    f"{self.line} {base64.b64encode(secrets.token_bytes(32)).decode()}\n{path.read_text(encoding='ascii')}"
                )
                file.flush()
                os.fsync(file.fileno())
            making.replace(path)
        except OSError as error:
            raise self._unreadable(error) from error

    def secrets(self) -> list[bytes]:
        """The keys, the one in use first. A file that others may read, or that holds none, is a fault."""
        path = self.path()
        try:
            if path.stat().st_mode & 0o077:
                raise bad_input(str(path), t("may be read by others"), str(self.opens))
            lines = path.read_text(encoding="ascii").split("\n")
            found = [
                base64.b64decode(line.removeprefix(self.line).strip(), validate=True)
                for line in lines
                if line.startswith(self.line)
            ]
        except FileNotFoundError as error:
            raise bad_input(str(path), str(self.missing), str(self.bring)) from error
        except OSError as error:
            raise self._unreadable(error) from error
        except ValueError as error:
            raise self._none(path) from error
        if not found or any(len(secret) != 32 for secret in found):
            raise self._none(path)
        return found

    def _none(self, path: Path) -> BadInput:
        return bad_input(str(path), str(self.empty), str(self.bring))

    def _unreadable(self, error: OSError) -> BadInput:
        reason = error.strerror or error
        return bad_input(str(self.path()), t("cannot be read or written: {reason}", reason=reason), str(self.name))
