"""The peer's side of `peer_process.py`: answers questions that come as lines of JSON on standard input.

To be imported before the peer's library: what a library prints is no answer, so standard output is taken away.
"""

import json
import os
import sys
import time

from process_tree import cpu_seconds

ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def serve(questions: dict):
    """Answers what is asked on standard input until that ends; a question's function gives a list of numbers."""
    print(json.dumps({"ready": sorted(questions)}), file=ANSWERS, flush=True)
    for line in sys.stdin:
        question = json.loads(line)["question"]
        cpu, began = cpu_seconds(os.getpid()), time.monotonic()
        try:
            answer = {"answer": questions[question]()}
        except Exception as error:  # noqa: BLE001  a peer may fail in any way; the table says so
            answer = {"fault": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
        answer |= {"wall": time.monotonic() - began, "cpu": cpu_seconds(os.getpid()) - cpu}
        print(json.dumps(answer), file=ANSWERS, flush=True)
