// BadWords: whether a text holds one of the words or phrases of lists, as C4 looks for "bad words" (Raffel et al.,
// arXiv 1910.10683, section 2.2, and c4_utils.py): in any case, with no letter, digit or _ beside them. Entries that
// begin in a script without spaces are found anywhere, as in datatrove's C4BadWordsFilter.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "document/stage.h"

namespace re2 {
class RE2;
}

namespace ftok {

class BadWords {
 public:
  static constexpr size_t kListBytesMax = size_t{1} << 20;  // of all lists together, which bounds the automaton

  // Reads plain lists, an entry a line, UTF-8. A missing list matches nothing, and describe() says so. Throws Error for
  // one that cannot be read or is too long.
  explicit BadWords(const std::vector<std::string>& lists);
  ~BadWords();

  bool empty() const { return matcher_ == nullptr; }

  // The first of them in the text, as it stands there; "" for none. Linear; thread-safe.
  std::string_view find(std::string_view text) const;

  void describe(Provenance& provenance) const;

 private:
  struct List {
    std::string path, sha256;  // no digest: it is missing
  };
  std::vector<List> lists_;
  std::unique_ptr<const re2::RE2> matcher_;
};

}  // namespace ftok
