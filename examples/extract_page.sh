#!/usr/bin/env bash
# The main text of one HTML page, without its menu, its cookie notice and its footer.
#
#   examples/extract_page.sh [OUTPUT_FOLDER]
set -euo pipefail
ftok=${FTOK:-ftok}
output=${1:-$(mktemp -d)}

cat >"$output/page.html" <<'PAGE'
<html lang="en"><head><title>Tide pools</title><link rel="canonical" href="https://shore.example/tide-pools"></head><body>
<nav><a href="/">Home</a> <a href="/walks">Walks</a> <a href="/contact">Contact</a></nav>
<div class="cookie-notice">We use cookies. <button>Accept all</button></div>
<article><h1>Tide pools</h1>
<p>Twice a day the sea draws back from the rocks and leaves small basins of water behind. To a hurried walker they look like
puddles. Anyone who kneels beside one for ten minutes sees that the puddle is crowded.</p>
<ul><li>Anemones hold the centre of most pools.</li><li>Limpets graze along the walls at night.</li></ul></article>
<footer>© The shore society. All rights reserved.</footer></body></html>
PAGE

"$ftok" extract "$output/page.html"                # the text, as a run would keep it
"$ftok" extract --markdown "$output/page.html"     # headings and lists marked
"$ftok" extract --jsonl "$output/page.html"        # one JSON object per page, with the page's own fields
"$ftok" extract "$output/page.html" --report "$output/report.html" >"$output/text.txt"  # a page that shows what was dropped and why

# The same page through every stage of a recipe: what each measured, and where it would be dropped.
"$ftok" explain "$output/page.html" --url https://shore.example/tide-pools
