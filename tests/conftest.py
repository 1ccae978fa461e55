"""What every test shares: marks by folder, fast tests first, nothing read from or written to the user's home."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from ipyflow.testing import Lab, engine
from tests.kernels import write_kernelspec

HERE = Path(__file__).parent
# The first browser test also starts JupyterLab and Chromium.
BROWSER_TIMEOUT = 120
# As much work as a test has, for all cores: on a busy machine it takes several times as long.
STRESS_TIMEOUT = 180

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE / "browser"):
            item.add_marker("browser")
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(BROWSER_TIMEOUT))
        elif item.path.is_relative_to(HERE / "stress"):
            item.add_marker("stress")
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(STRESS_TIMEOUT))
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture
def inline() -> Iterator[Lab]:
    """Everything on the thread that submits, with a clock set by hand."""
    with engine(inline=True) as lab:
        yield lab
        lab.settled()


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Settings, histories and kernels of whoever runs the tests neither matter nor change."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(home / "ipython"))
        patch.setenv("JUPYTER_CONFIG_DIR", str(home / "config"))
        patch.setenv("JUPYTER_DATA_DIR", str(home / "data"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(home / "runtime"))
        patch.setenv("XDG_DATA_HOME", str(home / "share"))
        yield home


@pytest.fixture(scope="session")
def kernelspec(own_home: Path) -> Callable[[str], str]:
    """`kernelspec("7.2.0")` is the name of a kernel that runs on that ipykernel, for a notebook or a KernelManager."""
    return lambda version: write_kernelspec(own_home / "data", version)
