#include "extract/html/tree_builder.h"
#include "core/ascii.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace ftok::html {

namespace {

bool is_table_context(Tag tag) {
  return tag == Tag::kTable || tag == Tag::kTbody || tag == Tag::kTfoot || tag == Tag::kThead || tag == Tag::kTr;
}

}  // namespace

TreeBuilder::TreeBuilder(std::string_view html, const ParseLimits& limits, const TreeOptions& options, Dom& dom)
    : dom_(dom), limits_(limits), options_(options), tokenizer_(html, limits, dom), input_bytes_(html.size()) {
  constexpr uint64_t kStepsPerByte = 8, kStepsAtLeast = 1000000;
  steps_max_ = kStepsAtLeast + kStepsPerByte * html.size();
  constexpr uint64_t kNodesAtLeast = 10000;
  limits_.nodes_max = static_cast<uint32_t>(std::min<uint64_t>(limits.nodes_max, kNodesAtLeast + html.size() / 4));
  dom_.reserve(html.size(), limits_.nodes_max);
  open_.reserve(64);
  formatting_.reserve(32);
  if (options.context.empty()) return;
  const Tag tag = find_tag(options.context);
  const NodeId root = dom_.add_element(Tag::kHtml, name_of(Tag::kHtml));
  dom_.append_child(Dom::kRoot, root);
  // The context element is not part of the tree; it lends its name to a node that hangs nowhere.
  const NodeId context = dom_.add_element(tag, options.context, options.context_name_space);
  push(context, tag, options.context_name_space);
  context_ = open_.back();
  pop();
  push(root, Tag::kHtml, Namespace::kHtml);
  if (context_.tag == Tag::kTemplate) template_modes_.push_back(Mode::kInTemplate);
  reset_insertion_mode();
  switch (context_.tag) {
    // No end tag ends the text: it would have to match a start tag, and there is none.
    case Tag::kTitle:
    case Tag::kTextarea: tokenizer_.set_state(TextState::kRcdata, {}); break;
    case Tag::kStyle:
    case Tag::kXmp:
    case Tag::kIframe:
    case Tag::kNoembed:
    case Tag::kNoframes:
    case Tag::kScript: tokenizer_.set_state(TextState::kPlaintext, {}); break;
    case Tag::kNoscript:
      if (options.scripting) tokenizer_.set_state(TextState::kPlaintext, {});
      break;
    case Tag::kPlaintext: tokenizer_.set_state(TextState::kPlaintext, options.context); break;
    default: break;
  }
  update_cdata();
}

ParseResult TreeBuilder::build() {
  do {
    tokenizer_.next(token_);
    step();
    if (skip_newline_) {  // the first line break in pre, listing and textarea
      skip_newline_ = false;
      if (token_.kind == TokenKind::kText && token_.text[0] == '\n') {
        token_.text.remove_prefix(1);
        if (token_.text.empty()) continue;
      }
    }
    dispatch();
    drop_attributes();
    check_caps();
  } while (token_.kind != TokenKind::kEof && result_.status == ParseStatus::kDone);
  if (result_.status == ParseStatus::kDone && tokenizer_.status() != ParseStatus::kDone) {
    fail(tokenizer_.status(), limits_.attributes_max + 1.0, limits_.attributes_max);
  }
  if (!selected_contents_.empty() && result_.status == ParseStatus::kDone) fill_selected_contents();
  result_.steps = steps_ + tokenizer_.bytes_read();
  result_.arena_bytes = dom_.bytes();
  return result_;
}

void TreeBuilder::fail(ParseStatus status, double value, double limit) {
  if (result_.status != ParseStatus::kDone) return;
  result_.status = status;
  result_.value = value;
  result_.limit = limit;
}

void TreeBuilder::fail_for_cap() {
  if (open_.size() > limits_.depth_max) {
    fail(ParseStatus::kTooDeep, static_cast<double>(open_.size()), limits_.depth_max);
  } else if (formatting_.size() > limits_.formatting_max) {
    fail(ParseStatus::kTooManyFormatting, static_cast<double>(formatting_.size()), limits_.formatting_max);
  } else if (dom_.size() > limits_.nodes_max) {
    fail(ParseStatus::kTooManyNodes, static_cast<double>(dom_.size()), limits_.nodes_max);
  } else if (steps_ > steps_max_) {
    fail(ParseStatus::kTooMuchWork, static_cast<double>(steps_), static_cast<double>(steps_max_));
  }
}

void TreeBuilder::dispatch() {
  if (open_.empty() || open_.back().name_space == Namespace::kHtml) {
    if (open_.size() != 1 || context_.name_space == Namespace::kHtml) return process();
  }
  if (uses_html_rules()) return process();
  process_foreign();
}

void TreeBuilder::process_as(Mode mode) {
  switch (mode) {
    case Mode::kInitial: return in_initial();
    case Mode::kBeforeHtml: return before_html();
    case Mode::kBeforeHead: return before_head();
    case Mode::kInHead: return in_head();
    case Mode::kInHeadNoscript: return in_head_noscript();
    case Mode::kAfterHead: return after_head();
    case Mode::kInBody: return in_body();
    case Mode::kText: return in_text();
    case Mode::kInTable: return in_table();
    case Mode::kInTableText: return in_table_text();
    case Mode::kInCaption: return in_caption();
    case Mode::kInColumnGroup: return in_column_group();
    case Mode::kInTableBody: return in_table_body();
    case Mode::kInRow: return in_row();
    case Mode::kInCell: return in_cell();
    case Mode::kInTemplate: return in_template();
    case Mode::kAfterBody: return after_body();
    case Mode::kInFrameset: return in_frameset();
    case Mode::kAfterFrameset: return after_frameset();
    case Mode::kAfterAfterBody: return after_after_body();
    case Mode::kAfterAfterFrameset: return after_after_frameset();
  }
}

void TreeBuilder::process() { process_as(mode_); }

void TreeBuilder::reprocess_in(Mode mode) {
  mode_ = mode;
  dispatch();
}

// --- The stack of open elements ---

void TreeBuilder::push(NodeId node, Tag tag, Namespace name_space) {
  OpenElement element;
  element.node = node;
  element.any_tag = tag;
  element.name_space = name_space;
  if (name_space == Namespace::kHtml) {
    element.tag = tag;
    ++open_count_[static_cast<size_t>(tag)];
    if (has_flag(tag, kSpecial)) element.flags |= kIsSpecial;
    switch (tag) {
      case Tag::kApplet:
      case Tag::kCaption:
      case Tag::kHtml:
      case Tag::kTable:
      case Tag::kTd:
      case Tag::kTh:
      case Tag::kMarquee:
      case Tag::kObject:
      case Tag::kTemplate:
      case Tag::kSelect: element.flags |= kIsBarrier; break;
      default: break;
    }
  } else if (name_space == Namespace::kSvg) {
    if (tag == Tag::kForeignObject || tag == Tag::kDesc || tag == Tag::kTitle) {
      element.flags = kIsSpecial | kIsBarrier | kIsHtmlIntegration;
    }
  } else {
    if (tag == Tag::kMi || tag == Tag::kMo || tag == Tag::kMn || tag == Tag::kMs || tag == Tag::kMtext) {
      element.flags = kIsSpecial | kIsBarrier | kIsMathText;
    } else if (tag == Tag::kAnnotationXml) {
      element.flags = kIsSpecial | kIsBarrier;
      std::string lower(dom_.value(node, AttributeName::kEncoding).substr(0, 32));
      for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      if (lower == "text/html" || lower == "application/xhtml+xml") element.flags |= kIsHtmlIntegration;
    }
  }
  const bool was_foreign = !open_.empty() && open_.back().name_space != Namespace::kHtml;
  open_.push_back(element);
  if (was_foreign || name_space != Namespace::kHtml) update_cdata();
}

void TreeBuilder::pop() {
  if (open_.empty()) return;
  const OpenElement element = open_.back();
  open_.pop_back();
  step();
  if (element.name_space == Namespace::kHtml) {
    --open_count_[static_cast<size_t>(element.tag)];
    if (!open_.empty() && open_.back().name_space != Namespace::kHtml) update_cdata();
  } else {
    update_cdata();
  }
}

void TreeBuilder::update_cdata() {
  tokenizer_.set_cdata_allowed(!open_.empty() && adjusted_current().name_space != Namespace::kHtml);
}

void TreeBuilder::pop_through(size_t index) {
  while (open_.size() > index) pop();
}

void TreeBuilder::pop_until_popped(Tag tag) {
  while (!open_.empty()) {
    const bool last = top().tag == tag;
    pop();
    if (last) return;
  }
}

void TreeBuilder::remove_from_stack(size_t index) {
  const OpenElement element = open_[index];
  open_.erase(open_.begin() + static_cast<ptrdiff_t>(index));
  if (element.name_space == Namespace::kHtml) --open_count_[static_cast<size_t>(element.tag)];
  update_cdata();
}

size_t TreeBuilder::find_open(NodeId node) const {
  for (size_t i = open_.size(); i-- > 0;) {
    step();
    if (open_[i].node == node) return i;
  }
  return SIZE_MAX;
}

bool TreeBuilder::in_scope(Tag tag, Scope scope) const {
  if (!is_open(tag)) return false;
  for (size_t i = open_.size(); i-- > 0;) {
    step();
    const OpenElement& element = open_[i];
    if (element.tag == tag) return true;
    if (scope == Scope::kTable) {
      if (element.tag == Tag::kHtml || element.tag == Tag::kTable || element.tag == Tag::kTemplate) return false;
      continue;
    }
    if ((element.flags & kIsBarrier) != 0) return false;
    if (scope == Scope::kButton && element.tag == Tag::kButton) return false;
    if (scope == Scope::kListItem && (element.tag == Tag::kOl || element.tag == Tag::kUl)) return false;
  }
  return false;
}

bool TreeBuilder::heading_in_scope() const {
  for (size_t i = open_.size(); i-- > 0;) {
    step();
    if (open_[i].tag >= Tag::kH1 && open_[i].tag <= Tag::kH6) return true;
    if ((open_[i].flags & kIsBarrier) != 0) return false;
  }
  return false;
}

void TreeBuilder::generate_implied_end_tags(Tag except) {
  while (!open_.empty() && top().tag != except && has_flag(top().tag, kImpliedEnd)) pop();
}

void TreeBuilder::generate_all_implied_end_tags() {
  const auto implied = [](Tag tag) {
    return has_flag(tag, kImpliedEnd) || tag == Tag::kCaption || tag == Tag::kColgroup || tag == Tag::kTbody ||
           tag == Tag::kTd || tag == Tag::kTfoot || tag == Tag::kTh || tag == Tag::kThead || tag == Tag::kTr;
  };
  while (!open_.empty() && implied(top().tag)) pop();
}

void TreeBuilder::close_p() {
  generate_implied_end_tags(Tag::kP);
  pop_until_popped(Tag::kP);
}

TreeBuilder::OpenElement TreeBuilder::adjusted_current() const {
  return open_.size() == 1 && !options_.context.empty() ? context_ : open_.back();
}

void TreeBuilder::reset_insertion_mode() {
  for (size_t i = open_.size(); i-- > 0;) {
    step();
    const bool last = i == 0;
    const OpenElement& element = last && !options_.context.empty() ? context_ : open_[i];
    switch (element.tag) {
      case Tag::kTd:
      case Tag::kTh:
        if (!last) return void(mode_ = Mode::kInCell);
        break;
      case Tag::kTr: return void(mode_ = Mode::kInRow);
      case Tag::kTbody:
      case Tag::kThead:
      case Tag::kTfoot: return void(mode_ = Mode::kInTableBody);
      case Tag::kCaption: return void(mode_ = Mode::kInCaption);
      case Tag::kColgroup: return void(mode_ = Mode::kInColumnGroup);
      case Tag::kTable: return void(mode_ = Mode::kInTable);
      case Tag::kTemplate: return void(mode_ = template_modes_.empty() ? Mode::kInBody : template_modes_.back());
      case Tag::kHead:
        if (!last) return void(mode_ = Mode::kInHead);
        break;
      case Tag::kBody: return void(mode_ = Mode::kInBody);
      case Tag::kFrameset: return void(mode_ = Mode::kInFrameset);
      case Tag::kHtml: return void(mode_ = head_ == kNoNode ? Mode::kBeforeHead : Mode::kAfterHead);
      default: break;
    }
    if (last) mode_ = Mode::kInBody;
  }
}

// --- The list of active formatting elements ---

bool TreeBuilder::equal_attributes(NodeId a, NodeId b) const {
  const Attribute* x = dom_.attributes(a);
  const Attribute* y = dom_.attributes(b);
  if (x == y) return true;
  if (x == nullptr || y == nullptr) return false;
  size_t count_x = 1, count_y = 1;
  for (const Attribute* at = x; !at->last; ++at) ++count_x;
  for (const Attribute* at = y; !at->last; ++at) ++count_y;
  if (count_x != count_y) return false;
  for (size_t i = 0; i < count_x; ++i) {
    bool found = false;
    for (size_t k = 0; k < count_y && !found; ++k) {
      step();
      const Attribute& other = y[(i + k) % count_y];  // nearly always in the same order
      found = x[i].name() == other.name() && x[i].value() == other.value();
    }
    if (!found) return false;
  }
  return true;
}

void TreeBuilder::push_formatting(NodeId node, Tag tag) {
  size_t equal = 0, earliest = 0;  // Noah's Ark clause: three of a kind
  for (size_t i = formatting_.size(); i-- > 0 && formatting_[i].node != kNoNode;) {
    step();
    if (formatting_[i].tag == tag && equal_attributes(formatting_[i].node, node)) {
      ++equal;
      earliest = i;
    }
  }
  if (equal >= 3) formatting_.erase(formatting_.begin() + static_cast<ptrdiff_t>(earliest));
  formatting_.push_back({node, tag});
}

void TreeBuilder::clear_to_marker() {
  while (!formatting_.empty()) {
    const bool marker = formatting_.back().node == kNoNode;
    formatting_.pop_back();
    if (marker) return;
  }
}

size_t TreeBuilder::find_formatting(NodeId node) const {
  for (size_t i = formatting_.size(); i-- > 0;) {
    step();
    if (formatting_[i].node == node) return i;
  }
  return SIZE_MAX;
}

void TreeBuilder::reconstruct_formatting() {
  size_t first = formatting_.size();
  while (first > 0 && formatting_[first - 1].node != kNoNode && find_open(formatting_[first - 1].node) == SIZE_MAX)
    --first;
  for (; first < formatting_.size(); ++first) {
    const NodeId clone = clone_element(formatting_[first].node);
    insert_at(appropriate_place(), clone);
    push(clone, formatting_[first].tag, Namespace::kHtml);
    formatting_[first].node = clone;
  }
}

// --- Where nodes go ---

TreeBuilder::Place TreeBuilder::appropriate_place(NodeId override_target) {
  NodeId target = override_target;
  Tag tag = Tag::kUnknown;
  if (target == kNoNode) {
    target = top().node;
    tag = top().tag;
  } else if (dom_[target].name_space == Namespace::kHtml) {
    tag = dom_[target].tag;
  }
  if (!foster_ || !is_table_context(tag)) return {target, kNoNode};
  for (size_t i = open_.size(); i-- > 0;) {  // foster parenting
    step();
    if (open_[i].tag == Tag::kTemplate) return {open_[i].node, kNoNode};
    if (open_[i].tag == Tag::kTable) {
      const NodeId table = open_[i].node;
      if (dom_[table].parent != kNoNode) return {dom_[table].parent, table};
      return {open_[i - 1].node, kNoNode};
    }
  }
  return {open_[0].node, kNoNode};
}

void TreeBuilder::insert_at(const Place& place, NodeId node) {
  if (place.before != kNoNode) {
    dom_.insert_before(place.before, node);
  } else {
    dom_.append_child(place.parent, node);
  }
}

// The element of the current token, not yet in the tree.
NodeId TreeBuilder::make_element(Namespace name_space) {
  const NodeId id = dom_.add_element(token_.tag, token_.name, name_space);
  if (token_.attribute_count > 0) dom_[id].attributes = token_.attribute_begin;
  token_.attribute_count = 0;  // taken
  return id;
}

NodeId TreeBuilder::insert_element(Namespace name_space) {
  const NodeId id = make_element(name_space);
  insert_at(appropriate_place(), id);
  push(id, token_.tag, name_space);
  return id;
}

NodeId TreeBuilder::insert_named(Tag tag) {
  const NodeId id = dom_.add_element(tag, name_of(tag));
  insert_at(open_.empty() ? Place{Dom::kRoot, kNoNode} : appropriate_place(), id);
  push(id, tag, Namespace::kHtml);
  return id;
}

// A second element for the same token: it shares the attributes.
NodeId TreeBuilder::clone_element(NodeId original) {
  const Node node = dom_[original];
  const NodeId id = dom_.add_element(node.tag, node.view(), node.name_space);
  dom_[id].attributes = node.attributes;
  return id;
}

void TreeBuilder::insert_text(std::string_view text) {
  if (text.empty()) return;
  const Place place = appropriate_place();
  if (place.parent == Dom::kRoot) return;
  insert_at(place, dom_.add(NodeKind::kText, text));
}

void TreeBuilder::insert_comment(const Place& place) { insert_at(place, dom_.add(NodeKind::kComment, token_.text)); }

// Splits the white space off the front of a text token.
std::string_view TreeBuilder::take_leading_space() {
  size_t size = 0;
  while (size < token_.text.size() && is_html_space(token_.text[size])) ++size;
  const std::string_view space = token_.text.substr(0, size);
  token_.text.remove_prefix(size);
  return space;
}

std::string_view TreeBuilder::without_nul(std::string_view text) {
  if (!token_.has_nul) return text;
  char* out = dom_.arena().allocate(text.size());
  size_t size = 0;
  for (const char c : text) {
    if (c != '\0') out[size++] = c;
  }
  return {out, size};
}

std::string_view TreeBuilder::with_replaced_nul(std::string_view text) {
  if (!token_.has_nul) return text;
  char* out = dom_.arena().allocate(3 * text.size());
  size_t size = 0;
  for (const char c : text) {
    if (c == '\0') {
      std::memcpy(out + size, "\xEF\xBF\xBD", 3);
      size += 3;
    } else {
      out[size++] = c;
    }
  }
  dom_.arena().give_back(out + size);
  return {out, size};
}

// Takes back the attributes of a tag that made no element.
void TreeBuilder::drop_attributes() {
  if (token_.attribute_count == 0) return;
  dom_.truncate_attributes(token_.attribute_begin);
  token_.attribute_count = 0;
}

ParseResult parse_with_tree_builder(std::string_view html, const ParseLimits& limits, const TreeOptions& options,
                                    Dom& dom) {
  dom.clear();
  if (html.size() > limits.bytes_max) {
    ParseResult result;
    result.status = ParseStatus::kTooLarge;
    result.value = static_cast<double>(html.size());
    result.limit = static_cast<double>(limits.bytes_max);
    return result;
  }
  return TreeBuilder(normalize_newlines(html, dom.arena()), limits, options, dom).build();
}

}  // namespace ftok::html
