"""What the benchmarks share: where their files are, wall and CPU seconds of commands, versions."""

import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests" / "clients")]

from process_tree import Watch  # noqa: E402
from server import binary  # noqa: E402

WORK = pathlib.Path(os.environ.get("VARBERG_BENCH_DIR", "/var/tmp/varberg-bench"))
READER = binary().parent / "examples" / "read_rate"


def medians(rounds: list[dict]) -> dict:
    """The median of each number that the rounds have."""
    keys = [k for k in rounds[0] if isinstance(rounds[0][k], (int, float))]
    return {key: statistics.median(r[key] for r in rounds) for key in keys}


def warm(path: pathlib.Path) -> pathlib.Path:
    """Reads a file once, so that all steps find it in the page cache."""
    with open(path, "rb") as file:
        while file.read(1 << 24):
            pass
    return path


def command(*arguments) -> dict:
    """Wall and CPU seconds of one command, and the most memory that it and its children held together."""
    began = time.monotonic()
    process = subprocess.Popen([str(a) for a in arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with Watch(process.pid, fresh=True) as watch:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
    if status != 0:
        raise RuntimeError(f"{arguments} failed: {output[-2000:]}")
    # A child's account begins with what this process held when it was started.
    memory = max(watch.memory, usage.ru_maxrss * 1024 if usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss else 0)
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "memory": memory, "output": output}


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a running process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def version(*arguments) -> str:
    return subprocess.run(arguments, capture_output=True, text=True).stdout.splitlines()[0]


def cpu_model() -> str:
    found = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())
    return found.group(1) if found else "unknown processor"


def machine() -> str:
    load = pathlib.Path("/proc/loadavg").read_text().split()[0]
    return f"{os.cpu_count()} cores ({cpu_model()}), load {load} before the first run"
