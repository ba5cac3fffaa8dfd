#include "core/text_file.h"

#include "core/file.h"

namespace ftok {

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

std::string read_text_file(const std::string& path, uint64_t bytes_max) {
  std::string text = read_file(path, bytes_max);
  text.erase(0, text.size() - without_byte_order_mark(text).size());
  return text;
}

}  // namespace ftok
