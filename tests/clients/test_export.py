"""What was imported comes back as text: line for line as it was, and as bcftools reads it."""

import concurrent.futures
import gzip
import json
import os
import pathlib
import pty
import re
import subprocess

import pytest
import requests
from server import BUCKET, FULL, ROOT, Server, binary, clean_environment, create_store, import_files, reference_arn
from vcf_files import HEADER, header, record, vcf

pytestmark = pytest.mark.full
SHARED = pathlib.Path(os.environ.get("VARBERG_SHARED", ROOT.parent / "shared"))
RECORDS = None if FULL else 300
"""Records of the files in shared/data that are looked at."""


@pytest.fixture(scope="module")
def exporter(tmp_path_factory):
    base = tmp_path_factory.mktemp("export")
    with Server(base / "data", base / "files") as running:
        running.arn = reference_arn(running)
        yield running


def varberg(server, *args, check=True):
    command = [str(binary()), "--endpoint", server.endpoint, *args]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, timeout=1800)
    if check:
        assert done.returncode == 0, done.stderr.decode()
    return done


def export(server, *args) -> str:
    return varberg(server, "export", *args).stdout.decode()


def refused(server, *args) -> str:
    done = varberg(server, "export", *args, check=False)
    assert done.returncode in (1, 2) and done.stdout == b"", done
    return done.stderr.decode()


def text_of(path: pathlib.Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8", "surrogateescape")


def records(text: str) -> list[str]:
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return [line for line in lines if line and not line.startswith("#")]


def bcftools(*args) -> str | None:
    """The answer, or nothing where bcftools fails."""
    done = subprocess.run(["bcftools", *map(str, args)], capture_output=True)
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else None


def store_with(server, name: str, **files: str) -> list[dict]:
    """A store with these files imported in one job; its items."""
    sources = []
    for key, text in files.items():
        (server.files / f"{name}-{key}.vcf").write_text(text)
        sources.append(f"{name}-{key}.vcf")
    create_store(server, name, server.arn)
    import_files(server, name, *sources)
    return items(server, name)


def items(server, store: str) -> list[dict]:
    found, token = [], None
    while True:
        query = {"nextToken": token} if token else {}
        page = requests.get(f"{server.endpoint}/varberg/stores/{store}/items", params=query, timeout=60).json()
        found += page["items"]
        token = page.get("nextToken")
        if not token:
            return found


# Files of others


def beginnings(directory: pathlib.Path) -> list[str]:
    """The files of shared/data, or their first records; names below `directory`."""
    names = []
    for path in sorted((SHARED / "data").glob("*.vcf*")):
        text, kept = text_of(path), 0
        if RECORDS:
            lines = text.split("\n")
            first = next(i for i, line in enumerate(lines) if line and not line.startswith("#"))
            text = "\n".join(lines[: first + RECORDS]).rstrip("\n") + "\n"
        name = re.sub(r"(\.vcf)(\.gz)?$", r"\1", path.name)
        (directory / name).write_text(text)
        names.append(name)
    return names


def corpora(directory: pathlib.Path) -> list[str]:
    names = []
    for path in sorted((SHARED / "corpora").rglob("*")):
        if path.is_file() and path.name.endswith((".vcf", ".vcf.gz")):
            name = str(path.relative_to(SHARED / "corpora")).replace("/", "__")
            (directory / name).write_bytes(path.read_bytes())
            names.append(name)
    return names if FULL else names[::5]


# Malformed records of which bcftools makes a BCF that says something else; ours are refused.
NOT_IN_BCF = {
    "failed_body_filter_002.vcf": "FILTER is ;PASS; BCF has no empty names",
    "failed_body_qual_000.vcf": "QUAL is a word; bcftools reads 0",
    "failed_meta_contig_002.vcf": "a contig is declared as <ID=1,A,length=123456>, whose id ends at the comma for one reader and not for the other",
}


def check_item(server, store: str, item: dict, directory: pathlib.Path) -> str | None:
    """Compares the export of an item with its source; what differs."""
    source = server.files / item["source"].rpartition("/")[2]
    out = directory / f"{source.name}.out.vcf"
    varberg(server, "export", store, "--job", item["jobId"], "--item", str(item["position"]), "-o", str(out))
    text, original = text_of(out), text_of(source)
    got, wanted = records(text), records(original)
    if len(got) != item["records"]:
        return f"{source.name}: {len(got)} records instead of {item['records']}"
    left = iter(wanted)
    for line in got:  # all of them in their order; records that were left out at the import are missing
        if not any(line == other for other in left):
            return f"{source.name}: not in the source: {line[:200]!r}"
    if len(got) == len(wanted):
        binary_form = out.with_suffix(".bcf")
        theirs = bcftools("view", "-H", source)
        choice = ("--job", item["jobId"], "--item", str(item["position"]))
        done = varberg(server, "export", store, *choice, "-o", str(binary_form), check=False)
        judged = theirs is not None and not source.name.endswith(tuple(NOT_IN_BCF))
        if judged and done.returncode != 0 and bcftools("view", "-Ob", source) is not None:
            return f"{source.name}: no BCF: {done.stderr.decode()}"
        if judged and done.returncode == 0 and bcftools("view", "-H", binary_form) != theirs:
            return f"{source.name}: bcftools reads something else in the BCF"
        ours = bcftools("view", "-H", out)
        if theirs is not None and ours != theirs:
            return f"{source.name}: bcftools reads something else"
    head = [line.rstrip("\r") for line in original.split("\n") if line.startswith("#")][: text.count("\n#") + 1]
    if [line for line in text.split("\n") if line.startswith("#")] != head:
        return f"{source.name}: another header"
    out.unlink()
    return None


@pytest.mark.skipif(not SHARED.is_dir(), reason="set VARBERG_SHARED")
@pytest.mark.parametrize("name, files", [("data", beginnings), ("corpora", corpora)])
def test_files_of_others_come_back(exporter, tmp_path, name, files):
    create_store(exporter, name, exporter.arn)
    import_files(exporter, name, *files(exporter.files), timeout=1800)
    accepted = [item for item in items(exporter, name) if item["status"] == "COMPLETED"]
    assert len(accepted) > 5
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        different = list(filter(None, pool.map(lambda item: check_item(exporter, name, item, tmp_path), accepted)))
    assert not different, "\n".join(different)


# Forms


def test_forms_are_readable_by_bcftools(exporter, tmp_path):
    text = vcf(400)
    store_with(exporter, "forms", a=text)
    assert export(exporter, "forms") == text
    for name, args in [("a.vcf.gz", []), ("b.vcf.bgz", []), ("c", ["-O", "z"])]:
        out = tmp_path / name
        varberg(exporter, "export", "forms", "-o", str(out), *args)
        assert out.read_bytes().endswith(bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")), name
        assert bcftools("index", "-f", out) is not None, name
        assert records(bcftools("view", "-H", out)) == records(text), name
    out = tmp_path / "d.bcf"
    varberg(exporter, "export", "forms", "-o", str(out))
    assert bcftools("index", "-f", out) is not None and records(bcftools("view", "-H", out)) == records(text)
    assert gzip.decompress(varberg(exporter, "export", "forms", "-O", "z").stdout).decode() == text
    plain = tmp_path / "plain.vcf"
    answer = varberg(exporter, "--output", "json", "export", "forms", "-o", str(plain))
    assert json.loads(answer.stdout)["records"] == 400 and plain.read_text() == text
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_terminal_gets_no_binary(exporter):
    store_with(exporter, "terminal", a=vcf(1))
    leader, follower = pty.openpty()
    command = [str(binary()), "--endpoint", exporter.endpoint, "export", "terminal", "-O", "z"]
    done = subprocess.run(command, env=clean_environment(), stdout=follower, stderr=subprocess.PIPE, timeout=60)
    os.close(follower), os.close(leader)
    assert done.returncode == 2 and b"terminal" in done.stderr


LOSSY = {
    "QUAL": ("\t50\t", "\thigh\t", "QUAL is not a number that a 32-bit float holds (chr1:100)"),
    "INFO DP": ("DP=10", "DP=1e2", "INFO has a value that is not an Integer from -2147483640 to 2147483647, as declared (chr1:100, key DP)"),
    "INFO AF": ("AF=0.5", "AF=low", "INFO has a value that is not a Float of 32 bits, as declared (chr1:100, key AF)"),
    "FORMAT GQ": (":10:60", ":10:9.7", "FORMAT has a value that is not an Integer from -2147483640 to 2147483647, as declared (chr1:100, key GQ)"),
}  # fmt: skip


@pytest.mark.parametrize("field", LOSSY)
def test_no_value_is_changed_silently_for_bcf(exporter, tmp_path, field):
    written, other, told = LOSSY[field]
    store, text = f"lossy_{field.lower().replace(' ', '_')}", header() + record().replace(written, other, 1)
    assert other in text
    assert store_with(exporter, store, a=text)[0]["status"] == "COMPLETED"
    assert export(exporter, store) == text
    out = tmp_path / "out.bcf"
    for args in (["-O", "b"], ["-o", str(out)]):
        said = refused(exporter, store, *args)
        wanted = f"E30: a record cannot be written as BCF: {told}; export it as VCF, with -O z or -O v"
        assert wanted in said and other.strip("\t").split("=")[-1].split(":")[-1] not in said, said
    assert list(tmp_path.iterdir()) == []


def test_an_undeclared_gt_without_genotypes_is_told_with_its_place(exporter):
    line = "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n"
    text = (header() + record(position=7)).replace(line, "").replace("0/1:5,5", "het:5,5")
    assert line not in text and "het" in text
    item = store_with(exporter, "undeclared_gt", a=text)[0]
    assert item["status"] == "COMPLETED", item
    assert export(exporter, "undeclared_gt") == text
    said = refused(exporter, "undeclared_gt", "-O", "b")
    assert "E30" in said and "a GT is no genotype (chr1:7, key GT)" in said and "het" not in said


def test_numbers_of_names_in_headers_are_no_contradiction(exporter, tmp_path):
    def numbered(first):
        count = iter(range(first, 99))
        return re.sub(r">$", lambda _: f",IDX={next(count)}>", HEADER, flags=re.M)

    texts = [vcf(5).replace(HEADER, numbered(1)), vcf(5, first=5000).replace(HEADER, numbered(20))]
    store_with(exporter, "numbered", a=texts[0], b=texts[1])
    out = tmp_path / "out.bcf"
    done = varberg(exporter, "export", "numbered", "-o", str(out))
    assert b"differently" not in done.stderr
    assert records(bcftools("view", "-H", out)) == records(texts[0]) + records(texts[1])
    assert export(exporter, "numbered", "--item", "0") == texts[0], "a header alone comes back as it was"


def test_a_name_that_contradicts_the_form_is_told(exporter, tmp_path):
    store_with(exporter, "named", a=vcf(2))
    for name, args, warned in [
        ("a.bcf", ["-O", "z"], True),
        ("a.vcf.gz", ["-O", "b"], True),
        ("b.vcf.gz", ["-O", "z"], False),
        ("b.bcf", [], False),
        ("b.txt", ["-O", "b"], False),
    ]:
        done = varberg(exporter, "export", "named", "-o", str(tmp_path / name), *args)
        assert (b"warning: " in done.stderr and b"its name says" in done.stderr) == warned, (name, done.stderr)
    assert gzip.decompress((tmp_path / "a.bcf").read_bytes()).decode() == vcf(2)


@pytest.mark.parametrize("cause, text", [
    ("OldVersion", vcf(2).replace("VCFv4.2", "VCFv3.3")),
    ("MissingFileformat", vcf(2).replace("##fileformat=VCFv4.2\n", "")),
])  # fmt: skip
def test_what_a_relaxed_verdict_let_in_comes_out(make_server, cause, text):
    relaxed = make_server(config=f'[import.verdicts]\n{cause} = "warn"\n')
    relaxed.arn = reference_arn(relaxed)
    assert store_with(relaxed, "relaxed", a=text)[0]["status"] == "COMPLETED"
    assert export(relaxed, "relaxed") == text


# Choices


def test_samples_are_chosen_in_the_order_given(exporter):
    names = ("A", "B", "it's")
    text = vcf(20, samples=names)
    store_with(exporter, "chosen", a=text)
    answer = export(exporter, "chosen", "--sample", "it's", "--sample", "A")
    columns = [line.split("\t") for line in text.split("\n")[:-1] if not line.startswith("##")]
    wanted = ["\t".join([*line[:9], line[11], line[9]]) for line in columns]
    assert [line for line in answer.split("\n")[:-1] if not line.startswith("##")] == wanted
    one = export(exporter, "chosen", "-s", "B")
    assert records(one) == ["\t".join([*line[:9], line[10]]) for line in columns[1:]]
    said = refused(exporter, "chosen", "-s", "A", "-s", "PATIENT")
    assert "2. --sample" in said and "PATIENT" not in said
    assert "PATIENT" not in exporter.log()
    assert "which have 3 samples" in said and "it's" not in said
    leader, follower = pty.openpty()
    command = [str(binary()), "--endpoint", exporter.endpoint, "export", "chosen", "-s", "PATIENT"]
    done = subprocess.run(command, env=clean_environment(), stdout=subprocess.DEVNULL, stderr=follower, timeout=60)
    said = os.read(leader, 4096).decode()
    os.close(follower), os.close(leader)
    assert done.returncode == 2 and "which have 3 samples: A, B, it's" in said, said


def test_a_place_without_its_job_must_be_clear(exporter):
    job = store_with(exporter, "unclear", a=vcf(2))[0]["jobId"]
    assert export(exporter, "unclear", "--item", "0") == vcf(2)
    import_files(exporter, "unclear", "unclear-a.vcf")
    said = refused(exporter, "unclear", "--item", "0")
    assert "add --job ID" in said and "2 jobs" in said
    assert export(exporter, "unclear", "--job", job, "--item", "0") == vcf(2)


def test_regions_are_those_that_records_overlap(exporter):
    lines = [record("chr1", 100, "ACGT"), record("chr1", 200), record("chr2", 100), record("chr2", 300, info="END=500")]
    lines.append(record("HLA:1:2", 7))
    head = header().replace("##contig=<ID=chr1,", "##contig=<ID=HLA:1:2>\n##contig=<ID=chr1,")
    store_with(exporter, "places", a=head + "".join(lines))

    def found(*regions):
        got = records(export(exporter, "places", *(part for region in regions for part in ("-r", region))))
        return [lines.index(line + "\n") for line in got]

    assert found("chr1") == [0, 1]
    assert found("chr1:100") == [0] and found("chr1:103") == [0] and found("chr1:104") == []
    assert found("chr1:99") == [] and found("chr1:104-200") == [1] and found("chr1:201-") == []
    assert found("chr1:150-", "chr2:1-100") == [1, 2]
    assert found("chr2:450-1,000") == [3] and found("chr2:501-") == []
    assert found("HLA:1:2") == [4] and found("HLA:1:2:7") == [4] and found("chr9") == []
    for wrong in ["chr1:x", "chr1:9-3", ":5", "chr1:-5"]:
        assert "region" in refused(exporter, "places", "-r", wrong), wrong


def test_several_files_are_one_output_when_their_columns_agree(exporter):
    second = vcf(5, first=5000, contig="chr2").replace(
        'ID=DP,Number=1,Type=Integer,Description="Depth">', 'ID=DP,Number=1,Type=Integer,Description="other">', 1
    ).replace("##contig=<ID=chr1", '##FILTER=<ID=new,Description="new">\n##contig=<ID=chr1', 1)
    store_with(exporter, "several", a=vcf(5), b=second)
    done = varberg(exporter, "export", "several")
    text = done.stdout.decode()
    assert records(text) == records(vcf(5)) + records(second)
    assert text.count("##FILTER=<ID=new") == 1 and "other" not in text and "INFO DP" in done.stderr.decode()
    heading = [line for line in text.split("\n") if line.startswith("#")]
    assert sorted(heading) == sorted([*header().split("\n")[:-1], '##FILTER=<ID=new,Description="new">'])
    assert records(export(exporter, "several", "--item", "1")) == records(second)


def test_files_with_other_columns_are_listed(exporter):
    found = store_with(exporter, "mixed", a=vcf(3), b=vcf(3, samples=("S3",)), c=vcf(3, samples=()))
    said = refused(exporter, "mixed")
    for item in found:
        assert f"varberg export mixed --job {item['jobId']} --item {item['position']}" in said, said
    assert "S3" not in said
    assert records(export(exporter, "mixed", "-s", "S3")) == records(vcf(3, samples=("S3",)))
    assert export(exporter, "mixed", "--item", "2") == vcf(3, samples=())


def test_what_cannot_be_exported_says_why(exporter):
    found = store_with(exporter, "failing", a=vcf(2), b="no VCF\n")
    assert "FAILED" in refused(exporter, "failing", "--item", "1")
    assert records(export(exporter, "failing")) == records(vcf(2))
    assert "--job" in refused(exporter, "failing", "--item", "7")
    create_store(exporter, "vacant", exporter.arn)
    assert "no imported files" in refused(exporter, "vacant")
    assert "does not exist" in refused(exporter, "nowhere")
    answer = requests.get(f"{exporter.endpoint}/varberg/jobs/{found[1]['jobId']}/items/1/header", timeout=60)
    assert answer.status_code == 404
    assert "_record" in requests.post(f"{exporter.endpoint}/sql", data='SELECT "_record" FROM failing', timeout=60).text


def test_headers_go_with_their_store(exporter):
    text = header(samples=("ONLY-HERE",)).replace(HEADER, HEADER + "##note=x\n") + record(calls=("0/1:5,5:10:60",))
    item = store_with(exporter, "passing", a=text)[0]
    address = f"{exporter.endpoint}/varberg/jobs/{item['jobId']}/items/0/header"
    assert requests.get(address, timeout=60).text == text[: text.index("chr1\t")]
    exporter.client().delete_variant_store(name="passing")

    def gone():
        return requests.get(address, timeout=60).status_code == 404

    from server import wait_for

    wait_for(gone, "the header to be removed")
    assert "ONLY-HERE" not in exporter.log()
