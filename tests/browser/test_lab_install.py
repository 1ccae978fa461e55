"""The extension is there in JupyterLab and in Notebook 7, and can be left out."""

import pytest

from tests.browser.harness import LabPage

PLUGINS = """() => Object.fromEntries(window.jupyterapp.listPlugins()
    .filter(id => id.startsWith('ipyflow-parallel')).map(id => [id, window.jupyterapp.isPluginActivated(id)]))"""


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_every_plugin_is_activated(lab_page: LabPage, app: str) -> None:
    lab_page.server.write_notebook("plugins.ipynb", ["1"])
    lab_page.open_notebook("plugins.ipynb", app)
    plugins = lab_page.page.evaluate(PLUGINS)
    assert plugins
    assert [name for name, active in plugins.items() if not active] == []
    assert not [text for _, text in lab_page.console if "ipyflow" in text]


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_without_the_extension_there_is_none_of_it(page: LabPage, app: str) -> None:
    page.server.write_notebook("plugins.ipynb", ["1"])
    page.open_notebook("plugins.ipynb", app)
    assert not any(page.page.evaluate(PLUGINS).values())
