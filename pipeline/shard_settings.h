// From [shards] of a recipe and a vocabulary to what ShardWriter is asked for. `ftok run` and `ftok tokenize` share it,
// so that both refuse the same things, and before any work.
#pragma once

#include <string_view>

#include "pipeline/recipe_config.h"
#include "shards/writer.h"
#include "tokenizer/encoding.h"

namespace ftok {

// All but the folder. `key` is the beginning of an option's name in messages: "shards." in recipes, "--" for flags.
// Throws UsageError when the format, the width or the place of the end-of-text token does not go with the vocabulary.
ShardWriterOptions shard_writer_options(const ShardOptions& options, const Encoding& encoding, std::string_view key);

}  // namespace ftok
