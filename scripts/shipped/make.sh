#!/usr/bin/env bash
# Everything behind the detector that ships: corpora, three trainings, their rounds of mining, operating points, the
# table, the folder.
#   scripts/shipped/make.sh ../shared/data          resumes where it was stopped
set -euo pipefail
data=$1
build=build/shipped
python=.venv/bin/python
tain=.venv/bin/tain
[ -f "$build/train.parquet" ] || $python scripts/shipped/corpus.py "$data" "$build"
[ -f "$build/mirrors.parquet" ] || $python scripts/shipped/mirrors.py "$data" "$build"
[ -f "$build/pool.parquet" ] || $python scripts/shipped/hard.py "$data" "$build"
[ -f "$build/bank.parquet" ] || $python scripts/shipped/bank.py "$data" "$build"
for seed in 0 1 2; do
    [ -f "$build/run-$seed/manifest.json" ] ||
        $tain train --config scripts/shipped/detector.toml --seed "$seed" --output "$build/run-$seed" --resume
    arm=none
    if [ "$seed" = 0 ]; then arm=random; fi # what as many random texts would have done is asked once
    $tain mine --config scripts/shipped/mine.toml --seed "$seed" --model "$build/run-$seed" --control-arm "$arm" \
        --output "$build/mined-$seed" --resume
    $python scripts/shipped/build.py "$build" "$seed"
    $python scripts/shipped/measure.py "$data" "$build" "$seed"
done
$python scripts/shipped/publish.py "$build" src/tain/detector/shipped
