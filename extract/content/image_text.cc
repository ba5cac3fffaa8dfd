#include "extract/content/image_text.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include "core/ascii.h"
#include "extract/content/ancestors.h"

namespace ftok::html {

namespace {

bool is_blank_text(const Node& node) { return node.is_text() ? trim(node.view()).empty() : !node.is_element(); }

// "photo.jpg", "icon_2", "/img/tick": what a program wrote.
bool names_a_file(std::string_view text) {
  static constexpr std::string_view kEndings[] = {".bmp", ".gif", ".ico", ".jpeg", ".jpg", ".png", ".svg", ".webp"};
  const auto ends = [&](std::string_view ending) {
    return text.size() > ending.size() && contains_word(text.substr(text.size() - ending.size()), ending);
  };
  if (text.find('_') != std::string_view::npos || text.find('/') != std::string_view::npos) return true;
  if (std::any_of(std::begin(kEndings), std::end(kEndings), ends)) return true;
  const bool has_digit = std::any_of(text.begin(), text.end(), is_digit);
  return has_digit && text.find('-') != std::string_view::npos && text.find(' ') == std::string_view::npos;
}

// Says what the image is, not what it means.
bool names_an_image(std::string_view text) {
  static constexpr std::string_view kWords[] = {"arrow", "banner", "bullet", "button",  "click", "graphic",
                                                "icon",  "image",  "img",    "logo",    "photo", "picture",
                                                "pixel", "spacer", "thumb",  "external"};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](std::string_view word) { return contains_word(text, word); });
}

// A few words that stand for the image; a longer text describes a picture.
bool may_be_said(std::string_view text) {
  constexpr size_t kBytesMax = 40;
  constexpr std::ptrdiff_t kSpacesMax = 4;
  return !text.empty() && text.size() <= kBytesMax && std::count(text.begin(), text.end(), ' ') <= kSpacesMax &&
         !names_a_file(text) && !names_an_image(text);
}

// Of a sign's size, as far as its attributes say one.
bool is_small(const Dom& dom, NodeId image) {
  constexpr int kPixelsMax = 64;
  for (const Attribute* a = dom.attributes(image); a != nullptr; a = a->last ? nullptr : a + 1) {
    if (a->name() != "width" && a->name() != "height") continue;
    int pixels = 0;
    for (const char c : a->value().substr(0, 4)) {
      if (!is_digit(c)) break;
      pixels = pixels * 10 + (c - '0');
    }
    if (pixels > kPixelsMax) return false;
  }
  return true;
}

bool leads_to_a_picture(const Dom& dom, NodeId link) {
  const std::string_view address = dom.value(link, AttributeName::kHref);
  return names_a_file(address.substr(address.rfind('/') + 1)) &&
         (contains_word(address, ".jpg") || contains_word(address, ".png") || contains_word(address, ".gif") ||
          contains_word(address, ".jpeg") || contains_word(address, ".webp"));
}

// Whether `top` holds `image`, and besides it only white space and elements that hold nothing else.
bool is_all_of(const Dom& dom, NodeId image, NodeId top, uint64_t& steps) {
  constexpr int kLevelsMax = 4;
  NodeId at = image;
  for (int level = 0; level < kLevelsMax && at != top; ++level, at = dom[at].parent) {
    for (NodeId other : {dom[at].previous, dom[at].next}) {
      ++steps;
      if (other == kNoNode) continue;
      const NodeId beyond = other == dom[at].next ? dom[other].next : dom[other].previous;
      if (!is_blank_text(dom[other]) || beyond != kNoNode) return false;
    }
  }
  return at == top;
}

// Whether a node is text with a letter in it: a no-break space and the signs of Latin-1 are none.
bool has_words(const Dom& dom, NodeId id) {
  constexpr unsigned char kLeadMin = 0xC3;  // of the letters beyond ASCII
  if (id == kNoNode || !dom[id].is_text()) return false;
  const std::string_view text = dom[id].view();
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return is_alpha(c) || static_cast<unsigned char>(c) >= kLeadMin; });
}

NodeId first_image(const Dom& dom, NodeId cell) {
  constexpr int kNodesMax = 6;
  NodeId id = dom.next_in_order(cell, cell);
  for (int seen = 0; id != kNoNode && seen < kNodesMax; ++seen, id = dom.next_in_order(id, cell)) {
    if (dom[id].is(Tag::kImg)) return id;
  }
  return kNoNode;
}

constexpr uint32_t kColumnsMax = 24;  // of a row, those that are looked at

// How a row of a table is made up of cells of words and cells of one sign each.
struct RowOfSigns {
  std::array<std::string_view, kColumnsMax> signs;  // "" for other cells
  uint32_t words = 0;                               // cells of words, as bits
  int sign_count = 0, word_count = 0;
  bool has_header = false, is_layout = false;  // it holds more than a few words

  bool compares() const { return !is_layout && sign_count > 0 && word_count > 0; }
};

RowOfSigns read_row(const Dom& dom, NodeId row, uint64_t& steps) {
  constexpr int kNodesMax = 8;
  constexpr size_t kBytesMax = 120;  // of a cell
  RowOfSigns found;
  uint32_t column = 0;
  for (NodeId cell = dom.first_element(row); cell != kNoNode && column < kColumnsMax; cell = dom.next_element(cell)) {
    found.has_header = found.has_header || dom[cell].is(Tag::kTh);
    const uint32_t at = column++;
    const NodeId image = first_image(dom, cell);
    if (image != kNoNode && is_all_of(dom, image, cell, steps)) {
      const std::string_view text = trim(dom.value(image, AttributeName::kAlt));
      if (may_be_said(text)) found.signs[at] = text, ++found.sign_count;
      continue;
    }
    size_t bytes = 0;
    int nodes = 0;
    for (NodeId id = dom.next_in_order(cell, cell); id != kNoNode; id = dom.next_in_order(id, cell)) {
      ++steps;
      if (dom[id].is_text()) bytes += trim(dom[id].view()).size();
      found.is_layout = found.is_layout || ++nodes > kNodesMax || bytes > kBytesMax || dom[id].is(Tag::kTable);
      if (found.is_layout) return found;
    }
    found.word_count += bytes > 0;
    found.words |= bytes > 0 ? 1U << at : 0U;
  }
  return found;
}

// Whether a cell of the row, of those that read_row looks at, has a text in its words: the name of the thing shown.
bool says_it_in_words(const Dom& dom, NodeId row, std::string_view text, uint64_t& steps) {
  constexpr int kNodesMax = 200;
  const std::string lower = lower_ascii(text);
  int nodes = 0;
  for (NodeId id = dom.next_in_order(row, row); id != kNoNode && nodes < kNodesMax; id = dom.next_in_order(id, row)) {
    ++nodes;
    ++steps;
    if (dom[id].is_text() && contains_word(dom[id].view(), lower)) return true;
  }
  return false;
}

}  // namespace

ImageText::Rows ImageText::read_rows(NodeId section, uint64_t& steps) const {
  Rows rows;
  const NodeId table = dom_[section].is(Tag::kTable) ? section : dom_[section].parent;
  const NodeId head = dom_.first_element(table);
  bool has_header = head != kNoNode && dom_[head].is(Tag::kThead);
  RowOfSigns first;
  for (NodeId row = dom_.first_element(section); row != kNoNode; row = dom_.next_element(row)) {
    const RowOfSigns signs = read_row(dom_, row, steps);
    has_header = has_header || signs.has_header;
    if (signs.is_layout || (signs.sign_count == 0 && signs.word_count < 2)) continue;
    rows.count += signs.compares() ? 1 : 0;
    if (rows.count == 1 && signs.compares()) first = signs;
    for (uint32_t k = 0; rows.count > 0 && k < kColumnsMax; ++k) {
      if (signs.signs[k] != first.signs[k]) rows.columns_that_say |= 1U << k;
    }
  }
  if (has_header) rows.columns_that_say |= ~(first.words >> 1);
  return rows;
}

// Rows of signs come together, each with words: a table that compares. A column whose rows all have the same sign is
// one of bullets, unless a header says what it tells and no words follow.
bool ImageText::says_something_in(NodeId cell, uint64_t& steps) {
  const NodeId row = dom_[cell].parent;
  const NodeId section = dom_[row].parent;
  auto rows = rows_.find(section);
  if (rows == rows_.end()) rows = rows_.emplace(section, read_rows(section, steps)).first;
  if (rows->second.count < 2) return false;
  if (row != row_) row_ = row, row_compares_ = read_row(dom_, row, steps).compares();
  if (!row_compares_) return false;
  uint32_t column = 0;
  for (NodeId id = dom_.first_element(row); id != cell; id = dom_.next_element(id)) {
    ++steps;
    if (++column == kColumnsMax) return false;
  }
  return (rows->second.columns_that_say >> column & 1) != 0;
}

std::string_view ImageText::of(NodeId image, NodeId cell, bool behind_text, uint64_t& steps) {
  const NodeId parent = dom_[image].parent;
  const bool in_link = behind_text && dom_[parent].is(Tag::kA);
  if (cell == kNoNode && !in_link) return {};
  const std::string_view text = trim(dom_.value(image, AttributeName::kAlt));
  if (!may_be_said(text) || !is_small(dom_, image)) return {};
  const std::string_view role = dom_.value(image, AttributeName::kRole);
  if (role == "presentation" || role == "none" || dom_.value(image, AttributeName::kAriaHidden) == "true") return {};
  if (cell != kNoNode && is_all_of(dom_, image, cell, steps)) {
    const NodeId row = dom_[cell].parent;
    if (dom_[parent].is(Tag::kA) && leads_to_a_picture(dom_, parent)) return {};
    return says_something_in(cell, steps) && !says_it_in_words(dom_, row, text, steps) ? text : std::string_view();
  }
  if (!in_link || !is_all_of(dom_, image, parent, steps) || leads_to_a_picture(dom_, parent)) return {};
  return has_words(dom_, dom_[parent].previous) && has_words(dom_, dom_[parent].next) ? text : std::string_view();
}

}  // namespace ftok::html
