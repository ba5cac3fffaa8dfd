// JsonDecoder: token ids to their text as a JSON string, from a table in which each token's bytes are escaped already.
//
// A token whose bytes are UTF-8 by themselves is escaped by itself: what is beside it changes nothing. Tokens that
// begin or end inside a character are put together with such neighbours, and their bytes escaped as one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "tokenizer/encoding.h"

namespace ftok {

class DecodeTable;

// Const after construction, so thread-safe. The encoding has to live as long.
class JsonDecoder {
 public:
  explicit JsonDecoder(const Encoding& encoding);  // builds the table: 16 bytes a token
  ~JsonDecoder();
  JsonDecoder(const JsonDecoder&) = delete;
  JsonDecoder& operator=(const JsonDecoder&) = delete;

  // Appends what append_json_string() makes of encoding.decode(ids). Throws Error as decode() does, and has then
  // appended some of it.
  void append(std::span<const uint32_t> ids, std::string& out) const;

 private:
  const Encoding& encoding_;
  std::unique_ptr<const DecodeTable> table_;  // the tokens that are UTF-8, escaped
};

}  // namespace ftok
