"""Bad input ends as a failed item with its own clear text, within seconds and bounded memory; the server goes on."""

import os
import re
import shutil
import socket
import time
import zlib

import pytest
import requests
from server import BUCKET, Server, create_store, import_files, reference_arn, start_import, wait_for, wait_for_job
from vcf_files import HEADER, bgzf, gzipped, header, record, vcf

MEBIBYTE = 1 << 20
MEMORY_BOUND = 700 * MEBIBYTE
SECONDS = 20


@pytest.fixture(scope="module")
def store(shared_server, reference):
    create_store(shared_server, "bad_input", reference)
    (shared_server.files / "good.vcf").write_text(vcf(3))
    return "bad_input"


def truncated_bgzf(path):
    data = bgzf(vcf(20_000).encode())
    path.write_bytes(data[: len(data) * 2 // 3])


def bgzf_without_end(path):
    """Cut exactly between two blocks: only the missing last block tells."""
    path.write_bytes(bgzf(vcf(5_000).encode(), end=False))


def truncated_gzip(path):
    data = gzipped(vcf(20_000).encode())
    path.write_bytes(data[: len(data) * 2 // 3])


def damaged_bgzf(path):
    data = bytearray(bgzf(vcf(20_000).encode()))
    at = len(data) // 2
    data[at : at + 8] = b"\0" * 8
    path.write_bytes(data)


def huge_line(path):
    """One line of a gibibyte in a gzip of about a mebibyte."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    with open(path, "wb") as out:
        out.write(deflate.compress(header().encode() + b"chr1\t1\t.\tA\tC\t.\t.\tX="))
        for _ in range(1024):
            out.write(deflate.compress(b"A" * MEBIBYTE))
        out.write(deflate.compress(b"\n") + deflate.flush())


def huge_header(path):
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    with open(path, "wb") as out:
        out.write(deflate.compress(b"##fileformat=VCFv4.2\n"))
        line = b"##note=" + b"A" * 1016 + b"\n"
        for _ in range(200):
            out.write(deflate.compress(line * 1024))
        out.write(deflate.flush())


# name, maker, what the message must contain (a regular expression)
FILES = [
    ("truncated.vcf.gz", truncated_bgzf, r"(?i)truncat|ends (early|inside|in the middle|before)|cut"),
    ("noend.vcf.gz", bgzf_without_end, r"(?i)truncat|end|cut"),
    ("truncated-gzip.vcf.gz", truncated_gzip, r"(?i)truncat|ends (early|inside|in the middle|before)|cut"),
    ("damaged.vcf.gz", damaged_bgzf, r"(?i)damage|corrupt|invalid|checksum|crc"),
    ("hugeline.vcf.gz", huge_line, r"(?i)line.*(long|limit|exceed|more than|MiB|bytes)"),
    ("hugeheader.vcf.gz", huge_header, r"(?i)header.*(long|large|limit|exceed|more than|MiB|bytes)"),
    ("empty.vcf", lambda path: path.write_bytes(b""), r"(?i)empty|E10"),
    ("norows.vcf", lambda path: path.write_text(header()), r"E20"),
    ("letter.vcf", lambda path: path.write_text("Dear all,\n\nplease find attached\n"), r"E10|E1\b|E11|(?i:not a VCF)"),
    ("binary.vcf", lambda path: path.write_bytes(bytes(range(256)) * 64), r"E10|E11|E24|(?i:not a VCF|text)"),
    ("noversion.vcf", lambda path: path.write_text(vcf(1).split("\n", 1)[1]), r"E1\b"),
    ("oldversion.vcf", lambda path: path.write_text(vcf(1).replace("VCFv4.2", "VCFv3.3")), r"E11|E6"),
    ("nochrom.vcf", lambda path: path.write_text(HEADER + record()), r"E2\b"),
    ("badinteger.vcf", lambda path: path.write_text(vcf(2) + record(position="12x")), r"E15.*line 17"),
    ("badgenotype.vcf", lambda path: path.write_text(vcf(2) + record(calls=("0/7:1,1:2:3", "0/0:1,1:2:3"))), r"E18.*line 17.*chr1:100"),
    ("badsamples.vcf", lambda path: path.write_text(vcf(2) + record(calls=("0/0:1,1:2:3",))), r"E15.*line 17.*chr1:100"),
    ("fewcolumns.vcf", lambda path: path.write_text(vcf(2) + "chr1\t100\t.\tA\n"), r"E16.*line 17"),
    ("directory.vcf", lambda path: path.mkdir(), r"(?i)director"),
    ("fifo.vcf", os.mkfifo, r"(?i)fifo|pipe|regular file"),
    ("absent.vcf", lambda path: None, r"(?i)no such|not exist|not found|missing|absent"),
]  # fmt: skip


@pytest.mark.parametrize("name,make,text", FILES, ids=[f[0] for f in FILES])
def test_a_bad_file_fails_with_its_own_text(shared_server, store, name, make, text):
    make(shared_server.files / name)
    began = time.monotonic()
    job = import_files(shared_server, store, name, "good.vcf")
    took = time.monotonic() - began
    assert job["status"] == "COMPLETED_WITH_FAILURES", job
    bad, good = job["items"]
    assert (bad["jobStatus"], good["jobStatus"]) == ("FAILED", "COMPLETED")
    assert re.search(text, bad["statusMessage"]), bad["statusMessage"]
    assert len(bad["statusMessage"]) < 2000
    assert "S1" not in bad["statusMessage"] and "0/1" not in bad["statusMessage"], "no sample names, no genotypes"
    assert took < SECONDS
    assert shared_server.peak_memory() < MEMORY_BOUND
    statement = f"""SELECT count(*) FROM "default"."bad_input" WHERE importjobid = '{job["id"]}'"""
    assert shared_server.value(statement) == 6, "the good file's rows only"


def test_every_cause_has_a_text_of_its_own(shared_server, store):
    causes = ["truncated.vcf.gz", "absent.vcf", "directory.vcf", "hugeline.vcf.gz", "empty.vcf", "letter.vcf", "norows.vcf", "fifo.vcf"]
    for name, make, _ in FILES:
        if name in causes and not os.path.lexists(shared_server.files / name):
            make(shared_server.files / name)
    job = import_files(shared_server, store, *causes)
    texts = [item["statusMessage"].replace(name, "") for item, name in zip(job["items"], causes)]
    assert job["status"] == "FAILED"
    assert len(set(texts)) == len(causes), texts


def test_an_unreadable_file(tmp_path):
    """Root may read every file, so as root the server runs without its capabilities."""
    without_privileges = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []
    if without_privileges and not shutil.which("setpriv"):
        pytest.skip("needs setpriv (util-linux) to take root's privileges away")
    files = tmp_path / "files"
    files.mkdir()
    path = files / "secret.vcf"
    path.write_text(vcf(1))
    path.chmod(0)
    with Server(tmp_path / "data", files, wrapper=without_privileges) as server:
        create_store(server, "bad_input", reference_arn(server))
        item = import_files(server, "bad_input", "secret.vcf")["items"][0]
    assert item["jobStatus"] == "FAILED" and re.search(r"(?i)permission|may not|denied", item["statusMessage"]), item


def test_a_device_and_a_socket_are_refused(shared_server, store, tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        directory = os.getcwd()
        os.chdir(shared_server.files)  # a socket's path has a length limit
        try:
            listener.bind("socket.vcf")
        finally:
            os.chdir(directory)
        (shared_server.files / "zero.vcf").symlink_to("/dev/zero")
        job = import_files(shared_server, store, "socket.vcf", "zero.vcf")
    assert [i["jobStatus"] for i in job["items"]] == ["FAILED", "FAILED"]
    assert all(i["statusMessage"] for i in job["items"])


def test_a_symlink_out_of_the_bucket_is_refused(shared_server, store, tmp_path):
    outside = tmp_path / "outside.vcf"
    outside.write_text(vcf(1))
    (shared_server.files / "link.vcf").symlink_to(outside)
    (shared_server.files / "linkdir").symlink_to(tmp_path)
    (shared_server.files / "inner.vcf").symlink_to("good.vcf")
    job = import_files(shared_server, store, "link.vcf", "linkdir/outside.vcf")
    assert [i["jobStatus"] for i in job["items"]] == ["FAILED", "FAILED"]
    assert all(re.search(r"(?i)link|outside|leaves|escape", i["statusMessage"]) for i in job["items"]), job["items"]


@pytest.mark.parametrize("key", ["../outside.vcf", "a/../../outside.vcf", "/etc/passwd", "..%2Foutside.vcf", "%2e%2e/outside.vcf", "./good.vcf/../../x"])
def test_paths_never_leave_the_bucket(shared_server, store, key):
    (shared_server.files.parent / "outside.vcf").write_text(vcf(1))
    client = shared_server.client()
    try:
        job = wait_for_job(shared_server, start_import(shared_server, store, f"s3://{BUCKET}/{key}"))
    except client.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] in ("ValidationException", "AccessDeniedException")
        return
    assert job["status"] == "FAILED"
    assert "root:" not in job["items"][0]["statusMessage"]


def test_a_file_outside_the_allowed_directories_names_the_setting(shared_server, store, tmp_path):
    path = tmp_path / "mine.vcf"
    path.write_text(vcf(1))
    client = shared_server.client()
    with pytest.raises(client.exceptions.ClientError) as caught:
        start_import(shared_server, store, f"file://{path}")
    error = caught.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert f"--allow-files {tmp_path}" in error["Message"], error


def test_a_file_inside_the_allowed_directories_imports(make_server, tmp_path):
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (allowed / "mine.vcf").write_text(vcf(2))
    (allowed / "out.vcf").symlink_to("/etc/passwd")
    running = make_server(args=("--allow-files", str(allowed)))
    create_store(running, "allowed", reference_arn(running))
    assert import_files(running, "allowed", f"file://{allowed}/mine.vcf")["status"] == "COMPLETED"
    assert import_files(running, "allowed", f"file://{allowed}/out.vcf")["status"] == "FAILED"


def test_a_file_that_changes_while_it_is_read_fails(make_server, tmp_path):
    hold = tmp_path / "hold"
    running = make_server(hold=f"header-read:{hold}")
    create_store(running, "changing", reference_arn(running))
    path = running.files / "changing.vcf"
    path.write_text(vcf(200_000))
    job = start_import(running, "changing", "changing.vcf")
    wait_for(hold.exists, "the worker to have read the header")
    path.write_text(vcf(100_000, samples=("T1", "T2")))
    hold.unlink()
    answer = wait_for_job(running, job)
    assert answer["status"] == "FAILED", answer
    assert re.search(r"(?i)chang", answer["items"][0]["statusMessage"]), answer["items"]
    assert running.value('SELECT count(*) FROM "default"."changing"') == 0


# name, what is wrong with its last record or its header, the code of HealthOmics
ODD = [
    ("undeclared.vcf", vcf(2) + record(info="UN=1"), "E17", "UndeclaredInfo"),
    ("iupac.vcf", vcf(2) + record(ref="R"), "E14", "AlleleAlphabet"),
    ("same.vcf", vcf(2) + record(alt="A"), "E15", "AltEqualsRef"),
    ("twice.vcf", vcf(2) + record(alt="G,G"), "E15", "DuplicateAllele"),
    ("symbolic.vcf", vcf(2) + record(ref="<DEL>"), "E15", "SymbolicReference"),
    ("blank.vcf", vcf(2) + record(info="DP=1 0"), "E15", "InfoSpace"),
    ("end.vcf", vcf(2) + record(info="END=x"), "E15", "EndNotInteger"),
    ("float.vcf", vcf(2) + record(calls=("0/1:5,5:x:60", "0/0:9,0:9:30")), "E18", "SampleValue"),
    ("type.vcf", vcf(2).replace("Number=1,Type=Integer,Description=\"Quality\"", "Number=1,Type=Int,Description=\"Quality\""), "E7", "UnknownType"),
]  # fmt: skip


def progress(server, job):
    return requests.get(f"{server.endpoint}/varberg/jobs/{job['id']}/progress", timeout=60).json()


def test_odd_files_are_imported_with_a_warning_by_default_and_refused_by_strict(shared_server, store, make_server):
    strict = make_server(config="strict = true\n")
    create_store(strict, "strict", reference_arn(strict))
    files = [name for name, *_ in ODD] + ["good.vcf", "new.vcf"]
    texts = {name: text for name, text, *_ in ODD} | {"good.vcf": vcf(3), "new.vcf": vcf(2).replace("VCFv4.2", "VCFv4.4")}
    for running in (shared_server, strict):
        for name, text in texts.items():
            (running.files / name).write_text(text)
    lenient = import_files(shared_server, store, *files)
    assert lenient["status"] == "COMPLETED", lenient
    refused = import_files(strict, "strict", *files)
    assert refused["status"] == "COMPLETED_WITH_FAILURES"
    reports = progress(shared_server, lenient)["items"]
    for (name, text, code, cause), item, accepted, report in zip(ODD, refused["items"], lenient["items"], reports):
        assert item["jobStatus"] == "FAILED" and item["statusMessage"].startswith(f"{code}: "), item
        assert not any(word in item["statusMessage"] for word in ("kept", "read as", "skipped")), "nothing was imported"
        assert accepted["statusMessage"].startswith("warnings: "), accepted
        warning = next(w for w in report["warnings"] if w["cause"] == cause)
        assert (warning["code"], warning["verdict"], report["rejected"]) == (code, "warn", 0), warning
        if cause != "UnknownType":
            assert warning["firstLine"] == text.count("\n"), (name, warning)
    good, new = refused["items"][-2:]
    assert good["jobStatus"] == "COMPLETED" and "statusMessage" not in good
    assert new["jobStatus"] == "FAILED" and new["statusMessage"].startswith("E6: "), new


def test_records_are_left_out_one_by_one_up_to_a_share(make_server):
    config = "max_rejected_share = 0.1\n[import.verdicts]\nPosition = \"reject record\"\nGenotypeIndex = \"reject record\"\n"
    running = make_server(config=config)
    create_store(running, "shares", reference_arn(running))
    bad = record(position="12x") + record(calls=("0/7:1,1:2:3", "0/0:1,1:2:3"))
    (running.files / "few.vcf").write_text(vcf(18) + bad)
    (running.files / "many.vcf").write_text(vcf(17) + bad)
    job = import_files(running, "shares", "few.vcf")
    assert job["status"] == "COMPLETED", job
    message = job["items"][0]["statusMessage"]
    assert "2 of 20 records were left out" in message and "(line 33)" in message and "(line 34)" in message, message
    assert "POS is not a whole number from 0 on; the record is left out (line 33)" in message, message
    item = progress(running, job)["items"][0]
    assert (item["records"], item["rejected"]) == (18, 2)
    assert [(w["cause"], w["verdict"], w["count"], w["firstLine"]) for w in item["warnings"]] == [
        ("Position", "reject record", 1, 33),
        ("GenotypeIndex", "reject record", 1, 34),
    ]
    assert running.value('SELECT count(*) FROM "default"."shares"') == 36
    job = import_files(running, "shares", "many.vcf")
    assert job["status"] == "FAILED", job
    assert job["items"][0]["statusMessage"].startswith("E29: ") and "2 of 19 records" in job["items"][0]["statusMessage"]
    assert progress(running, job)["items"][0]["rejected"] == 2
    assert running.value('SELECT count(*) FROM "default"."shares"') == 36, "nothing of the second file"


def test_lines_of_warnings_are_those_of_the_file_however_it_is_cut(make_server):
    """A plain file of three parts: the first warning of a kind stands in the last one."""
    running = make_server(config="part_bytes = 4194304\n")
    create_store(running, "parts", reference_arn(running))
    text = vcf(150_000)
    assert len(text) > 2 * 4194304
    (running.files / "parts.vcf").write_text(text + record(info="UN=1") + vcf(10).replace(header(), "") + record(info="UN=1"))
    job = import_files(running, "parts", "parts.vcf", timeout=180)
    assert job["status"] == "COMPLETED", job
    warning = progress(running, job)["items"][0]["warnings"][0]
    assert (warning["cause"], warning["count"], warning["firstLine"]) == ("UndeclaredInfo", 2, text.count("\n") + 1)


def test_a_mistyped_verdict_is_refused_at_start(make_server):
    with pytest.raises(AssertionError) as caught:
        make_server(config="[import.verdicts]\nPositon = \"warn\"\n")
    assert "close to it are Position" in str(caught.value), caught.value


def test_the_server_is_well_after_all_that(shared_server, store):
    assert import_files(shared_server, store, "good.vcf")["status"] == "COMPLETED"
    assert shared_server.peak_memory() < MEMORY_BOUND
    assert "panicked" not in shared_server.log()
