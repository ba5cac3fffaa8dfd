// Files of text that people write: their byte-order mark is not content.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ftok {

// A UTF-8 byte-order mark at the beginning tells the encoding and nothing else.
std::string_view without_byte_order_mark(std::string_view text);

// read_file() without a byte-order mark.
std::string read_text_file(const std::string& path, uint64_t bytes_max = uint64_t{1} << 40);

}  // namespace ftok
