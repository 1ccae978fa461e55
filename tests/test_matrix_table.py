"""The table that `make matrix` ends with, and how it finds what it needs."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

import scripts.matrix as matrix
from scripts.matrix_table import BEGIN, END, Outcome, table, write

REPORT = """<testsuite>
<testcase name="test_cancel[7.2.0]"><properties>
<property name="kernel" value="7.2.0"/><property name="extension" value="True"/>
<property name="what" value="cancel"/><property name="result" value="yes, 9 ms"/>
</properties></testcase>
<testcase name="test_live[7.2.0]"><properties>
<property name="kernel" value="7.2.0"/><property name="extension" value="False"/><property name="what" value="live"/>
</properties></testcase>
<testcase name="test_cancel[6.31.0]"><properties>
<property name="kernel" value="6.31.0"/><property name="extension" value="False"/><property name="what" value="cancel"/>
</properties><failure message="no"/></testcase>
<testcase name="test_live[6.31.0]"><error message="no browser"/></testcase>
</testsuite>"""


def outcomes() -> list[Outcome]:
    return [matrix.outcome(case) for case in ElementTree.fromstring(REPORT).iter("testcase")]


def test_a_report_becomes_outcomes() -> None:
    assert [(one.kernel, one.extension, one.what, one.result) for one in outcomes()] == [
        ("7.2.0", True, "cancel", "yes, 9 ms"),
        ("7.2.0", False, "live", "yes"),
        ("6.31.0", False, "cancel", "FAILED"),
        ("", False, "", "FAILED"),
    ]


def test_the_table_has_a_line_for_each_kernel_with_the_extension_and_without() -> None:
    drawn = table([({"python": "3.13.0", "jupyterlab": "4.6.6", "ipython": "9.18"}, outcomes())]).splitlines()
    assert drawn[0].count("|") == drawn[1].count("|") == drawn[2].count("|")
    assert drawn[2:5] == [
        "| 3.13.0 | 4.6.6 | 7.2.0 | with |  |  | yes, 9 ms |  |",
        "| 3.13.0 | 4.6.6 | 6.31.0 | without |  |  | FAILED |  |",
        "| 3.13.0 | 4.6.6 | 7.2.0 | without | yes |  |  |  |",
    ]
    assert "ipython 9.18" in drawn[-1]


def test_the_page_keeps_what_stands_around_the_table(tmp_path: Path) -> None:
    page = tmp_path / "matrix.md"
    page.write_text(f"above\n{BEGIN}\nold\n{END}\nbelow\n")
    write(page, "| new \\1 |")
    assert page.read_text() == f"above\n{BEGIN}\n| new \\1 |\n{END}\nbelow\n"


def test_a_python_that_is_not_there_is_said_to_be_missing() -> None:
    assert matrix.find_python("3.2") is None
    with pytest.raises(matrix.MatrixError, match=r"no Python 3\.2 "):
        matrix.set_up(matrix.Row("3.2", "4.6"), Path("some.whl"))


def test_a_row_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        matrix.main(["3.13-4.7"])
    assert "no row 3.13-4.7; there are 3.11-4.2, " in capsys.readouterr().err


def test_a_table_of_some_rows_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        matrix.main(["3.13-4.6", "--write"])
    assert "wants every row" in capsys.readouterr().err
