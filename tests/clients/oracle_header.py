"""What a VCF header declares, for oracle.py: from the header's own text, with the rules of docs/schema.md."""

import re

REPAIRED = {"GT": ("1", "String"), "GQ": ("1", "Integer"), "DP": ("1", "Integer"), "PL": ("G", "Integer")}
REPAIRED |= {"AD": ("R", "Integer"), "FT": (".", "String"), "PS": ("1", "Integer"), "PQ": ("1", "Float")}
FLAGS = {"DB", "SOMATIC"}
NO_FLAGS = {"END", "DP", "AN", "MQ0", "SB", "MQ", "AF", "AC"}
COLUMNED = {"GT", "GL", "PL", "AD", "GQ", "SPL", "DP", "PS"}
RENAMED = {"GP": "posteriorprobabilities", "HQ": "haplotypequalities", "EC": "expectedallelecounts"}
RENAMED |= {"MQ": "mappingquality", "FT": "genotype_filters"}
MEMBER = re.compile(r'([^=]+)=(?:"((?:[^"\\]|\\.)*)"|([^",][^,]*|))(?:,|$)')


def members(line: str) -> dict | None:
    """The members of `##INFO=<key=value,...>`; None where that is not what the line looks like."""
    inside = re.fullmatch(r"\s*<(.*)>\s*", line.split("=", 1)[1])
    if not inside:
        return None
    found, at = {}, 0
    while at < len(inside[1]):
        member = MEMBER.match(inside[1], at)
        if not member:
            return None
        quoted, plain = member[2], member[3]
        found.setdefault(member[1].strip(), re.sub(r'\\(["\\])', r"\1", quoted) if quoted is not None else plain)
        at = member.end()
    return found


def declared(line: str):
    """Id, Number and Type of an INFO or FORMAT line as they are read: what is odd is a list of texts."""
    found = members(line)
    if found is None or "ID" not in found:
        return None
    is_info = line.startswith("##INFO")
    count, kind = found.get("Number"), found.get("Type")
    kinds = {"Integer", "Float", "Character", "String"} | ({"Flag"} if is_info else set())
    if kind == "Flag" and is_info:
        return found["ID"], "0", "Flag"
    if kind not in kinds or count is None:
        return found["ID"], ".", "String"
    if count not in ("A", "R", "G", ".", "LA", "LR", "LG", "P", "M"):
        count = str(int(count)) if re.fullmatch(r"\+?[0-9]+", count) and 0 < int(count) < 2**32 else "."
    return found["ID"], count, kind


def information_keys(ids) -> list:
    """Keys of `information`: renamed or in lower case, a number behind those that are taken."""
    keys = []
    for name in ids:
        plain = RENAMED.get(name, name.lower())
        tries = [plain] + [f"{plain}_{n}" for n in range(2, len(keys) + 3)]
        keys.append(next(t for t in tries if t not in keys))
    return keys


class Header:
    def __init__(self, lines):
        version = re.fullmatch(r"##(?:file)?format=VC[FR]v(\d+)\.(\d+)\s*", lines[0])
        self.version = (int(version[1]), int(version[2])) if version else (4, 2)
        self.samples = lines[-1].rstrip("\r\n").split("\t")[9:]
        self.formats, self.infos = {}, {}
        for line in lines:
            section = {"##INFO": self.infos, "##FORMAT": self.formats}.get(line.split("=")[0])
            found = declared(line.rstrip("\r\n")) if section is not None else None
            if found:
                section.setdefault(found[0], found[1:])
        self.declared_formats = set(self.formats)
        self.formats = {name: REPAIRED.get(name, own) for name, own in self.formats.items()}
        if self.samples:
            self.formats.setdefault("GT", REPAIRED["GT"])
        self.flags = {name for name, (_, kind) in self.infos.items() if name in FLAGS or (kind == "Flag" and name not in NO_FLAGS)}
        extra = [name for name in self.formats if name not in COLUMNED]
        self.extra = dict(zip(extra, information_keys(extra)))
