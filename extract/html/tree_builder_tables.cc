// Tables and template: sections 13.2.6.4.9 to .17.
#include "extract/html/tree_builder.h"

namespace ftok::html {

namespace {

bool is_section(Tag tag) { return tag == Tag::kTbody || tag == Tag::kThead || tag == Tag::kTfoot; }
bool is_cell(Tag tag) { return tag == Tag::kTd || tag == Tag::kTh; }

// Start tags that end a cell, a row or a section when they come within it.
bool is_table_structure(Tag tag) {
  return is_section(tag) || is_cell(tag) || tag == Tag::kCaption || tag == Tag::kCol || tag == Tag::kColgroup ||
         tag == Tag::kTr;
}

}  // namespace

void TreeBuilder::clear_to(std::initializer_list<Tag> tags) {
  while (!open_.empty()) {
    const Tag tag = top().tag;
    if (tag == Tag::kHtml || tag == Tag::kTemplate) return;
    for (const Tag wanted : tags) {
      if (tag == wanted) return;
    }
    pop();
  }
}

void TreeBuilder::in_table() {
  switch (token_.kind) {
    case TokenKind::kText: {
      const Tag tag = top().tag;
      if (tag == Tag::kTable || tag == Tag::kTemplate || is_section(tag) || tag == Tag::kTr) {
        table_text_.clear();
        original_mode_ = mode_;
        mode_ = Mode::kInTableText;
        return in_table_text();
      }
      break;
    }
    case TokenKind::kComment: return insert_comment();
    case TokenKind::kDoctype: return;
    case TokenKind::kStart: return table_start_tag();
    case TokenKind::kEnd:
      switch (token_.tag) {
        case Tag::kTable:
          if (!in_scope(Tag::kTable, Scope::kTable)) return;
          pop_until_popped(Tag::kTable);
          return reset_insertion_mode();
        // clang-format off
        case Tag::kBody: case Tag::kCaption: case Tag::kCol: case Tag::kColgroup: case Tag::kHtml: case Tag::kTbody:
        case Tag::kTd: case Tag::kTfoot: case Tag::kTh: case Tag::kThead: case Tag::kTr:
          return;
        // clang-format on
        case Tag::kTemplate: return in_head();
        default: break;
      }
      break;
    case TokenKind::kEof: return in_body();
  }
  foster_ = true;
  in_body();
  foster_ = false;
}

void TreeBuilder::table_start_tag() {
  switch (token_.tag) {
    case Tag::kCaption:
      clear_to({Tag::kTable});
      push_marker();
      insert_element();
      mode_ = Mode::kInCaption;
      return;
    case Tag::kColgroup:
      clear_to({Tag::kTable});
      insert_element();
      mode_ = Mode::kInColumnGroup;
      return;
    case Tag::kCol:
      clear_to({Tag::kTable});
      insert_named(Tag::kColgroup);
      return reprocess_in(Mode::kInColumnGroup);
    case Tag::kTbody:
    case Tag::kTfoot:
    case Tag::kThead:
      clear_to({Tag::kTable});
      insert_element();
      mode_ = Mode::kInTableBody;
      return;
    case Tag::kTd:
    case Tag::kTh:
    case Tag::kTr:
      clear_to({Tag::kTable});
      insert_named(Tag::kTbody);
      return reprocess_in(Mode::kInTableBody);
    case Tag::kTable:
      if (!in_scope(Tag::kTable, Scope::kTable)) return;
      pop_until_popped(Tag::kTable);
      reset_insertion_mode();
      return dispatch();
    case Tag::kStyle:
    case Tag::kScript:
    case Tag::kTemplate: return in_head();
    case Tag::kInput: {
      bool hidden = false;
      for (uint32_t i = 0; i < token_.attribute_count; ++i) {
        const Attribute& a = dom_.attribute(token_.attribute_begin + i);
        if (a.id != AttributeName::kType || a.value_size != 6) continue;
        hidden = true;
        for (size_t k = 0; k < 6; ++k) hidden = hidden && (a.value()[k] | 0x20) == "hidden"[k];
      }
      if (hidden) return insert_void_element();
      break;
    }
    case Tag::kForm:
      if (is_open(Tag::kTemplate) || form_ != kNoNode) return;
      form_ = insert_element();
      return pop();
    default: break;
  }
  foster_ = true;
  in_body();
  foster_ = false;
}

void TreeBuilder::in_table_text() {
  if (token_.kind == TokenKind::kText) {
    const std::string_view text = without_nul(token_.text);
    if (!text.empty()) table_text_.push_back(text);
    return;
  }
  flush_table_text();
  reprocess_in(original_mode_);
}

void TreeBuilder::flush_table_text() {
  bool blank = true;
  for (const std::string_view text : table_text_) {
    for (const char c : text) blank = blank && (c == ' ' || c == '\n' || c == '\t' || c == '\f' || c == '\r');
  }
  for (const std::string_view text : table_text_) {
    if (blank) {
      insert_text(text);
      continue;
    }
    foster_ = true;
    if (!formatting_.empty()) reconstruct_formatting();
    insert_text(text);
    foster_ = false;
    frameset_ok_ = false;
  }
  table_text_.clear();
}

void TreeBuilder::in_caption() {
  const bool start = token_.kind == TokenKind::kStart, end = token_.kind == TokenKind::kEnd;
  const bool closes =
      (end && (token_.tag == Tag::kCaption || token_.tag == Tag::kTable)) || (start && is_table_structure(token_.tag));
  if (closes) {
    if (!in_scope(Tag::kCaption, Scope::kTable)) return;
    generate_implied_end_tags();
    pop_until_popped(Tag::kCaption);
    clear_to_marker();
    mode_ = Mode::kInTable;
    if (!(end && token_.tag == Tag::kCaption)) dispatch();
    return;
  }
  if (end && (is_table_structure(token_.tag) || token_.tag == Tag::kBody || token_.tag == Tag::kHtml)) return;
  in_body();
}

void TreeBuilder::in_column_group() {
  switch (token_.kind) {
    case TokenKind::kText:
      insert_text(take_leading_space());
      if (token_.text.empty()) return;
      break;
    case TokenKind::kComment: return insert_comment();
    case TokenKind::kDoctype: return;
    case TokenKind::kStart:
      if (token_.tag == Tag::kHtml) return in_body();
      if (token_.tag == Tag::kCol) return insert_void_element();
      if (token_.tag == Tag::kTemplate) return in_head();
      break;
    case TokenKind::kEnd:
      if (token_.tag == Tag::kColgroup) {
        if (!top_is(Tag::kColgroup)) return;
        pop();
        mode_ = Mode::kInTable;
        return;
      }
      if (token_.tag == Tag::kCol) return;
      if (token_.tag == Tag::kTemplate) return in_head();
      break;
    case TokenKind::kEof: return in_body();
  }
  if (!top_is(Tag::kColgroup)) return;
  pop();
  reprocess_in(Mode::kInTable);
}

void TreeBuilder::in_table_body() {
  const bool start = token_.kind == TokenKind::kStart, end = token_.kind == TokenKind::kEnd;
  const Tag tag = token_.tag;
  if (start && tag == Tag::kTr) {
    clear_to({Tag::kTbody, Tag::kTfoot, Tag::kThead});
    insert_element();
    mode_ = Mode::kInRow;
    return;
  }
  if (start && is_cell(tag)) {
    clear_to({Tag::kTbody, Tag::kTfoot, Tag::kThead});
    insert_named(Tag::kTr);
    return reprocess_in(Mode::kInRow);
  }
  if (end && is_section(tag)) {
    if (!in_scope(tag, Scope::kTable)) return;
    clear_to({Tag::kTbody, Tag::kTfoot, Tag::kThead});
    pop();
    mode_ = Mode::kInTable;
    return;
  }
  if ((start && is_table_structure(tag)) || (end && tag == Tag::kTable)) {
    if (!in_scope(Tag::kTbody, Scope::kTable) && !in_scope(Tag::kThead, Scope::kTable) &&
        !in_scope(Tag::kTfoot, Scope::kTable)) {
      return;
    }
    clear_to({Tag::kTbody, Tag::kTfoot, Tag::kThead});
    pop();
    return reprocess_in(Mode::kInTable);
  }
  if (end && (is_table_structure(tag) || tag == Tag::kBody || tag == Tag::kHtml)) return;
  in_table();
}

void TreeBuilder::in_row() {
  const bool start = token_.kind == TokenKind::kStart, end = token_.kind == TokenKind::kEnd;
  const Tag tag = token_.tag;
  if (start && is_cell(tag)) {
    clear_to({Tag::kTr});
    insert_element();
    push_marker();
    mode_ = Mode::kInCell;
    return;
  }
  if (end && tag == Tag::kTr) {
    if (!in_scope(Tag::kTr, Scope::kTable)) return;
    clear_to({Tag::kTr});
    pop();
    mode_ = Mode::kInTableBody;
    return;
  }
  if ((start && is_table_structure(tag)) || (end && (tag == Tag::kTable || is_section(tag)))) {
    if (end && is_section(tag) && !in_scope(tag, Scope::kTable)) return;
    if (!in_scope(Tag::kTr, Scope::kTable)) return;
    clear_to({Tag::kTr});
    pop();
    return reprocess_in(Mode::kInTableBody);
  }
  if (end && (is_table_structure(tag) || tag == Tag::kBody || tag == Tag::kHtml)) return;
  in_table();
}

void TreeBuilder::close_cell() {
  generate_implied_end_tags();
  while (!open_.empty()) {
    const bool cell = is_cell(top().tag);
    pop();
    if (cell) break;
  }
  clear_to_marker();
  mode_ = Mode::kInRow;
}

void TreeBuilder::in_cell() {
  const bool start = token_.kind == TokenKind::kStart, end = token_.kind == TokenKind::kEnd;
  const Tag tag = token_.tag;
  if (end && is_cell(tag)) {
    if (!in_scope(tag, Scope::kTable)) return;
    generate_implied_end_tags();
    pop_until_popped(tag);
    clear_to_marker();
    mode_ = Mode::kInRow;
    return;
  }
  if (start && is_table_structure(tag)) {
    if (!in_scope(Tag::kTd, Scope::kTable) && !in_scope(Tag::kTh, Scope::kTable)) return;
    close_cell();
    return dispatch();
  }
  if (end && (tag == Tag::kTable || tag == Tag::kTr || is_section(tag))) {
    if (!in_scope(tag, Scope::kTable)) return;
    close_cell();
    return dispatch();
  }
  if (end &&
      (tag == Tag::kBody || tag == Tag::kCaption || tag == Tag::kCol || tag == Tag::kColgroup || tag == Tag::kHtml)) {
    return;
  }
  in_body();
}

void TreeBuilder::in_template() {
  const auto switch_to = [&](Mode mode) {
    template_modes_.back() = mode;
    reprocess_in(mode);
  };
  switch (token_.kind) {
    case TokenKind::kText:
    case TokenKind::kComment:
    case TokenKind::kDoctype: return in_body();
    case TokenKind::kStart:
      switch (token_.tag) {
        // clang-format off
        case Tag::kBase: case Tag::kBasefont: case Tag::kBgsound: case Tag::kLink: case Tag::kMeta: case Tag::kNoframes:
        case Tag::kScript: case Tag::kStyle: case Tag::kTemplate: case Tag::kTitle:
          return in_head();
        case Tag::kCaption: case Tag::kColgroup: case Tag::kTbody: case Tag::kTfoot: case Tag::kThead:
          return switch_to(Mode::kInTable);
        // clang-format on
        case Tag::kCol: return switch_to(Mode::kInColumnGroup);
        case Tag::kTr: return switch_to(Mode::kInTableBody);
        case Tag::kTd:
        case Tag::kTh: return switch_to(Mode::kInRow);
        default: return switch_to(Mode::kInBody);
      }
    case TokenKind::kEnd:
      if (token_.tag == Tag::kTemplate) in_head();
      return;
    case TokenKind::kEof:
      if (!is_open(Tag::kTemplate)) return;
      pop_until_popped(Tag::kTemplate);
      clear_to_marker();
      template_modes_.pop_back();
      reset_insertion_mode();
      return dispatch();
  }
}

}  // namespace ftok::html
