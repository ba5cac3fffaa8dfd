#include "extract/content/blocks.h"

#include <algorithm>

#include "extract/content/ancestors.h"
#include "extract/content/code_boxes.h"
#include "extract/content/code_text.h"
#include "extract/content/cut_frame.h"
#include "extract/content/debris.h"
#include "extract/content/element_facts.h"
#include "extract/content/footnotes.h"
#include "extract/content/formula_sources.h"
#include "extract/content/formulas.h"
#include "extract/content/gutters.h"
#include "extract/content/image_text.h"
#include "extract/content/list_numbers.h"
#include "extract/content/mathml_tex.h"
#include "extract/content/measure.h"
#include "extract/content/noscript.h"
#include "extract/content/raised.h"
#include "extract/content/readers_comments.h"
#include "extract/content/text_run.h"
#include "extract/content/unseen_pieces.h"

namespace ftok::html {

namespace {

class Cutter {
 public:
  Cutter(const Dom& dom, const BlockOptions& options, PageBlocks& page, bool with_noscript)
      : dom_(dom),
        options_(options),
        page_(page),
        run_(page.text),
        grid_(page.cells, page.grids),
        unseen_(dom),
        image_text_(dom),
        code_(dom, page, run_),
        has_pre_(dom.has_any(Tag::kPre)),
        with_noscript_(with_noscript) {}

  void cut();

 private:
  bool visit(NodeId id);
  bool enter(NodeId id, const Node& node);
  bool is_code_box(NodeId id, const Node& node, uint16_t kinds, Frame& frame);
  bool enter_noscript(NodeId id, const Node& node);
  bool append_whole(NodeId id, const Node& node);
  Tag tag_by_role(Tag tag, const Frame& around) const;
  void unfold(Frame& frame, bool unfolds) const;
  uint32_t entered(const Frame& frame) const { return frame.ancestors & ~frames_.back().ancestors; }
  bool hides_here(const Frame& frame) const { return (entered(frame) & kInHidden) != 0; }
  bool enter_inline(NodeId id, const Node& node, Frame& frame, uint16_t hints);
  void append_line_break();
  void enter_container(NodeId id, const Node& node, Frame& frame, uint16_t hints);
  void leave();
  void flush();
  void append(std::string_view text);
  void append_code(std::string_view text);
  void append_lines(std::string_view text);
  void append_edge(const Frame& frame, const Frame& around);
  void note_appended(size_t before, size_t source_bytes);
  void append_math(NodeId id);
  void append_formula(std::string_view source, bool displayed);
  void append_image(NodeId id);
  void open_mark(Frame& frame, Tag tag, NodeId id);
  void close_mark(const Frame& frame);
  bool open_raised(Frame& frame, NodeId id);
  bool enter_formula(NodeId id, const Node& node, Frame& frame, uint16_t hints);
  void note_list(Tag tag, NodeId id);
  void note_table(NodeId id, Frame& frame);

  const Dom& dom_;
  const BlockOptions& options_;
  PageBlocks& page_;
  TextRun run_;
  std::vector<Frame> frames_;
  GridBuilder grid_;
  ListNumbers numbers_;
  UnseenPieces unseen_;
  ImageText image_text_;
  CodeText code_;
  const bool has_pre_;
  Block block_;                                  // being collected; its sums are those of the run
  ElementFacts element_;                         // the one being entered
  std::vector<std::string_view> opening_marks_;  // of inline elements that have no text yet
  bool is_for_ears_ = false;                     // the element being entered, by its class
  bool is_code_box_ = false;                     // it holds code, though it is no <pre>
  bool with_noscript_;
  bool item_starts_ = false;  // a list item was entered and has no block yet
  bool in_formula_ = false;   // what is appended is one
};

void Cutter::cut() {
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
  while (id != kNoNode && page_.limit_met == 0) {
    ++page_.steps;
    while (frames_.back().node != dom_[id].parent) leave();
    id = visit(id) ? dom_.next_in_order(id) : dom_.next_after_subtree(id);
  }
  while (frames_.size() > 1) leave();
  flush();
  page_.containers[0].last_block = static_cast<uint32_t>(page_.blocks.size());
}

void Cutter::append(std::string_view text) {
  const size_t before = page_.text.size();
  run_.append(text, frames_.back().keep_white_space);
  note_appended(before, text.size());
}

// What the text that came behind `before`, of so many bytes of the source, makes of the block.
void Cutter::note_appended(size_t before, size_t source_bytes) {
  const Frame& frame = frames_.back();
  const uint32_t added = static_cast<uint32_t>(page_.text.size() - before);
  if (added == 0) return;
  page_.steps += source_bytes;
  if (!opening_marks_.empty()) {
    const size_t first = before + (before < page_.text.size() && page_.text[before] == ' ' ? 1 : 0);
    for (const std::string_view mark : opening_marks_)
      page_.marks.push_back({static_cast<uint32_t>(first), true, mark, {}});
    opening_marks_.clear();
  }
  block_.ancestors |= frame.ancestors & ~static_cast<uint32_t>(kInHidden | kInLink);
  if ((frame.ancestors & kInHidden) != 0) block_.ancestors |= kInHidden;
  block_.inline_hints = static_cast<uint16_t>(block_.inline_hints | frame.inline_hints);
  if ((frame.ancestors & kInLink) != 0) block_.sums.link_letters += added;
  if (frame.emphasis) block_.emphasis_letters += added;
  if (in_formula_ || frame.is_formula) block_.formula_bytes += added;
  block_.heading_level = std::max(block_.heading_level, frame.heading_level);
  block_.role_level = std::max(block_.role_level, frame.role_level);
}

void Cutter::append_formula(std::string_view source, bool displayed) {
  in_formula_ = true;
  append(displayed ? "$$" : "$");
  const size_t end_of_mark = page_.text.size();
  append(source);
  append(displayed ? "$$" : "$");
  in_formula_ = false;
  if (!options_.markdown || end_of_mark == 0) return;
  const size_t begin = end_of_mark - (displayed ? 2 : 1);
  page_.marks.push_back({static_cast<uint32_t>(begin), true, "$", {}});
  page_.marks.push_back({static_cast<uint32_t>(page_.text.size()), false, "$", {}});
}

void Cutter::append_math(NodeId math) {
  std::string source = tex_of(dom_, math, page_.steps);
  if (source.empty()) source = tex_of_mathml(dom_, math, page_.steps);
  if (!source.empty()) append_formula(source, dom_.value(math, AttributeName::kDisplay) == "block");
}

void Cutter::append_image(NodeId id) {
  const std::string source = tex_of_image(dom_, id, page_.steps);
  if (!source.empty()) return append_formula(source, false);
  if (options_.images) return append(dom_.value(id, AttributeName::kAlt));
  append(image_text_.of(id, frames_.back().cell, !run_.empty(), page_.steps));
}

// Marks are told apart from text that may yet not come: an opening one waits for the first letter.
void Cutter::open_mark(Frame& frame, Tag tag, NodeId id) {
  frame.closing_mark = frame.link = {};
  if (frame.keep_white_space) return;
  if (tag == Tag::kA && options_.markdown && is_footnote_link(dom_, id)) {
    frame.closing_mark = "]";
    opening_marks_.push_back("[^");
  } else if (tag == Tag::kA && options_.links) {
    const std::string_view target = dom_.value(id, AttributeName::kHref);
    if (target.empty() || target[0] == '#' || is_script_address(target)) return;
    frame.link = target;
    frame.closing_mark = options_.markdown ? "](" : " (";
    if (options_.markdown) opening_marks_.push_back("[");
  } else if (options_.markdown && frame.heading_level + frame.role_level == 0) {
    if (tag == Tag::kB || tag == Tag::kStrong) frame.closing_mark = "**";
    else if (tag == Tag::kI || tag == Tag::kEm) frame.closing_mark = "*";
    else if (tag == Tag::kCode || tag == Tag::kKbd || tag == Tag::kSamp) frame.closing_mark = "`";
    if (!frame.closing_mark.empty()) opening_marks_.push_back(frame.closing_mark);
  }
}

void Cutter::close_mark(const Frame& frame) {
  if (frame.closing_mark.empty()) return;
  const bool opened = options_.markdown || frame.link.empty();
  if (opened && !opening_marks_.empty()) {  // no letter came: the mark goes
    opening_marks_.pop_back();
    // The plain layout has the address all the same.
    if (!frame.link.empty() && !run_.empty())
      page_.marks.push_back({static_cast<uint32_t>(page_.text.size()), false, " (", frame.link});
    return;
  }
  if (run_.empty()) return;
  page_.marks.push_back({static_cast<uint32_t>(page_.text.size()), false, frame.closing_mark, frame.link});
}

void Cutter::append_code(std::string_view text) {
  const Frame& frame = frames_.back();
  if (code_.is_space_between_lines(frame, text)) return;
  const size_t before = page_.text.size();
  if (frame.folds_breaks) code_.append(text);
  else run_.append(text, true);
  note_appended(before, text.size());
}

void Cutter::append_lines(std::string_view text) {
  for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    append(text.substr(0, end));
    append_line_break();
    text.remove_prefix(end + 1);
  }
  append(text);
}

// Where an inline element begins and ends that its style makes a box.
void Cutter::append_edge(const Frame& frame, const Frame& around) {
  if (frame.keep_white_space) return;
  if ((frame.styled & kOwnLine) != 0) run_.own_line();
  else if ((frame.styled & kOwnCell) != 0 || (around.styled & kOfBoxes) != 0) append(" ");
}

bool Cutter::visit(NodeId id) {
  const Node& node = dom_[id];
  if (node.is_text()) {
    if (frames_.back().keep_white_space) append_code(node.view());
    else if (frames_.back().keeps_lines) append_lines(node.view());
    else append(node.view());
    return false;
  }
  return node.is_element() && enter(id, node);
}

// Signs that keep a number apart from what is raised above it. False where they stand for it.
bool Cutter::open_raised(Frame& frame, NodeId id) {
  const RaisedSigns signs = signs_of_raised(dom_, id, run_.adjacent());
  if (!signs.open.empty()) append(signs.open);
  frame.closing_text = signs.close;
  return !signs.replaces;
}

void Cutter::note_list(Tag tag, NodeId id) {
  if (is_list(tag)) {
    numbers_.open(dom_, id, page_.steps);
  } else if (tag == Tag::kLi) {
    item_starts_ = true;
    block_.is_numbered = numbers_.next(dom_.value(id, AttributeName::kValue), block_.item_number);
    block_.is_footnote = block_.is_numbered && is_footnote_item(dom_, id);
  }
}

void Cutter::note_table(NodeId id, Frame& frame) {
  switch (frame.tag) {
    case Tag::kTable:
      frame.row = frame.cell = kNoNode;
      frame.grid_cell = kNoCell;
      frame.in_role_table = dom_[id].tag != Tag::kTable;
      grid_.open_table(frames_.back().grid_cell);
      break;
    case Tag::kThead:
    case Tag::kTbody:
    case Tag::kTfoot: grid_.open_row_group(); break;
    case Tag::kTr:
      frame.row = id;
      grid_.open_row();
      break;
    case Tag::kTd:
    case Tag::kTh:
      frame.cell = id;
      frame.is_header_cell = frame.tag == Tag::kTh;
      frame.grid_cell =
          grid_.open_cell(dom_.value(id, AttributeName::kColspan), dom_.value(id, AttributeName::kRowspan));
      break;
    default: break;
  }
}

// Opens an element; false when its subtree is to be passed over.
bool Cutter::enter(NodeId id, const Node& node) {
  if (node.tag == Tag::kNoscript && with_noscript_) return enter_noscript(id, node);
  if (append_whole(id, node)) return false;
  Frame frame = frames_.back();
  frame.node = id;
  frame.is_container = false;
  frame.is_code_line = frame.is_code_line && !has_flag(node.tag, kBlock);
  frame.ends_code_line = false;
  frame.closing_text = {};
  element_.read(dom_, id);
  frame.styled = element_.styled;
  if ((frame.styled & (kKeepsLines | kFoldsLines)) != 0) frame.keeps_lines = (frame.styled & kKeepsLines) != 0;
  frame.tag = tag_by_role(node.tag, frame);
  frame.ancestors |= ancestor_of(node.tag) | (frame.tag == node.tag ? 0U : kInRoleTable);
  const uint16_t hints = element_.hints;
  frame.ancestors |= element_.ancestors;
  if (node.tag == Tag::kDialog && dom_.find(id, AttributeName::kOpen) == nullptr) frame.ancestors |= kInHidden;
  page_.has_thread_type = page_.has_thread_type || element_.has_thread_type;
  if (node.tag == Tag::kA && !element_.is_link)
    frame.ancestors &= frames_.back().ancestors | ~static_cast<uint32_t>(kInLink);
  const uint16_t kinds = box_kinds_of(element_.names);
  is_for_ears_ = (kinds & kForEars) != 0;
  if (is_for_ears_ && page_.containers[frame.container].tag == Tag::kFigcaption) return false;
  if ((kinds & (kPostText | kQuotes | kPosters)) != 0) frame.ancestors = in_box_of_forum(frame.ancestors, kinds);
  is_code_box_ = !frame.keep_white_space && is_code_box(id, node, kinds, frame);
  if ((kinds & kComments) != 0 || is_element_of_comments(node)) frame.ancestors |= kInComments;
  if (!frame.looked_for_numbers && (node.tag == Tag::kTd || (kinds & kLineNumbers) != 0)) {
    const bool named = (kinds & kLineNumbers) != 0 && is_named_gutter(dom_.value(id, AttributeName::kClass));
    if (named && holds_line_numbers(dom_, id, page_.steps)) return false;
    if (node.tag == Tag::kTd && stands_before_code(dom_, id, page_.steps)) return false;
    frame.looked_for_numbers = named;
  }
  if (frame.keep_white_space && code_.is_no_code(frames_.back(), id, page_.steps)) return false;
  unfold(frame, (kinds & kUnfolds) != 0);
  if (((kinds & kFormulas) != 0 || node.tag == Tag::kPre || node.tag == Tag::kUnknown) && !frame.keep_white_space &&
      enter_formula(id, node, frame, hints))
    return false;
  const bool is_hidden_box = node.tag == Tag::kUnknown && hides_here(frame) && !is_piece_of_line(dom_, id);
  if (frame.keep_white_space && has_flag(node.tag, kBlock) && code_.enter_line(frames_.back(), frame, node.tag)) {
    frames_.push_back(frame);
    return true;
  }
  if (has_flag(frame.tag, kBlock) || is_hidden_box || is_code_box_) {
    enter_container(id, node, frame, hints);
  } else if (!enter_inline(id, node, frame, hints)) {
    return false;
  }
  frames_.push_back(frame);
  return true;
}

// An element whose text is a formula's source: it is written here, a box of its own as a block. False for others.
bool Cutter::enter_formula(NodeId id, const Node& node, Frame& frame, uint16_t hints) {
  if (hides_here(frame)) return false;
  const FormulaSource formula = formula_of_element(dom_, id, page_.steps);
  if (formula.tex.empty()) return false;
  if (has_flag(node.tag, kBlock)) {
    frame.ancestors &= ~static_cast<uint32_t>(kInCode);
    enter_container(id, node, frame, hints);
    frame.keep_white_space = false;
    frames_.push_back(frame);
  }
  append_formula(formula.tex, formula.displayed);
  return true;
}

bool Cutter::enter_noscript(NodeId id, const Node& node) {
  Frame frame = frames_.back();
  frame.node = id;
  frame.is_container = false;
  frame.closing_text = {};
  frame.tag = node.tag;
  frame.ancestors |= kInNoscript;
  enter_container(id, node, frame, 0);
  frames_.push_back(frame);
  return true;
}

// Elements that are not walked into: formulas, line breaks, images, fields, and those of no text. True when this is
// one; what it shows has been appended.
bool Cutter::append_whole(NodeId id, const Node& node) {
  const bool foreign = node.name_space != Namespace::kHtml;
  if (foreign && node.tag == Tag::kMath) {
    append_math(id);
    return true;
  }
  if (node.tag == Tag::kScript && !foreign) {
    const FormulaSource formula = formula_of_script(dom_, id, page_.steps);
    if (!formula.tex.empty()) append_formula(formula.tex, formula.displayed);
    return true;
  }
  if (has_flag(node.tag, kUnseen) || foreign) return node.tag != Tag::kTextarea || !is_field_of_code(dom_, id);
  switch (node.tag) {
    case Tag::kBr: append_line_break(); return true;
    case Tag::kImg:
      ++page_.containers[frames_.back().container].sums.images;
      append_image(id);
      return true;
    case Tag::kInput: ++page_.containers[frames_.back().container].sums.inputs; return true;
    default: return false;
  }
}

void Cutter::append_line_break() {
  if (frames_.back().keep_white_space) return code_.line_break(frames_.back());
  run_.line_break();
  ++block_.breaks;
  if (run_.ends_in_blank_line()) flush();
}

// The parts of a table by its role are those below it: no row stands alone.
Tag Cutter::tag_by_role(Tag tag, const Frame& around) const {
  const bool is_part = element_.tag != Tag::kUnknown && (around.in_role_table || element_.tag == Tag::kTable);
  return is_part && takes_its_role(tag) ? element_.tag : tag;
}

// What is hidden in or near a box that readers unfold is not hidden from them.
void Cutter::unfold(Frame& frame, bool unfolds) const {
  constexpr uint8_t kFoldLevels = 3;
  frame.fold_distance = unfolds ? 0 : static_cast<uint8_t>(std::min<int>(frame.fold_distance + 1, kFar));
  if (hides_here(frame) && frame.fold_distance <= kFoldLevels) {
    frame.ancestors = (frame.ancestors & ~static_cast<uint32_t>(kInHidden)) | kFolded;
  }
}

bool Cutter::enter_inline(NodeId id, const Node& node, Frame& frame, uint16_t hints) {
  // A hidden piece of a line (an icon's letter, the visual half of a formula) goes alone, its line stays.
  if (hides_here(frame)) {
    const NodeId formula = formula_below(dom_, id);
    if (formula != kNoNode) append_math(formula);
    const bool is_drawing = is_drawing_alone(dom_, id, entered(frame));
    if (!is_drawing && !is_shown_alone(dom_, id)) return false;
    frame.ancestors &= frames_.back().ancestors | ~static_cast<uint32_t>(kInHidden | kHiddenFromAria);
    frame.is_formula = is_drawing;
  }
  if (node.tag == Tag::kSpan && is_drawn_from_script(dom_, id)) return false;
  if (!frame.keep_white_space && unseen_.has(id, is_for_ears_, page_.steps)) return false;
  if (node.tag == Tag::kSpan && is_no_text(dom_.value(id, AttributeName::kClass))) return false;
  if (node.tag == Tag::kButton && frame.heading_level > 0 && !run_.empty()) return false;  // beside a heading's text
  if (node.tag == Tag::kA &&
      (is_permalink(dom_, id) || is_footnote_return(dom_, id) ||
       (page_.containers[frame.container].tag == Tag::kFigcaption && is_link_to_listing(dom_, id))))
    return false;
  frame.inline_hints = static_cast<uint16_t>(frame.inline_hints | hints);
  if (node.tag == Tag::kA && element_.is_link) ++block_.sums.links;
  if ((node.tag == Tag::kRt || node.tag == Tag::kRtc) && is_reading(dom_, id)) return false;
  if ((node.tag == Tag::kSup || node.tag == Tag::kSub) && !frame.keep_white_space && !open_raised(frame, id))
    return false;
  if (node.tag == Tag::kB || node.tag == Tag::kStrong) frame.emphasis = true;
  append_edge(frame, frames_.back());
  open_mark(frame, node.tag, id);
  return true;
}

// Whether an element that is no <pre> holds code.
bool Cutter::is_code_box(NodeId id, const Node& node, uint16_t kinds, Frame& frame) {
  if ((kinds & (kCodeLines | kCodeText)) != 0)
    frame.highlighter = std::max<uint8_t>(frame.highlighter, (kinds & kCodeText) != 0 ? 2 : 1);
  if (frame.highlighter != 0 && is_box_of_lines(dom_, id, frame.highlighter == 2, page_.steps)) return true;
  switch (node.tag) {
    case Tag::kDiv: return has_pre_ && is_box_of_pres(dom_, id, page_.steps);
    case Tag::kCode: return is_code_alone(dom_, id, page_.steps);
    case Tag::kTextarea: return true;  // one that shows code: no other comes here
    default: return false;
  }
}

void Cutter::enter_container(NodeId id, const Node& node, Frame& frame, uint16_t hints) {
  flush();
  const uint32_t parent = frame.container;
  const std::array<uint8_t, kHintCount> above = page_.containers[parent].hint_distance;
  const uint16_t depth = page_.containers[parent].depth;
  ++page_.containers[parent].children;
  frame.container = static_cast<uint32_t>(page_.containers.size());
  Container& container = page_.containers.emplace_back();
  if (page_.containers.size() > kContainersMax) page_.limit_met = kContainersMax;
  container.node = id;
  container.parent = parent;
  container.tag = node.tag;
  container.part = frame.tag;
  container.hints = hints;
  container.ancestors = frame.ancestors;
  container.depth = static_cast<uint16_t>(depth + 1);
  container.first_block = static_cast<uint32_t>(page_.blocks.size());
  container.first_name = static_cast<uint32_t>(page_.names.size());
  page_.names.insert(page_.names.end(), element_.names.begin(), element_.names.end());
  container.last_name = static_cast<uint32_t>(page_.names.size());
  container.shape = (element_.class_hash ^ static_cast<uint32_t>(node.tag)) * 16777619U;
  for (size_t h = 0; h < kHintCount; ++h)
    container.hint_distance[h] = std::min<uint8_t>(static_cast<uint8_t>(above[h] + 1), kFar);
  for (uint32_t left = hints; left != 0; left &= left - 1)
    container.hint_distance[static_cast<size_t>(__builtin_ctz(left))] = 0;
  frame.is_container = true;
  frame.inline_hints = 0;
  frame.closing_mark = frame.link = {};
  if (node.tag >= Tag::kH1 && node.tag <= Tag::kH6) {
    frame.heading_level = static_cast<uint8_t>(static_cast<int>(node.tag) - static_cast<int>(Tag::kH1) + 1);
  } else if (element_.is_heading) {
    frame.role_level = heading_level_of(dom_, id);
  }
  if (is_code_box_ || CodeText::may_open(node.tag)) code_.open(id, is_code_box_, frame);
  if (node.tag == Tag::kTable && leads_within_page(dom_, frames_.back().node))
    frame.ancestors &= ~static_cast<uint32_t>(kInLink);
  if (!frame.is_code_table) note_table(id, frame);
  if (is_list(frame.tag)) {
    frame.list_depth = static_cast<uint8_t>(std::min(frame.list_depth + 1, 255));
  }
  note_list(frame.tag, id);
}

void Cutter::leave() {
  const Frame& frame = frames_.back();
  const Tag tag = frame.tag;
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
    if (is_list(tag)) numbers_.close();
    if (tag == Tag::kTable && !frame.is_code_table) grid_.close_table();
    if (tag == Tag::kLi) item_starts_ = false;
  } else {
    if (!frame.closing_text.empty()) append(frame.closing_text);
    close_mark(frame);
    append_edge(frame, frames_[frames_.size() - 2]);
    if (frame.ends_code_line) code_.end_line(frame);
  }
  frames_.pop_back();
}

// Ends the run: a block, when it holds text.
void Cutter::flush() {
  const Frame& frame = frames_.back();
  opening_marks_.clear();
  const auto text = [&] { return std::string_view(page_.text).substr(run_.begin_offset()); };
  const DebrisSigns signs = frame.keep_white_space ? DebrisSigns() : debris_signs_of(text());
  if (signs.has_bracket) remove_shortcodes(page_, run_.begin_offset());
  run_.trim(frame.keep_white_space);
  if (frame.keep_white_space) code_.tidy(frame);
  if (is_debris(text(), signs)) page_.text.resize(run_.begin_offset());
  for (size_t i = page_.marks.size(); i-- > 0 && page_.marks[i].at > page_.text.size();) {
    page_.marks[i].at = static_cast<uint32_t>(page_.text.size());
  }
  if (!run_.empty() && page_.blocks.size() == kBlocksMax) page_.limit_met = kBlocksMax;
  if (!run_.empty() && page_.limit_met == 0) {
    block_.text_begin = static_cast<uint32_t>(run_.begin_offset());
    block_.text_size = static_cast<uint32_t>(page_.text.size() - run_.begin_offset());
    block_.container = frame.container;
    block_.row = frame.cell == kNoNode ? kNoNode : frame.row;
    block_.cell = frame.cell;
    block_.grid_cell = frame.grid_cell;
    block_.is_header_cell = frame.is_header_cell;
    block_.list_depth = frame.list_depth;
    block_.starts_item = item_starts_ && frame.list_depth > 0;
    block_.ancestors |= page_.containers[frame.container].ancestors;
    if (frame.keep_white_space) block_.kind = BlockKind::kCode, block_.code_language = frame.code_language;
    else if (block_.heading_level > 0) block_.kind = BlockKind::kHeading;
    else if (frame.cell != kNoNode && !frame.in_role_table) block_.kind = BlockKind::kCell;
    else if (page_.containers[frame.container].tag == Tag::kDt) block_.kind = BlockKind::kTerm;
    else if (page_.containers[frame.container].tag == Tag::kDd) block_.kind = BlockKind::kDefinition;
    else if (page_.containers[frame.container].tag == Tag::kFigcaption) block_.kind = BlockKind::kCaption;
    else if (frame.list_depth > 0) block_.kind = BlockKind::kListItem;
    else if ((block_.ancestors & kInQuote) != 0) block_.kind = BlockKind::kQuote;
    measure(page_.text_of(block_), block_);
    page_.containers[frame.container].sums.add(block_.sums);
    page_.blocks.push_back(block_);
    item_starts_ = false;
    block_ = Block();
  } else {
    const int32_t number = block_.item_number;
    const bool numbered = item_starts_ && block_.is_numbered, footnote = block_.is_footnote;
    block_ = Block();
    if (numbered) block_.item_number = number, block_.is_numbered = true, block_.is_footnote = footnote;
  }
  run_.begin();
}

}  // namespace

void cut_into_blocks(const Dom& dom, const BlockOptions& options, PageBlocks& page) {
  page.clear();
  Cutter(dom, options, page, false).cut();
  constexpr size_t kScriptPageMax = 4096;   // bytes of text; a page with more speaks for itself
  constexpr size_t kNoscriptTextMin = 400;  // more than "please enable JavaScript" in any language
  if (page.text.size() > kScriptPageMax) return;
  uint64_t steps = page.steps;
  const size_t noscript = dom.has_any(Tag::kNoscript) ? noscript_text_size(dom, steps) : 0;
  if (noscript >= kNoscriptTextMin && noscript > 2 * page.text.size()) {
    page.clear();
    Cutter(dom, options, page, true).cut();
  }
  page.steps += steps;
}

}  // namespace ftok::html
