#!/usr/bin/env bash
# Write constraints.txt: one version of every package that tain, its extras and its tests need,
# resolved from nothing by pip, so that no version left over in a working environment gets in.
#
#   scripts/make_constraints.sh [TORCH_VERSION]     default: the version pinned now
set -euo pipefail
cd "$(dirname "$0")/.."

torch=${1:-$(sed -n 's/^torch==//p' constraints.txt)}
python=$(command -v python3.11 || command -v python3)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

extras=$("$python" -c 'import tomllib; print(",".join(tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]))')
"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --upgrade pip
# Torch is named by its exact version: pip would otherwise take the newest build, with a GPU runtime of gigabytes.
"$work/venv/bin/pip" install --quiet --dry-run --ignore-installed --report "$work/report.json" "torch==$torch" ".[$extras]"

"$python" - "$work/report.json" > "$work/constraints.txt" <<'PYTHON'
import json
import platform
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    packages = [entry["metadata"] for entry in json.load(file)["install"]]
print(f"# Made by scripts/make_constraints.sh on Python {platform.python_version()}, {sys.platform}. Do not edit.")
for package in sorted(packages, key=lambda package: package["name"].lower()):
    if package["name"] != "tain":
        # A local label such as +cpu names a build, and the index of another machine has other builds.
        print(f"{package['name']}=={package['version'].split('+')[0]}")
PYTHON
mv "$work/constraints.txt" constraints.txt
echo "constraints.txt: $(grep -c == constraints.txt) packages, torch $torch" >&2
