"""Record what the programs give under the original library.

Run it with a Python that has llama-index-workflows, llama-index-core and llama-index-utils-workflow:
``python tests/compat/workflows/record.py [program ...]``. It writes ``outcomes.json``; what that says about the
outcome here (``here`` and ``why``) stays.
"""

import asyncio
import json
import sys
import traceback
from importlib.metadata import version

from corpus import OUTCOMES, PROGRAMS, load, outcomes


def main(names: list[str]) -> None:
    """Run the programs and write their outcomes."""
    known = {name: entry for name, entry in outcomes().items() if name in PROGRAMS}
    for name in names or PROGRAMS:
        try:
            outcome = json.loads(json.dumps(asyncio.run(load(name, here=False).main())))
        except Exception:
            print(name, "raised")
            traceback.print_exc(limit=-4)
            continue
        if outcome != known.get(name, {}).get("original"):
            print(name, "gives", json.dumps(outcome))
        known.setdefault(name, {})["original"] = outcome
    lines = [f"{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}" for name, entry in sorted(known.items())]
    OUTCOMES.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(len(known), "programs with llama-index-workflows", version("llama-index-workflows"))


if __name__ == "__main__":
    main(sys.argv[1:])
