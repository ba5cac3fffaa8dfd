// GrowingText: a text and its ids, kept right while the text grows or is cut at its end: a chat, a stream, a prompt
// that must fit. Only the end of the text is encoded again, from the last place where what follows cannot matter.
//
// Not thread-safe; the encoding must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/bpe_encode.h"
#include "tokenizer/encoding.h"

namespace ftok {

class GrowingText {
 public:
  // Throws UsageError for an encoding that normalises its text or has a pattern of a user's own: there what is appended
  // can change anything that came before it.
  explicit GrowingText(const Encoding& encoding);

  void append(std::string_view more);

  // Keeps the first `bytes` bytes of the text, which has at least as many.
  void truncate(size_t bytes);

  const std::string& text() const { return text_; }
  // Always encoding.encode_ordinary(text()).
  const std::vector<uint32_t>& ids() const { return ids_; }

  // How many bytes the last call encoded.
  size_t bytes_encoded() const { return bytes_encoded_; }

 private:
  size_t restart_before(size_t size) const;
  void encode_from(size_t begin, size_t bytes);

  const Encoding& encoding_;
  std::string text_;
  std::vector<uint32_t> ids_;
  std::vector<EncodeState::Block> blocks_;  // cuts of the text, in order, and how many ids come before
  size_t bytes_encoded_ = 0;
};

}  // namespace ftok
