// Conversion of token shards from one format to another: document by document, through the writer that `ftok run` uses,
// so that the result has exactly the bytes that a run in the other format would have given.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shards/shard_documents.h"
#include "shards/writer.h"

namespace ftok {

struct ConvertOptions {
  std::vector<std::string> inputs;  // folders of shards, or shards in their order
  std::string output;               // a folder that is missing or empty
  const ShardFormat* to = &default_shard_format();
  std::string token_bytes = "auto";  // of the output: auto, 2 or 4
  std::string end_of_text = "auto";  // where it goes in the output; auto: where the format's readers want it
  uint64_t shard_tokens = 0;         // 0: as in the input

  ShardSourceHints from;  // what inputs without a manifest do not say
};

struct ConvertResult {
  std::vector<ShardEntry> shards;
  uint64_t documents = 0, tokens = 0, bytes = 0;  // read
};

// Writes OUTPUT.partial and renames it at the end. Copies the inputs' manifest, with the new shards; writes none when
// they have none. Joins a document that two shards divide. Throws UsageError when the output
// exists, the format does not hold the vocabulary, or nothing says which split a shard is of; Error when an input
// cannot be read.
ConvertResult convert_shards(const ConvertOptions& options);

}  // namespace ftok
