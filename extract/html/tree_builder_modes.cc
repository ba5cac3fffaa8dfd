// The insertion modes before, around and after the body: sections 13.2.6.4.1 to .6, .18 to .23.
#include <algorithm>
#include <string>

#include "extract/html/tree_builder.h"

namespace ftok::html {

namespace {

bool starts_with_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() < lower.size()) return false;
  for (size_t i = 0; i < lower.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != lower[i]) return false;
  }
  return true;
}

// Public identifiers that ask for quirks mode, by how they begin (section 13.2.6.4.1).
constexpr std::string_view kQuirkyBeginnings[] = {
    // clang-format off
    "+//silmaril//dtd html pro v0r11 19970101//", "-//as//dtd html 3.0 aswedit + extensions//",
    "-//advasoft ltd//dtd html 3.0 aswedit + extensions//", "-//ietf//dtd html 2.0 level 1//",
    "-//ietf//dtd html 2.0 level 2//", "-//ietf//dtd html 2.0 strict level 1//",
    "-//ietf//dtd html 2.0 strict level 2//",
    "-//ietf//dtd html 2.0 strict//", "-//ietf//dtd html 2.0//", "-//ietf//dtd html 2.1e//", "-//ietf//dtd html 3.0//",
    "-//ietf//dtd html 3.2 final//", "-//ietf//dtd html 3.2//", "-//ietf//dtd html 3//", "-//ietf//dtd html level 0//",
    "-//ietf//dtd html level 1//", "-//ietf//dtd html level 2//", "-//ietf//dtd html level 3//",
    "-//ietf//dtd html strict level 0//", "-//ietf//dtd html strict level 1//", "-//ietf//dtd html strict level 2//",
    "-//ietf//dtd html strict level 3//", "-//ietf//dtd html strict//", "-//ietf//dtd html//",
    "-//metrius//dtd metrius presentational//", "-//microsoft//dtd internet explorer 2.0 html strict//",
    "-//microsoft//dtd internet explorer 2.0 html//", "-//microsoft//dtd internet explorer 2.0 tables//",
    "-//microsoft//dtd internet explorer 3.0 html strict//", "-//microsoft//dtd internet explorer 3.0 html//",
    "-//microsoft//dtd internet explorer 3.0 tables//", "-//netscape comm. corp.//dtd html//",
    "-//netscape comm. corp.//dtd strict html//", "-//o'reilly and associates//dtd html 2.0//",
    "-//o'reilly and associates//dtd html extended 1.0//",
    "-//o'reilly and associates//dtd html extended relaxed 1.0//",
    "-//sq//dtd html 2.0 hotmetal + extensions//",
    "-//softquad software//dtd hotmetal pro 6.0::19990601::extensions to html 4.0//",
    "-//softquad//dtd hotmetal pro 4.0::19971010::extensions to html 4.0//", "-//spyglass//dtd html 2.0 extended//",
    "-//sun microsystems corp.//dtd hotjava html//", "-//sun microsystems corp.//dtd hotjava strict html//",
    "-//w3c//dtd html 3 1995-03-24//", "-//w3c//dtd html 3.2 draft//", "-//w3c//dtd html 3.2 final//",
    "-//w3c//dtd html 3.2//",
    "-//w3c//dtd html 3.2s draft//", "-//w3c//dtd html 4.0 frameset//", "-//w3c//dtd html 4.0 transitional//",
    "-//w3c//dtd html experimental 19960712//", "-//w3c//dtd html experimental 970421//", "-//w3c//dtd w3 html//",
    "-//w3o//dtd w3 html 3.0//", "-//webtechs//dtd mozilla html 2.0//", "-//webtechs//dtd mozilla html//"};
// clang-format on

}  // namespace

bool TreeBuilder::is_quirky_doctype() const {
  const std::string_view id = token_.public_id;
  if (token_.force_quirks || token_.name != "html") return true;
  for (const std::string_view beginning : kQuirkyBeginnings) {
    if (starts_with_ignoring_case(id, beginning)) return true;
  }
  const auto equals = [](std::string_view text, std::string_view lower) {
    return text.size() == lower.size() && starts_with_ignoring_case(text, lower);
  };
  if (equals(id, "-//w3o//dtd w3 html strict 3.0//en//") || equals(id, "-/w3c/dtd html 4.0 transitional/en") ||
      equals(id, "html") || equals(token_.system_id, "http://www.ibm.com/data/dtd/v11/ibmxhtml1-transitional.dtd")) {
    return true;
  }
  return !token_.has_system && (starts_with_ignoring_case(id, "-//w3c//dtd html 4.01 frameset//") ||
                                starts_with_ignoring_case(id, "-//w3c//dtd html 4.01 transitional//"));
}

void TreeBuilder::in_initial() {
  if (token_.kind == TokenKind::kText) {
    take_leading_space();
    if (token_.text.empty()) return;
  } else if (token_.kind == TokenKind::kComment) {
    return insert_comment({Dom::kRoot, kNoNode});
  } else if (token_.kind == TokenKind::kDoctype) {
    const NodeId doctype = dom_.add(NodeKind::kDoctype, token_.name);
    if (token_.has_public || token_.has_system) {
      dom_.add_attribute(doctype, "public", token_.public_id);
      dom_.add_attribute(doctype, "system", token_.system_id);
    }
    dom_.append_child(Dom::kRoot, doctype);
    quirks_ = is_quirky_doctype();
    mode_ = Mode::kBeforeHtml;
    return;
  }
  quirks_ = true;
  reprocess_in(Mode::kBeforeHtml);
}

void TreeBuilder::before_html() {
  if (token_.kind == TokenKind::kDoctype) return;
  if (token_.kind == TokenKind::kComment) return insert_comment({Dom::kRoot, kNoNode});
  if (token_.kind == TokenKind::kText) {
    take_leading_space();
    if (token_.text.empty()) return;
  }
  if (token_.kind == TokenKind::kStart && token_.tag == Tag::kHtml) {
    const NodeId html = make_element(Namespace::kHtml);
    dom_.append_child(Dom::kRoot, html);
    push(html, Tag::kHtml, Namespace::kHtml);
    mode_ = Mode::kBeforeHead;
    return;
  }
  if (token_.kind == TokenKind::kEnd && token_.tag != Tag::kHead && token_.tag != Tag::kBody &&
      token_.tag != Tag::kHtml && token_.tag != Tag::kBr) {
    return;
  }
  insert_named(Tag::kHtml);
  reprocess_in(Mode::kBeforeHead);
}

void TreeBuilder::before_head() {
  if (token_.kind == TokenKind::kText) {
    take_leading_space();
    if (token_.text.empty()) return;
  }
  if (token_.kind == TokenKind::kComment) return insert_comment();
  if (token_.kind == TokenKind::kDoctype) return;
  if (token_.kind == TokenKind::kStart && token_.tag == Tag::kHtml) return in_body();
  if (token_.kind == TokenKind::kStart && token_.tag == Tag::kHead) {
    head_ = insert_element();
    mode_ = Mode::kInHead;
    return;
  }
  if (token_.kind == TokenKind::kEnd && token_.tag != Tag::kHead && token_.tag != Tag::kBody &&
      token_.tag != Tag::kHtml && token_.tag != Tag::kBr) {
    return;
  }
  head_ = insert_named(Tag::kHead);
  reprocess_in(Mode::kInHead);
}

// A start tag whose text is not markup.
void TreeBuilder::start_raw_text(TextState state) {
  const std::string_view name = token_.name;
  insert_element();
  tokenizer_.set_state(state, name);
  original_mode_ = mode_;
  mode_ = Mode::kText;
  raw_text_at_ = tokenizer_.bytes_read();
}

void TreeBuilder::in_head() {
  switch (token_.kind) {
    case TokenKind::kText:
      insert_text(take_leading_space());
      if (token_.text.empty()) return;
      break;
    case TokenKind::kComment: return insert_comment();
    case TokenKind::kDoctype: return;
    case TokenKind::kStart:
      switch (token_.tag) {
        case Tag::kHtml: return in_body();
        case Tag::kBase:
        case Tag::kBasefont:
        case Tag::kBgsound:
        case Tag::kLink:
        case Tag::kMeta: return insert_void_element();
        case Tag::kTitle: return start_raw_text(TextState::kRcdata);
        case Tag::kNoscript:
          if (options_.scripting) return start_raw_text(TextState::kRawText);
          insert_element();
          mode_ = Mode::kInHeadNoscript;
          return;
        case Tag::kNoframes:
        case Tag::kStyle: return start_raw_text(TextState::kRawText);
        case Tag::kScript: return start_raw_text(TextState::kScript);
        case Tag::kTemplate:
          insert_element();
          push_marker();
          frameset_ok_ = false;
          mode_ = Mode::kInTemplate;
          template_modes_.push_back(Mode::kInTemplate);
          return;
        case Tag::kHead: return;
        default: break;
      }
      break;
    case TokenKind::kEnd:
      if (token_.tag == Tag::kHead) {
        pop();
        mode_ = Mode::kAfterHead;
        return;
      }
      if (token_.tag == Tag::kTemplate) {
        if (!is_open(Tag::kTemplate)) return;
        generate_all_implied_end_tags();
        pop_until_popped(Tag::kTemplate);
        clear_to_marker();
        template_modes_.pop_back();
        return reset_insertion_mode();
      }
      if (token_.tag != Tag::kBody && token_.tag != Tag::kHtml && token_.tag != Tag::kBr) return;
      break;
    case TokenKind::kEof: break;
  }
  pop();
  reprocess_in(Mode::kAfterHead);
}

void TreeBuilder::in_head_noscript() {
  switch (token_.kind) {
    case TokenKind::kDoctype: return;
    case TokenKind::kText:
      insert_text(take_leading_space());
      if (token_.text.empty()) return;
      break;
    case TokenKind::kComment: return in_head();
    case TokenKind::kStart:
      switch (token_.tag) {
        case Tag::kHtml: return in_body();
        case Tag::kBasefont:
        case Tag::kBgsound:
        case Tag::kLink:
        case Tag::kMeta:
        case Tag::kNoframes:
        case Tag::kStyle: return in_head();
        case Tag::kHead:
        case Tag::kNoscript: return;
        default: break;
      }
      break;
    case TokenKind::kEnd:
      if (token_.tag == Tag::kNoscript) {
        pop();
        mode_ = Mode::kInHead;
        return;
      }
      if (token_.tag != Tag::kBr) return;
      break;
    case TokenKind::kEof: break;
  }
  pop();
  reprocess_in(Mode::kInHead);
}

void TreeBuilder::after_head() {
  switch (token_.kind) {
    case TokenKind::kText:
      insert_text(take_leading_space());
      if (token_.text.empty()) return;
      break;
    case TokenKind::kComment: return insert_comment();
    case TokenKind::kDoctype: return;
    case TokenKind::kStart:
      switch (token_.tag) {
        case Tag::kHtml: return in_body();
        case Tag::kBody:
          insert_element();
          frameset_ok_ = false;
          mode_ = Mode::kInBody;
          return;
        case Tag::kFrameset:
          insert_element();
          mode_ = Mode::kInFrameset;
          return;
        // clang-format off
        case Tag::kBase: case Tag::kBasefont: case Tag::kBgsound: case Tag::kLink: case Tag::kMeta: case Tag::kNoframes:
        case Tag::kScript: case Tag::kStyle: case Tag::kTemplate: case Tag::kTitle: {
          // clang-format on
          push(head_, Tag::kHead, Namespace::kHtml);
          in_head();
          const size_t place = find_open(head_);
          if (place != SIZE_MAX) remove_from_stack(place);
          return;
        }
        case Tag::kHead: return;
        default: break;
      }
      break;
    case TokenKind::kEnd:
      if (token_.tag == Tag::kTemplate) return in_head();
      if (token_.tag != Tag::kBody && token_.tag != Tag::kHtml && token_.tag != Tag::kBr) return;
      break;
    case TokenKind::kEof: break;
  }
  insert_named(Tag::kBody);
  reprocess_in(Mode::kInBody);
}

void TreeBuilder::note_unended(Tag tag) {
  switch (tag) {
    case Tag::kTitle:
    case Tag::kScript:
    case Tag::kStyle:
    case Tag::kTextarea:
    case Tag::kIframe:
    case Tag::kNoembed: break;
    default: return;
  }
  result_.unended = tag;
  result_.unended_at = raw_text_at_;
}

void TreeBuilder::in_text() {
  if (token_.kind == TokenKind::kText) return insert_text(token_.text);
  if (token_.kind == TokenKind::kEof) note_unended(top().tag);
  pop();
  mode_ = original_mode_;
  if (token_.kind == TokenKind::kEof) dispatch();
}

void TreeBuilder::after_body() {
  switch (token_.kind) {
    case TokenKind::kText: {
      const std::string_view all = token_.text;
      take_leading_space();
      const bool blank = token_.text.empty();
      token_.text = all;
      if (blank) return in_body();
      break;
    }
    case TokenKind::kComment: return insert_comment({open_[0].node, kNoNode});
    case TokenKind::kDoctype: return;
    case TokenKind::kStart:
      if (token_.tag == Tag::kHtml) return in_body();
      break;
    case TokenKind::kEnd:
      if (token_.tag == Tag::kHtml) {
        if (options_.context.empty()) mode_ = Mode::kAfterAfterBody;
        return;
      }
      break;
    case TokenKind::kEof: return;
  }
  reprocess_in(Mode::kInBody);
}

void TreeBuilder::after_after_body() {
  if (token_.kind == TokenKind::kComment) return insert_comment({Dom::kRoot, kNoNode});
  if (token_.kind == TokenKind::kEof) return;
  if (token_.kind == TokenKind::kDoctype || (token_.kind == TokenKind::kStart && token_.tag == Tag::kHtml))
    return in_body();
  if (token_.kind == TokenKind::kText) {
    const std::string_view all = token_.text;
    take_leading_space();
    const bool blank = token_.text.empty();
    token_.text = all;
    if (blank) return in_body();
  }
  reprocess_in(Mode::kInBody);
}

namespace {

// The white space of a text: all that frames keep of it.
std::string_view only_space(std::string_view text, Arena& arena) {
  char* out = arena.allocate(text.size());
  size_t size = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\t' || c == '\f') out[size++] = c;
  }
  arena.give_back(out + size);
  return {out, size};
}

}  // namespace

void TreeBuilder::in_frameset() {
  switch (token_.kind) {
    case TokenKind::kText: return insert_text(only_space(token_.text, dom_.arena()));
    case TokenKind::kComment: return insert_comment();
    case TokenKind::kStart:
      if (token_.tag == Tag::kHtml) return in_body();
      if (token_.tag == Tag::kFrameset) return void(insert_element());
      if (token_.tag == Tag::kFrame) return insert_void_element();
      if (token_.tag == Tag::kNoframes) return in_head();
      return;
    case TokenKind::kEnd:
      if (token_.tag != Tag::kFrameset || open_.size() == 1) return;
      pop();
      if (options_.context.empty() && !top_is(Tag::kFrameset)) mode_ = Mode::kAfterFrameset;
      return;
    default: return;
  }
}

void TreeBuilder::after_frameset() {
  switch (token_.kind) {
    case TokenKind::kText: return insert_text(only_space(token_.text, dom_.arena()));
    case TokenKind::kComment: return insert_comment();
    case TokenKind::kStart:
      if (token_.tag == Tag::kHtml) return in_body();
      if (token_.tag == Tag::kNoframes) return in_head();
      return;
    case TokenKind::kEnd:
      if (token_.tag == Tag::kHtml) mode_ = Mode::kAfterAfterFrameset;
      return;
    default: return;
  }
}

void TreeBuilder::after_after_frameset() {
  if (token_.kind == TokenKind::kComment) return insert_comment({Dom::kRoot, kNoNode});
  if (token_.kind == TokenKind::kText) return insert_text(only_space(token_.text, dom_.arena()));
  if (token_.kind != TokenKind::kStart) return;
  if (token_.tag == Tag::kHtml) return in_body();
  if (token_.tag == Tag::kNoframes) return in_head();
}

}  // namespace ftok::html
