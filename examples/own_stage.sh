#!/usr/bin/env bash
# A stage of one's own in Python (stages/sentences.py) in a recipe (own_stage.toml): its reasons and its numbers stand where ftok's do.
#
#   examples/own_stage.sh [OUTPUT_FOLDER]
set -euo pipefail
ftok=$(realpath "$(command -v "${FTOK:-ftok}")")
output=$(realpath "${1:-$(mktemp -d)}")
cd "$(dirname "$0")/.."  # the recipe names its file from here

# The funnel has a line for the reason sentences.sentence_length.
"$ftok" run --recipe examples/own_stage.toml --input share/sample/ftok-sample.warc.gz --output "$output/shards" \
  --vocab ftok-4k

# What it measured is stored with every kept text.
zstd -dcq "$output/shards/parts/000000.text.jsonl.zst" | grep -o '"sentence_words":[^,]*' | sed -n 1,3p
