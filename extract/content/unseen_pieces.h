// Pieces of a line that readers do not see and that no attribute hides outright: words for those who hear a link
// ("opens in a new window"), by the class that sites give them, by a rule of the page's own style sheet, or by a style
// that leaves nothing of them to see.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "extract/html/dom.h"

namespace ftok::html {

class UnseenPieces {
 public:
  explicit UnseenPieces(const Dom& dom) : dom_(dom) {}

  // Whether an inline element stands behind words of its sentence, or in its link, is short and not seen.
  // `is_for_ears`: one of its classes says so (kForEars of hints.h).
  bool has(NodeId id, bool is_for_ears, uint64_t& steps);

 private:
  bool stands_behind_words(NodeId id) const;
  bool is_beside_words_of_link(NodeId id) const;
  bool is_hidden_by_sheets(NodeId id, uint64_t& steps);
  bool is_hidden_name(char sign, std::string_view name, uint64_t& steps);
  void find_sheets(uint64_t& steps);
  void read_sheet(std::string_view sheet);
  void read_rule(std::string_view selectors, std::string_view declarations);

  const Dom& dom_;
  bool has_found_sheets_ = false, has_read_ = false;
  std::vector<std::string_view> sheets_;
  std::map<std::string, bool> asked_;  // selectors, and whether they hide
  std::set<std::string_view> hidden_;  // selectors: ".name", "#name"
};

}  // namespace ftok::html
