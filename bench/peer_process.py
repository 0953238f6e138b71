"""A peer that is a library: one process of its own (Python of the peers' environment) that answers questions by a line of
JSON each. It is timed inside, so that the start of Python or of a Java machine does not count against it.

The scripts `peer_*.py` answer with `peer_serve.py`.
"""

import json
import os
import pathlib
import signal
import subprocess
import threading
import time

from process_tree import Watch

HERE = pathlib.Path(__file__).resolve().parent


class Left(Exception):
    """What a peer cannot do, or could not; its text says why."""


class Peer:
    """A running script `peer_NAME.py` on a store; `spec` is what questions need to know (contig, region, sample)."""

    def __init__(self, python: pathlib.Path, script: str, spec: dict, log: pathlib.Path):
        self.log, began = log, time.monotonic()
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(
                [str(python), str(HERE / script), json.dumps(spec)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1"},
            )  # fmt: skip
        self.questions = set(self._line()["ready"])
        #: Seconds until it could be asked: Python, its libraries, for Hail a Java machine.
        self.start = time.monotonic() - began

    def _line(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise Left(f"its process ended: {self.log.read_text(errors='replace')[-300:].strip()}")
        return json.loads(line)

    def ask(self, question: str, limit_s: int = 3600) -> dict:
        """Wall and CPU seconds, peak memory, and the answer; a process that needs longer than `limit_s` is killed."""
        if question not in self.questions:
            raise Left("not offered")
        clock = threading.Timer(limit_s, self.process.kill)
        clock.start()
        try:
            with Watch(self.process.pid) as watch:
                self.process.stdin.write(json.dumps({"question": question}) + "\n")
                self.process.stdin.flush()
                answer = self._line()
        except Left as fault:
            raise (Left(f"killed after {limit_s} s") if self.process.wait(30) == -signal.SIGKILL else fault) from None
        finally:
            clock.cancel()
        if "fault" in answer:
            raise Left(answer["fault"])
        return answer | {"memory": watch.memory}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
