"""The small real language model of the shared data, as a folder that transformers loads."""

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "scripts" / "weights" / "stories260k.py"
SOURCE = Path("weights", "stories260K")


def convert_stories(shared_data: Path, folder: Path) -> Path:
    """Run the committed script."""
    spec = importlib.util.spec_from_file_location("stories260k", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.convert(shared_data / SOURCE, folder)
    return folder
