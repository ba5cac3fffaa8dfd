#include "tokenizer/special_tokens.h"

namespace ftok {

SpecialFinder::SpecialFinder(const std::vector<SpecialToken>& specials) : nodes_(1) {
  for (const SpecialToken& special : specials) {
    uint32_t node = 0;
    for (const char c : special.text) {
      const auto byte = static_cast<unsigned char>(c);
      uint32_t child = nodes_[node].child;
      while (child != 0 && nodes_[child].byte != byte) child = nodes_[child].sibling;
      if (child == 0) {
        child = static_cast<uint32_t>(nodes_.size());
        nodes_.push_back({byte, 0, nodes_[node].child, UINT32_MAX});
        nodes_[node].child = child;
      }
      node = child;
    }
    nodes_[node].id = special.id;
    begins_[static_cast<unsigned char>(special.text[0])] = true;
  }
}

SpecialFinder::Match SpecialFinder::find(std::string_view text, size_t offset) const {
  for (size_t begin = offset; begin < text.size(); ++begin) {
    if (!begins_[static_cast<unsigned char>(text[begin])]) continue;
    Match match;
    uint32_t node = 0;
    for (size_t i = begin; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      node = nodes_[node].child;
      while (node != 0 && nodes_[node].byte != byte) node = nodes_[node].sibling;
      if (node == 0) break;
      if (nodes_[node].id != UINT32_MAX) match = {begin, i + 1 - begin, nodes_[node].id};
    }
    if (match.size != 0) return match;
  }
  return {};
}

}  // namespace ftok
