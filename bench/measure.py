"""What the benchmarks share: where their files are, wall and CPU seconds of commands, versions."""

import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests" / "clients")]

from server import binary  # noqa: E402

WORK = pathlib.Path(os.environ.get("VARBERG_BENCH_DIR", "/var/tmp/varberg-bench"))
READER = binary().parent / "examples" / "read_rate"


def warm(path: pathlib.Path) -> pathlib.Path:
    """Reads a file once, so that all steps find it in the page cache."""
    with open(path, "rb") as file:
        while file.read(1 << 24):
            pass
    return path


def command(*arguments) -> dict:
    """Wall and CPU seconds and peak memory of one command."""
    began = time.monotonic()
    process = subprocess.Popen([str(a) for a in arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"{arguments} failed: {output[-2000:]}")
    return {"wall": time.monotonic() - began, "cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss * 1024, "output": output}


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
