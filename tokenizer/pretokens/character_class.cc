#include "tokenizer/pretokens/character_class.h"

#include <memory>

namespace ftok {

uint8_t character_flags(char32_t code_point) {
  if (is_white_space(code_point)) {
    if (code_point == '\r' || code_point == '\n') return kIsWhite | kIsNewline;
    return code_point == ' ' ? kIsWhite | kIsSpace : kIsWhite;
  }
  switch (category_of(code_point)) {
    case Category::kLu:
    case Category::kLt: return kIsLetter | kIsUpperish;
    case Category::kLl: return kIsLetter | kIsLowerish;
    case Category::kLm:
    case Category::kLo: return kIsLetter | kIsUpperish | kIsLowerish;
    case Category::kMn:
    case Category::kMc:
    case Category::kMe: return kIsUpperish | kIsLowerish;
    case Category::kNd:
    case Category::kNl:
    case Category::kNo: return kIsNumber;
    default: return 0;
  }
}

const CharacterTable& CharacterTable::get() {
  static const std::unique_ptr<const CharacterTable> table = [] {
    auto made = std::make_unique<CharacterTable>();
    for (char32_t c = 0; c < 0x10000; ++c) made->basic[c] = character_flags(c);
    return made;
  }();
  return *table;
}

}  // namespace ftok
