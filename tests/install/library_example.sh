#!/usr/bin/env bash
# Installs the build into a fresh prefix, builds examples/library against it, and runs it on a page that is kept and on two
# that are dropped, by a bundled rule and by the example's own.   usage: library_example.sh BUILD_FOLDER SOURCE_FOLDER
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >/dev/null
"$work/prefix/bin/ftok" --version
# Manual pages, of commands and of their commands.
for page in ftok ftok-run ftok-shards-convert; do grep -q '^\.TH' "$work/prefix/share/man/man1/$page.1"; done
# The installed binary finds its own share folder.
"$work/prefix/bin/ftok" encode --ids --vocab ftok-4k "found" >/dev/null
cmake -S "$source/examples/library" -B "$work/example" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$work/example" >/dev/null
sentence="The people of the town have long lived with the river and of that they speak to each other in the evening. "
paragraph=""
for _ in 1 2 3 4 5 6; do paragraph+=$sentence; done
echo "<html><title>Kept page</title><body><article><p>$paragraph</p></article></body></html>" >"$work/kept.html"
echo "<html><title>Dropped page</title><body><article><p>$sentence</p></article></body></html>" >"$work/dropped.html"
echo "<html><title>Digits</title><body><article><p>${paragraph//town/town 12345678901234567890}</p></article></body></html>" >"$work/digits.html"
"$work/example/one_document" "$work/kept.html" | grep -q "^kept: Kept page"
"$work/example/one_document" "$work/dropped.html" | grep -q "^dropped: gopher_quality.too_short, .* against 50"
"$work/example/one_document" "$work/digits.html" | grep -q "^dropped: digits.too_many, .* against 0.1"
echo "the library example works against the installed package"
