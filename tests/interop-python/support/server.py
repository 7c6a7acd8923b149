"""The socketioxide server `crates/telemetry/examples/interop_server`, traced or bare, on a free port."""

import os
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "target/debug/examples"
INTEROP = pathlib.Path(os.environ.get("AETHER_INTEROP_SERVER", EXAMPLES / "interop_server"))
README = pathlib.Path(os.environ.get("AETHER_README_SERVER", EXAMPLES / "server"))
BUILT = [INTEROP, README]


class Process:
    """A server that prints where it listens; `url` is its address."""

    def __init__(self, command, pattern, environment=None):
        self._log = tempfile.TemporaryFile()
        environment = {"PATH": os.environ.get("PATH", "")} | (environment or {})
        self._child = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        line = self._child.stdout.readline()
        found = re.fullmatch(pattern, line.strip())
        if not found:
            log = self.log
            self.kill()
            raise AssertionError(f"{command[0]} printed {line!r} instead of its address:\n{log}")
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def log(self):
        """What it has said on standard error."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def kill(self):
        """Ends it the hard way, as a crash would; returns when it is gone."""
        self._child.kill()
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout, self._log):
            stream.close()


class Server(Process):
    """`interop_server`; with `bare` without telemetry, at any free port unless told.

    `serializer` is the parser of its packets, as clients call it: `default` or `msgpack`.
    """

    def __init__(self, *, bare=False, serializer="default", port=0):
        options = ["--bare"] if bare else []
        options += ["--msgpack"] if serializer == "msgpack" else []
        super().__init__([str(INTEROP), *options, "--port", str(port)], r"listening (\d+)")


class ShopServer(Process):
    """The server of README.md, as printed there, with spans handed over soon after they end."""

    def __init__(self):
        environment = {"LISTEN": "127.0.0.1:0", "OTEL_BSP_SCHEDULE_DELAY": "20"}
        super().__init__([str(README)], r"listening on http://127\.0\.0\.1:(\d+)", environment)
