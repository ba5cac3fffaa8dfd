#!/usr/bin/env bash
# Two classifiers in one recipe (two_classifiers.toml): each has reasons and scores under its own name.
#
#   examples/two_classifiers.sh [OUTPUT_FOLDER]
set -euo pipefail
ftok=$(realpath "$(command -v "${FTOK:-ftok}")")
output=$(realpath "${1:-$(mktemp -d)}")
cd "$(dirname "$0")/.."  # the recipe names its model from here

# The funnel that a run prints has a line for each stage, english among them, and below it for its reasons.
"$ftok" run --recipe examples/two_classifiers.toml --input share/sample/ftok-sample.warc.gz --output "$output/shards" \
  --vocab ftok-4k

# The scores are stored with every kept text, so that a threshold can be chosen afterwards.
zstd -dcq "$output/shards/parts/000000.text.jsonl.zst" | grep -o '"english_score":[^,]*,"not_dutch_score":[^,]*' | sed -n 1,3p

# A single text through the same classifiers, with what each measured.
echo '{"text": "De zee trekt zich tweemaal per dag terug van de rotsen en laat kleine plassen water achter."}' |
  "$ftok" filter --recipe examples/two_classifiers.toml --stages english,not_dutch --measure -

# A key can be changed without editing the file.
"$ftok" recipe show examples/two_classifiers.toml --set english.score_min=0.5 | grep -A 12 '^\[english\]' | grep score_min
