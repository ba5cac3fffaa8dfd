#include "extract/blocks.h"

#include <algorithm>
#include <cstring>

#include "core/unicode.h"
#include "extract/text_run.h"

namespace ftok::html {

namespace {

// What holds for everything below an open element.
struct Frame {
  NodeId node = kNoNode;
  uint32_t container = 0;
  uint32_t ancestors = 0;
  NodeId row = kNoNode, cell = kNoNode;
  uint8_t list_depth = 0;
  uint8_t heading_level = 0;
  uint16_t inline_hints = 0;
  bool keep_white_space = false;
  bool emphasis = false;
  bool is_container = false;
};

bool contains_word(std::string_view text, std::string_view word) {
  return std::search(text.begin(), text.end(), word.begin(), word.end(),
                     [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; }) != text.end();
}

bool style_hides(std::string_view style) {
  const size_t display = style.find("display");
  if (display != std::string_view::npos && contains_word(style.substr(display, 24), "none")) return true;
  const size_t visibility = style.find("visibility");
  return visibility != std::string_view::npos && contains_word(style.substr(visibility, 24), "hidden");
}

uint32_t ancestor_of(Tag tag) {
  switch (tag) {
    case Tag::kArticle: return kInArticle;
    case Tag::kMain: return kInMain;
    case Tag::kNav: case Tag::kMenu: return kInNav;
    case Tag::kHeader: return kInHeader;
    case Tag::kFooter: return kInFooter;
    case Tag::kAside: return kInAside;
    case Tag::kForm: case Tag::kFieldset: case Tag::kSearch: return kInForm;
    case Tag::kTable: return kInTable;
    case Tag::kUl: case Tag::kOl: case Tag::kDir: return kInList;
    case Tag::kFigure: return kInFigure;
    case Tag::kSection: return kInSection;
    case Tag::kBlockquote: return kInQuote;
    case Tag::kDetails: return kInDetails;
    case Tag::kButton: return kInButton;
    case Tag::kA: return kInLink;
    case Tag::kDl: return kInDefinitionList;
    case Tag::kPre: case Tag::kXmp: case Tag::kListing: case Tag::kPlaintext: return kInCode;
    case Tag::kP: return kInParagraph;
    case Tag::kH1: case Tag::kH2: case Tag::kH3: case Tag::kH4: case Tag::kH5: case Tag::kH6: return kInHeading;
    case Tag::kDialog: return kInDialog;
    case Tag::kLabel: case Tag::kLegend: return kInLabel;
    case Tag::kAddress: return kInAddress;
    default: return 0;
  }
}

uint32_t ancestor_of_role(std::string_view role) {
  if (role == "navigation" || role == "menu" || role == "menubar") return kInNav;
  if (role == "main") return kInMain;
  if (role == "article") return kInArticle;
  if (role == "banner") return kInHeader;
  if (role == "contentinfo") return kInFooter;
  if (role == "complementary") return kInAside;
  if (role == "search") return kInForm;
  if (role == "dialog" || role == "alertdialog") return kInDialog;
  return 0;
}

class Cutter {
 public:
  Cutter(const Dom& dom, const BlockOptions& options, PageBlocks& page, bool with_noscript)
      : dom_(dom), options_(options), page_(page), run_(page.text), with_noscript_(with_noscript) {}

  void cut() {
    Container root;
    root.node = Dom::kRoot;
    root.hint_distance.fill(kFar);
    page_.containers.push_back(root);
    Frame frame;
    frame.node = Dom::kRoot;
    frame.is_container = true;
    frames_.push_back(frame);
    run_.begin();
    NodeId id = dom_.next_in_order(Dom::kRoot);
    while (id != kNoNode) {
      ++page_.steps;
      while (frames_.back().node != dom_[id].parent) leave();
      id = visit(id) ? dom_.next_in_order(id) : dom_.next_after_subtree(id);
    }
    while (frames_.size() > 1) leave();
    flush();
    page_.containers[0].last_block = static_cast<uint32_t>(page_.blocks.size());
  }

 private:
  bool visit(NodeId id);
  bool enter(NodeId id, const Node& node);
  void enter_container(NodeId id, const Node& node, Frame& frame, uint16_t hints);
  void leave();
  void flush();
  void measure(Block& block) const;
  void append(std::string_view text);
  void append_math(NodeId id);
  void note_list(Tag tag, NodeId id);

  const Dom& dom_;
  const BlockOptions& options_;
  PageBlocks& page_;
  TextRun run_;
  std::vector<Frame> frames_;
  std::vector<uint32_t> item_numbers_;  // of the open ordered lists; a bullet list is 0
  Block block_;                         // being collected; its sums are those of the run
  std::vector<uint32_t> names_;         // of the element being entered
  bool with_noscript_;
  bool item_starts_ = false;            // a list item was entered and has no block yet
};

void Cutter::append(std::string_view text) {
  const Frame& frame = frames_.back();
  const size_t before = page_.text.size();
  run_.append(text, frame.keep_white_space);
  const uint32_t added = static_cast<uint32_t>(page_.text.size() - before);
  if (added == 0) return;
  page_.steps += text.size();
  block_.ancestors |= frame.ancestors & ~static_cast<uint32_t>(kInHidden | kInLink);
  if ((frame.ancestors & kInHidden) != 0) block_.ancestors |= kInHidden;
  block_.inline_hints = static_cast<uint16_t>(block_.inline_hints | frame.inline_hints);
  if ((frame.ancestors & kInLink) != 0) block_.sums.link_letters += added;
  if (frame.emphasis) block_.emphasis_letters += added;
  block_.heading_level = std::max(block_.heading_level, frame.heading_level);
}

// LaTeX where the page carries it: an annotation, else the alternative text (MathML 3, section 5.4; KaTeX and MathJax write both).
void Cutter::append_math(NodeId math) {
  std::string_view source;
  for (NodeId id = dom_.next_in_order(math, math); id != kNoNode; id = dom_.next_in_order(id, math)) {
    ++page_.steps;
    if (dom_[id].is_element() && dom_[id].tag == Tag::kAnnotation &&
        contains_word(dom_.value(id, AttributeName::kEncoding), "tex")) {
      const NodeId text = dom_[id].first_child;
      if (text != kNoNode && dom_[text].is_text()) source = dom_[text].view();
      break;
    }
  }
  if (source.empty()) source = dom_.value(math, AttributeName::kAlttext);
  if (source.empty()) {  // the plain content
    for (NodeId id = dom_.next_in_order(math, math); id != kNoNode; id = dom_.next_in_order(id, math)) {
      if (dom_[id].is_text()) append(dom_[id].view());
    }
    return;
  }
  append("$");
  append(source);
  append("$");
}

bool Cutter::visit(NodeId id) {
  const Node& node = dom_[id];
  if (node.is_text()) {
    append(node.view());
    return false;
  }
  return node.is_element() && enter(id, node);
}

void Cutter::note_list(Tag tag, NodeId id) {
  if (tag == Tag::kUl || tag == Tag::kOl || tag == Tag::kDir || tag == Tag::kMenu) {
    uint32_t start = 0;
    if (tag == Tag::kOl) {
      start = 1;
      const std::string_view value = dom_.value(id, AttributeName::kStart);
      uint32_t number = 0;
      for (const char c : value.substr(0, 5)) number = c >= '0' && c <= '9' ? number * 10 + static_cast<uint32_t>(c - '0') : 0;
      if (number > 0) start = number;
    }
    item_numbers_.push_back(start);
  } else if (tag == Tag::kLi) {
    item_starts_ = true;
    block_.item_number = 0;
    if (!item_numbers_.empty() && item_numbers_.back() > 0) {
      block_.item_number = static_cast<uint16_t>(std::min<uint32_t>(item_numbers_.back()++, 0xFFFF));
    }
  }
}

// Opens an element; false when its subtree is to be passed over.
bool Cutter::enter(NodeId id, const Node& node) {
  const bool foreign = node.name_space != Namespace::kHtml;
  if (foreign && node.tag == Tag::kMath) {
    append_math(id);
    return false;
  }
  if (node.tag == Tag::kScript && !foreign) {  // MathJax 2 keeps its source in scripts
    if (dom_.value(id, AttributeName::kType).substr(0, 8) == "math/tex" && node.first_child != kNoNode) {
      append("$");
      append(dom_[node.first_child].view());
      append("$");
    }
    return false;
  }
  if (node.tag == Tag::kNoscript && with_noscript_) {
    Frame frame = frames_.back();
    frame.node = id;
    frame.is_container = false;
    frame.ancestors |= kInNoscript;
    enter_container(id, node, frame, 0);
    frames_.push_back(frame);
    return true;
  }
  if (has_flag(node.tag, kUnseen) || foreign) return false;
  if (node.tag == Tag::kBr) {
    if (frames_.back().keep_white_space) {
      append("\n");
    } else {
      run_.line_break();
      ++block_.breaks;
      if (run_.ends_in_blank_line()) flush();
    }
    return false;
  }
  Container& around = page_.containers[frames_.back().container];
  if (node.tag == Tag::kImg) {
    ++around.sums.images;
    if (options_.images) append(dom_.value(id, AttributeName::kAlt));
    return false;
  }
  if (node.tag == Tag::kInput) {
    ++around.sums.inputs;
    return false;
  }
  Frame frame = frames_.back();
  frame.node = id;
  frame.is_container = false;
  frame.ancestors |= ancestor_of(node.tag);
  uint16_t hints = 0;
  names_.clear();
  for (const Attribute* a = dom_.attributes(id); a != nullptr; a = a->last ? nullptr : a + 1) {
    switch (a->id) {
      case AttributeName::kClass: case AttributeName::kId: case AttributeName::kItemprop:
        hints = static_cast<uint16_t>(hints | hints_of(a->value(), names_));
        break;
      case AttributeName::kRole:
        hints = static_cast<uint16_t>(hints | hints_of(a->value(), names_));
        frame.ancestors |= ancestor_of_role(a->value());
        break;
      case AttributeName::kHidden: frame.ancestors |= kInHidden; break;
      case AttributeName::kAriaHidden:
        if (a->value() == "true") frame.ancestors |= kInHidden | kHiddenFromAria;
        break;
      case AttributeName::kStyle:
        if (style_hides(a->value())) frame.ancestors |= kInHidden | kHiddenByStyle;
        break;
      default: break;
    }
  }
  if (has_flag(node.tag, kBlock)) {
    enter_container(id, node, frame, hints);
  } else {
    // A hidden piece of a line (an icon's letter, the visual half of a formula) goes alone, its line stays.
    const bool hides_here = ((frame.ancestors & ~frames_.back().ancestors) & kInHidden) != 0;
    if (hides_here && node.tag != Tag::kUnknown) return false;
    frame.inline_hints = static_cast<uint16_t>(frame.inline_hints | hints);
    if (node.tag == Tag::kA) ++block_.sums.links;
    if (node.tag == Tag::kB || node.tag == Tag::kStrong) frame.emphasis = true;
  }
  frames_.push_back(frame);
  return true;
}

void Cutter::enter_container(NodeId id, const Node& node, Frame& frame, uint16_t hints) {
  flush();
  const uint32_t parent = frame.container;
  Container container;
  container.node = id;
  container.parent = parent;
  container.tag = node.tag;
  container.hints = hints;
  container.ancestors = frame.ancestors;
  container.depth = static_cast<uint16_t>(page_.containers[parent].depth + 1);
  container.first_block = static_cast<uint32_t>(page_.blocks.size());
  container.first_name = static_cast<uint32_t>(page_.names.size());
  page_.names.insert(page_.names.end(), names_.begin(), names_.end());
  container.last_name = static_cast<uint32_t>(page_.names.size());
  uint32_t shape = 2166136261U ^ static_cast<uint32_t>(node.tag);
  for (const char c : dom_.value(id, AttributeName::kClass).substr(0, 64)) {
    shape = (shape ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  container.shape = shape;
  for (size_t h = 0; h < kHintCount; ++h) {
    const uint8_t above = page_.containers[parent].hint_distance[h];
    container.hint_distance[h] = (hints >> h & 1) != 0 ? 0 : static_cast<uint8_t>(std::min<int>(above + 1, kFar));
  }
  ++page_.containers[parent].children;
  frame.container = static_cast<uint32_t>(page_.containers.size());
  frame.is_container = true;
  frame.inline_hints = 0;
  page_.containers.push_back(container);
  if (node.tag >= Tag::kH1 && node.tag <= Tag::kH6) {
    frame.heading_level = static_cast<uint8_t>(static_cast<int>(node.tag) - static_cast<int>(Tag::kH1) + 1);
  }
  if (node.tag == Tag::kPre || node.tag == Tag::kXmp || node.tag == Tag::kListing || node.tag == Tag::kPlaintext) {
    frame.keep_white_space = true;
  }
  if (node.tag == Tag::kTable) frame.row = frame.cell = kNoNode;
  if (node.tag == Tag::kTr) frame.row = id;
  if (node.tag == Tag::kTd || node.tag == Tag::kTh) frame.cell = id;
  if (node.tag == Tag::kUl || node.tag == Tag::kOl || node.tag == Tag::kDir) {
    frame.list_depth = static_cast<uint8_t>(std::min(frame.list_depth + 1, 255));
  }
  note_list(node.tag, id);
}

void Cutter::leave() {
  const Frame frame = frames_.back();
  const Tag tag = dom_[frame.node].tag;
  if (frame.is_container) {
    flush();
    Container& container = page_.containers[frame.container];
    container.last_block = static_cast<uint32_t>(page_.blocks.size());
    page_.containers[container.parent].sums.add(container.sums);
    const bool empty = container.first_block == container.last_block && frame.container + 1 == page_.containers.size();
    if (empty) {
      --page_.containers[container.parent].children;
      page_.names.resize(container.first_name);
      page_.containers.pop_back();
    }
    if (tag == Tag::kUl || tag == Tag::kOl || tag == Tag::kDir || tag == Tag::kMenu) item_numbers_.pop_back();
    if (tag == Tag::kLi) item_starts_ = false;
  } else if (tag == Tag::kA && options_.links) {
    const std::string_view target = dom_.value(frame.node, AttributeName::kHref);
    if (!target.empty() && target[0] != '#' && !run_.empty()) {
      append(" (");
      append(target);
      append(")");
    }
  }
  frames_.pop_back();
}

// Ends the run: a block, when it holds text.
void Cutter::flush() {
  const Frame& frame = frames_.back();
  run_.trim(frame.keep_white_space);
  if (!run_.empty()) {
    block_.text_begin = static_cast<uint32_t>(run_.begin_offset());
    block_.text_size = static_cast<uint32_t>(page_.text.size() - run_.begin_offset());
    block_.container = frame.container;
    block_.row = frame.cell == kNoNode ? kNoNode : frame.row;
    block_.cell = frame.cell;
    block_.list_depth = frame.list_depth;
    block_.starts_item = item_starts_ && frame.list_depth > 0;
    block_.ancestors |= page_.containers[frame.container].ancestors;
    if (frame.keep_white_space) block_.kind = BlockKind::kCode;
    else if (block_.heading_level > 0) block_.kind = BlockKind::kHeading;
    else if (frame.cell != kNoNode) block_.kind = BlockKind::kCell;
    else if (page_.containers[frame.container].tag == Tag::kDt) block_.kind = BlockKind::kTerm;
    else if (page_.containers[frame.container].tag == Tag::kDd) block_.kind = BlockKind::kDefinition;
    else if (page_.containers[frame.container].tag == Tag::kFigcaption) block_.kind = BlockKind::kCaption;
    else if (frame.list_depth > 0) block_.kind = BlockKind::kListItem;
    else if ((block_.ancestors & kInQuote) != 0) block_.kind = BlockKind::kQuote;
    measure(block_);
    page_.containers[frame.container].sums.add(block_.sums);
    page_.blocks.push_back(block_);
    item_starts_ = false;
    block_ = Block();
  } else {
    const uint16_t number = item_starts_ ? block_.item_number : 0;
    block_ = Block();
    block_.item_number = number;
  }
  run_.begin();
}

bool lacks_spaces(char32_t c) {  // scripts written without spaces between words
  return (c >= 0x0E00 && c <= 0x0EFF) || (c >= 0x1000 && c <= 0x109F) || (c >= 0x1780 && c <= 0x17FF) ||
         (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF);
}

void Cutter::measure(Block& block) const {
  const std::string_view text = page_.text_of(block);
  TextSums& sums = block.sums;
  uint32_t dense = 0;
  bool in_word = false;
  for (size_t i = 0; i < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    char32_t code_point = c;
    if (c < 0x80) {
      ++i;
      if (c >= 'A' && c <= 'Z') ++block.uppercase;
      if (c >= '0' && c <= '9') ++block.digits;
      if (c == ',' || c == ';') ++sums.commas;
      if ((c == '.' || c == '!' || c == '?') && (i == text.size() || text[i] == ' ' || text[i] == '\n' || text[i] == '"')) ++sums.sentences;
    } else {
      const Utf8Char decoded = decode_utf8(text, i);
      i += decoded.size;
      code_point = decoded.code_point;
      if (code_point == 0x3001 || code_point == 0xFF0C || code_point == 0x060C) ++sums.commas;
      if (code_point == 0x3002 || code_point == 0xFF01 || code_point == 0xFF1F || code_point == 0x0964 || code_point == 0x061F) {
        ++sums.sentences;
      }
      if (lacks_spaces(code_point)) ++dense;
    }
    ++sums.letters;
    const bool space = code_point == ' ' || code_point == '\n' || code_point == '\t';
    if (!space && !in_word) ++sums.words;
    in_word = !space;
  }
  sums.words += dense / 2;
  sums.letters += dense;
  // Link letters were counted in bytes: brought to the same unit.
  sums.link_letters = static_cast<uint32_t>(uint64_t{std::min(sums.link_letters, block.text_size)} * sums.letters / block.text_size);
  block.emphasis_letters = static_cast<uint32_t>(uint64_t{std::min(block.emphasis_letters, block.text_size)} * sums.letters / block.text_size);
  sums.blocks = 1;
  if (sums.letters >= 80 && sums.link_letters * 3 < sums.letters) sums.paragraph_letters = sums.letters;
}

}  // namespace

namespace {

// Bytes of text in the page's noscript elements. Parsed with scripting off, their content is part of the tree.
size_t noscript_text_size(const Dom& dom, uint64_t& steps) {
  size_t size = 0;
  NodeId id = dom.next_in_order(Dom::kRoot);
  while (id != kNoNode) {
    ++steps;
    if (!dom[id].is_element() || dom[id].tag != Tag::kNoscript) {
      id = dom[id].is_element() && dom[id].tag == Tag::kHead ? dom.next_after_subtree(id) : dom.next_in_order(id);
      continue;
    }
    for (NodeId inner = dom.next_in_order(id, id); inner != kNoNode; inner = dom.next_in_order(inner, id)) {
      ++steps;
      if (dom[inner].is_text()) size += dom[inner].view().size();
    }
    id = dom.next_after_subtree(id);
  }
  return size;
}

}  // namespace

void PageBlocks::clear() {
  text.clear();
  names.clear();
  blocks.clear();
  containers.clear();
  steps = 0;
}

void cut_into_blocks(const Dom& dom, const BlockOptions& options, PageBlocks& page) {
  page.clear();
  Cutter(dom, options, page, false).cut();
  constexpr size_t kScriptPageMax = 4096;   // bytes of text; a page with more speaks for itself
  constexpr size_t kNoscriptTextMin = 400;  // more than "please enable JavaScript" in any language
  if (page.text.size() > kScriptPageMax) return;
  uint64_t steps = page.steps;
  const size_t noscript = noscript_text_size(dom, steps);
  if (noscript >= kNoscriptTextMin && noscript > 2 * page.text.size()) {
    page.clear();
    Cutter(dom, options, page, true).cut();
  }
  page.steps += steps;
}

}  // namespace ftok::html
