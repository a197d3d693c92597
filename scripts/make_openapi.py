"""Write docs/openapi.json: the interface of `tain serve` as the server itself describes it.

python scripts/make_openapi.py           write it
python scripts/make_openapi.py --check   fail if it is not what the code says
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tain.serving.app import create_app

PAGE = Path(__file__).parents[1] / "docs" / "openapi.json"


def document() -> str:
    return json.dumps(create_app().openapi(), indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    text = document()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE} is not what the code says. Run: python scripts/make_openapi.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
