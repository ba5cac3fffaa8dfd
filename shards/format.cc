#include "shards/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "core/hex.h"
#include "shards/bytes.h"
#include "shards/checksum.h"

namespace ftok {
namespace {

// Sidecar: magic, version, zero; tokens, rows, id bytes; the shard's checksum; rows; ids; checksum of all that.
constexpr std::string_view kSidecarMagic = "FTOKDOCS";
constexpr uint32_t kSidecarVersion = 1;
constexpr size_t kSidecarHeaderBytes = 8 + 4 + 4 + 3 * 8 + kChecksumBytes;
constexpr size_t kRowBytes = 4 * 8;  // begin, skipped, document_tokens, id_end

std::string_view name_of_magic(int32_t magic) {
  switch (magic) {
    case 20240522: return " (llm.c's HellaSwag evaluation format)";
    case 20240326: return " (an llm.c model)";
    case 20240327: return " (an llm.c debug state)";
    case 20240328: return " (an llm.c tokenizer)";
    default: return "";
  }
}

}  // namespace

std::string encode_shard_header(size_t token_bytes, uint64_t tokens) {
  assert(token_bytes == 2 || token_bytes == 4);
  assert(tokens <= kShardTokensMax);
  std::string header;
  header.reserve(kShardHeaderBytes);
  append_little_endian(header, token_bytes == 2 ? kGpt2Magic : kLlama3Magic);
  append_little_endian(header, token_bytes == 2 ? kGpt2Version : kLlama3Version);
  append_little_endian(header, static_cast<int32_t>(tokens));
  header.resize(kShardHeaderBytes, '\0');
  return header;
}

Result<ShardHeader> parse_shard_header(std::string_view bytes, uint64_t file_bytes) {
  if (bytes.size() < kShardHeaderBytes || file_bytes < kShardHeaderBytes) {
    return Damage{"short_header", fmt::format("{} bytes are too few: a header has {}", file_bytes, kShardHeaderBytes),
                  file_bytes};
  }
  ShardHeader header;
  header.magic = load_little_endian<int32_t>(bytes, 0);
  header.version = load_little_endian<int32_t>(bytes, 4);
  const int32_t count = load_little_endian<int32_t>(bytes, 8);
  if (header.magic != kGpt2Magic && header.magic != kLlama3Magic) {
    return Damage{"bad_magic",
                  fmt::format("magic {}{}, expected {} (uint16 tokens) or {} (uint32 tokens)", header.magic,
                              name_of_magic(header.magic), kGpt2Magic, kLlama3Magic),
                  0};
  }
  header.token_bytes = header.magic == kGpt2Magic ? 2 : 4;
  const int32_t version = header.magic == kGpt2Magic ? kGpt2Version : kLlama3Version;
  if (header.version != version) {
    return Damage{"bad_version",
                  fmt::format("version {} under magic {}, expected {}", header.version, header.magic, version), 4};
  }
  if (count < 0) return Damage{"bad_count", fmt::format("token count {}", count), 8};
  header.tokens = static_cast<uint64_t>(count);
  const std::string_view reserved = bytes.substr(12, kShardHeaderBytes - 12);
  const size_t stray = reserved.find_first_not_of('\0');
  if (stray != std::string_view::npos) {
    return Damage{"bad_reserved", fmt::format("byte {} of the header is not zero", 12 + stray), 12 + stray};
  }
  const uint64_t expected = kShardHeaderBytes + header.tokens * header.token_bytes;
  if (file_bytes != expected) {
    return Damage{"size_mismatch",
                  fmt::format("the header says {} tokens of {} bytes, so {} bytes in all; the file has {}",
                              header.tokens, header.token_bytes, expected, file_bytes),
                  std::min(file_bytes, expected)};
  }
  return header;
}

std::string encode_sidecar(uint64_t shard_tokens, std::string_view shard_checksum,
                           const std::vector<ShardDocument>& documents) {
  uint64_t id_bytes = 0;
  for (const ShardDocument& document : documents) id_bytes += document.id.size();
  std::string out;
  out.reserve(kSidecarHeaderBytes + documents.size() * kRowBytes + id_bytes + kChecksumBytes);
  out += kSidecarMagic;
  append_little_endian(out, kSidecarVersion);
  append_little_endian(out, uint32_t{0});
  append_little_endian(out, shard_tokens);
  append_little_endian(out, static_cast<uint64_t>(documents.size()));
  append_little_endian(out, id_bytes);
  out += from_hex(shard_checksum);
  uint64_t id_end = 0;
  for (const ShardDocument& document : documents) {
    append_little_endian(out, document.begin);
    append_little_endian(out, document.skipped);
    append_little_endian(out, document.document_tokens);
    append_little_endian(out, id_end += document.id.size());
  }
  for (const ShardDocument& document : documents) out += document.id;
  Checksum checksum;
  checksum.update(out);
  out += checksum.bytes();
  return out;
}

Result<SidecarView> SidecarView::parse(std::string_view bytes) {
  if (bytes.size() < kSidecarHeaderBytes + kChecksumBytes) {
    return Damage{"sidecar_short", fmt::format("{} bytes", bytes.size()), bytes.size()};
  }
  if (!bytes.starts_with(kSidecarMagic)) return Damage{"sidecar_bad_magic", "it does not start with FTOKDOCS", 0};
  if (const auto version = load_little_endian<uint32_t>(bytes, 8); version != kSidecarVersion) {
    return Damage{"sidecar_bad_version", fmt::format("version {}, expected {}", version, kSidecarVersion), 8};
  }
  if (!ends_in_checksum(bytes)) return Damage{"sidecar_bad_checksum", "its checksum does not match its bytes", 0};
  SidecarView view;
  view.bytes_ = bytes;
  view.shard_tokens_ = load_little_endian<uint64_t>(bytes, 16);
  const uint64_t rows = load_little_endian<uint64_t>(bytes, 24);
  const uint64_t id_bytes = load_little_endian<uint64_t>(bytes, 32);
  const uint64_t body = bytes.size() - kSidecarHeaderBytes - kChecksumBytes;
  if (load_little_endian<uint32_t>(bytes, 12) != 0 || rows > body / kRowBytes || id_bytes != body - rows * kRowBytes) {
    return Damage{"sidecar_bad_size",
                  fmt::format("{} rows and {} bytes of ids do not fit {} bytes", rows, id_bytes, body), 24};
  }
  view.rows_ = static_cast<size_t>(rows);
  view.shard_checksum_ = to_hex(bytes.substr(40, kChecksumBytes));
  uint64_t begin = 0;
  uint64_t id_end = 0;
  for (size_t row = 0; row < view.rows_; ++row) {
    const size_t at = kSidecarHeaderBytes + row * kRowBytes;
    const uint64_t row_begin = load_little_endian<uint64_t>(bytes, at);
    const uint64_t row_id_end = load_little_endian<uint64_t>(bytes, at + 24);
    if ((row == 0 && row_begin != 0) || row_begin < begin || row_begin > view.shard_tokens_ || row_id_end < id_end ||
        row_id_end > id_bytes) {
      return Damage{"sidecar_bad_row", fmt::format("row {} is out of order", row), at};
    }
    begin = row_begin;
    id_end = row_id_end;
  }
  if (view.rows_ > 0 && id_end != id_bytes) return Damage{"sidecar_bad_row", "ids do not end where they should", 32};
  return view;
}

ShardDocument SidecarView::document(size_t row) const {
  assert(row < rows_);
  const size_t at = kSidecarHeaderBytes + row * kRowBytes;
  const uint64_t id_begin = row == 0 ? 0 : load_little_endian<uint64_t>(bytes_, at - 8);
  const uint64_t id_end = load_little_endian<uint64_t>(bytes_, at + 24);
  ShardDocument document;
  document.begin = load_little_endian<uint64_t>(bytes_, at);
  document.skipped = load_little_endian<uint64_t>(bytes_, at + 8);
  document.document_tokens = load_little_endian<uint64_t>(bytes_, at + 16);
  document.id = bytes_.substr(kSidecarHeaderBytes + rows_ * kRowBytes + id_begin, id_end - id_begin);
  return document;
}

uint64_t SidecarView::end(size_t row) const {
  if (row + 1 >= rows_) return shard_tokens_;
  return load_little_endian<uint64_t>(bytes_, kSidecarHeaderBytes + (row + 1) * kRowBytes);
}

size_t SidecarView::row_of_token(uint64_t token) const {
  assert(rows_ > 0 && token < shard_tokens_);
  size_t low = 0;  // the last row whose begin <= token
  size_t high = rows_;
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    if (document(middle).begin <= token) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace ftok
