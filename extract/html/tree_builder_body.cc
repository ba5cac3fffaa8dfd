// The "in body" insertion mode (section 13.2.6.4.7); its adoption agency algorithm has a file of its own.
#include <algorithm>
#include <cstring>
#include <vector>

#include "extract/html/tree_builder.h"

namespace ftok::html {

namespace {

bool is_blank(std::string_view text) {
  for (const char c : text) {
    if (c != ' ' && c != '\n' && c != '\t' && c != '\f' && c != '\r') return false;
  }
  return true;
}

bool is_hidden_input(Dom& dom, const Token& token) {
  for (uint32_t i = 0; i < token.attribute_count; ++i) {
    const Attribute& attribute = dom.attribute(token.attribute_begin + i);
    if (attribute.id != AttributeName::kType) continue;
    const std::string_view value = attribute.value();
    if (value.size() != 6) return false;
    for (size_t k = 0; k < 6; ++k) {
      if ((value[k] | 0x20) != "hidden"[k]) return false;
    }
    return true;
  }
  return false;
}

}  // namespace

void TreeBuilder::in_body() {
  switch (token_.kind) {
    case TokenKind::kText: return body_text();
    case TokenKind::kStart: return body_start_tag();
    case TokenKind::kEnd: return body_end_tag();
    case TokenKind::kComment: return insert_comment();
    case TokenKind::kDoctype: return;
    case TokenKind::kEof:
      if (!template_modes_.empty()) in_template();
      return;
  }
}

void TreeBuilder::body_text() {
  const std::string_view text = without_nul(token_.text);
  if (text.empty()) return;
  if (!formatting_.empty()) reconstruct_formatting();
  insert_text(text);
  if (frameset_ok_ && !is_blank(text)) frameset_ok_ = false;
}

// <html> and <body> once more: attributes the first one lacks are added to it, in a new list.
void TreeBuilder::merge_attributes(NodeId element) {
  const auto lacks = [&](const Attribute& attribute) {
    uint32_t count = 0;
    for (const Attribute* a = dom_.attributes(element); a != nullptr; a = a->last ? nullptr : a + 1) {
      step();
      if (a->name() == attribute.name() || ++count == limits_.attributes_max) return false;
    }
    return true;
  };
  std::vector<Attribute> added;
  for (uint32_t i = 0; i < token_.attribute_count && result_.status == ParseStatus::kDone; ++i) {
    const Attribute& attribute = dom_.attribute(token_.attribute_begin + i);
    if (lacks(attribute)) added.push_back(attribute);
    check_caps();
  }
  if (added.empty()) return;
  drop_attributes();
  std::vector<Attribute> all;
  for (const Attribute* a = dom_.attributes(element); a != nullptr; a = a->last ? nullptr : a + 1) all.push_back(*a);
  all.insert(all.end(), added.begin(), added.end());
  if (all.size() > limits_.attributes_max) all.resize(limits_.attributes_max);
  dom_[element].attributes = dom_.attribute_count();
  for (Attribute& attribute : all) {
    attribute.last = &attribute == &all.back();
    dom_.push_attribute() = attribute;
  }
}

void TreeBuilder::any_other_start_tag() {
  if (!formatting_.empty()) reconstruct_formatting();
  const NodeId element = insert_element();
  if (token_.tag == Tag::kSelectedcontent) selected_contents_.push_back(element);
}

void TreeBuilder::start_list_item() {
  frameset_ok_ = false;
  for (size_t i = open_.size(); i-- > 0;) {
    step();
    if (open_[i].tag == Tag::kLi) {
      generate_implied_end_tags(Tag::kLi);
      pop_until_popped(Tag::kLi);
      break;
    }
    if ((open_[i].flags & kIsSpecial) != 0 && open_[i].tag != Tag::kAddress && open_[i].tag != Tag::kDiv &&
        open_[i].tag != Tag::kP) {
      break;
    }
  }
  close_p_in_button_scope();
  insert_element();
}

void TreeBuilder::start_definition() {
  frameset_ok_ = false;
  for (size_t i = open_.size(); i-- > 0;) {
    step();
    const Tag tag = open_[i].tag;
    if (tag == Tag::kDd || tag == Tag::kDt) {
      generate_implied_end_tags(tag);
      pop_until_popped(tag);
      break;
    }
    if ((open_[i].flags & kIsSpecial) != 0 && tag != Tag::kAddress && tag != Tag::kDiv && tag != Tag::kP) break;
  }
  close_p_in_button_scope();
  insert_element();
}

void TreeBuilder::start_anchor() {
  for (size_t i = formatting_.size(); i-- > 0 && formatting_[i].node != kNoNode;) {
    step();
    if (formatting_[i].tag != Tag::kA) continue;
    const NodeId anchor = formatting_[i].node;
    adoption_agency(Tag::kA);
    const size_t in_list = find_formatting(anchor);
    if (in_list != SIZE_MAX) formatting_.erase(formatting_.begin() + static_cast<ptrdiff_t>(in_list));
    const size_t in_stack = find_open(anchor);
    if (in_stack != SIZE_MAX) remove_from_stack(in_stack);
    break;
  }
  if (!formatting_.empty()) reconstruct_formatting();
  const NodeId element = insert_element();
  push_formatting(element, Tag::kA);
}

void TreeBuilder::body_start_tag() {
  switch (token_.tag) {
    // clang-format off
    case Tag::kDiv: case Tag::kAddress: case Tag::kArticle: case Tag::kAside: case Tag::kBlockquote: case Tag::kCenter:
    case Tag::kDetails: case Tag::kDialog: case Tag::kDir: case Tag::kDl: case Tag::kFieldset: case Tag::kFigcaption:
    case Tag::kFigure: case Tag::kFooter: case Tag::kHeader: case Tag::kHgroup: case Tag::kMain: case Tag::kMenu:
    case Tag::kNav: case Tag::kOl: case Tag::kP: case Tag::kSearch: case Tag::kSection: case Tag::kSummary:
    case Tag::kUl:
      // clang-format on
      close_p_in_button_scope();
      insert_element();
      return;
    case Tag::kA: return start_anchor();
    case Tag::kLi: return start_list_item();
    // clang-format off
    case Tag::kB: case Tag::kBig: case Tag::kCode: case Tag::kEm: case Tag::kFont: case Tag::kI: case Tag::kS:
    case Tag::kSmall: case Tag::kStrike: case Tag::kStrong: case Tag::kTt: case Tag::kU: {
      // clang-format on
      if (!formatting_.empty()) reconstruct_formatting();
      const NodeId element = insert_element();
      return push_formatting(element, token_.tag);
    }
    // clang-format off
    case Tag::kBr: case Tag::kImg: case Tag::kArea: case Tag::kEmbed: case Tag::kKeygen: case Tag::kWbr:
      // clang-format on
      if (!formatting_.empty()) reconstruct_formatting();
      insert_void_element();
      frameset_ok_ = false;
      return;
    // clang-format off
    case Tag::kH1: case Tag::kH2: case Tag::kH3: case Tag::kH4: case Tag::kH5: case Tag::kH6:
      // clang-format on
      close_p_in_button_scope();
      if (top().tag >= Tag::kH1 && top().tag <= Tag::kH6) pop();
      insert_element();
      return;
    // clang-format off
    case Tag::kBase: case Tag::kBasefont: case Tag::kBgsound: case Tag::kLink: case Tag::kMeta: case Tag::kNoframes:
    case Tag::kScript: case Tag::kStyle: case Tag::kTemplate: case Tag::kTitle:
      return in_head();
    case Tag::kDd: case Tag::kDt: return start_definition();
    // clang-format on
    default:
      if (body_start_tag_rare()) return;
      return any_other_start_tag();
  }
}

// The rest of "in body"'s start tags; false when the tag is none of them.
bool TreeBuilder::body_start_tag_rare() {
  switch (token_.tag) {
    case Tag::kHtml:
      if (!is_open(Tag::kTemplate) && !open_.empty()) merge_attributes(open_[0].node);
      return true;
    case Tag::kBody: start_second_body(); return true;
    case Tag::kFrameset: start_frameset(); return true;
    case Tag::kPre:
    case Tag::kListing:
      close_p_in_button_scope();
      insert_element();
      skip_newline_ = true;
      frameset_ok_ = false;
      return true;
    case Tag::kForm: start_form(); return true;
    case Tag::kButton: start_button(); return true;
    case Tag::kNobr: start_nobr(); return true;
    case Tag::kApplet:
    case Tag::kMarquee:
    case Tag::kObject:
      any_other_start_tag();
      push_marker();
      frameset_ok_ = false;
      return true;
    case Tag::kTable:
      if (!quirks_) close_p_in_button_scope();
      insert_element();
      frameset_ok_ = false;
      mode_ = Mode::kInTable;
      return true;
    case Tag::kInput: start_input(); return true;
    case Tag::kParam:
    case Tag::kSource:
    case Tag::kTrack: insert_void_element(); return true;
    case Tag::kHr:
      close_p_in_button_scope();
      if (in_scope(Tag::kSelect)) generate_implied_end_tags();
      insert_void_element();
      frameset_ok_ = false;
      return true;
    case Tag::kImage:
      token_.tag = Tag::kImg;
      token_.name = name_of(Tag::kImg);
      body_start_tag();
      return true;
    case Tag::kSelect: start_select(); return true;
    case Tag::kOptgroup:
    case Tag::kOption: start_option(); return true;
    case Tag::kRb:
    case Tag::kRtc:
      if (in_scope(Tag::kRuby)) generate_implied_end_tags();
      insert_element();
      return true;
    case Tag::kRp:
    case Tag::kRt:
      if (in_scope(Tag::kRuby)) generate_implied_end_tags(Tag::kRtc);
      insert_element();
      return true;
    case Tag::kMath:
    case Tag::kSvg:
      if (!formatting_.empty()) reconstruct_formatting();
      start_foreign(token_.tag == Tag::kSvg ? Namespace::kSvg : Namespace::kMathMl);
      return true;
    // clang-format off
    case Tag::kCaption: case Tag::kCol: case Tag::kColgroup: case Tag::kFrame: case Tag::kHead: case Tag::kTbody:
    case Tag::kTd: case Tag::kTfoot: case Tag::kTh: case Tag::kThead: case Tag::kTr:
      return true;
    // clang-format on
    default: return start_of_raw_text();
  }
}

// Elements whose content is text, not markup; false when the tag is none of them.
bool TreeBuilder::start_of_raw_text() {
  switch (token_.tag) {
    case Tag::kPlaintext:
      close_p_in_button_scope();
      insert_element();
      tokenizer_.set_state(TextState::kPlaintext, {});
      return true;
    case Tag::kTextarea:
      frameset_ok_ = false;
      skip_newline_ = true;
      start_raw_text(TextState::kRcdata);
      return true;
    case Tag::kXmp:
      close_p_in_button_scope();
      if (!formatting_.empty()) reconstruct_formatting();
      frameset_ok_ = false;
      start_raw_text(TextState::kRawText);
      return true;
    case Tag::kIframe:
      frameset_ok_ = false;
      start_raw_text(TextState::kRawText);
      return true;
    case Tag::kNoembed: start_raw_text(TextState::kRawText); return true;
    case Tag::kNoscript:
      if (!options_.scripting) return false;
      start_raw_text(TextState::kRawText);
      return true;
    default: return false;
  }
}

void TreeBuilder::start_second_body() {
  if (open_.size() < 2 || open_[1].tag != Tag::kBody || is_open(Tag::kTemplate)) return;
  frameset_ok_ = false;
  merge_attributes(open_[1].node);
}

void TreeBuilder::start_frameset() {
  if (open_.size() < 2 || open_[1].tag != Tag::kBody || !frameset_ok_) return;
  dom_.detach(open_[1].node);
  pop_through(1);
  insert_element();
  mode_ = Mode::kInFrameset;
}

void TreeBuilder::start_form() {
  const bool in_template = is_open(Tag::kTemplate);
  if (form_ != kNoNode && !in_template) return;
  close_p_in_button_scope();
  const NodeId element = insert_element();
  if (!in_template) form_ = element;
}

void TreeBuilder::start_button() {
  if (in_scope(Tag::kButton)) {
    generate_implied_end_tags();
    pop_until_popped(Tag::kButton);
  }
  any_other_start_tag();
  frameset_ok_ = false;
}

void TreeBuilder::start_nobr() {
  if (!formatting_.empty()) reconstruct_formatting();
  if (in_scope(Tag::kNobr)) {
    adoption_agency(Tag::kNobr);
    reconstruct_formatting();
  }
  const NodeId element = insert_element();
  push_formatting(element, Tag::kNobr);
}

void TreeBuilder::start_input() {
  if (context_.tag == Tag::kSelect) return;
  if (in_scope(Tag::kSelect)) pop_until_popped(Tag::kSelect);
  const bool hidden = is_hidden_input(dom_, token_);
  if (!formatting_.empty()) reconstruct_formatting();
  insert_void_element();
  if (!hidden) frameset_ok_ = false;
}

void TreeBuilder::start_select() {
  if (context_.tag == Tag::kSelect) return;
  if (in_scope(Tag::kSelect)) return pop_until_popped(Tag::kSelect);
  any_other_start_tag();
  frameset_ok_ = false;
}

void TreeBuilder::start_option() {
  const bool group = token_.tag == Tag::kOptgroup;
  if (in_scope(Tag::kSelect)) {
    if (group) {
      generate_implied_end_tags();
    } else {
      generate_implied_end_tags(Tag::kOptgroup);
    }
  } else if (top_is(Tag::kOption)) {
    pop();
  }
  any_other_start_tag();
}

void TreeBuilder::end_block() {
  if (!in_scope(token_.tag)) return;
  generate_implied_end_tags();
  pop_until_popped(token_.tag);
}

void TreeBuilder::end_form() {
  if (is_open(Tag::kTemplate)) return end_block();
  const NodeId form = form_;
  form_ = kNoNode;
  const size_t place = form == kNoNode ? SIZE_MAX : find_open(form);
  if (place == SIZE_MAX) return;
  for (size_t i = open_.size(); i-- > place + 1;) {
    step();
    if ((open_[i].flags & kIsBarrier) != 0) return;
  }
  generate_implied_end_tags();
  const size_t now = find_open(form);
  if (now != SIZE_MAX) remove_from_stack(now);
}

void TreeBuilder::body_end_tag() {
  const Tag tag = token_.tag;
  switch (tag) {
    case Tag::kP:
      if (!is_open(Tag::kP) || !in_scope(Tag::kP, Scope::kButton)) {
        token_.attribute_count = 0;
        insert_named(Tag::kP);
      }
      return close_p();
    // clang-format off
    case Tag::kAddress: case Tag::kArticle: case Tag::kAside: case Tag::kBlockquote: case Tag::kButton:
    case Tag::kCenter:
    case Tag::kDetails: case Tag::kDialog: case Tag::kDir: case Tag::kDiv: case Tag::kDl: case Tag::kFieldset:
    case Tag::kFigcaption: case Tag::kFigure: case Tag::kFooter: case Tag::kHeader: case Tag::kHgroup:
    case Tag::kListing:
    case Tag::kMain: case Tag::kMenu: case Tag::kNav: case Tag::kOl: case Tag::kPre: case Tag::kSearch:
    case Tag::kSection:
    case Tag::kSelect: case Tag::kSummary: case Tag::kUl:
      return end_block();
    case Tag::kA: case Tag::kB: case Tag::kBig: case Tag::kCode: case Tag::kEm: case Tag::kFont: case Tag::kI:
    case Tag::kNobr: case Tag::kS: case Tag::kSmall: case Tag::kStrike: case Tag::kStrong: case Tag::kTt: case Tag::kU:
      return adoption_agency(tag);
    // clang-format on
    case Tag::kLi:
      if (!in_scope(Tag::kLi, Scope::kListItem)) return;
      generate_implied_end_tags(Tag::kLi);
      return pop_until_popped(Tag::kLi);
    case Tag::kDd:
    case Tag::kDt:
      if (!in_scope(tag)) return;
      generate_implied_end_tags(tag);
      return pop_until_popped(tag);
    // clang-format off
    case Tag::kH1: case Tag::kH2: case Tag::kH3: case Tag::kH4: case Tag::kH5: case Tag::kH6:
      // clang-format on
      if (!heading_in_scope()) return;
      generate_implied_end_tags();
      while (!open_.empty()) {
        const bool heading = top().tag >= Tag::kH1 && top().tag <= Tag::kH6;
        pop();
        if (heading) return;
      }
      return;
    case Tag::kForm: return end_form();
    case Tag::kBody:
    case Tag::kHtml:
      if (!in_scope(Tag::kBody)) return;
      mode_ = Mode::kAfterBody;
      if (tag == Tag::kHtml) dispatch();
      return;
    case Tag::kTemplate: return in_head();
    case Tag::kApplet:
    case Tag::kMarquee:
    case Tag::kObject:
      if (!in_scope(tag)) return;
      generate_implied_end_tags();
      pop_until_popped(tag);
      return clear_to_marker();
    case Tag::kBr: {
      drop_attributes();
      if (!formatting_.empty()) reconstruct_formatting();
      insert_named(Tag::kBr);
      pop();
      frameset_ok_ = false;
      return;
    }
    default: return any_other_end_tag();
  }
}

void TreeBuilder::any_other_end_tag() {
  if (!is_open(token_.tag)) return;
  for (size_t i = open_.size(); i-- > 0;) {
    step();
    const OpenElement& element = open_[i];
    if (element.name_space == Namespace::kHtml && element.tag == token_.tag &&
        (token_.tag != Tag::kUnknown || dom_[element.node].view() == token_.name)) {
      const NodeId node = element.node;
      if (token_.tag != Tag::kUnknown) {
        generate_implied_end_tags(token_.tag);
      } else {
        generate_implied_end_tags();
      }
      while (!open_.empty()) {
        const bool last = top().node == node;
        pop();
        if (last) return;
      }
      return;
    }
    if ((element.flags & kIsSpecial) != 0) return;
  }
}

}  // namespace ftok::html
