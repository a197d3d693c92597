#!/usr/bin/env bash
# Everything behind the detector that ships: corpora, three trainings, operating points, the table, the folder.
#   scripts/shipped/make.sh ../shared/data          resumes where it was stopped
set -euo pipefail
data=$1
build=build/shipped
python=.venv/bin/python
[ -f "$build/train.parquet" ] || $python scripts/shipped/corpus.py "$data" "$build"
[ -f "$build/mirrors.parquet" ] || $python scripts/shipped/mirrors.py "$data" "$build"
[ -f "$build/hard.parquet" ] || $python scripts/shipped/hard.py "$data" "$build"
for seed in 0 1 2; do
    [ -f "$build/run-$seed/manifest.json" ] ||
        .venv/bin/tain train --config scripts/shipped/detector.toml --seed "$seed" --output "$build/run-$seed" --resume
    $python scripts/shipped/build.py "$build/run-$seed" "$build/calibration.parquet" "$build/detector-$seed"
    $python scripts/shipped/measure.py "$data" "$build/detector-$seed" "$build/measured-$seed.json"
done
$python scripts/shipped/publish.py "$build" src/tain/detector/shipped
