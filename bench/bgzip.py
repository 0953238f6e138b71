"""Text that goes through `bgzip` into a file, which appears when it is whole."""

import contextlib
import pathlib
import subprocess


@contextlib.contextmanager
def writing(path: pathlib.Path):
    """A binary stream; what is written to it ends in `path`, compressed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with open(partial, "wb") as packed:
        process = subprocess.Popen(["bgzip", "-c", "-@", "2"], stdin=subprocess.PIPE, stdout=packed)
        yield process.stdin
        process.stdin.close()
        if process.wait() != 0:
            raise RuntimeError("bgzip failed")
    partial.rename(path)


def lines(path: pathlib.Path):
    """The lines of a compressed file, as bytes."""
    process = subprocess.Popen(["bgzip", "-dc", path], stdout=subprocess.PIPE)
    yield from process.stdout
    if process.wait() != 0:
        raise RuntimeError(f"{path} cannot be decompressed")
