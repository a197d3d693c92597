#!/usr/bin/env bash
# Everything behind the detector that ships: corpora, the pools' hardest passages, three trainings, operating points, the
# table, the folder.
#   scripts/shipped/make.sh ../shared/data          resumes where it was stopped
#   ROUNDS=3 scripts/shipped/make.sh ../shared/data goes on mining; what that made was refused (benchmarks/shipped/ledger.jsonl)
set -euo pipefail
data=$1
rounds=${ROUNDS:-0}
build=build/shipped
python=.venv/bin/python
tain=.venv/bin/tain
[ -f "$build/train.parquet" ] || $python scripts/shipped/corpus.py "$data" "$build"
[ -f "$build/mirrors.parquet" ] || $python scripts/shipped/mirrors.py "$data" "$build"
[ -f "$build/pool.parquet" ] || $python scripts/shipped/hard.py "$data" "$build"
if [ "$rounds" = 0 ]; then
    if compgen -G "$build/mined-*" >/dev/null; then
        echo "$build holds minings of an earlier run. Remove them, or say ROUNDS=3." >&2
        exit 2
    fi
elif [ ! -f "$build/bank.parquet" ]; then
    $python scripts/shipped/bank.py "$data" "$build"
fi
for seed in 0 1 2; do
    [ -f "$build/run-$seed/manifest.json" ] ||
        $tain train --config scripts/shipped/detector.toml --seed "$seed" --output "$build/run-$seed" --resume
    [ "$rounds" = 0 ] ||
        $tain mine --config scripts/shipped/mine.toml --seed "$seed" --model "$build/run-$seed" --rounds "$rounds" \
            --output "$build/mined-$seed" --resume
    $python scripts/shipped/build.py "$build" "$seed"
    $python scripts/shipped/measure.py "$data" "$build" "$seed"
done
$python scripts/shipped/publish.py "$build" src/tain/detector/shipped
