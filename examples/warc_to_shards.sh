#!/usr/bin/env bash
# WARC files in, token shards out: the bundled sample through FineWeb's recipe, with a bundled vocabulary.
#
#   examples/warc_to_shards.sh [OUTPUT_FOLDER]
set -euo pipefail
ftok=${FTOK:-ftok}
sample=$(dirname "$0")/../share/sample/ftok-sample.warc.gz
output=${1:-$(mktemp -d)}

# One command from pages to tokens. Dropped documents are listed with their text, so that a filter can be checked by reading.
# The command continues where it was stopped; the bytes it writes do not depend on threads or on interruptions.
"$ftok" run --recipe fineweb-2024-04 --input "$sample" --output "$output/shards" --vocab ftok-50k --rejects text

# Every byte is as it was written: shards, sidecars, parts and manifest are checked against their checksums.
"$ftok" shards verify "$output/shards"

# What a shard holds, and its first document decoded again.
"$ftok" shards inspect "$output/shards/ftok_train_000000.bin"
"$ftok" shards cat "$output/shards/ftok_train_000000.bin" --vocab ftok-50k --limit 1

# Each dropped document has a line: the reason, the value measured and the threshold, and where it lies in the WARC file.
zstd -dcq "$output/shards/parts/000000.rejects.jsonl.zst" | grep gopher_quality.too_short | cut -c 1-300
