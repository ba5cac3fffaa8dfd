// `ftok mix`: documents of several sources (texts, or shards of any format) in given shares, in one shuffled order, up
// to a budget of tokens, as shards of any format. docs/mixing.md says it for users.
//
//   1. each source is read once: texts are encoded into files beside the output (mix/text_segments.h), which outlast a
//      mix that is stopped; shards are counted where they are
//   2. shares of the budget become passes: some over all documents of a source, and one over a part of them
//   3. each source is read again, and its documents go into the buckets of a shuffle (tokenize/buckets.h)
//   4. bucket after bucket, sorted -> packed (mix/packer.h) -> shards
//
// Where all sources are shards that fit into memory, there are no buckets: a plan says which documents come, in their
// order, and they are taken from the mapped shards (mix/gather.h). The outcome is the same.
//
// Which documents the last pass takes, and where every one comes in the order, are hashes of the source's name, the
// document's number in it, the pass and the seed: so the bytes depend on the recipe, the budget and the sources alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "core/options.h"
#include "pipeline/recipe_config.h"
#include "shards/writer.h"
#include "tokenizer/encoding.h"

namespace ftok {

// [[mix.source]]
struct MixSource {
  std::string name;
  std::vector<std::string> paths;  // texts, folders of `ftok run`, shards, folders of shards; globs of files
  std::string take = "auto";       // texts, shards; auto: what the first path holds
  double weight = 1;
  double epochs_max = 4;
  int64_t host_tokens_max = 0;       // 0: no cap
  std::string score;                 // a number of each text
  std::vector<std::string> bounds;   // where it is divided, ascending
  std::vector<std::string> repeats;  // for each of the buckets between them, how often a document comes in a pass
  std::string text_key = "text", id_key = "id";
  std::string shard_format = "auto", token_bytes = "auto", end_of_text = "auto";  // of shards that do not say it

  void visit(OptionVisitor& visitor);
};

// [mix]
struct MixOptions {
  int64_t seed = 1;
  int64_t pack_tokens = 0;  // 0: documents one after the other

  void visit(OptionVisitor& visitor);
};

struct MixRecipe {
  MixOptions mix;
  std::vector<MixSource> sources;
  ShardOptions shards;
};

// Reads a TOML file, then assignments "section.key=value". Throws UsageError naming what is wrong.
MixRecipe load_mix(const std::string& path, const std::vector<std::string>& sets);
std::string mix_text(MixRecipe recipe);  // the recipe as TOML, all keys

struct MixRun {
  MixRecipe recipe;
  uint64_t budget = 0;  // tokens for training, end-of-text tokens included
  std::string output;   // a folder that is missing or empty
  // Loads the vocabulary of that name; asked for where a source holds texts, with the name in the shards' manifests
  // where `vocabulary` is empty.
  std::function<std::shared_ptr<const Encoding>(const std::string& name)> load_vocabulary;
  std::string vocabulary;
  size_t threads = 0;  // 0: all cores
  uint64_t memory = uint64_t{2} << 30;
  // Of encoded texts, after which a mix that is stopped goes on at the end of the input.
  uint64_t segment_bytes = uint64_t{256} << 20;
  // Of shards and the plan of their shuffle, up to which buckets are not needed.
  std::optional<uint64_t> gather_bytes_max = {};  // default: half of the memory
};

// What became of a source. Tokens count end-of-text tokens.
struct MixedSource {
  std::string name;
  std::string digest;                  // of what was read
  uint64_t share = 0;                  // of the budget, in tokens
  uint64_t documents = 0, tokens = 0;  // that it offers: each counted once
  uint64_t pass_tokens = 0;            // of a pass over it, with repeats
  uint64_t written_documents = 0, written_tokens = 0;
  uint64_t validation_documents = 0, validation_tokens = 0;
  // Left out: texts that are damaged or empty, above the cap of their host, without the score, repeated 0 times.
  uint64_t bad = 0, capped = 0, unscored = 0, unwanted = 0;
  uint64_t hosts_capped = 0, without_host = 0;
  std::vector<uint64_t> bucket_documents, bucket_tokens;  // by score

  double epochs() const;  // tokens written, in terms of `tokens`
  uint64_t missing() const { return share - written_tokens; }
};

struct MixResult {
  uint64_t budget = 0, tokens = 0, documents = 0;  // written for training
  uint64_t sequences = 0, padding = 0, cuts = 0;   // of packing: tokens + padding + cuts = sequences * pack_tokens
  std::vector<MixedSource> sources;
  std::vector<ShardEntry> shards;
  // Bytes of the sources and the plan, were there no buckets (mix/gather.h); 0 where not all sources are shards.
  uint64_t gather_bytes = 0;
  bool gathered = false;  // so it was done
};
std::string mix_json(const MixResult& result);  // an object
std::string mix_table(const MixResult& result);

// Writes the output, or nothing but what the next call for the same output goes on from. Throws UsageError naming what
// does not fit together, Stopped when a stop was asked for.
MixResult mix(const MixRun& run, const Log& log);

}  // namespace ftok
