// SampleFileFormat: what LitData's and MosaicML's files share: a table of samples (uint32 number, then that many and
// one absolute offsets, uint32), bytes of the format's own, and the samples, one for each document; and an index.json
// that lists a folder's files, so that each split has a folder of its own. A format of this kind says what stands
// between the table and the samples, before the tokens of each, and in the index.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shards/shard_format.h"

namespace ftok {

// The table of samples at the beginning of a file.
struct SampleTable {
  uint64_t samples = 0;
  size_t end = 0;  // one past the table

  // Damage "bad_table" where the offsets do not lead from the table to the end of the file, in order.
  static Result<SampleTable> parse(std::string_view bytes);
  // True where the first and the last offset are right: a quick look.
  static bool plausible(std::string_view bytes);
  static uint64_t end_of(std::string_view bytes);  // what `end` will be
  static uint64_t offset(std::string_view bytes, uint64_t sample);
};

inline constexpr std::string_view kSampleIndexName = "index.json";

class SampleFileFormat : public ShardFormat {
 public:
  // The bytes between table and samples: always the same for a width.
  virtual std::string config(size_t token_bytes) const;
  // Appends the bytes before the tokens of a sample.
  virtual void append_head(std::string& out, size_t token_bytes, uint64_t tokens) const;

  // The text of a split's index.json. `shards` are those of the split, in order.
  virtual std::string index(std::span<const ShardEntry> shards, size_t token_bytes) const = 0;

  EndOfText end_of_text() const override { return EndOfText::kAfter; }
  uint64_t vocabulary_max() const override { return uint64_t{1} << 31; }
  bool has_split_folders() const override { return true; }
  bool wants_plan() const override { return true; }
  std::vector<std::string> split_files(Split split) const override;
  std::vector<FileEntry> write_split_files(const std::string& folder, Split split, std::span<const ShardEntry> shards,
                                           size_t token_bytes, const FileEntry* joined) const override;
  std::unique_ptr<ShardFile> create(const ShardFileOptions& options) const override;
  std::string reopen(const std::string& path, const ShardFileOptions& options, uint64_t tokens,
                     const std::vector<ShardDocument>& documents, ShardFile& into) const override;
};

}  // namespace ftok
