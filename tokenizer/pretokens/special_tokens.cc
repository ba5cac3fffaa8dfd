#include "tokenizer/pretokens/special_tokens.h"

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
        nodes_.push_back({byte, 0, nodes_[node].child, UINT32_MAX, true});
        nodes_[node].child = child;
      }
      node = child;
    }
    nodes_[node].id = special.id;
    nodes_[node].special = special.special;
    has_plain_ = has_plain_ || !special.special;
    begin_ = static_cast<unsigned char>(special.text[0]);
    begin_bytes_ += begins_[begin_] ? 0 : 1;
    begins_[begin_] = true;
  }
}

// The first place from `offset` on with a byte that begins a special token, or text.size().
size_t SpecialFinder::first_candidate(std::string_view text, size_t offset) const {
  if (begin_bytes_ == 1) {  // nearly all vocabularies: '<'
    const size_t found = text.find(static_cast<char>(begin_), offset);
    return found == std::string_view::npos ? text.size() : found;
  }
  while (offset < text.size() && !begins_[static_cast<unsigned char>(text[offset])]) ++offset;
  return offset;
}

SpecialFinder::Match SpecialFinder::find(std::string_view text, size_t offset) const {
  if (empty()) return {};
  for (size_t begin = first_candidate(text, offset); begin < text.size(); begin = first_candidate(text, begin + 1)) {
    Match match;
    uint32_t node = 0;
    for (size_t i = begin; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      node = nodes_[node].child;
      while (node != 0 && nodes_[node].byte != byte) node = nodes_[node].sibling;
      if (node == 0) break;
      if (nodes_[node].id != UINT32_MAX) match = {begin, i + 1 - begin, nodes_[node].id, nodes_[node].special};
    }
    if (match.size != 0) return match;
  }
  return {};
}

}  // namespace ftok
