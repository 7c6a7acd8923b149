"""The programs printed in `docs/other-clients.md`, run as they are printed."""

import os
import re
import subprocess
import sys

from .client import PATIENCE
from .server import ROOT

PAGE = ROOT / "docs/other-clients.md"


def write_all(folder):
    """Writes every Python listing that has a name into `folder`; returns their names."""
    listings = re.findall(r"`(\w+\.py)`:\n\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    for name, text in listings:
        (folder / name).write_text(text)
    return {name for name, _ in listings}


class Program:
    """A listing as a process of its own, which exports what it records to `server`."""

    def __init__(self, folder, name, server):
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OTEL_SERVICE_NAME": name.removesuffix(".py"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": server.url,
            "OTEL_BSP_SCHEDULE_DELAY": "20",
        }
        self._child = subprocess.Popen(
            [sys.executable, name, server.url], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
        )

    def line(self):
        """The next line that it prints; empty at its end."""
        return self._child.stdout.readline().rstrip("\n")

    def end(self):
        """Everything else that it prints, once it has ended well."""
        text, _ = self._child.communicate(timeout=PATIENCE)
        assert self._child.returncode == 0
        return text.splitlines()

    def kill(self):
        self._child.kill()
        self._child.wait()
        self._child.stdout.close()
