// From [shards] of a recipe and a vocabulary to what ShardWriter is asked for. `ftok run` and `ftok tokenize` share it,
// so that both refuse the same things, and before any work.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pipeline/recipe_config.h"
#include "shards/writer.h"
#include "tokenizer/encoding.h"

namespace ftok {

// All but the folder. `key` is the beginning of an option's name in messages: "shards." in recipes, "--" for flags.
// Throws UsageError when the format, the width or the place of the end-of-text token does not go with the vocabulary.
ShardWriterOptions shard_writer_options(const ShardOptions& options, const Encoding& encoding, std::string_view key);

// What that asks of a vocabulary.
struct VocabularyFacts {
  std::string name;
  uint64_t size = 0;
  std::optional<uint32_t> end_of_text;
};
ShardWriterOptions shard_writer_options(const ShardOptions& options, const VocabularyFacts& vocabulary,
                                        std::string_view key);

// The recipe's text as folders are bound to it and manifests keep it: [shards] says where the end-of-text token goes
// and leaves out what is as version 0.1.0 had it (llm.c's layout, the width by the vocabulary), so that folders of that
// version can be continued.
std::string bound_recipe(std::string recipe);

// What a command that makes shards says when the vocabulary's file puts tokens around every text
// (Vocabulary::before_text): documents have none of them; empty when it puts none.
std::string note_of_surrounding_tokens(const Encoding& encoding);

}  // namespace ftok
