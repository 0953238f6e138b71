"""What the table of a VCF must hold, worked out without the program: `bcftools query` plus the rules of docs/schema.md.

Where each piece comes from:
- `bcftools query` parses: CHROM, POS, ID, REF, ALT, FILTER, and every FORMAT value that is not a Float (GT included).
- The file's own text gives what bcftools rewrites or does not tell apart: QUAL, INFO (both may be reformatted), FORMAT
  values of type Float, and which keys a record's FORMAT lists (bcftools shows an absent key and a lone '.' alike).
- The header's own text gives declarations, because bcftools adds lines of its own.

`blocks` gives the expected rows as Arrow tables of whole records in file order, so that large files stay in bounds.
"""

import functools
import gzip
import math
import subprocess

import pyarrow as pa

STRINGS = pa.list_(pa.string())
INTS = pa.list_(pa.int32())
MAP = pa.map_(pa.string(), pa.string())
REPAIRED = {"GT": ("1", "String"), "GQ": ("1", "Integer"), "DP": ("1", "Integer"), "PL": ("G", "Integer")}
REPAIRED |= {"AD": ("R", "Integer"), "FT": (".", "String"), "PS": ("1", "Integer"), "PQ": ("1", "Float")}
COLUMNED = {"GT", "GL", "PL", "AD", "GQ", "SPL", "DP", "PS"}
RENAMED = {"GP": "posteriorprobabilities", "HQ": "haplotypequalities", "EC": "expectedallelecounts"}
RENAMED |= {"MQ": "mappingquality", "FT": "genotype_filters"}
COLUMNS = [
    "importjobid", "contigname", "start", "end", "names", "referenceallele", "alternatealleles", "qual", "filters",
    "splitfrommultiallelic", "attributes", "phased", "calls", "genotypelikelihoods", "phredlikelihoods", "alleledepths",
    "conditionalquality", "spl", "depth", "ps", "sampleid", "information", "annotations",
]  # fmt: skip


def attribute(declaration: str, name: str) -> str:
    """A value of a structured header line; the text before Description has no quoted commas."""
    inside = declaration[declaration.index("<") + 1 :].split(",Description=")[0]
    rest = declaration.split('"')[-1]
    for part in (inside + "," + rest.strip(">\n")).split(","):
        key, _, value = part.partition("=")
        if key == name:
            return value.strip(">")
    raise ValueError(f"{name} is missing in {declaration}")


class Header:
    def __init__(self, lines):
        self.version = lines[0].strip().split("=VCFv")[1]
        self.formats = {}
        self.flags = {"DB", "SOMATIC"}
        self.declared_info = set()
        for line in lines:
            if line.startswith("##FORMAT=<"):
                name = attribute(line, "ID")
                self.formats.setdefault(name, REPAIRED.get(name, (attribute(line, "Number"), attribute(line, "Type"))))
            if line.startswith("##INFO=<"):
                name = attribute(line, "ID")
                self.declared_info.add(name)
                if attribute(line, "Type") == "Flag":
                    self.flags.add(name)
        self.samples = lines[-1].rstrip("\n").split("\t")[9:]
        self.extra = {f: (RENAMED.get(f, f.lower())) for f in self.formats if f not in COLUMNED}


def java_double(x: float) -> str:
    """Java's Double.toString: decimal from 1e-3 up to 1e7, else one digit before the point and an exponent."""
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "Infinity" if x > 0 else "-Infinity"
    if x == 0:
        return "-0.0" if math.copysign(1, x) < 0 else "0.0"
    digits, exponent = f"{x:e}", 0
    for precision in range(17):
        digits = f"{abs(x):.{precision}e}"
        if float(digits) == abs(x):
            break
    mantissa, _, exponent = digits.partition("e")
    plain = mantissa.replace(".", "")
    exponent = int(exponent)
    sign = "-" if x < 0 else ""
    if -3 <= exponent < 7:
        if exponent >= 0:
            plain = plain.ljust(exponent + 1, "0")
            whole, fraction = plain[: exponent + 1], plain[exponent + 1 :]
        else:
            whole, fraction = "0", "0" * (-exponent - 1) + plain
        return f"{sign}{whole}.{fraction.rstrip('0') or '0'}"
    return f"{sign}{plain[0]}.{plain[1:].rstrip('0') or '0'}E{exponent}"


def number(text: str, kind: str):
    """The text of one value as a table shows it, or None when it is missing or no such number."""
    if text in (".", ""):
        return None
    if kind == "Integer":
        try:
            return str(int(text))
        except ValueError:
            return None
    if kind == "Float":
        try:
            return java_double(float(text))
        except ValueError:
            return None
    return text


@functools.cache
def information_value(text: str, declared: tuple) -> str | None:
    count, kind = declared
    if text is None or text in (".", ""):
        return None
    if count in ("0", "1"):
        return number(text, kind)
    members = [number(t, kind) for t in text.split(",") if t != "."]
    return None if None in members else "[" + ", ".join(members) + "]"


@functools.cache
def int_list(text: str):
    if text is None or text == ".":
        return None
    try:
        return [int(t) for t in text.split(",")]
    except ValueError:
        return None


@functools.cache
def rounded(text: str):
    try:
        return math.floor(float(text) + 0.5)
    except (TypeError, ValueError):
        return None


@functools.cache
def whole(text: str):
    try:
        return int(text)
    except (TypeError, ValueError):
        return None


@functools.cache
def calls(text: str):
    return [-1 if a == "." else int(a) for a in text.replace("|", "/").split("/") if a != ""]


def attributes(text: str, header: Header) -> list:
    if text == ".":
        return []
    entries = {}
    for part in text.split(";"):
        if not part:
            continue
        key, equals, value = part.partition("=")
        if key in header.flags:
            if equals and value == "0":
                continue
            entries[key] = value
        else:
            entries[key] = value or ("." if key in header.declared_info or equals else "")
        if header.version >= "4.3" and "%" in entries[key]:
            entries[key] = percent_decoded(entries[key])
    return list(entries.items())


def percent_decoded(text: str) -> str:
    for code, char in (("%3A", ":"), ("%3B", ";"), ("%3D", "="), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%09", "\t"), ("%25", "%")):
        text = text.replace(code, char).replace(code.lower(), char)
    return text


def allele(text: str) -> str:
    return text.upper() if set(text.upper()) <= set("ACGTN") else text


def site(fields: list, raw: list, header: Header) -> dict:
    """Site columns of one record: `fields` as bcftools shows them, `raw` the line of the file split at tabs."""
    contig, start, names, ref, alt, filters = fields
    info = attributes(raw[7], header)
    end = dict(info).get("END")
    qual = None if raw[5] in (".", "-1") else float(raw[5])
    return {
        "contigname": contig,
        "start": int(start),
        "end": int(end) if end not in (None, ".") else int(start) + len(ref),
        "names": None if names == "." else names.split(";"),
        "referenceallele": ref.upper(),
        "alternatealleles": None if alt == "." else [allele(a) for a in alt.split(",")],
        "qual": qual,
        "filters": None if filters == "." else list(dict.fromkeys(filters.split(";"))),
        "attributes": info,
    }


SITE_TYPES = {
    "contigname": pa.string(), "start": pa.int64(), "end": pa.int64(), "names": STRINGS, "referenceallele": pa.string(),
    "alternatealleles": STRINGS, "qual": pa.float64(), "filters": STRINGS, "attributes": MAP,
}  # fmt: skip


def genotype_columns(header: Header, texts: dict, rows: int) -> dict:
    """Columns 12 to 22 from `texts`: FORMAT key to one text a row, None where the record does not list the key."""

    def column(key, function, kind):
        if key not in header.formats:
            return pa.nulls(rows, kind)
        encoded = pa.array(texts[key], pa.string()).dictionary_encode()
        values = [function(t) if t is not None else None for t in encoded.dictionary.to_pylist()]
        return pa.array(values, kind).take(encoded.indices)

    out = {
        "phased": pa.nulls(rows, pa.bool_()),
        "calls": column("GT", calls, INTS),
        "genotypelikelihoods": pa.nulls(rows, pa.list_(pa.float64())),
        "phredlikelihoods": column("PL", int_list, INTS),
        "alleledepths": column("AD", int_list, INTS),
        "conditionalquality": column("GQ", rounded, pa.int32()),
        "spl": column("SPL", int_list, INTS),
        "depth": column("DP", rounded, pa.int32()),
        "ps": column("PS", whole, pa.int32()),
    }
    if "GT" in header.formats:
        out["phased"] = column("GT", lambda t: "|" in t, pa.bool_()).fill_null(False)
    if header.extra:
        values = [column(f, functools.partial(information_value, declared=header.formats[f]), pa.string()) for f in header.extra]
        if "FT" in header.extra:
            at = list(header.extra).index("FT")
            passing = column("FT", lambda t: None if t in ("PASS", ".") else information_value(t, (".", "String")), pa.string())
            values[at] = passing
        keys = list(header.extra.values())
        interleaved = pa.concat_arrays([v.combine_chunks() if isinstance(v, pa.ChunkedArray) else v for v in values])
        order = [k * rows + r for r in range(rows) for k in range(len(keys))]
        offsets = pa.array(range(0, (rows + 1) * len(keys), len(keys)), pa.int32())
        out["information"] = pa.MapArray.from_arrays(offsets, pa.array(keys * rows, pa.string()), interleaved.take(pa.array(order)))
    else:
        out["information"] = pa.nulls(rows, MAP)
    return out


def open_text(path):
    packed = open(path, "rb").read(2) == b"\x1f\x8b"
    return gzip.open(path, "rt", newline="\n") if packed else open(path, newline="\n")


def blocks(path, block_rows=200_000):
    """Expected rows of a VCF as (Header, number of records, Arrow table without importjobid), block by block."""
    with open_text(path) as text:
        lines = []
        for line in text:
            lines.append(line)
            if line.startswith("#CHROM"):
                break
        header = Header(lines)
        keys = list(header.formats) if header.samples else []
        parsed = [k for k in keys if header.formats[k][1] != "Float"]
        query = "%CHROM\\t%POS0\\t%ID\\t%REF\\t%ALT\\t%FILTER" + "".join(f"\\t[%{k}\\x01]" for k in parsed) + "\\n"
        query = query.replace("\\x01", "\x01")
        command = ["bcftools", "query", "-f", query, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as bcftools:
            batch, size = [], max(1, block_rows // max(1, len(header.samples)))
            for line in text:
                if line.startswith("#") or not line.strip():
                    continue
                shown = bcftools.stdout.readline()
                assert shown, f"bcftools stopped early in {path}"
                batch.append((shown.rstrip("\n").split("\t"), line.rstrip("\r\n").split("\t")))
                if len(batch) == size:
                    yield header, len(batch), table(header, parsed, batch)
                    batch = []
            if batch:
                yield header, len(batch), table(header, parsed, batch)
            assert not bcftools.stdout.readline(), f"bcftools sees more records in {path}"


def table(header: Header, parsed: list, batch: list) -> pa.Table:
    per_record = max(1, len(header.samples))
    rows = len(batch) * per_record
    sites = [site(fields[:6], raw, header) for fields, raw in batch]
    repeat = pa.array([i for i in range(len(batch)) for _ in range(per_record)], pa.int32())
    columns = {n: pa.array([s[n] for s in sites], t).take(repeat) for n, t in SITE_TYPES.items()}
    columns["splitfrommultiallelic"] = pa.array([False] * rows)
    if header.samples:
        texts = {key: [] for key in header.formats}
        for fields, raw in batch:
            listed = raw[8].split(":")
            for key in header.formats:
                if key not in listed:
                    texts[key] += [None] * per_record
                elif key in parsed:
                    texts[key] += fields[6 + parsed.index(key)].split("\x01")[:-1]
                else:
                    at = listed.index(key)
                    texts[key] += [dict(enumerate(s.split(":"))).get(at) for s in raw[9:]]
        columns |= genotype_columns(header, texts, rows)
        columns["sampleid"] = pa.array(header.samples * len(batch), pa.string())
    else:
        nulls = {"phased": pa.bool_(), "calls": INTS, "genotypelikelihoods": pa.list_(pa.float64()), "phredlikelihoods": INTS}
        nulls |= {"alleledepths": INTS, "conditionalquality": pa.int32(), "spl": INTS, "depth": pa.int32(), "ps": pa.int32()}
        nulls |= {"sampleid": pa.string(), "information": MAP}
        columns |= {n: pa.nulls(rows, t) for n, t in nulls.items()}
    return pa.table({n: columns[n] for n in COLUMNS if n in columns})
