"""The Python in README.md and docs/ runs: the blocks of a page one after the other, as cells of one notebook."""

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import ipyflow as fl
from ipyflow.notebook import extension

ROOT = Path(__file__).parent.parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)")
# Blocks of these describe a form; they are not programs.
SKETCHES = {"views.md", "protocol.md"}

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITH_CODE = [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8")) and page.name not in SKETCHES]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.chdir(tmp_path)
    made = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    made.colors = "nocolor"
    yield made
    extension.unload(made)
    fl.shutdown(cancel=True)
    InteractiveShell.clear_instance()


@pytest.mark.parametrize("page", WITH_CODE, ids=name_of)
def test_the_code_of_a_page_runs(page: Path, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fl.errors.IpyflowWarning)  # a page may show what brings one
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            result = shell.run_cell(block, store_history=True)
            out, err = capsys.readouterr()
            assert result.success, f"{page.name}:\n{block}\n{out}{err}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
