// ShardReader: a shard as tokens and as documents, ftok's own or llm.c's, mapped into memory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "shards/format.h"

namespace ftok {

// A validated view of a shard's bytes, which must outlive it. Const, thread-safe.
class ShardView {
 public:
  // Damage codes: those of parse_shard_header.
  static Result<ShardView> parse(std::string_view bytes);

  const ShardHeader& header() const { return header_; }
  uint64_t size() const { return header_.tokens; }

  // The token at `index` < size().
  uint32_t token(uint64_t index) const {
    const size_t at = kShardHeaderBytes + static_cast<size_t>(index) * header_.token_bytes;
    return header_.token_bytes == 2 ? load<uint16_t>(at) : load<uint32_t>(at);
  }
  // Replaces `out` by tokens [begin, end), begin <= end <= size().
  void read(uint64_t begin, uint64_t end, std::vector<uint32_t>& out) const;

  // The largest id, 0 when there is none: reads all tokens.
  uint32_t largest_token() const;

  // Where documents begin by the end-of-text token alone, for shards without a sidecar: each `end_of_text` starts one
  // (llm.c's placement). The first is 0.
  std::vector<uint64_t> document_begins(uint32_t end_of_text) const;

 private:
  template <typename T>
  T load(size_t at) const {
    T value;
    __builtin_memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }

  std::string_view bytes_;
  ShardHeader header_;
};

// A shard file and its sidecar where there is one. Const after construction, thread-safe.
class ShardReader {
 public:
  // Throws Error naming the path and what is wrong when it is no shard, or when its sidecar is damaged or of another
  // count of tokens. Does not compare the checksum (shards/verify.h does).
  explicit ShardReader(const std::string& path);

  const std::string& path() const { return file_.path(); }
  const ShardView& view() const { return view_; }
  const ShardHeader& header() const { return view_.header(); }
  std::string_view bytes() const { return file_.bytes(); }

  // Null when there is no sidecar.
  const SidecarView* sidecar() const { return sidecar_ ? &*sidecar_ : nullptr; }

 private:
  MappedFile file_;
  std::optional<MappedFile> sidecar_file_;
  ShardView view_;
  std::optional<SidecarView> sidecar_;
};

}  // namespace ftok
