// The byte layouts of token shards and of their sidecars: nothing but encoding, decoding and validation of bytes in
// memory. Everything is little-endian. docs/formats.md is the normative description.
//
// A shard is llm.c's (dev/data/data_common.py and llmc/dataloader.h): int32[256] header = magic, version, token count,
// zeros; then the tokens, uint16 under GPT-2's magic or uint32 under Llama-3's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace ftok {

inline constexpr size_t kShardHeaderBytes = 1024;  // int32[256]
inline constexpr int32_t kGpt2Magic = 20240520;    // llm.c, uint16 tokens
inline constexpr int32_t kGpt2Version = 1;
inline constexpr int32_t kLlama3Magic = 20240801;  // llm.c, uint32 tokens
inline constexpr int32_t kLlama3Version = 7;
inline constexpr uint64_t kShardTokensMax = 0x7FFFFFFF;  // the header's count is an int32

// 2 when every id below `vocabulary_size` fits in 16 bits, else 4.
constexpr size_t token_bytes_for(uint64_t vocabulary_size) { return vocabulary_size <= 65536 ? 2 : 4; }

struct ShardHeader {
  int32_t magic = 0;
  int32_t version = 0;
  uint64_t tokens = 0;
  size_t token_bytes = 0;  // 2 or 4, by the magic
};

// The 1,024 bytes of a header. `token_bytes` is 2 or 4, `tokens` <= kShardTokensMax.
std::string encode_shard_header(size_t token_bytes, uint64_t tokens);

// Reads a header and compares it with the size of the file. Damage codes: "short_header", "bad_magic" (says so when it
// is one of llm.c's other formats), "bad_version", "bad_count", "bad_reserved", "size_mismatch".
Result<ShardHeader> parse_shard_header(std::string_view first_bytes, uint64_t file_bytes);

// One row of a sidecar: the tokens [begin, next row's begin or the shard's end) are of the document `id`. The
// end-of-text token belongs to the document it stands before or after.
struct ShardDocument {
  uint64_t begin = 0;            // first token, counted from the shard's first
  uint64_t skipped = 0;          // tokens of this document that lie in earlier shards; 0 in all rows but the first
  uint64_t document_tokens = 0;  // tokens of the whole document, so that one that continues in the next shard is seen
  std::string_view id;
};

// The bytes of a sidecar (X.docs beside X.bin). `shard_checksum` is the checksum of X.bin in hexadecimal.
std::string encode_sidecar(uint64_t shard_tokens, std::string_view shard_checksum,
                           const std::vector<ShardDocument>& documents);

// A validated view of a sidecar's bytes, which must outlive it. Const, thread-safe.
class SidecarView {
 public:
  // Damage codes: "sidecar_short", "sidecar_bad_magic", "sidecar_bad_version", "sidecar_bad_checksum",
  // "sidecar_bad_size", "sidecar_bad_row" (rows out of order or outside the shard).
  static Result<SidecarView> parse(std::string_view bytes);

  uint64_t shard_tokens() const { return shard_tokens_; }
  const std::string& shard_checksum() const { return shard_checksum_; }  // hexadecimal
  size_t size() const { return rows_; }
  ShardDocument document(size_t row) const;   // row < size()
  uint64_t end(size_t row) const;             // one past the row's last token in this shard
  size_t row_of_token(uint64_t token) const;  // the row a token < shard_tokens() belongs to; needs size() > 0

 private:
  std::string_view bytes_;
  uint64_t shard_tokens_ = 0;
  size_t rows_ = 0;
  std::string shard_checksum_;
};

}  // namespace ftok
