#!/usr/bin/env bash
# Texts that are already clean to shards, then to the formats of other trainers.
#
#   examples/texts_to_datatrove.sh [OUTPUT_FOLDER]
set -euo pipefail
ftok=${FTOK:-ftok}
output=${1:-$(mktemp -d)}

# One JSON object per line; the keys are yours to name.
cat >"$output/texts.jsonl" <<'TEXTS'
{"name": "tides", "content": "Twice a day the sea draws back from the rocks and leaves small basins of water behind."}
{"name": "bread", "content": "Flour, water and salt are enough for bread, given a warm kitchen and a day of patience."}
{"name": "clouds", "content": "A cloud is not vapour: what we see are droplets, each too light to fall through the rising air."}
TEXTS

# Shards as llm.c and `ftok train` read them. `--shuffle SEED` would put the documents in a random, repeatable order.
"$ftok" tokenize --vocab ftok-4k --text-key content --id-key name --output "$output/llmc" "$output/texts.jsonl"

# The same documents for datatrove and nanotron (tokens, and an index of document ends), and for nanoGPT (tokens alone). Each
# format has the end-of-text token where its readers expect it.
"$ftok" shards convert --to datatrove "$output/llmc" "$output/datatrove"
"$ftok" shards convert --to raw "$output/llmc" "$output/raw"

for folder in llmc datatrove raw; do "$ftok" shards verify "$output/$folder"; done
ls "$output/datatrove"
