"""The charts' JavaScript: taken out of the installed wheel once, and kept on the disk."""

import gzip
import os
import tempfile
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Final

import vl_convert

from unsung.service.logs import logger

# The interpreter evaluates a chart's expressions, so that no code is made from text: the pages'
# Content-Security-Policy forbids that.
_NAME: Final = "charts"


def default_cache() -> Path:
    """Where things are kept that can be made again."""
    own = os.environ.get("UNSUNG_CACHE")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "unsung"


class ChartScript:
    """The script, as soon as it is there.

    Parameters
    ----------
    folder : Path
        Where it is kept, gzipped; a file of another version of the wheel is left alone.

    Notes
    -----
    Taking it out of the wheel takes some seconds, once on a machine; meanwhile pages say so.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{_NAME}-{version('vl-convert-python')}.js.gz"
        self.failed = False
        self._lock = threading.Lock()
        self._kept: bytes | None = None

    def compressed(self) -> bytes | None:
        """The script, gzipped; None where it isn't made yet."""
        if self._kept is None and self.path.is_file():
            self._kept = self.path.read_bytes()
        return self._kept

    def begin(self) -> None:
        """Make it beside the work, where it isn't there."""
        if self.compressed() is None:
            threading.Thread(target=self.make, name="unsung-charts", daemon=True).start()

    def make(self) -> None:
        """Take it out of the wheel and keep it; pages do without charts where that fails."""
        with self._lock:
            if self.compressed() is not None:
                return
            try:
                made = gzip.compress(_script().encode(), 9, mtime=0)
            except Exception as error:  # whatever it is, the tables are there
                self.failed = True
                logger().warning("failed", place="charts", kind=type(error).__name__)
                return
            self._kept = made
            self._keep(made)

    def _keep(self, made: bytes) -> None:
        """Write it whole or not at all; a disk that can't be written costs the next start."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.path.parent, delete=False) as draft:
                draft.write(made)
            Path(draft.name).replace(self.path)
        except OSError as error:
            logger().warning("failed", place="charts", kind=type(error).__name__)


def _script() -> str:
    # The stub of the wheel says that a snippet is needed; without one the libraries are named.
    return str(vl_convert.javascript_bundle())  # type: ignore[call-arg]
