"""Where the threads of a worker are: looked at every few milliseconds, told at the end."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType

PAUSE_SECONDS = 0.003
DEPTH = 40


class Sampler:
    """Counts functions by how many samples have them at the top of a stack, and anywhere in it.

    Of a thread that waits for the interpreter's lock the sample shows where it wants to go on, so that this is the
    time that passes, not the time of the processor.
    """

    def __init__(self, only: str) -> None:
        self._only = only
        self._top: Counter[str] = Counter()
        self._within: Counter[str] = Counter()
        self._samples = 0
        self._stop = threading.Event()

    def start(self) -> None:
        """Look in the background."""
        threading.Thread(target=self._run, daemon=True).start()

    def write(self, file: Path) -> None:
        """Write what was seen."""
        self._stop.set()
        lines = [f"{self._samples} samples of threads within {self._only}"]
        for title, counted in (("at the top", self._top), ("within", self._within)):
            lines += ["", title]
            lines += [f"{100 * n / max(self._samples, 1):5.1f} %  {name}" for name, n in counted.most_common(45)]
        file.write_text("\n".join(lines), encoding="utf-8")

    def _run(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            for frame in list(sys._current_frames().values()):
                names = _names(frame)
                if any(name.endswith(self._only) for name in names):
                    self._samples += 1
                    self._top[names[0]] += 1
                    self._within.update(set(names))


def _names(frame: FrameType | None) -> list[str]:
    names = []
    while frame is not None and len(names) < DEPTH:
        code = frame.f_code
        names.append(f"{Path(code.co_filename).stem}:{code.co_qualname}")
        frame = frame.f_back
    return names
