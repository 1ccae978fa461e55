"""A real JupyterLab in a real Chromium, driven from pytest.

`LabServer` is one JupyterLab with settings of its own; `LabPage` is one browser tab on it. What is waited for is
always a state of the application, asked for by polling: `page.evaluate` has no timeout, so nothing here awaits a
promise in it.
"""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4
from nbformat.sign import NotebookNotary
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, TimeoutError, sync_playwright

from scripts.chromium import find

ARTIFACTS = Path(os.environ.get("IPYFLOW_TEST_ARTIFACTS", Path(__file__).parent.parent.parent / "test-artifacts"))
LOCAL = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:", "about:")

CHROMIUM_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Every name but ours fails to resolve: what works here works without a network.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    # A test that looks at a saved file saves it.
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    # What a kernel offers on Tab is left out where it takes more than a second: on a busy machine it may.
    "@jupyterlab/completer-extension:manager": {"providerTimeout": 20_000},
}

# JupyterLab, ended by the closing of its standard input: it does not outlive a test run that was killed. What it starts
# itself has another input: npm, which it asks for its folder, would make ours one whose reads do not wait.
SERVER = """
import os, signal, sys, threading
held, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
os.dup2(nothing, 0)
def watch():
    os.read(held, 1)
    print("the test run has let go of this server", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=watch, daemon=True).start()
from jupyterlab.labapp import main
main()
"""

KERNEL_READY = """() => {
    const session = window.jupyterapp?.shell.currentWidget?.context?.sessionContext;
    const kernel = session?.session?.kernel;
    return session?.isReady && kernel?.connectionStatus === 'connected' && kernel?.status === 'idle';
}"""

# Where a cell asks for a line. JupyterLab leaves what was answered in the page for half a second, out of sight.
INPUT = ".jp-OutputArea-stdin-item:not(.jp-OutputArea-stdin-hiding) .jp-Stdin-input"

# Start a promise, leave its outcome where a poll finds it.
START = """([code, argument]) => {
    const calls = (window.__harness ??= []), index = calls.length;
    calls.push(null);
    Promise.resolve((0, eval)(code)(argument)).then(
        value => { calls[index] = { value: value ?? null } },
        error => { calls[index] = { error: String(error?.stack ?? error) } });
    return index;
}"""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class LabServer:
    """A running JupyterLab (it serves Notebook 7 too)."""

    url: str
    token: str
    root: Path
    log: Path
    process: "subprocess.Popen[bytes]"

    def api(self, method: str, path: str, timeout: float = 30) -> Any:
        """Call the server's REST interface."""
        request = urllib.request.Request(
            f"{self.url}/api/{path}", method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def shutdown_kernels(self) -> None:
        """End every session, so that no test meets the kernel of another."""
        for session in self.api("GET", "sessions"):
            with contextlib.suppress(urllib.error.HTTPError):  # two notebooks on one kernel end together
                self.api("DELETE", f"sessions/{session['id']}")

    def write_notebook(self, name: str, cells: Sequence[str], kernel: str = "python3") -> Path:
        """Write a notebook of code cells below the root folder."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        notebook = v4.new_notebook(
            cells=[v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
        )
        nbformat.write(notebook, path)
        return path

    def read_notebook(self, name: str) -> Any:
        """The notebook as it is on the disk now."""
        return nbformat.read(self.root / name, as_version=4)


class Gate:
    """A cell with its `code`, or a task, stands here until the test opens it: what blocks lasts while one looks."""

    def __init__(self, server: LabServer) -> None:
        self._path = server.root / f"gate-{secrets.token_hex(4)}"
        reached, opened = str(self._reached), str(self._path)
        self.code = (
            f"import pathlib as gate_path, time as gate_time; gate_path.Path({reached!r}).touch(); "
            f"[gate_time.sleep(0.01) for _ in iter(gate_path.Path({opened!r}).exists, True)];"
        )
        """One line, which shows nothing and takes no name that the code around it has."""

    @property
    def _reached(self) -> Path:
        return self._path.with_suffix(".reached")

    def reached(self) -> None:
        """Wait until something stands here."""
        deadline = time.monotonic() + 30
        while not self._reached.exists():
            assert time.monotonic() < deadline, "nothing has come to the gate"
            time.sleep(0.01)  # a file has no event to wait on

    def open(self) -> None:
        """Let through what stands here, and all that comes."""
        self._path.touch()

    def shut(self) -> None:
        """What comes from now on stands here again."""
        self._path.unlink()


@contextlib.contextmanager
def lab_server(
    folder: Path, environment: Mapping[str, str], log: Path, extended: bool = False, python: str = sys.executable
) -> Iterator[LabServer]:
    """Run JupyterLab with fresh settings below `folder`; its kernels see `environment`.

    With `extended=False` it is as where our JupyterLab extension is not installed. `python` is the interpreter whose
    JupyterLab it is.
    """
    port, token, root = free_port(), secrets.token_hex(8), folder / "root"
    for part in ("root", "config", "runtime", "workspaces", "ipython"):
        (folder / part).mkdir(parents=True)
    for key, value in SETTINGS.items():
        extension, plugin = key.rsplit(":", 1)
        (folder / "settings" / extension).mkdir(parents=True, exist_ok=True)
        (folder / "settings" / extension / f"{plugin}.jupyterlab-settings").write_text(json.dumps(value))
    (folder / "config" / "labconfig").mkdir()
    without = {"disabledExtensions": {} if extended else {"ipyflow-parallel": True}}
    (folder / "config" / "labconfig" / "page_config.json").write_text(json.dumps(without))
    places = {
        "JUPYTER_CONFIG_DIR": folder / "config",
        "JUPYTER_RUNTIME_DIR": folder / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": folder / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces",
        "IPYTHONDIR": folder / "ipython",
    }
    flags = [
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={root}",
        f"--IdentityProvider.token={token}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [python, "-c", SERVER, *flags],
            cwd=root,
            env={**environment, **{name: str(path) for name, path in places.items()}},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        server = LabServer(f"http://127.0.0.1:{port}", token, root, log, process)
        try:
            deadline = time.monotonic() + 60
            while True:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()}")
                try:
                    server.api("GET", "status", timeout=1)
                    break
                except OSError:
                    time.sleep(0.1)  # another process: there is nothing to wait on but its answer
            yield server
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def chromium_browser() -> Iterator[Browser]:
    """Run the Chromium that `make test` found or installed."""
    program = find()
    if program is None:
        raise RuntimeError("no Chromium was found: `make test` installs one, or set IPYFLOW_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@dataclass
class LabPage:
    """One browser tab. `page` is playwright's; what is here knows JupyterLab and Notebook 7."""

    server: LabServer
    page: Page
    name: str
    blocked: list[str] = field(default_factory=list)
    """Addresses outside this machine that the page asked for. The fixture fails the test unless it stays empty."""
    console: list[tuple[str, str]] = field(default_factory=list)
    """What the page wrote to the console: kind ("log", "error", "pageerror", ...) and text."""
    shots: int = 0

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.console.append(("pageerror", str(error))))
        self.page.on("request", self._on_request)
        self.page.on("requestfailed", self._on_failed)

    def _on_console(self, message: ConsoleMessage) -> None:
        self.console.append((message.type, message.text))

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith(LOCAL):
            self.blocked.append(request.url)

    def _on_failed(self, request: Request) -> None:
        """What a policy of the page itself stopped has not left it."""
        if request.failure == "csp" and request.url in self.blocked:
            self.blocked.remove(request.url)

    @property
    def errors(self) -> list[str]:
        """Uncaught exceptions of the page."""
        return [text for kind, text in self.console if kind == "pageerror"]

    def call(self, code: str, argument: Any = None, timeout: float = 30) -> Any:
        """The value of an async JavaScript function called in the page, within `timeout` seconds."""
        index = self.page.evaluate(START, [code, argument])
        self.page.wait_for_function("index => window.__harness[index]", arg=index, timeout=timeout * 1000)
        outcome = self.page.evaluate("index => window.__harness[index]", index)
        if "error" in outcome:
            raise RuntimeError(f"in the page: {outcome['error']}")
        return outcome["value"]

    def open_notebook(self, name: str, app: str = "lab", kernel: bool = True, trusted: bool = False) -> None:
        """Open a notebook in JupyterLab (`app="lab"`) or Notebook 7 (`"notebook"`) and wait for its kernel.

        With `kernel=False` the notebook is opened as one looks at a file: nothing runs behind it,
        `trusted` as one's own, or else as one that came from somewhere.
        """
        if not kernel:
            self._forget_kernel(name)
            if trusted:
                NotebookNotary().sign(self.server.read_notebook(name))
        # A fresh workspace for each: else the tabs of the one before come back.
        place = f"lab/workspaces/{secrets.token_hex(4)}/tree" if app == "lab" else "notebooks"
        self.page.goto(f"{self.server.url}/{place}/{name}?token={self.server.token}", wait_until="domcontentloaded")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        if kernel:
            try:
                self.wait_kernel(20)
            except TimeoutError:
                # Once in a hundred times JupyterLab misses a kernel's first word and waits for it for ever.
                self.reload()
                self.wait_kernel()
        else:
            dialog = self.page.locator(".jp-Dialog")
            dialog.locator("select").select_option(label="No Kernel")
            dialog.locator(".jp-mod-accept").click()
            dialog.wait_for(state="detached")

    def _forget_kernel(self, name: str) -> None:
        """Name a kernel and a language that nobody has, so that none is started."""
        notebook = self.server.read_notebook(name)
        notebook.metadata = {"kernelspec": {"name": "none", "display_name": "none", "language": "none"}}
        nbformat.write(notebook, self.server.root / name)

    def wait_kernel(self, timeout: float = 60) -> None:
        """Wait until the kernel is connected and idle; the status mark in the toolbar says so too early."""
        self.page.wait_for_function(KERNEL_READY, timeout=timeout * 1000)

    def reload(self) -> None:
        """Reload the page; the kernel lives on, and may be busy."""
        self.page.reload(wait_until="domcontentloaded")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self.page.wait_for_function(KERNEL_READY.replace("kernel?.status === 'idle'", "true"), timeout=60_000)

    def save(self) -> None:
        """Save the notebook and wait until it is on the disk."""
        self.call("() => window.jupyterapp.shell.currentWidget.context.save()")

    def start_cell(self, index: int) -> int:
        """Run a cell without waiting for it; the number is for `wait_cell`."""
        code = """index => {
            const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
            notebook.activeCellIndex = index;
            notebook.deselectAll();
            return app.commands.execute('notebook:run-cell');
        }"""
        return int(self.page.evaluate(START, [code, index]))

    def wait_cell(self, call: int, timeout: float = 30) -> None:
        """Wait until a started cell has ended, well or not."""
        self.page.wait_for_function("index => window.__harness[index]", arg=call, timeout=timeout * 1000)

    def run_cell(self, index: int, timeout: float = 30) -> Locator:
        """Run a cell to its end and return it."""
        self.wait_cell(self.start_cell(index), timeout)
        return self.cell(index)

    def cell(self, index: int) -> Locator:
        """A cell of the notebook."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """The outputs of a cell as the notebook's model has them, as they would be saved."""
        code = "index => window.jupyterapp.shell.currentWidget.content.widgets[index].model.outputs.toJSON()"
        outputs: list[dict[str, Any]] = self.page.evaluate(code, index)
        return outputs

    def screenshot(self, label: str = "", of: Locator | None = None) -> Path:
        """Keep a picture of the page, or of a part of it, in test-artifacts/."""
        ARTIFACTS.mkdir(exist_ok=True)
        self.shots += 1
        path = ARTIFACTS / f"{self.name}-{label or self.shots}.png"
        if of is None:
            self.page.screenshot(path=path)
        else:
            of.screenshot(path=path)
        return path
