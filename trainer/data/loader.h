// Batches of windows of tokens from shards (ftok's and llm.c's, u16 and u32).
//
// A window is T + 1 tokens that begin at a multiple of T in a shard: tokens are the first T, targets the last T. All
// windows of all shards, in the order of the shards, make an epoch; every epoch visits them in an order of its own.
// Which window is number i of a training run is a function of (seed, i) alone, so neither micro-batches nor restarts
// change it, and there is no state to keep.
//
// A file X.mask beside X.bin, one byte a token, is the shard's loss mask: a target whose byte is 0 does not count.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "shards/reader.h"
#include "shards/split.h"
#include "trainer/data/file_checksums.h"
#include "trainer/layers/network.h"

namespace ftok {

// A batch that owns its arrays.
struct Batch {
  int64_t B = 0, T = 0;
  std::vector<uint32_t> tokens, targets;
  std::vector<int32_t> first_key;  // empty without a document mask
  std::vector<uint8_t> loss_mask;  // empty where all targets count

  BatchView view() const;
  int64_t counted() const;  // targets that count
};

struct LoaderOptions {
  int64_t length = 0;            // T
  uint64_t vocabulary_size = 0;  // ids are below it
  uint64_t seed = 0;
  bool shuffle = true;  // false: windows in the order of the shards
  // With it, positions see only their own document: the first token after, or at, this id (see end_of_text_first)
  // begins one.
  std::optional<uint32_t> document_mask_end_of_text;
  bool end_of_text_first = true;  // the id stands before its document (llm.c), not after
};

// Thrown where all shards together hold no window.
class NoWindow : public Error {
 public:
  using Error::Error;
};

// Const after construction, thread-safe.
class Loader {
 public:
  // Throws Error naming the shard that cannot be read, NoWindow when all shards together hold no window.
  Loader(const std::vector<std::string>& shards, const LoaderOptions& options);

  uint64_t windows() const { return windows_; }  // in an epoch
  uint64_t tokens() const;                       // in all shards

  // Of the bytes of all shards and masks.
  std::string checksum(FileChecksums& files) const;
  // True when a shard of this one is, under whatever name, the file at `path`.
  bool has_file(const std::string& path) const;
  std::vector<std::string> paths() const;

  // Windows number [begin, begin + B) of the run. Throws Error naming shard and place of an id beyond the vocabulary.
  Batch batch(uint64_t begin, int64_t B) const;

  // The pieces of batch(): arrays for B windows, and one window into a row of them.
  Batch make_batch(int64_t B) const;
  void fill(Batch& batch, int64_t row, uint64_t number) const;

  // Where window number `number` lies, for messages: "ftok_train_000000.bin, token 4096".
  std::string place(uint64_t number) const;

 private:
  struct Shard {
    std::unique_ptr<ShardReader> reader;
    uint64_t first_window;
    std::unique_ptr<MappedFile> mask;  // null: all targets count
  };
  struct Place {
    const Shard* shard;
    uint64_t token;
  };
  Place place_of(uint64_t number) const;
  void fill_tokens(Batch& batch, int64_t row, const Place& place) const;
  void fill_mask(Batch& batch, int64_t row, const Place& place) const;
  void mark_documents(Batch& batch, int64_t row) const;

  LoaderOptions options_;
  std::vector<Shard> shards_;
  uint64_t windows_ = 0;
};

// The shards of a folder for one split, in order: as its manifest lists them, or, where it has none, by their names
// (split_of_name). A path that is a file is that shard. Throws Error naming the folder when there is none, and naming
// the file whose name says both.
std::vector<std::string> find_shards(const std::string& folder, Split split);

// The same, but none where there is none.
std::vector<std::string> list_shards(const std::string& folder, Split split);

}  // namespace ftok
