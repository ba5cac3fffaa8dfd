#include "extract/output/table_sections.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace ftok::html {

namespace {

constexpr uint32_t kBody = 2;  // beside caption, header and footer

// Where a section stands in its table; kBody for what is none of the three.
uint32_t rank_of(Tag tag) {
  if (tag == Tag::kCaption) return 0;
  if (tag == Tag::kThead) return 1;
  return tag == Tag::kTfoot ? kBody + 1 : kBody;
}

// A table's first section of a kind.
struct Section {
  uint32_t table = 0, rank = 0;
  uint32_t first_block = 0, last_block = 0;
};

bool is_of_same_kind(const Section& a, const Section& b) { return a.table == b.table && a.rank == b.rank; }

// Of all tables, those of one table together, the innermost tables first.
std::vector<Section> sections_of(const PageBlocks& page) {
  std::vector<Section> sections;
  for (const Container& box : page.containers) {
    if (rank_of(box.tag) == kBody || page.containers[box.parent].tag != Tag::kTable) continue;
    sections.push_back({box.parent, rank_of(box.tag), box.first_block, box.last_block});
  }
  std::stable_sort(sections.begin(), sections.end(), [](const Section& a, const Section& b) {
    return a.table != b.table ? a.table > b.table : a.rank < b.rank;
  });
  sections.erase(std::unique(sections.begin(), sections.end(), is_of_same_kind), sections.end());
  return sections;
}

}  // namespace

std::vector<uint32_t> reading_order(const PageBlocks& page) {
  std::vector<uint32_t> order(page.blocks.size());
  std::iota(order.begin(), order.end(), 0U);
  const std::vector<Section> sections = sections_of(page);
  for (auto first = sections.begin(), last = first; first != sections.end(); first = last) {
    last = std::find_if(first, sections.end(), [&](const Section& s) { return s.table != first->table; });
    const auto rank = [&](uint32_t block) {
      const auto section =
          std::find_if(first, last, [&](const Section& s) { return s.first_block <= block && block < s.last_block; });
      return section == last ? kBody : section->rank;
    };
    // What a table holds stands together, also where the tables in it are in order already.
    const Container& table = page.containers[first->table];
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(table.first_block);
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(table.last_block);
    const auto comes_before = [&](uint32_t a, uint32_t b) { return rank(a) < rank(b); };
    if (!std::is_sorted(begin, end, comes_before)) std::stable_sort(begin, end, comes_before);
  }
  return order;
}

}  // namespace ftok::html
