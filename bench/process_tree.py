"""CPU seconds and memory of a process with everything that it started; from /proc, so on Linux only. Needs nothing but Python."""

import os
import pathlib
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def _processes() -> dict[int, list[str]]:
    """The fields of /proc/PID/stat after the name, for each process: 0 is the state, 1 the parent."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                found[int(name)] = pathlib.Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
    return found


def _members(root: int) -> dict[int, list[str]]:
    processes = _processes()
    members, added = {}, {root}
    while added:
        members |= {pid: processes[pid] for pid in added if pid in processes}
        added = {pid for pid, fields in processes.items() if int(fields[1]) in members and pid not in members}
    return members


def cpu_seconds(root: int) -> float:
    """CPU seconds of a running process, of its descendants, and of those that have ended and were waited for."""
    return sum(int(ticks) for fields in _members(root).values() for ticks in fields[11:15]) / TICKS


class Watch:
    """While it is open, looks at a tree every `interval` seconds; then `memory` is the most that all its processes held
    at one time (resident bytes), and `cpu` the CPU seconds of all it saw, those that nobody waited for too. A tree that is
    `fresh` began with the watch: the most that one of its processes ever held counts, so that no peak is missed."""

    def __init__(self, root: int, fresh: bool = False, interval: float = 0.02):
        self.root, self.fresh, self.interval = root, fresh, interval
        self.memory, self.seen = 0, {}
        self.before = {}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.before = self._look()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self._look()
        self.stopping.set()
        self.thread.join()

    def _run(self):
        while not self.stopping.wait(self.interval):
            began = time.monotonic()
            self._look()
            # Looking costs more on a machine with many processes: never more than a twentieth of a core.
            self.interval = max(self.interval, 20 * (time.monotonic() - began))

    def _look(self) -> dict:
        members = _members(self.root)
        resident = 0
        for pid, fields in members.items():
            self.seen[pid, fields[19]] = sum(int(ticks) for ticks in fields[11:13])
            resident += int(fields[21]) * PAGE
        peaks = [_high_water(pid) for pid in members] if self.fresh else []
        self.memory = max(self.memory, resident, *peaks)
        return dict(self.seen)

    @property
    def cpu(self) -> float:
        return sum(ticks - self.before.get(key, 0) for key, ticks in self.seen.items()) / TICKS


def _high_water(pid: int) -> int:
    """The most that a process ever held, in bytes; 0 when it is gone."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
