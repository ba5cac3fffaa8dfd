#!/usr/bin/env bash
# A byte-pair vocabulary trained on texts, and what it makes of a sentence.
#
#   examples/vocabulary.sh [OUTPUT_FOLDER]
set -euo pipefail
ftok=${FTOK:-ftok}
sample=$(dirname "$0")/../share/sample
output=${1:-$(mktemp -d)}

# 1,000 ranks from the sample's texts; the special token follows them. Text, JSON Lines and WARC files will do as input.
"$ftok" vocab train --size 1000 --special '<|endoftext|>' --output "$output/mine.tiktoken" --quiet "$sample"/pages/*.txt
"$ftok" vocab show "$output/mine.tiktoken"

# Text to ids and back.
ids=$("$ftok" encode --vocab "$output/mine.tiktoken" --ids "The sea draws back from the rocks.")
echo "$ids"
"$ftok" decode --vocab "$output/mine.tiktoken" $ids

# The tokens with their ids beneath, and two vocabularies side by side.
"$ftok" encode --vocab "$output/mine.tiktoken" --view "The sea draws back from the rocks."
"$ftok" encode --compare "$output/mine.tiktoken,ftok-50k" "The sea draws back from the rocks."
