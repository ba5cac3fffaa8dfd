// ShardWriter: documents in, shards cut at exact token counts out, in any format (shard_format.h).
//
// The train and the validation documents make two streams of tokens. A stream is cut every `shard_tokens` tokens,
// wherever in a document that falls (llm.c's writer does the same); only a stream's last shard is shorter. Shard k
// therefore holds tokens [k * shard_tokens, (k + 1) * shard_tokens) of the stream and nothing else decides its bytes.
//
// checkpoint() publishes the short last shards; shards() is then the list of all shards, which the manifest keeps. A
// writer made with that list continues where it stood, in another process too: it takes the short shard's first tokens
// back from disk (also when a killed run has meanwhile replaced the file by a longer one, of which they are the
// beginning) and rewrites it longer. So a run that is continued gives the same bytes as one that never stopped.
//
// With loss_masks each shard X.bin has an X.mask beside it: one byte per token, 1 where training counts the token as a
// target.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shards/checksum.h"
#include "shards/shard_format.h"
#include "shards/split.h"

namespace ftok {

struct ShardWriterOptions {
  std::string folder;                   // exists
  uint64_t shard_tokens = 100'000'000;  // llm.c's dev/data/fineweb.py
  uint64_t vocabulary_size = 0;         // ids are below it
  uint32_t end_of_text = 0;             // an id; unused with kNone
  EndOfText placement = EndOfText::kBefore;
  bool loss_masks = false;
  const ShardFormat* format = &default_shard_format();
  size_t token_bytes = 0;            // 2 or 4; 0: the narrower one that holds the vocabulary
  std::string vocabulary_name = {};  // for formats that name it
};

// A shard on disk.
struct ShardEntry {
  Split split = Split::kTrain;
  uint64_t index = 0;      // in its split
  uint64_t tokens = 0;     // end-of-text tokens included
  uint64_t documents = 0;  // rows of the sidecar: documents with at least one token in it
  FileEntry shard;
  FileEntry sidecar;
  std::optional<FileEntry> mask;
  std::vector<FileEntry> companions = {};  // what the format keeps beside the shard

  bool operator==(const ShardEntry&) const = default;
};

// Some shards of one stream, for a writer that others work beside: shards [first, end). The first document added has
// `skip` tokens in shards before them, end-of-text included.
struct ShardRange {
  Split split = Split::kTrain;
  uint64_t first = 0, end = 0;
  uint64_t skip = 0;
};

// Serial: one thread at a time. Every failure to write throws Error naming the file, and leaves only whole files.
class ShardWriter {
 public:
  // Continues after `shards` (a checkpoint's result; empty for a new run). Throws UsageError when an option is out of
  // range, Error when `shards` is not a list a writer with these options can have given.
  explicit ShardWriter(ShardWriterOptions options, std::vector<ShardEntry> shards = {});
  // Writes the shards of a range and no others; what is added beyond its end is left out.
  ShardWriter(ShardWriterOptions options, const ShardRange& range);
  ~ShardWriter();
  ShardWriter(const ShardWriter&) = delete;
  ShardWriter& operator=(const ShardWriter&) = delete;

  // Says beforehand which documents will be added to a new stream, and that no checkpoint will be asked for before the
  // last of them: `next` gives their numbers of tokens, without end-of-text, one at a call, and nothing at the end. It
  // is asked for as many as the next shard holds. So a format whose table of documents stands first writes everything
  // once. Throws Error, from add() or checkpoint(), where other documents come.
  void expect(Split split, std::function<std::optional<uint64_t>()> next);

  // Says how many tokens the split of a new writer will have in the end, end-of-text included; 0: not known. Where that
  // is true, the header of the short last shard is right from the start, and the shard is not read again for its
  // checksum. The files are the same in any case.
  void expect_tokens(Split split, uint64_t tokens);

  // Says that checkpoint() will be called once, behind the last document of this new writer. A format's joined_file()
  // is then written along with the shards; joined() gives those files after the checkpoint.
  void join();
  const std::vector<FileEntry>& joined() const { return joined_; }

  // Appends a document to its stream. `tokens` holds no end-of-text; an id outside the vocabulary throws Error naming
  // the document. A document that has no token at all (possible with kNone) leaves no trace in the shards but is
  // counted. With loss_masks, `loss` has a byte for each token, 0 or 1; without, it is empty. End-of-text tokens do not
  // count in the loss.
  void add(Split split, std::string_view id, std::span<const uint32_t> tokens, std::span<const uint8_t> loss = {});

  // Publishes the short last shard of each stream. Returns the shards that are new or longer since the last checkpoint
  // (or since the list that the writer was made with), train first, in order: not all of them, so that what a
  // checkpoint costs does not depend on how many came before it. The writer can continue.
  std::vector<ShardEntry> checkpoint();

  // All shards that have been published, train first, in order.
  std::vector<ShardEntry> shards() const;

  const ShardWriterOptions& options() const { return options_; }  // with the width of a token

  // Tokens of the stream so far, end-of-text included, those of earlier runs too.
  uint64_t tokens(Split split) const;
  // Whether all shards of the range are published.
  bool is_full(Split split) const;
  // Shards that this writer has published in full so far.
  uint64_t shards_completed() const { return shards_completed_; }
  uint64_t empty_documents() const { return empty_documents_; }

 private:
  struct Stream;

  // A document on its way into the shards.
  struct OpenDocument {
    std::string_view id;
    uint64_t tokens = 0;  // end-of-text included
    uint64_t done = 0;
  };

  void put(Stream& stream, OpenDocument& document, std::span<const uint32_t> tokens, std::span<const uint8_t> loss);
  void open(Stream& stream);
  std::shared_ptr<const ShardPlan> plan_of(Stream& stream) const;
  uint64_t end_of_text_tokens() const { return options_.placement == EndOfText::kNone ? 0 : 1; }  // of a document
  ShardFileOptions file_options(const Stream& stream) const;
  void reopen_short_shard(Stream& stream);
  void reopen_mask(Stream& stream, const ShardEntry& entry);
  void publish(Stream& stream);

  ShardWriterOptions options_;
  std::unique_ptr<Stream> streams_[2];  // by Split
  uint64_t shards_completed_ = 0;
  uint64_t empty_documents_ = 0;
  bool joins_ = false;
  std::vector<FileEntry> joined_;
};

// Whether a name is that of a shard of any format, or of a sidecar, mask or companion of one:
// ftok_{train,val}_DIGITS.ENDING, in the folder or in its "train" or "val".
bool is_shard_file_name(std::string_view name);

// The names in `folder` for which that is so, in order.
std::vector<std::string> shard_files_in(const std::string& folder);

// The shards in `folder` that no manifest lists, by their names' extensions (is_shard_name), with its "train" and
// "val", as paths in order. Throws Error naming the folder when it cannot be read.
std::vector<std::string> shards_in(const std::string& folder);

// Removes shards of any format with their sidecars, masks and companions (shard_files_in) of `folder` that
// `shards` does not list: what a killed run left beyond its last checkpoint. The caller holds the folder's lock.
// Returns the removed names in order.
std::vector<std::string> remove_unlisted_shards(const std::string& folder, const std::vector<ShardEntry>& shards);

}  // namespace ftok
