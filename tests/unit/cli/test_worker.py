from __future__ import annotations

import argparse

import pytest

from corelib.cli.worker import queues_of


class TestQueuesOf:
    def test_reads_queues_with_threads_and_without(self) -> None:
        assert queues_of("video:5,email, audio:1") == {"video": 5, "email": None, "audio": 1}

    @pytest.mark.parametrize("text", ["", "video,", ":5", "video:", "video:x", "video:-1", "video:1,video"])
    def test_refuses_what_names_no_queue_or_one_twice(self, text: str) -> None:
        with pytest.raises(argparse.ArgumentTypeError, match="is not a queue of its own"):
            queues_of(text)

    def test_refuses_no_threads(self) -> None:
        with pytest.raises(argparse.ArgumentTypeError, match="must be 1 or more"):
            queues_of("video:0")
