"""What others made and tests run."""

from pathlib import Path

AXE = (Path(__file__).parent / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
