"""A resource that is read from a file, whole or a part of it."""

import json
import tempfile
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel
from workflows import Workflow, step
from workflows.events import StartEvent, StopEvent
from workflows.resource import Resource, ResourceConfig

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "config.json"
path.write_text(json.dumps({"model": {"name": "small", "size": 3}, "name": "outer", "size": 1}))


class Model(BaseModel):
    name: str
    size: int


def describe(model: Annotated[Model, ResourceConfig(config_file=str(path))]) -> str:
    return f"{model.name} of {model.size}"


class Config(Workflow):
    @step
    async def read(
        self,
        ev: StartEvent,
        whole: Annotated[Model, ResourceConfig(config_file=str(path))],
        part: Annotated[Model, ResourceConfig(config_file=str(path), path_selector="model")],
        text: Annotated[str, Resource(describe)],
    ) -> StopEvent:
        return StopEvent(result=[whole.name, part.name, part.size, text])


async def main():
    return await Config().run()
