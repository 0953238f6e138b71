"""`varberg shell` as a person at a terminal has it, and with its standard input from a file; statements without a server."""

import json
import subprocess
import time

import pexpect
import pytest
import requests
import server as support
from vcf_files import vcf

PROMPT = "varberg> "


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A server with one store of ten records and two samples."""
    base = tmp_path_factory.mktemp("shell")
    with support.Server(base / "data", base / "files") as running:
        support.create_store(running, "cohort", support.reference_arn(running), layout="long")
        (running.files / "a.vcf").write_text(vcf(records=10))
        support.import_files(running, "cohort", "a.vcf")
        yield running


@pytest.fixture
def terminal(place, tmp_path):
    """A shell in a terminal of 80 columns, at its first prompt."""
    environment = support.clean_environment() | {"VARBERG_ENDPOINT": place.endpoint, "HOME": str(tmp_path), "TERM": "xterm"}
    shell = pexpect.spawn(str(support.binary()), ["shell"], env=environment, dimensions=(40, 80), encoding="utf-8", timeout=30)
    shell.expect(r"1 table of http://127.0.0.1:\d+\. \\\? for help\.")
    shell.expect_exact(PROMPT)
    yield shell
    shell.close(force=True)


def ask(shell, text):
    """Types a line; what is shown until the next prompt, without what the editor echoes."""
    shell.sendline(text)
    shell.expect_exact(PROMPT)
    # After the line is accepted the editor writes no more: the answer begins in a new line.
    return shell.before


def test_a_statement_may_take_several_lines(terminal):
    terminal.sendline("SELECT count(*) AS n,")
    terminal.sendline("  ';' AS semicolon FROM cohort;")
    terminal.expect_exact("| 20 | ;         |")
    terminal.expect(r"\(1 row, 0\.\d+ s\)")


def test_answers_fit_the_terminal_and_can_be_shown_whole(terminal):
    shown = ask(terminal, "SELECT * FROM cohort LIMIT 2;")
    table = [line for line in shown.splitlines() if line.startswith(("|", "+"))]
    assert table and all(len(line) <= 80 for line in table), shown
    assert "more columns have no room; \\x shows all" in shown
    ask(terminal, "\\x")
    whole = ask(terminal, "SELECT * FROM cohort LIMIT 1;")
    assert "-[ row 1 ]-" in whole and "contigname" in whole and "attributes" in whole


def test_the_commands(terminal, tmp_path):
    assert "cohort" in ask(terminal, "\\d")
    columns = ask(terminal, "\\d cohort")
    assert "contigname" in columns and "array(integer)" in columns
    assert "there is no table nothing; \\d lists the tables" in ask(terminal, "\\d nothing")
    assert "\\timing" in ask(terminal, "\\?")
    assert "there is no command \\y" in ask(terminal, "\\y")
    ask(terminal, f"\\o {tmp_path}/rows.ndjson")
    assert "written to" in ask(terminal, "SELECT sampleid, count(*) AS n FROM cohort GROUP BY 1 ORDER BY 1;")
    rows = [json.loads(line) for line in (tmp_path / "rows.ndjson").read_text().splitlines()]
    assert rows == [{"sampleid": "S1", "n": 10}, {"sampleid": "S2", "n": 10}]
    (tmp_path / "more.sql").write_text("SELECT 40 + 2 AS answer; SELECT 'two' AS word\n")
    both = ask(terminal, f"\\i {tmp_path}/more.sql")
    assert "| 42     |" in both and "| two  |" in both
    ask(terminal, "\\rows 3")
    assert "the first 3 rows; \\rows 0 shows all" in ask(terminal, "SELECT start FROM cohort;")
    terminal.sendline("\\q")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


def test_tab_completes_tables_and_columns(terminal):
    terminal.send("SELECT count(*) AS n FROM coh\t")
    terminal.expect_exact("FROM cohort")
    terminal.send(" WHERE contign\t")
    terminal.expect_exact("contigname")
    terminal.sendline(" = 'chr1';")
    terminal.expect_exact("| 20 |")


def test_ctrl_c_ends_the_statement_and_not_the_shell(terminal, place):
    terminal.sendline("SELECT count(*) FROM cohort a, cohort b, cohort c, cohort d, cohort e, cohort f, cohort g, cohort h WHERE a.start + b.start + h.start > 1;")
    terminal.expect_exact("asking")
    support.wait_for(lambda: busy(place), "the statement to run")
    terminal.sendintr()
    terminal.expect_exact("cancelled")
    terminal.expect_exact(PROMPT)
    support.wait_for(lambda: not busy(place), "the process of the statement to end")
    assert "| 1 |" in ask(terminal, "SELECT 1 AS n;")


def busy(place):
    """Whether a statement runs, as the server counts."""
    text = requests.get(f"{place.endpoint}/metrics", timeout=10).text
    running = [line for line in text.splitlines() if line.startswith("varberg_statements_running")]
    assert running, "there is a count of statements that run"
    return any(float(line.split()[-1]) > 0 for line in running)


def test_ctrl_c_at_the_prompt_forgets_the_line_and_ctrl_d_leaves(terminal):
    terminal.send("SELECT nonsense")
    time.sleep(0.3)
    terminal.sendintr()
    terminal.expect_exact(PROMPT)
    assert "| 1 |" in ask(terminal, "SELECT 1 AS n;")
    terminal.sendeof()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


def test_an_error_is_said_and_the_shell_goes_on(terminal):
    assert "error: " in ask(terminal, "SELECT nothing FROM cohort;")
    assert "| 1 |" in ask(terminal, "SELECT 1 AS n;")


def test_history_is_kept_for_its_owner_alone(terminal, tmp_path):
    ask(terminal, "SELECT 'remember me' AS word;")
    ask(terminal, " SELECT 'forget me' AS word;")
    file = tmp_path / ".local/state/varberg/history"
    assert "remember me" in file.read_text() and "forget me" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def shell(place, text, exit=0, arguments=()):
    environment = support.clean_environment() | {"VARBERG_ENDPOINT": place.endpoint}
    done = subprocess.run([support.binary(), "shell", *arguments], input=text, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == exit, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def test_statements_of_a_file_are_answered_until_one_fails(place):
    done = shell(place, "SELECT 1 AS one;\n-- words\nSELECT sampleid FROM cohort\n  GROUP BY 1 ORDER BY 1")
    assert done.stdout.splitlines() == ["+-----+", "| one |", "+-----+", "| 1   |", "+-----+"] + [
        "+----------+", "| sampleid |", "+----------+", "| S1       |", "| S2       |", "+----------+",
    ]
    assert done.stderr == ""
    done = shell(place, "SELECT 1 AS one;\nSELECT nothing FROM cohort;\nSELECT 2 AS two;\n", exit=1)
    assert "one" in done.stdout and "two" not in done.stdout and "error: " in done.stderr


def test_without_a_server_it_says_so():
    environment = support.clean_environment() | {"VARBERG_ENDPOINT": "http://127.0.0.1:1"}
    done = subprocess.run([support.binary(), "shell"], input="SELECT 1;", env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "no server answers at http://127.0.0.1:1" in done.stderr


def test_a_data_directory_is_asked_without_its_server(place):
    """While the server runs, from a query and a shell; no directory that is none is made."""
    statement = "SELECT sampleid, count(*) AS n FROM cohort GROUP BY 1 ORDER BY 1"
    environment = support.clean_environment() | {"VARBERG_ENDPOINT": "http://127.0.0.1:1"}

    def query(*arguments, exit=0):
        done = subprocess.run([support.binary(), "query", *arguments], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == exit, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    here = ["--data-dir", str(place.data_dir)]
    for form in ["json", "csv", "ndjson", "tsv"]:
        assert query(*here, statement, "-o", form).stdout == subprocess.run(
            [support.binary(), "query", statement, "-o", form, "--endpoint", place.endpoint], env=environment, capture_output=True, text=True
        ).stdout
    assert "| S1       | 10 |" in query(*here, statement, "-o", "table").stdout
    assert "no field named nothing" in query(*here, "SELECT nothing FROM cohort", exit=1).stderr.lower()
    query(*here, "DROP TABLE cohort", exit=1)
    missing = place.data_dir.parent / "no-such-place"
    assert "there is no catalog in" in query("--data-dir", str(missing), "SELECT 1", exit=1).stderr
    assert not missing.exists()
    assert "S2" in shell(place, statement + ";", arguments=here).stdout
    left = [path.name for path in place.data_dir.iterdir() if path.name.startswith("query-")]
    assert left == [], "directories for spilling are removed"
