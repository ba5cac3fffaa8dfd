// Files of text that people write: their byte-order mark is not content, and some editors write UTF-16.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ftok {

// A UTF-8 byte-order mark at the beginning tells the encoding and nothing else.
std::string_view without_byte_order_mark(std::string_view text);

// read_file() as UTF-8 without a byte-order mark, where it begins with that of UTF-16 too.
std::string read_text_file(const std::string& path, uint64_t bytes_max = uint64_t{1} << 40);

// The text of a list that a file holds: as UTF-8, without a byte-order mark; of UTF-16 what its byte-order mark says,
// put into `decoded`. Throws Error naming the file when its bytes are compressed, or no text (a NUL, or more than one
// byte in ten that is not UTF-8): such a list would match nothing without a word.
std::string_view text_of_list(std::string_view bytes, const std::string& name, std::string& decoded);

}  // namespace ftok
