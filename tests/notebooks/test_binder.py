"""What mybinder.org does with binder/ is done here, by repo2docker's own rules, in an environment of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from notebooks.execute import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
URL = re.compile(r"https://mybinder\.org/v2/gh/[\w-]+/[\w-]+/HEAD\?urlpath=([\w/.-]+)")


class Image:
    """What the image holds: the repository, an environment, a home, and the steps that make them ready."""

    def __init__(self, folder: Path) -> None:
        self.repository, self.prefix, self.home = folder / "repository", folder / "environment", folder / "home"
        self.home.mkdir()
        self.programs = folder / "programs"  # those of the machine, without Node: an image at launch
        self.programs.mkdir()
        for program in (path for place in ("/usr/local/bin", "/usr/bin", "/bin") for path in Path(place).glob("*")):
            if program.name not in ("node", "npm", "npx") and not (self.programs / program.name).exists():
                (self.programs / program.name).symlink_to(program)
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        for name in filter(None, subprocess.check_output(listed, cwd=ROOT, text=True).split("\0")):
            if (ROOT / name).is_file():
                (self.repository / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.repository / name)
        command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(self.repository)]
        done = subprocess.run(command, capture_output=True, text=True)
        self.dockerfile = done.stdout + done.stderr
        assert done.returncode == 0, self.dockerfile
        assembled = self.dockerfile.partition("COPY --chown")[2].partition(" src/ ${REPO_DIR}/")
        before, after = assembled[0], assembled[2]
        self.steps = re.findall(r"^RUN (\$\{KERNEL_PYTHON_PREFIX\}.*)$", before, re.MULTILINE)
        self.steps += re.findall(r"^RUN (.*)$", after, re.MULTILINE)

    def variables(self, node: bool) -> dict[str, str]:
        places = [self.prefix / "bin", self.programs]
        found = shutil.which("node")  # where the machine has none, the build takes PyPI's
        if node and found:
            places.append(Path(found).parent)
        return {
            **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
            "PATH": os.pathsep.join(map(str, places)),
            "HOME": str(self.home),
            "REPO_DIR": str(self.repository),
            "NB_PYTHON_PREFIX": str(self.prefix),
            "KERNEL_PYTHON_PREFIX": str(self.prefix),
        }

    def run(self, command: str, node: bool = False) -> str:
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.repository, env=self.variables(node), capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return Image(tmp_path_factory.mktemp("binder"))


@pytest.fixture(scope="module")
def built(image: Image) -> Image:
    venv.create(image.prefix, with_pip=True)
    for step in image.steps:
        image.run(step, node=True)
    return image


def test_repo2docker_takes_our_files_and_no_others(image: Image) -> None:
    assert image.steps == [
        '${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r "binder/requirements.txt"',
        "chmod +x binder/postBuild",
        "./binder/postBuild",
    ]
    version = (ROOT / "binder" / "runtime.txt").read_text("utf-8").strip().removeprefix("python-")
    assert f"environment.py-{version}-" in image.dockerfile.replace("-2e", ".").replace("-2d", "-")
    assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]


@pytest.mark.timeout(240)
def test_at_launch_nothing_is_left_to_build(built: Image) -> None:
    listed = built.run("jupyter labextension list 2>&1")
    assert re.search(r"ipyflow-parallel v[\d.]+ .*enabled.*OK", listed), listed
    assert not (built.repository / "labextension" / "node_modules").exists()
    assert built.run("command -v node || true") == ""


@pytest.fixture
def address(built: Image, tmp_path: Path) -> Iterator[str]:
    """Jupyter as the image starts it, without Node; the address with its token."""
    with (tmp_path / "log").open("w") as log:
        flags = ["--no-browser", "--port=0", "--IdentityProvider.token=t", "--allow-root"]
        server = subprocess.Popen(
            [built.prefix / "bin/jupyter", "lab", *flags],
            cwd=built.repository,
            env={**built.variables(node=False), "JUPYTER_RUNTIME_DIR": str(tmp_path)},
            stderr=log,
        )
        try:
            until = time.monotonic() + 60
            while not (found := list(tmp_path.glob("jpserver-*.json"))) or not found[0].stat().st_size:
                assert server.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < until
                time.sleep(0.1)
            yield json.loads(found[0].read_text())["url"]
        finally:
            server.terminate()
            server.wait(30)


@pytest.mark.timeout(240)
def test_the_address_in_the_readme_opens_the_index_with_our_extension(address: str) -> None:
    (place,) = set(URL.findall((ROOT / "README.md").read_text("utf-8")))
    with urllib.request.urlopen(f"{address}{place}?token=t", timeout=30) as page:
        text = page.read().decode()
    assert '"name": "ipyflow-parallel"' in text
    path = place.removeprefix("lab/tree/")
    with urllib.request.urlopen(f"{address}api/contents/{path}?token=t&content=0", timeout=30) as answer:
        assert json.load(answer)["type"] == "notebook"


@pytest.mark.timeout(240)
def test_the_index_runs_there(built: Image) -> None:
    # Its kernel is that of the image, and has what postBuild put there.
    built.run("cd notebooks && jupyter execute index.ipynb")


@pytest.mark.timeout(240)
def test_the_lessons_have_what_they_import(built: Image) -> None:
    cells = [
        "".join(cell["source"])
        for path in sorted((built.repository / "notebooks").glob("*.ipynb"))
        for cell in json.loads(path.read_text("utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    wanted = {line for cell in cells for line in re.findall(r"^(?:import|from) [^\n(]+$", cell, re.MULTILINE)}
    written = {name for cell in cells for name in re.findall(r"^%%writefile \S*?(\w+)\.py$", cell, re.MULTILINE)}
    wanted = {line for line in wanted if line.split()[1] not in written}
    assert len(wanted) > 10
    built.run(f"python -c '{chr(10).join(sorted(wanted))}'")


@pytest.mark.timeout(240)
def test_what_else_the_pages_tell_to_type_works_there(built: Image) -> None:
    built.run("jupyter labextension disable ipyflow-parallel:badges")
    built.run("python -m ipykernel install --user --name parallel")
    assert "parallel" in built.run("jupyter kernelspec list 2>&1")
    assert "ipyflow-parallel" in built.run("pip list")
    built.run("pip uninstall -y ipyflow ipyflow-core ipyflow-parallel")  # the last of all: it is gone then
    assert "ipyflow" not in built.run("pip list")
