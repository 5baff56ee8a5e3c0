"""Run the tutorials' sources (`notebooks/*.py`) and write the notebooks with their outputs.

A notebook is written as jupytext `py:percent`, which reviews well; the `.ipynb`
beside it is built: executed, without widget state or times, with cell ids that
are hashes of their place. Two runs give the same bytes, and `--check` fails
where a rebuild makes a difference.
"""

from __future__ import annotations

import difflib
import hashlib
import itertools
import json
import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def built(source: Path) -> str:
    """The text of the executed, canonical notebook of a source."""
    notebook = jupytext.read(source)
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for number, cell in enumerate(notebook.cells):
        text = f"{source.stem} {number} {cell.source}"
        cell.id = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
        cell.metadata = {}
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    for cell in notebook.cells:
        cell.metadata = {}
        for output in cell.get("outputs", ()):
            output.get("metadata", {}).clear()
            output.get("data", {}).pop(WIDGET_VIEW, None)
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return json.dumps(json.loads(nbformat.writes(notebook)), indent=1, ensure_ascii=False) + "\n"


def joined(outputs: list) -> list:
    """Outputs with neighbouring texts of one stream joined: how they were cut depends on time."""
    result: list = []
    for output in outputs:
        last = result[-1] if result else None
        if (
            last is not None
            and output.output_type == "stream" == last.output_type
            and output.name == last.name
        ):
            last.text += output.text
        else:
            result.append(output)
    return result


def difference(kept: str, text: str) -> list[str]:
    """The lines in which a rebuild differs from what is kept, at most 100, each cut at 300 characters."""
    lines = difflib.unified_diff(kept.splitlines(), text.splitlines(), "kept", "rebuilt", lineterm="")
    return [f"{line[:300]}\n" for line in itertools.islice(lines, 100)]


def main(arguments: list[str]) -> int:
    check = "--check" in arguments
    names = [name for name in arguments if not name.startswith("-")]
    stale = []
    for source in sorted(FOLDER.glob("*.py")):
        if names and source.stem not in names:
            continue
        target = source.with_suffix(".ipynb")
        text = built(source)
        if check:
            kept = target.read_text(encoding="utf-8") if target.exists() else ""
            if kept != text:
                stale.append(target.name)
                print("".join(difference(kept, text)))
        else:
            target.write_text(text, encoding="utf-8")
            print(f"wrote {target.name}")
    if stale:
        print(f"a rebuild changes {', '.join(stale)}: run `make notebooks` and look at the difference")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
