"""What the table of a VCF must hold, worked out without the program: `bcftools query` plus the rules of docs/schema.md.

Where each piece comes from:
- `bcftools query` parses: CHROM, POS, ID, REF, ALT, FILTER, and every FORMAT value that is not a Float (GT included).
- The file's own text gives what bcftools rewrites or does not tell apart: QUAL, INFO (both may be reformatted), FORMAT
  values of type Float, and which keys a record's FORMAT lists (bcftools shows an absent key and a lone '.' alike).
- The header's own text gives declarations, because bcftools adds lines of its own.

`blocks` gives the expected rows as Arrow tables of whole records in file order, so that large files stay in bounds. With
`parser="text"` everything comes from the file's own text, for odd files that bcftools refuses or changes.
"""

import functools
import gzip
import itertools
import math
import re
import subprocess

import pyarrow as pa
from oracle_header import Header, information_keys

STRINGS = pa.list_(pa.string())
INTS = pa.list_(pa.int32())
DOUBLES = pa.list_(pa.float64())
MAP = pa.map_(pa.string(), pa.string())
COLUMNS = [
    "importjobid", "contigname", "start", "end", "names", "referenceallele", "alternatealleles", "qual", "filters",
    "splitfrommultiallelic", "attributes", "phased", "calls", "genotypelikelihoods", "phredlikelihoods", "alleledepths",
    "conditionalquality", "spl", "depth", "ps", "sampleid", "information", "annotations",
]  # fmt: skip


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


def integer(text):
    """A whole number of 32 bits; None if the text is none."""
    if text is None or not re.fullmatch(r"[+-]?[0-9]+", text):
        return None
    return int(text) if -(2**31) <= int(text) < 2**31 else None


def double(text):
    """A number; None if the text is none. Python's own spellings (underscores, blanks) are not VCF's."""
    if text is None or not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*([eE][+-]?[0-9]+)?|\.[0-9]+([eE][+-]?[0-9]+)?|nan|inf|infinity)", text, re.I):
        return None
    return float(text)


def number(text: str, kind: str):
    """The text of one value as a table shows it, or None when it is no such number."""
    if kind == "Integer":
        return None if integer(text) is None else str(integer(text))
    if kind == "Float":
        return None if double(text) is None else java_double(double(text))
    return text


@functools.cache
def information_value(text: str, declared: tuple) -> str | None:
    count, kind = declared
    if text is None or text == ".":
        return None
    if count in ("0", "1"):
        return number(text, kind)
    members = [number(t, kind) for t in text.split(",") if t != "."]
    return None if None in members else "[" + ", ".join(members) + "]"


@functools.cache
def int_list(text: str):
    members = [integer(t) for t in text.split(",")] if text is not None else [None]
    return None if None in members else members


@functools.cache
def double_list(text: str):
    members = [double(t) for t in text.split(",")] if text is not None else [None]
    return None if None in members else members


@functools.cache
def rounded(text: str):
    if integer(text) is not None:
        return integer(text)
    value = double(text)
    if value is None or not math.isfinite(value):
        return None
    value = math.floor(value + 0.5)
    return value if -(2**31) + 8 < value < 2**31 else None


@functools.cache
def calls(text: str):
    return [-1 if a == "." else int(a) for a in text.replace("|", "/").split("/") if a != ""]


def attributes(text: str, header: Header) -> list:
    if text in (".", ""):
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
            entries[key] = value or ("." if key in header.infos or equals else "")
        if header.version >= (4, 3) and "%" in entries[key]:
            entries[key] = percent_decoded(entries[key])
    return list(entries.items())


def percent_decoded(text: str) -> str:
    def byte(code):
        return bytes([int(code.group(1), 16)])

    try:
        return re.sub(rb"%([0-9A-Fa-f]{2})", byte, text.encode()).decode()
    except UnicodeDecodeError:
        return text


def allele(text: str) -> str:
    return text if re.search(r"[<>.\[\]]", text) else text.upper()


def end(raw: list, header: Header, info: dict) -> int:
    """The end of a record: INFO END, else its REF allele, else (from VCF 4.4 on) its farthest allele."""
    stated = info.get("END", ".")
    if re.fullmatch(r"\+?[0-9]+", stated) and 0 < int(stated) < 2**63:
        return int(stated)
    position, alleles = int(raw[1]), raw[4].split(",")
    last_base = [position + len(raw[3]) - 1]  # 1-based, of each allele
    if header.version >= (4, 4):
        for alternate, length in zip(alleles, info.get("SVLEN", ".").split(",")):
            if re.match(r"<(DEL|DUP|INV|CNV)[:>]", alternate) and re.fullmatch(r"[+-]?[0-9]+", length):
                last_base.append(position + abs(int(length)))
    block = "<*>" in alleles or ("<NON_REF>" in alleles and "LEN" in header.declared_formats)
    if header.version >= (4, 5) and block and len(raw) > 9 and "LEN" in raw[8].split(":"):
        at = raw[8].split(":").index("LEN")
        lengths = [sample.split(":")[at] for sample in raw[9:] if sample.count(":") >= at]
        last_base += [position + int(length) - 1 for length in lengths if length.isdigit()]
    return max(last_base)


def site(fields: list, raw: list, header: Header) -> dict:
    """Site columns of one record: `fields` as the parser shows them, `raw` the line of the file split at tabs."""
    contig, start, names, ref, alt, filters = fields
    info = attributes(raw[7], header)
    qual = double(raw[5])
    return {
        "contigname": contig,
        "start": int(start),
        "end": end(raw, header, dict(info)),
        "names": None if names == "." else names.split(";"),
        "referenceallele": ref.upper(),
        "alternatealleles": None if alt == "." else [allele(a) for a in alt.split(",")],
        "qual": None if qual == -1 else qual,
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
        "genotypelikelihoods": column("GL", double_list, DOUBLES),
        "phredlikelihoods": column("PL", int_list, INTS),
        "alleledepths": column("AD", int_list, INTS),
        "conditionalquality": column("GQ", rounded, pa.int32()),
        "spl": column("SPL", int_list, INTS),
        "depth": column("DP", rounded, pa.int32()),
        "ps": column("PS", integer, pa.int32()),
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


def whole_information(header: Header, batch: list) -> list:
    """`information` of all rows of records of which some have undeclared FORMAT keys: those follow, as text."""
    rows = []
    for _, raw in batch:
        listed = raw[8].split(":")
        texts_only = undeclared(header, raw)
        ids = list(header.extra) + texts_only
        for sample in raw[9:]:
            texts = dict(zip(listed, sample.split(":")))
            values = [information_value(texts.get(key), header.formats[key]) for key in header.extra]
            values = [None if key == "FT" and texts.get(key) == "PASS" else v for key, v in zip(header.extra, values)]
            values += [None if texts.get(key) == "." else texts.get(key) for key in texts_only]
            rows.append(list(zip(information_keys(ids), values)) if ids else None)
    return rows


def undeclared(header: Header, raw: list) -> list:
    """FORMAT keys of a record whose values are texts only; GT too, where no line declares it and it names no alleles."""
    listed = raw[8].split(":")
    keys = {key for key in listed if key not in header.formats}
    if "GT" in listed and "GT" not in header.declared_formats:
        at, last = listed.index("GT"), 0 if raw[4] == "." else len(raw[4].split(","))
        texts = [s.split(":")[at] for s in raw[9:] if s.count(":") >= at]
        genotype = re.compile(r"[|/]?([0-9]+|\.)([|/]([0-9]+|\.))*")
        if not all(genotype.fullmatch(t) and max([0, *map(int, re.findall("[0-9]+", t))]) <= last for t in texts):
            keys.add("GT")
    return [key for key in listed if key in keys]


def open_text(path):
    packed = open(path, "rb").read(2) == b"\x1f\x8b"
    return gzip.open(path, "rt", newline="\n") if packed else open(path, newline="\n")


class Refused(Exception):
    """bcftools does not read the file to its end, or sees other records in it."""


def blocks(path, block_rows=200_000, parser="bcftools"):
    """Expected rows of a VCF as (Header, number of records, Arrow table without importjobid), block by block."""
    with open_text(path) as text:
        lines = []
        for line in text:
            lines.append(line)
            if line.startswith("#CHROM"):
                break
        header = Header(lines)
        keys = [key for key in header.formats if key in header.declared_formats or uses(path, key)] if header.samples else []
        parsed = [k for k in keys if header.formats[k][1] != "Float"] if parser == "bcftools" else []
        records = (r for r in (line.rstrip("\r\n") for line in text) if r and not r.startswith("#"))
        both = with_bcftools(path, records, parsed) if parser == "bcftools" else map(from_text, records)
        size = max(1, block_rows // max(1, len(header.samples)))
        while batch := list(itertools.islice(both, size)):
            yield header, len(batch), table(header, parsed, batch)


def uses(path, key: str) -> bool:
    """Whether some record has a FORMAT key; bcftools fails when it is asked for one that neither header nor records have."""
    with open_text(path) as text:
        return any(key in line.split("\t")[8].split(":") for line in text if line.count("\t") > 8 and not line.startswith("#"))


def from_text(line: str):
    raw = line.split("\t")
    return [raw[0], int(raw[1]) - 1, *raw[2:5], raw[6]], raw


def with_bcftools(path, records, parsed: list):
    """For each record what bcftools shows of it, and its own text."""
    query = "%CHROM\\t%POS0\\t%ID\\t%REF\\t%ALT\\t%FILTER" + "".join(f"\\t[%{k}\x01]" for k in parsed) + "\\n"
    command = ["bcftools", "query", "-f", query, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as bcftools:
        for line in records:
            shown = bcftools.stdout.readline()
            if not shown:
                raise Refused(f"bcftools stopped early in {path}")
            yield shown.rstrip("\n").split("\t"), line.split("\t")
        if bcftools.stdout.readline():
            raise Refused(f"bcftools sees more records in {path}")
    if bcftools.returncode != 0:
        raise Refused(f"bcftools fails on {path}")


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
                if key not in listed or (key == "GT" and "GT" in undeclared(header, raw)):
                    texts[key] += [None] * per_record
                elif key in parsed:
                    texts[key] += fields[6 + parsed.index(key)].split("\x01")[:-1]
                else:
                    at = listed.index(key)
                    texts[key] += [dict(enumerate(s.split(":"))).get(at) for s in raw[9:]]
        columns |= genotype_columns(header, texts, rows)
        if any(undeclared(header, raw) for _, raw in batch):
            columns["information"] = pa.array(whole_information(header, batch), MAP)
        columns["sampleid"] = pa.array(header.samples * len(batch), pa.string())
    else:
        nulls = {"phased": pa.bool_(), "calls": INTS, "genotypelikelihoods": DOUBLES, "phredlikelihoods": INTS}
        nulls |= {"alleledepths": INTS, "conditionalquality": pa.int32(), "spl": INTS, "depth": pa.int32(), "ps": pa.int32()}
        nulls |= {"sampleid": pa.string(), "information": MAP}
        columns |= {n: pa.nulls(rows, t) for n, t in nulls.items()}
    return pa.table({n: columns[n] for n in COLUMNS if n in columns})
