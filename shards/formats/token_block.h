// TokenBlock: tokens on their way into a file, gathered so that whatever takes them (a file, a checksum) is called with
// large pieces.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "shards/token_bytes.h"

namespace ftok {

// Large enough that a call costs nothing beside its bytes, small enough to stay in the processor's cache.
inline constexpr size_t kTokenBlockBytes = size_t{1} << 18;

// What is full goes to a sink, called with std::string_view. Serial.
class TokenBlock {
 public:
  template <typename Sink>
  void append(std::string_view bytes, const Sink& sink) {
    while (!bytes.empty()) {
      const size_t count = std::min(bytes.size(), kTokenBlockBytes - filled_);
      bytes.copy(bytes_.get() + filled_, count);
      bytes.remove_prefix(count);
      filled_ += count;
      if (filled_ == kTokenBlockBytes) flush(sink);
    }
  }

  // Each token `width` (2 or 4) bytes.
  template <typename Sink>
  void append(std::span<const uint32_t> tokens, size_t width, const Sink& sink) {
    while (!tokens.empty()) {
      const size_t count = std::min(tokens.size(), (kTokenBlockBytes - filled_) / width);
      store_tokens(tokens.first(count), width, bytes_.get() + filled_);
      tokens = tokens.subspan(count);
      filled_ += count * width;
      if (filled_ + width > kTokenBlockBytes) flush(sink);
    }
  }

  template <typename Sink>
  void flush(const Sink& sink) {
    if (filled_ != 0) sink(std::string_view(bytes_.get(), filled_));
    filled_ = 0;
  }

 private:
  std::unique_ptr<char[]> bytes_ = std::make_unique_for_overwrite<char[]>(kTokenBlockBytes);
  size_t filled_ = 0;
};

}  // namespace ftok
