// Batches of windows of tokens from shards (ftok's and llm.c's, u16 and u32).
//
// A window is T + 1 tokens that begin at a multiple of T in a shard: tokens are the first T, targets the last T. All
// windows of all shards, in the order of the shards, make an epoch; every epoch visits them in an order of its own.
// Which window is number i of a training run is a function of (seed, i) alone, so neither micro-batches nor restarts
// change it, and there is no state to keep.
//
// Where windows hold whole documents, a window is as many documents of a shard, one behind the other, as fit into T + 1
// tokens, and padding without loss behind them. Of a longer document the first T + 1 tokens are a window, and the rest
// is not read.
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
#include "trainer/batch.h"

namespace ftok {

class FileChecksums;

struct LoaderOptions {
  int64_t length = 0;            // T, at least 1
  uint64_t vocabulary_size = 0;  // an id that is not below it is an error
  uint64_t seed = 0;             // of the order of the windows
  bool shuffle = true;           // false: windows in the order of the shards
  // The id that tells documents apart, for a document mask: with it, positions attend to their own document alone.
  std::optional<uint32_t> document_mask_end_of_text;
  bool end_of_text_first = true;  // that id begins a document, as llm.c has it; false: it ends one
  bool whole_documents = false;   // windows hold whole documents; only with a document mask
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

  // A checksum of the bytes of all shards and masks, in hexadecimal digits. Throws Error naming a file that cannot be
  // read.
  std::string checksum(FileChecksums& files) const;
  // Whether any target counts, by the loss masks.
  bool has_targets() const;
  // Whether one of the shards is, under whatever name, the file at `path`.
  bool has_file(const std::string& path) const;
  std::vector<std::string> paths() const;

  // Windows number [begin, begin + B) of a run, of which there is no last one. Throws Error naming the shard and the
  // place of an id that is not below the vocabulary's size.
  Batch batch(uint64_t begin, int64_t B) const;

  // The two halves of batch(): arrays for B windows, and window `number` into row `row` of them.
  Batch make_batch(int64_t B) const;
  void fill(Batch& batch, int64_t row, uint64_t number) const;

  // Where window number `number` lies, for messages: "ftok_train_000000.bin, token 4096".
  std::string place(uint64_t number) const;

 private:
  // The tokens of a window of whole documents, at least 2 and at most T + 1.
  struct Span {
    uint64_t begin;
    uint64_t size;
  };
  struct Shard {
    std::unique_ptr<ShardReader> reader;
    uint64_t first_window;
    std::unique_ptr<MappedFile> mask;  // null: all targets count
    std::vector<Span> spans;           // of its windows, where they hold whole documents
  };
  struct Place {
    const Shard* shard;
    uint64_t token;
    uint64_t size;  // tokens of the window
  };
  std::vector<Span> spans_of(const ShardView& view) const;
  Place place_of(uint64_t number) const;
  void fill_tokens(Batch& batch, int64_t row, const Place& place) const;
  void fill_mask(Batch& batch, int64_t row, const Place& place) const;
  void mark_documents(Batch& batch, int64_t row) const;

  LoaderOptions options_;
  std::vector<Shard> shards_;
  uint64_t windows_ = 0;
};

// The shards of a folder for one split, in order: as its manifest lists them, or, where it has none, by their names
// (split_of_name). A path that is a file is that shard; as training data only where it is not known to be something
// else. Throws Error naming the folder when there is none, and naming the file whose name says both, or that is not for
// training.
std::vector<std::string> find_shards(const std::string& folder, Split split);

// The same, but none where there is none.
std::vector<std::string> list_shards(const std::string& folder, Split split);

}  // namespace ftok
