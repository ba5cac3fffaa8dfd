// ShardReader: a shard of any format as tokens and as documents, mapped into memory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "shards/shard_format.h"

namespace ftok {

// A validated view of a shard's bytes, which must outlive it. Const, thread-safe.
class ShardView {
 public:
  // Damage codes: those of ShardFormat::read.
  static Result<ShardView> parse(const ShardFormat& format, const ShardBytes& shard);

  const ShardLayout& layout() const { return layout_; }
  uint64_t size() const { return layout_.tokens; }

  // The token at `index` < size().
  uint32_t token(uint64_t index) const {
    const size_t at =
        layout_.offsets.empty() ? layout_.begin + static_cast<size_t>(index) * layout_.token_bytes : place_of(index);
    return layout_.token_bytes == 2 ? load<uint16_t>(at) : load<uint32_t>(at);
  }
  // Replaces `out` by tokens [begin, end), begin <= end <= size(); fills `out`, which has room for just these.
  void read(uint64_t begin, uint64_t end, std::vector<uint32_t>& out) const;
  void read(uint64_t begin, uint64_t end, std::span<uint32_t> out) const;

  // The largest id, 0 when there is none: reads all tokens.
  uint32_t largest_token() const;

  // Where documents begin, for shards without a sidecar: as the format keeps it, else by the end-of-text token, which
  // stands before each document or after it. The first is 0.
  std::vector<uint64_t> document_begins(uint32_t end_of_text, EndOfText placement = EndOfText::kBefore) const;
  // By the token alone.
  std::vector<uint64_t> begins_by_token(uint32_t end_of_text, EndOfText placement) const;

  // Whether the documents that the format keeps are windows of a stream: all of one length, in the middle of which
  // documents end.
  bool has_windows(uint32_t end_of_text) const;

 private:
  size_t place_of(uint64_t index) const;  // where tokens are not in a row

  template <typename T>
  T load(size_t at) const {
    T value;
    __builtin_memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }

  std::string_view bytes_;
  ShardLayout layout_;
};

// What is known about a shard beforehand; null and 0: nothing.
struct ShardHints {
  const ShardFormat* format = nullptr;
  size_t token_bytes = 0;
};

// A shard file and its sidecar where there is one. Const after construction, thread-safe.
class ShardReader {
 public:
  // The format is the one of the hints, else told from the file and its sidecar, else looked up in the manifest beside
  // it. Throws Error naming the path and what is wrong when it is not a shard, or when its sidecar is damaged or
  // has another number of tokens. Does not compare the checksum (shards/verify.h does).
  explicit ShardReader(const std::string& path, const ShardHints& hints = {});

  const std::string& path() const { return file_.path(); }
  const ShardView& view() const { return view_; }
  const ShardFormat& format() const { return *format_; }
  std::string_view bytes() const { return file_.bytes(); }
  void read_ahead() const {  // MappedFile::read_ahead
    file_.read_ahead();
    if (sidecar_file_) sidecar_file_->read_ahead();
  }

  // Null when there is no sidecar.
  const SidecarView* sidecar() const { return sidecar_ ? &*sidecar_ : nullptr; }

 private:
  MappedFile file_;
  std::optional<MappedFile> sidecar_file_;
  std::optional<SidecarView> sidecar_;
  const ShardFormat* format_ = nullptr;
  ShardView view_;
};

}  // namespace ftok
