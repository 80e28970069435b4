from __future__ import annotations

import os
import socket
import threading

from corelib.application.context import use_context
from corelib.application.lock_owner import default_owner
from corelib.domain.context import Context


class TestDefaultOwner:
    def test_names_host_process_and_thread(self) -> None:
        owner = default_owner()

        assert owner == f"{socket.gethostname()}:{os.getpid()}/{threading.current_thread().name}"[:100]

    def test_does_not_name_the_principal(self) -> None:
        with use_context(Context("c-1", principal="ada@example.org")):
            owner = default_owner()

        assert "ada" not in owner
