#include "crawl/record_place.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/error.h"
#include "crawl/compression/gzip.h"
#include "crawl/compression/zstd.h"

namespace ftok {
namespace {

constexpr size_t kMagicBytes = 4, kMarkBytes = 3;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

std::string RecordPlace::text() const {
  return in_member == 0 ? fmt::format("{}", offset) : fmt::format("{}+{}", offset, in_member);
}

std::optional<RecordPlace> parse_record_place(std::string_view text) {
  RecordPlace place;
  const char* const end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, place.offset);
  if (error != std::errc()) return std::nullopt;
  if (at != end && *at == '+') {
    const auto inner = std::from_chars(at + 1, end, place.in_member);
    if (inner.ec != std::errc()) return std::nullopt;
    at = inner.ptr;
  }
  return at == end ? std::optional(place) : std::nullopt;
}

TailSource::TailSource(std::unique_ptr<ByteSource> source, uint64_t offset) : source_(std::move(source)) {
  std::string block(size_t{1} << 20, '\0'), start;
  uint64_t passed = 0, dictionary = 0;  // bytes of the dictionary's frame
  while (passed < offset) {
    const size_t got = source_->read(block.data(), std::min<uint64_t>(offset - passed, block.size()));
    if (got == 0) throw UsageError(fmt::format("{} is no longer than {} bytes", source_->name(), passed));
    passed += got;
    const std::string_view piece(block.data(), got);
    if (start.size() < kDictionaryHeadBytes || start.size() < dictionary) {
      start += piece;
      if (start.size() >= kDictionaryHeadBytes) dictionary = dictionary_frame_bytes(start);
    }
    before_ += piece.substr(got - std::min(got, kMarkBytes));
    before_.erase(0, before_.size() - std::min(before_.size(), kMarkBytes));
  }
  if (dictionary == 0 || dictionary > offset) return;
  start.resize(dictionary);
  lead_ = std::move(start);
}

bool TailSource::fill_next() {
  while (next_.size() < kMagicBytes) {
    char bytes[kMagicBytes];
    const size_t got = source_->read(bytes, kMagicBytes - next_.size());
    if (got == 0) break;
    next_.append(bytes, got);
  }
  return !next_.empty();
}

bool TailSource::may_begin_line() {
  return before_.empty() || before_.ends_with('\n') || before_ == kByteOrderMark || !fill_next() ||
         is_gzip_magic(next_) || is_zstd_magic(next_);
}

size_t TailSource::read(char* out, size_t size) {
  const std::string_view held = given_ < lead_.size() ? std::string_view(lead_).substr(given_)
                                                      : std::string_view(next_).substr(given_ - lead_.size());
  if (held.empty()) return source_->read(out, size);
  const size_t count = std::min(size, held.size());
  std::memcpy(out, held.data(), count);
  given_ += count;
  return count;
}

}  // namespace ftok
