"""Folders that are written whole and verified whole.

A folder's ``manifest.json`` lists every file with its size and SHA-256 and carries its own;
nothing but the manifest's seal is looked at before all of it holds.
"""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pandas as pd

from unsung.artifacts.files import (
    Arrays,
    parse_json,
    read_arrays,
    read_json,
    read_table,
    refuse,
    replacing,
    sync,
    to_json,
)
from unsung.errors import BundleError, InputError

FORMAT_VERSION: Final = 1
"""Raised whenever a bundle of this version could be misread by an older or newer program."""
MANIFEST: Final = "manifest.json"
MAX_MANIFEST_BYTES: Final = 16_000_000


@dataclass(frozen=True)
class FileEntry:
    """Size in bytes and SHA-256 of one file of a folder."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a folder says of itself.

    Parameters
    ----------
    created : str
        ISO 8601 time, given by the caller.
    settings : dict
        The settings that everything was made with.
    fingerprint : str
        Identifies the data: equal data, equal fingerprint.
    metrics : dict
        Measured figures by name.
    files : dict of str to FileEntry
        By POSIX path inside the folder.
    format_version : int
    """

    created: str
    settings: dict[str, Any]
    fingerprint: str
    metrics: dict[str, Any]
    files: dict[str, FileEntry]
    format_version: int = FORMAT_VERSION

    def to_bytes(self) -> bytes:
        """JSON whose last line holds the SHA-256 of all before that line."""
        body = to_json(asdict(self)).removesuffix(b"\n}")
        return body + _seal(body)

    @classmethod
    def from_bytes(cls, path: Path, data: bytes) -> "Manifest":
        """Check the seal, then the format version, then read."""
        body = data[: -len(_seal(b""))]
        if data != body + _seal(body):
            refuse(path, "doesn't match its own checksum")
        values = parse_json(path, data)
        version = values.get("format_version") if isinstance(values, dict) else None
        if version != FORMAT_VERSION:
            raise BundleError(
                f"{path} has format version {version} and this program reads {FORMAT_VERSION}; "
                "fit the bundle again, or use the version of unsung that wrote it."
            )
        try:
            del values["sha256"]
            files = {name: FileEntry(**entry) for name, entry in values.pop("files").items()}
            return cls(files=files, **values)
        except (TypeError, KeyError, AttributeError):
            refuse(path, "lacks what a manifest holds")


def _seal(body: bytes) -> bytes:
    return b',\n  "sha256": "%s"\n}\n' % hashlib.sha256(body).hexdigest().encode()


@dataclass
class Draft:
    """A folder being written: put files below ``path``, and fill in what its manifest says."""

    path: Path
    created: str
    settings: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)

    def _finish(self) -> None:
        files = {}
        for name, file in sorted(_files_below(self.path).items()):
            sync(file)
            files[name] = _entry(file)
        manifest = Manifest(self.created, self.settings, self.fingerprint, self.metrics, files)
        with replacing(self.path / MANIFEST) as draft:
            draft.write_bytes(manifest.to_bytes())
        for folder, _, _ in os.walk(self.path):
            sync(Path(folder))


@contextmanager
def write_folder(target: Path, *, created: str) -> Iterator[Draft]:
    """Write a folder that appears at ``target`` all at once, or not at all.

    Files go to a hidden sibling; when the block ends they are flushed to the disk, the manifest is
    written last and the sibling takes the name. An existing bundle stays in place until then, and
    an error inside the block leaves it untouched. After a crash between the two renames of a
    replacement ``open_folder`` finds the old bundle.

    Parameters
    ----------
    target : Path
        Absent, an empty folder, or a bundle to replace.
    created : str
        ISO 8601 time for the manifest.

    Raises
    ------
    InputError
        Where ``target`` is something else than a bundle: it isn't touched.

    Examples
    --------
    >>> import tempfile
    >>> from unsung.artifacts import write_json
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with write_folder(Path(folder, "b"), created="2026-03-01T10:00:00Z") as draft:
    ...         write_json(draft.path / "dial.json", {"strength": 0.2})
    ...     open_folder(Path(folder, "b")).read_json("dial.json")
    {'strength': 0.2}
    """
    target = target.resolve()
    old = _previous(target)
    check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    path = target.with_name(f".{target.name}.{os.urandom(6).hex()}")
    path.mkdir()
    try:
        draft = Draft(path, created)
        yield draft
        draft._finish()
        if target.exists():
            # Kept by this name until the new one is in place: see open_folder.
            shutil.rmtree(old, ignore_errors=True)
            target.rename(old)
        path.rename(target)
        sync(target.parent)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if not target.exists() and old.exists():
            old.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def check_target(target: Path) -> None:
    """Refuse a place where ``write_folder`` won't write, so that long work needn't find out.

    Raises
    ------
    InputError
        Where ``target`` is something else than a bundle or an empty folder.
    """
    if target.exists() and not (target / MANIFEST).is_file() and not _is_empty(target):
        raise InputError(f"{target} exists and is not a bundle; name another folder.")


def open_folder(path: Path) -> "Folder":
    """Verify a folder down to its last byte.

    Returns
    -------
    folder : Folder
        Its files may be parsed.

    Raises
    ------
    BundleError
        Naming the file: where there is no manifest, a checksum or size is off, a file is missing
        or not listed, a name leads outside the folder, or anything is a link or no plain file.
    """
    path = path.resolve()
    if not path.exists() and _previous(path).exists():
        path = _previous(path)
    file = path / MANIFEST
    if not _is_plain(file):
        raise BundleError(f"{path} is not a bundle (it has no {MANIFEST}).")
    if file.stat().st_size > MAX_MANIFEST_BYTES:
        refuse(file, f"is larger than {MAX_MANIFEST_BYTES} bytes")
    manifest = Manifest.from_bytes(file, file.read_bytes())
    for name in manifest.files:
        _check_name(file, name)
    found = _files_below(path)
    for name in sorted(found.keys() - manifest.files.keys() - {MANIFEST}):
        raise BundleError(f"{path / name} is not listed in {MANIFEST}; remove it.")
    for name, entry in manifest.files.items():
        if name not in found:
            refuse(path / name, "is missing")
        if found[name].stat().st_size != entry.size or _entry(found[name]) != entry:
            refuse(path / name, "doesn't match its checksum")
    return Folder(path, manifest)


@dataclass(frozen=True)
class Folder:
    """A verified folder; its names are the manifest's."""

    path: Path
    manifest: Manifest

    def __contains__(self, name: str) -> bool:
        return name in self.manifest.files

    def file(self, name: str) -> Path:
        """Path of a listed file, or a BundleError."""
        if name not in self:
            raise BundleError(f"{self.path} has no '{name}'; fit the bundle again.")
        return self.path / name

    def read_arrays(self, name: str) -> Arrays:
        """Arrays of a safetensors file."""
        return read_arrays(self.file(name))

    def read_table(self, name: str) -> pd.DataFrame:
        """Table of a parquet file."""
        return read_table(self.file(name))

    def read_json(self, name: str) -> Any:
        """Value of a JSON file."""
        return read_json(self.file(name))


def _previous(target: Path) -> Path:
    return target.with_name(f".{target.name}.previous")


def _check_name(manifest: Path, name: str) -> None:
    parts = PurePosixPath(name).parts
    plain = bool(parts) and ".." not in parts and "\\" not in name and "\0" not in name
    if not plain or PurePosixPath(name).is_absolute() or str(PurePosixPath(name)) != name:
        refuse(manifest, f"lists '{name}', which leads outside the bundle")


def _files_below(folder: Path) -> dict[str, Path]:
    """Every file below a folder by its POSIX path; refuses links, sockets and devices."""
    found: dict[str, Path] = {}
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(parent, name)
            if name in files and _is_plain(path):
                found[path.relative_to(folder).as_posix()] = path
            elif name in files or path.is_symlink():
                raise BundleError(f"{path} is a link or no plain file; remove it.")
    return found


def _is_plain(path: Path) -> bool:
    return path.exists() and stat.S_ISREG(path.lstat().st_mode)


def _is_empty(path: Path) -> bool:
    return path.is_dir() and next(path.iterdir(), None) is None


def _entry(path: Path) -> FileEntry:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileEntry(file.tell(), digest)
