#include "extract/html/prescan.h"
#include "core/ascii.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace ftok::html {

namespace {

bool is_table_part(Tag tag) {
  return tag == Tag::kTd || tag == Tag::kTh || tag == Tag::kTr || tag == Tag::kTbody || tag == Tag::kThead ||
         tag == Tag::kTfoot || tag == Tag::kCaption || tag == Tag::kColgroup;
}

bool is_heading(Tag tag) { return tag >= Tag::kH1 && tag <= Tag::kH6; }

bool is_scope_barrier(Tag tag) {
  return tag == Tag::kApplet || tag == Tag::kCaption || tag == Tag::kTable || tag == Tag::kTd || tag == Tag::kTh ||
         tag == Tag::kMarquee || tag == Tag::kObject || tag == Tag::kTemplate || tag == Tag::kForeignObject ||
         tag == Tag::kDesc || tag == Tag::kMi || tag == Tag::kMo || tag == Tag::kMn || tag == Tag::kMs ||
         tag == Tag::kMtext || tag == Tag::kAnnotationXml;
}

bool is_raw_text(Tag tag) {
  return tag == Tag::kScript || tag == Tag::kStyle || tag == Tag::kTextarea || tag == Tag::kTitle || tag == Tag::kXmp ||
         tag == Tag::kIframe || tag == Tag::kNoembed || tag == Tag::kNoframes;
}

// Tags that end a foreign (svg, math) subtree: section 13.2.6.5.
bool breaks_out_of_foreign(Tag tag) {
  return has_flag(tag, kBlock) || has_flag(tag, kFormatting) || tag == Tag::kSpan || tag == Tag::kSub ||
         tag == Tag::kSup || tag == Tag::kVar || tag == Tag::kRuby || tag == Tag::kImg || tag == Tag::kBr ||
         tag == Tag::kMeta || tag == Tag::kEmbed;
}

struct Formatting {
  Tag tag;  // kUnknown: a marker
  bool open;
  size_t hash;  // of the whole tag: Noah's Ark clause
};

class Prescan {
 public:
  Prescan(std::string_view html, const ParseLimits& limits) : html_(html), limits_(limits) {}
  ParseResult run();

 private:
  void scan_tag();
  void skip_markup_declaration();
  void skip_raw_text(Tag tag);
  void start_tag(Tag tag, bool self_closing, std::string_view whole);
  void end_tag(Tag tag);
  void close_p();
  void push(Tag tag);
  void pop_to(size_t size);
  size_t find_open(Tag tag, bool table_scope) const;
  void start_formatting(Tag tag, std::string_view whole);
  void end_formatting(Tag tag);
  void reconstruct();
  void enter_table_context(Tag tag);
  bool in_foreign() const;
  void count_node() {
    if (++nodes_ > limits_.nodes_max) fail(ParseStatus::kTooManyNodes, nodes_, limits_.nodes_max);
  }
  void fail(ParseStatus status, double value, double limit) {
    if (result_.status != ParseStatus::kDone) return;
    result_.status = status;
    result_.value = value;
    result_.limit = limit;
  }

  static constexpr size_t kNone = SIZE_MAX;
  std::string_view html_;
  ParseLimits limits_;
  size_t at_ = 0;
  uint64_t nodes_ = 0;
  uint64_t work_ = 0;  // open elements summed over all tags: what a parser that walks its stack pays
  mutable uint64_t walked_ = 0;
  size_t foreign_ = 0;  // open svg and math elements
  std::vector<Tag> open_;
  std::vector<Formatting> formatting_;
  ParseResult result_;
};

ParseResult Prescan::run() {
  if (html_.size() > limits_.bytes_max) {
    fail(ParseStatus::kTooLarge, static_cast<double>(html_.size()), static_cast<double>(limits_.bytes_max));
    return result_;
  }
  while (at_ < html_.size() && result_.status == ParseStatus::kDone) {
    const void* found = std::memchr(html_.data() + at_, '<', html_.size() - at_);
    const size_t less =
        found == nullptr ? html_.size() : static_cast<size_t>(static_cast<const char*>(found) - html_.data());
    if (less > at_) {
      count_node();  // text
      reconstruct();
    }
    at_ = less;
    if (at_ >= html_.size()) break;
    scan_tag();
  }
  result_.steps = at_ + walked_;
  return result_;
}

void Prescan::skip_markup_declaration() {
  count_node();
  if (html_.substr(at_, 4) == "<!--") {
    if (html_.substr(at_ + 4, 1) == ">") {
      at_ += 5;
    } else if (html_.substr(at_ + 4, 2) == "->") {
      at_ += 6;
    } else {
      at_ += 4;
      for (;;) {  // to "-->" or "--!>"
        at_ = html_.find("--", at_);
        if (at_ == std::string_view::npos) {
          at_ = html_.size();
          return;
        }
        const std::string_view after = html_.substr(at_ + 2, 2);
        if (after.substr(0, 1) == ">" || after == "!>") {
          at_ += after[0] == '>' ? 3 : 4;
          return;
        }
        ++at_;
      }
    }
  } else if (html_.substr(at_, 9) == "<![CDATA[" && in_foreign()) {
    const size_t end = html_.find("]]>", at_);
    at_ = end == std::string_view::npos ? html_.size() : end + 3;
  } else {
    const size_t end = html_.find('>', at_);
    at_ = end == std::string_view::npos ? html_.size() : end + 1;
  }
}

void Prescan::scan_tag() {
  const size_t begin = at_;
  size_t i = begin + 1;
  const bool is_end = i < html_.size() && html_[i] == '/';
  if (is_end) ++i;
  if (i >= html_.size() || !is_alpha(html_[i])) {
    if (i < html_.size() && (html_[i] == '!' || html_[i] == '?' || is_end)) {
      skip_markup_declaration();
    } else {
      ++at_;
    }
    return;
  }
  char name[16];
  size_t name_size = 0;
  for (; i < html_.size() && !is_html_space(html_[i]) && html_[i] != '/' && html_[i] != '>'; ++i) {
    const char c = html_[i];
    if (name_size < sizeof(name)) name[name_size] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    ++name_size;
  }
  uint32_t attributes = 0;
  bool self_closing = false;
  while (i < html_.size() && html_[i] != '>') {
    if (is_html_space(html_[i]) || html_[i] == '/') {
      self_closing = html_[i] == '/';
      ++i;
      continue;
    }
    self_closing = false;
    ++attributes;
    ++i;  // a name may begin with '='
    while (i < html_.size() && !is_html_space(html_[i]) && html_[i] != '/' && html_[i] != '>' && html_[i] != '=') ++i;
    size_t value = i;
    while (value < html_.size() && is_html_space(html_[value])) ++value;
    if (value >= html_.size() || html_[value] != '=') continue;
    i = value + 1;
    while (i < html_.size() && is_html_space(html_[i])) ++i;
    if (i < html_.size() && (html_[i] == '"' || html_[i] == '\'')) {
      const size_t end = html_.find(html_[i], i + 1);
      i = end == std::string_view::npos ? html_.size() : end + 1;
    } else {
      while (i < html_.size() && !is_html_space(html_[i]) && html_[i] != '>') ++i;
    }
  }
  at_ = i < html_.size() ? i + 1 : i;
  if (attributes > limits_.attributes_max) {
    fail(ParseStatus::kTooManyAttributes, attributes, limits_.attributes_max);
    return;
  }
  const Tag tag = name_size <= sizeof(name) ? find_tag({name, name_size}) : Tag::kUnknown;
  work_ += open_.size();
  if (work_ > limits_.work_max)
    fail(ParseStatus::kTooMuchWork, static_cast<double>(work_), static_cast<double>(limits_.work_max));
  if (is_end) {
    end_tag(tag);
  } else {
    start_tag(tag, self_closing, html_.substr(begin, at_ - begin));
  }
}

bool Prescan::in_foreign() const {
  for (size_t i = open_.size(); foreign_ > 0 && i-- > 0;) {
    ++walked_;
    if (open_[i] == Tag::kSvg || open_[i] == Tag::kMath) return true;
    if (is_scope_barrier(open_[i])) return false;
  }
  return false;
}

void Prescan::skip_raw_text(Tag tag) {
  const std::string_view name = name_of(tag);
  while (at_ < html_.size()) {
    const size_t less = html_.find("</", at_);
    if (less == std::string_view::npos) {
      at_ = html_.size();
      return;
    }
    at_ = less + 2;
    if (html_.size() - at_ <= name.size()) continue;
    size_t i = 0;
    while (i < name.size() && (html_[at_ + i] | 0x20) == name[i]) ++i;
    if (i == name.size() && (is_html_space(html_[at_ + i]) || html_[at_ + i] == '/' || html_[at_ + i] == '>')) {
      const size_t end = html_.find('>', at_);
      at_ = end == std::string_view::npos ? html_.size() : end + 1;
      return;
    }
  }
}

void Prescan::push(Tag tag) {
  open_.push_back(tag);
  if (tag == Tag::kSvg || tag == Tag::kMath) ++foreign_;
  if (open_.size() > limits_.depth_max) {
    fail(ParseStatus::kTooDeep, static_cast<double>(open_.size()), limits_.depth_max);
  }
  if (tag == Tag::kTd || tag == Tag::kTh || tag == Tag::kCaption || tag == Tag::kApplet || tag == Tag::kObject ||
      tag == Tag::kMarquee || tag == Tag::kTemplate) {
    formatting_.push_back({Tag::kUnknown, true, 0});
  }
}

void Prescan::pop_to(size_t size) {
  while (open_.size() > size) {
    ++walked_;
    const Tag tag = open_.back();
    open_.pop_back();
    if (tag == Tag::kSvg || tag == Tag::kMath) --foreign_;
    if (has_flag(tag, kFormatting)) {
      for (size_t i = formatting_.size(); i-- > 0;) {
        if (formatting_[i].tag == tag && formatting_[i].open) {
          formatting_[i].open = false;
          break;
        }
      }
    }
    if (tag == Tag::kTd || tag == Tag::kTh || tag == Tag::kCaption || tag == Tag::kApplet || tag == Tag::kObject ||
        tag == Tag::kMarquee || tag == Tag::kTemplate) {
      while (!formatting_.empty() && formatting_.back().tag != Tag::kUnknown) formatting_.pop_back();
      if (!formatting_.empty()) formatting_.pop_back();
    }
  }
}

// The place of the innermost open `tag` that an end tag would reach, kNone when a barrier hides it.
size_t Prescan::find_open(Tag tag, bool table_scope) const {
  for (size_t i = open_.size(); i-- > 0;) {
    ++walked_;
    const Tag t = open_[i];
    if (t == tag) return i;
    if (table_scope ? (t == Tag::kTable || t == Tag::kTemplate) : is_scope_barrier(t)) return kNone;
    if (!table_scope && !has_flag(tag, kSpecial) && !has_flag(tag, kFormatting) && has_flag(t, kSpecial)) return kNone;
  }
  return kNone;
}

void Prescan::close_p() {
  for (size_t i = open_.size(); i-- > 0;) {
    ++walked_;
    if (open_[i] == Tag::kP) return pop_to(i);
    if (is_scope_barrier(open_[i]) || open_[i] == Tag::kButton) return;
  }
}

void Prescan::reconstruct() {
  size_t first = formatting_.size();
  while (first > 0 && formatting_[first - 1].tag != Tag::kUnknown && !formatting_[first - 1].open) --first;
  for (; first < formatting_.size() && result_.status == ParseStatus::kDone; ++first) {
    formatting_[first].open = true;
    count_node();
    push(formatting_[first].tag);
  }
}

void Prescan::start_formatting(Tag tag, std::string_view whole) {
  if (tag == Tag::kA || tag == Tag::kNobr) end_formatting(tag);
  reconstruct();
  const size_t hash = std::hash<std::string_view>()(whole);
  size_t equal = 0, earliest = 0, count = 1;
  for (size_t i = formatting_.size(); i-- > 0 && formatting_[i].tag != Tag::kUnknown; ++count) {
    ++walked_;
    if (formatting_[i].hash == hash) {
      ++equal;
      earliest = i;
    }
  }
  if (equal >= 3) {
    formatting_.erase(formatting_.begin() + static_cast<ptrdiff_t>(earliest));
    --count;
  }
  if (count > limits_.formatting_max)
    fail(ParseStatus::kTooManyFormatting, static_cast<double>(count), limits_.formatting_max);
  push(tag);
  formatting_.push_back({tag, true, hash});
}

void Prescan::end_formatting(Tag tag) {
  for (size_t i = formatting_.size(); i-- > 0 && formatting_[i].tag != Tag::kUnknown;) {
    ++walked_;
    if (formatting_[i].tag != tag) continue;
    formatting_.erase(formatting_.begin() + static_cast<ptrdiff_t>(i));
    break;
  }
  const size_t place = find_open(tag, false);
  if (place != kNone) open_.erase(open_.begin() + static_cast<ptrdiff_t>(place));
}

// Pops to where a table part may stand; pushes nothing when there is no table.
void Prescan::enter_table_context(Tag tag) {
  for (size_t i = open_.size(); i-- > 0;) {
    ++walked_;
    const Tag t = open_[i];
    const bool cell = tag == Tag::kTd || tag == Tag::kTh;
    const bool holds = t == Tag::kTable || t == Tag::kTemplate || (cell && t == Tag::kTr) ||
                       ((cell || tag == Tag::kTr) && (t == Tag::kTbody || t == Tag::kThead || t == Tag::kTfoot));
    if (!holds) continue;
    pop_to(i + 1);
    return push(tag);
  }
}

void Prescan::start_tag(Tag tag, bool self_closing, std::string_view whole) {
  if (tag == Tag::kHtml || tag == Tag::kHead || tag == Tag::kBody) return;
  count_node();
  const bool foreign = in_foreign();
  if (foreign && breaks_out_of_foreign(tag)) {
    size_t i = open_.size();
    while (i > 0 && open_[i - 1] != Tag::kSvg && open_[i - 1] != Tag::kMath) --i;
    pop_to(i == 0 ? 0 : i - 1);
  } else if (foreign) {
    if (!self_closing) push(tag);
    return;
  }
  if (is_table_part(tag)) return enter_table_context(tag);
  if (has_flag(tag, kFormatting)) return start_formatting(tag, whole);
  if (tag == Tag::kLi || tag == Tag::kDd || tag == Tag::kDt) {
    for (size_t i = open_.size(); i-- > 0;) {
      ++walked_;
      const Tag t = open_[i];
      if (tag == Tag::kLi ? t == Tag::kLi : (t == Tag::kDd || t == Tag::kDt)) {
        pop_to(i);
        break;
      }
      if (has_flag(t, kSpecial) && t != Tag::kAddress && t != Tag::kDiv && t != Tag::kP) break;
    }
  }
  if (has_flag(tag, kBlock)) close_p();
  if (!open_.empty()) {
    const Tag top = open_.back();
    const bool closes_top = (is_heading(tag) && is_heading(top)) ||
                            ((tag == Tag::kOption || tag == Tag::kOptgroup) && top == Tag::kOption) ||
                            ((tag == Tag::kRb || tag == Tag::kRt || tag == Tag::kRp || tag == Tag::kRtc) &&
                             (top == Tag::kRb || top == Tag::kRt || top == Tag::kRp));
    if (closes_top) pop_to(open_.size() - 1);
  }
  if (tag == Tag::kButton || tag == Tag::kSelect) {
    const size_t place = find_open(tag, false);
    if (place != kNone) pop_to(place);
  }
  if (has_flag(tag, kVoid)) return;
  if (is_raw_text(tag)) return skip_raw_text(tag);
  if (!has_flag(tag, kBlock)) reconstruct();
  if (self_closing && (tag == Tag::kSvg || tag == Tag::kMath)) return;
  push(tag);
  if (tag == Tag::kPlaintext) at_ = html_.size();
}

void Prescan::end_tag(Tag tag) {
  if (tag == Tag::kHtml || tag == Tag::kBody || tag == Tag::kHead) return;
  if (has_flag(tag, kFormatting)) return end_formatting(tag);
  const size_t place = find_open(tag, is_table_part(tag) || tag == Tag::kTable);
  if (place != kNone) return pop_to(place);
  if (is_heading(tag)) {
    for (size_t i = open_.size(); i-- > 0 && !is_scope_barrier(open_[i]);) {
      if (is_heading(open_[i])) return pop_to(i);
    }
  }
  if (tag == Tag::kP || tag == Tag::kBr) count_node();
}

}  // namespace

ParseResult prescan(std::string_view html, const ParseLimits& limits) { return Prescan(html, limits).run(); }

}  // namespace ftok::html
