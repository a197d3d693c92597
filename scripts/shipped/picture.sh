#!/usr/bin/env bash
# The picture in the README: the head of the shipped detector's Report. Needs chromium.
set -euo pipefail
page=$(mktemp -d)/report.html
.venv/bin/python - "$page" <<'EOF'
import sys
from pathlib import Path

from tain.evaluation.html import write_html
from tain.evaluation.schema import Report

write_html(Report.load(Path("src/tain/detector/shipped/report.json")), Path(sys.argv[1]), title="The detector that ships")
EOF
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --disable-background-networking \
    --window-size=1100,1150 --screenshot="$PWD/docs/report.png" "file://$page"
