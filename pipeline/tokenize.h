// Texts in, token shards out: what `ftok run` does after extraction and filtering, for texts that are done already
// (JSONL, WET, plain text, the kept text of a run).
//
//   in order:   inputs -> blocks of records (block_reader.h; serial: decompression and cutting alone)
//   parallel:   block  -> parsed, encoded   (encode_block.h)
//   in order:   documents -> shards         (ordered_sink.h)
//
// With a shuffle the last line becomes two passes: documents -> 256 buckets by a hash of their text (buckets.h), then
// bucket after bucket, each sorted, -> shards (shuffle.h).
//
// Each checkpoint adds to the journal how far the shards reach, down to the block inside an input; the same command
// goes on there. The bytes of the output depend on the inputs, the vocabulary and TokenizeOptions::recipe alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "crawl/source.h"
#include "pipeline/recipe_config.h"
#include "pipeline/run.h"
#include "shards/writer.h"
#include "tokenizer/chat.h"
#include "tokenizer/encoding.h"

namespace ftok {

// What decides the bytes of the output, beside inputs and vocabulary.
struct TokenizeRecipe {
  SourceOptions input;
  ShardOptions shards;
  std::optional<uint64_t> shuffle;  // the seed
  std::optional<ChatTemplate>
      chat;  // inputs are conversations, JSONL with input.text_key the key of the messages; shards get loss masks
};

struct TokenizeOptions {
  std::vector<std::string> inputs;  // as list_inputs gives them; "-" is standard input
  std::string output;
  TokenizeRecipe recipe;
  std::shared_ptr<const Encoding> encoding;
  size_t threads = 0;  // 0: all cores
  // Bytes for blocks in flight, a long record, and buckets being sorted; at least tokenize_memory_min().
  uint64_t memory = uint64_t{2} << 30;
  bool strict = false;  // a line or record that cannot be read ends the run
  bool quiet = false;
  std::string progress_json;
};

// The least memory with which records as long as the recipe reads are tokenized: 24 bytes for each of theirs.
inline uint64_t tokenize_memory_min(const TokenizeRecipe& recipe) {
  return recipe.input.record_bytes_max > 0 ? 24 * static_cast<uint64_t>(recipe.input.record_bytes_max) : 0;
}

// Runs or resumes. Throws UsageError when the folder belongs to another recipe or other inputs, or the chat template
// has a special token that the vocabulary has not; Error when the run fails.
RunResult tokenize(const TokenizeOptions& options, const Log& log);

}  // namespace ftok
