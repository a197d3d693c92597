"""Write docs/report.schema.json: the layout of report.json, of detectors and of classifiers.

python scripts/make_report_schema.py           write it
python scripts/make_report_schema.py --check   fail if it is not what the code says
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

from tain.evaluation.schema import FORMAT_VERSION, ClassReport, Report

PAGE = Path(__file__).parents[1] / "docs" / "report.schema.json"


def schema_text() -> str:
    schema = TypeAdapter(Report | ClassReport).json_schema(mode="serialization")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"tain report, format {FORMAT_VERSION}",
        "description": "report.json as tain evaluate writes it. format_version changes with the layout.",
    }
    return json.dumps(head | schema, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    text = schema_text()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE} is not what the code says. Run: python scripts/make_report_schema.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
