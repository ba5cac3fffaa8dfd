// What `ftok shards cat` needs from the tokenizer.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include <CLI/CLI.hpp>

namespace ftok::cli {

// Turns token ids into text; made from the name or file given with --vocab.
using Decode = std::function<std::string(std::span<const uint32_t>)>;
using MakeDecode = std::function<Decode(const std::string& vocabulary)>;

// Adds `ftok shards`. Without `make_decode`, `cat` has no --vocab and prints ids.
void add_shards_command(CLI::App& app, MakeDecode make_decode);

}  // namespace ftok::cli
