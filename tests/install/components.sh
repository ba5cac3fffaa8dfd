#!/usr/bin/env bash
# Components of the installed package, each where the machine has the libraries of that component and no others:
# projects that use extract, tokenizer and trainer alone are built and run, and the tree is configured for extract alone.
# usage: components.sh BUILD_FOLDER SOURCE_FOLDER HAS_GUMBO
set -euo pipefail
build=$1 source=$2 has_gumbo=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >/dev/null

packages="TBB fmt CLI11 simdjson CURL ZLIB ICU"  # Threads is part of the system, and what simdjson asks for

# without_others NAME... -- COMMAND...: runs the cmake COMMAND with these packages and pkg-config modules alone.
without_others() {
  local flags=() modules=$work/modules.$RANDOM package
  mkdir -p "$modules"
  local kept=" "
  while [[ $1 != -- ]]; do
    kept+="$1 "
    # A module that others are required by brings them along.
    for module in $(pkg-config --print-requires --print-requires-private "$1" 2>/dev/null | sed 's/ .*//') "$1"; do
      pc=$(pkg-config --variable=pcfiledir "$module" 2>/dev/null || true)
      [[ -z $pc ]] || cp "$pc/$module.pc" "$modules"
    done
    shift
  done
  shift
  for package in $packages; do
    [[ $kept == *" $package "* ]] || flags+=("-DCMAKE_DISABLE_FIND_PACKAGE_$package=ON")
  done
  PKG_CONFIG_PATH= PKG_CONFIG_LIBDIR=$modules "$@" "${flags[@]}"
}

fail() {
  echo "FAILED: $*"
  exit 1
}

extract_needs="fmt simdjson"
if [[ $has_gumbo == ON ]]; then extract_needs+=" gumbo"; fi
tokenizer_needs="fmt simdjson TBB ICU libcrypto re2 libxxhash"
trainer_needs="$tokenizer_needs tomlplusplus openblas libdeflate libzstd"

find "$work/prefix/include/ftok" -mindepth 3 -name '*.h' | grep -q . && fail "a header of a room's subfolder is installed"

for name in extract tokenizer trainer; do
  needs=${name}_needs
  without_others ${!needs} -- cmake -S "$source/tests/install/${name}_alone" -B "$work/$name" -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DCMAKE_BUILD_TYPE=Debug >"$work/log" || { cat "$work/log"; fail "$name alone"; }
  cmake --build "$work/$name" >"$work/log" || { cat "$work/log"; fail "$name alone"; }
done
paragraph="The people of the town have long lived with the river, and in the evening they speak of it to each other. "
echo "<nav><a href=/>Home</a></nav><p>$paragraph$paragraph$paragraph</p>" | "$work/extract/extract_alone" |
  grep -q "^The people of the town" || fail "extract_alone prints no text"
tokens=$(echo "$paragraph" | "$work/tokenizer/tokenizer_alone" "$work/prefix/share/ftok/vocab/ftok-4k.tiktoken")
[[ $tokens -gt 10 ]] || fail "tokenizer_alone made $tokens tokens"

mkdir "$work/shards"
python3 - "$work/shards/count_train_000000.bin" <<'END'
import struct, sys
ids = [i % 50 for i in range(4000)]
with open(sys.argv[1], "wb") as shard:
    shard.write(struct.pack("<256i", 20240520, 1, len(ids), *[0] * 253) + struct.pack(f"<{len(ids)}H", *ids))
END
read -r trained measured drawn <<<"$("$work/trainer/trainer_alone" "$work/shards" "$work/model")"
python3 -c "import sys; a, b = map(float, sys.argv[1:]); sys.exit(not (0 < b < a < 4.2))" "$trained" "$measured" && [[ $drawn == 20 ]] ||
  fail "trainer_alone ended with a loss of $trained, measured $measured and drew $drawn tokens"

# What is missing is named.
without_others ${extract_needs/simdjson/} -- cmake -S "$source/tests/install/extract_alone" -B "$work/missing" \
  -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" 2>&1 && fail "extract without simdjson"
tr -s ' \n' ' ' <"$work/log" | grep -q "ftok::extract links the CMake package simdjson, which is not found" || { cat "$work/log"; fail "the message"; }
sed 's/COMPONENTS extract/COMPONENTS extrakt/' "$source/tests/install/extract_alone/CMakeLists.txt" >"$work/CMakeLists.txt"
cmake -S "$work" -B "$work/unknown" -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" 2>&1 && fail "a component that is not there"
tr -s ' \n' ' ' <"$work/log" | grep -q "There is no component extrakt in this build of ftok; it has core" || { cat "$work/log"; fail "the message"; }

# The tree itself, for one component and without gumbo.
without_others fmt simdjson -- cmake -S "$source" -B "$work/tree" -DFTOK_COMPONENTS=extract >"$work/log" ||
  { cat "$work/log"; fail "configuring for extract alone"; }
grep -q "The gumbo parser: OFF" "$work/log" || fail "gumbo found where it is not"
without_others fmt simdjson -- cmake -S "$source" -B "$work/tree" -DFTOK_GUMBO=ON >"$work/log" 2>&1 && fail "FTOK_GUMBO=ON without gumbo"
grep -q "FTOK_GUMBO=ON, and the pkg-config module gumbo is not found" "$work/log" || { cat "$work/log"; fail "the message"; }
echo "components: extract, tokenizer and trainer alone work against the installed package"
