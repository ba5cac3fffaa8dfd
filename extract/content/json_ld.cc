#include "extract/content/json_ld.h"

#include <simdjson.h>

#include <algorithm>

#include "core/ascii.h"
#include "core/json_numbers.h"
#include "extract/content/blocks.h"
#include "extract/content/text_run.h"
#include "extract/html/entities.h"
#include "extract/html/parser.h"
#include "extract/output/layout.h"

namespace ftok::html {

namespace {

constexpr size_t kFieldBytesMax = 2000;  // bytes; a longer "title" is none
constexpr size_t kJsonMax = size_t{1} << 20;
constexpr int kValuesMax = 2000;
constexpr size_t kItemsMax = 200;  // of one array
constexpr size_t kAuthorsMax = 20;
constexpr size_t kNamesMax = 200;
constexpr int kNestingMax = 4;  // of a name in a name

bool has_tag(std::string_view text) {
  text = text.substr(0, text.rfind('>') + 1);  // no tag ends behind it
  for (size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    const size_t name = at + 1 < text.size() && text[at + 1] == '/' ? at + 2 : at + 1;
    if (name < text.size() && is_alpha(text[name])) return true;
  }
  return false;
}

std::string decoded(std::string_view text) {
  std::string out(decoded_max(text.size()), '\0');
  out.resize(decode_text(text, false, false, out.data()));
  return out;
}

std::string unfolded(std::string_view text) {
  std::string out;
  TextRun run(out);
  run.append(text, false);
  return out;
}

// The lines that a piece of markup shows.
std::string lines_of(std::string_view markup) {
  Dom dom;
  PageBlocks page;
  if (parse_html(markup, {}, dom).status != ParseStatus::kDone) return {};
  cut_into_blocks(dom, {}, page);
  std::vector<uint8_t> keep(page.blocks.size());
  for (size_t i = 0; i < keep.size(); ++i) keep[i] = (page.blocks[i].ancestors & kInHidden) == 0;
  LayoutOptions options;
  options.repeated_lines = true;
  return lay_out(page, keep, options);
}

std::string plain(std::string_view text) {
  constexpr int kRoundsMax = 2;  // markup is met that was escaped once more
  std::string out(text);
  for (int round = 0; round < kRoundsMax; ++round) {
    if (has_tag(out)) out = lines_of(out);
    else if (out.find('&') != std::string::npos) out = decoded(out);
    else break;
  }
  return out;
}

// One pass over a script that is not strict JSON.
class JsonRepair {
 public:
  explicit JsonRepair(std::string_view in) : in_(in) { out_.reserve(in.size() + 16); }

  std::string run() {
    out_ = "[";
    while (at_ < in_.size()) step();
    for (; !open_.empty(); open_.pop_back()) {  // what never ended
      drop_comma();
      out_ += open_.back() == '{' ? '}' : ']';
    }
    drop_comma();
    out_ += ']';
    return std::move(out_);
  }

 private:
  bool starts(std::string_view with) const { return in_.substr(at_, with.size()) == with; }

  void step() {
    const char c = in_[at_];
    if (c == '"' || (c == '\'' && std::string_view("{[,:").find(out_.back()) != std::string_view::npos))
      return string();
    if (starts("/*")) return skip_behind("*/");
    if (starts("<!--") || starts("<![CDATA[")) {
      at_ += starts("<!--") ? 4 : 9;
      return;
    }
    if (starts("-->") || starts("]]>")) {
      at_ += 3;
      return;
    }
    if (starts("\xEF\xBB\xBF")) {  // a byte-order mark
      at_ += 3;
      return;
    }
    if (starts("//")) {
      const size_t wrapper = in_.substr(at_, 16).find("<![CDATA[");
      if (wrapper != std::string_view::npos) at_ += wrapper;
      else skip_behind("\n");
      return;
    }
    if (is_word(c)) return word();
    ++at_;
    if (is_ascii_space(c) || c == ';') return;
    if (c == '}' || c == ']') {
      if (open_.empty() || open_.back() != (c == '}' ? '{' : '[')) return;  // of nothing
      drop_comma();
      open_.pop_back();
    } else if (c == ',') {
      if (ends_in_comma() || out_.back() == '[' || out_.back() == '{') return;
    } else if (c == '{' || c == '[') {
      if (out_.size() > 1) add_missing_comma();  // another value behind the first
      open_ += c;
    }
    out_ += c;
  }

  void add_missing_comma() {
    if (std::string_view("\"}]").find(out_.back()) != std::string_view::npos) out_ += ',';
  }

  static bool is_word(char c) {
    return is_alpha(c) || (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == '_' || c == '$' ||
           c == '@';
  }

  // Words without quotes: a name before a colon gets quotes; a value that JSON does not have (NaN, undefined, 0x10, a
  // number beyond 64 bits) becomes null.
  void word() {
    const size_t begin = at_;
    while (at_ < in_.size() && is_word(in_[at_])) ++at_;
    const std::string_view word = in_.substr(begin, at_ - begin);
    const size_t next = in_.find_first_not_of(" \t\r\n", at_);
    const bool is_before_colon = next != std::string_view::npos && in_[next] == ':';
    const bool is_name = is_before_colon && std::string_view("{,").find(out_.back()) != std::string_view::npos;
    add_missing_comma();
    if (is_name) out_.append("\"").append(word).append("\"");
    else if (word == "true" || word == "false" || word == "null" || is_held_json_number(word)) out_ += word;
    else out_ += "null";
  }

  void string() {
    const char quote = in_[at_];
    add_missing_comma();
    out_ += '"';
    for (++at_; at_ < in_.size() && in_[at_] != quote; ++at_) {
      const char c = in_[at_];
      if (c == '\\' && at_ + 1 < in_.size()) {
        const char next = in_[++at_];
        if (std::string_view("\"\\/bfnrt").find(next) != std::string_view::npos || (next == 'u' && is_hex4(at_ + 1))) {
          out_ += '\\';
          out_ += next;
        } else if (static_cast<unsigned char>(next) >= 0x20) {
          out_ += next;
        }
      } else if (static_cast<unsigned char>(c) < 0x20) {
        out_ += c == '\n' ? "\\n" : " ";
      } else if (c == '"') {  // within single quotes
        out_ += "\\\"";
      } else {
        out_ += c;
      }
    }
    out_ += '"';
    ++at_;
  }

  bool is_hex4(size_t at) const {
    if (at + 4 > in_.size()) return false;
    return std::all_of(in_.begin() + static_cast<std::ptrdiff_t>(at), in_.begin() + static_cast<std::ptrdiff_t>(at + 4),
                       [](char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); });
  }

  void skip_behind(std::string_view mark) {
    const size_t end = in_.find(mark, at_);
    at_ = end == std::string_view::npos ? in_.size() : end + mark.size();
  }
  bool ends_in_comma() const { return out_.back() == ','; }
  void drop_comma() {
    if (ends_in_comma()) out_.pop_back();
  }

  std::string_view in_;
  size_t at_ = 0;
  std::string open_;  // brackets
  std::string out_;
};

}  // namespace

std::string plain_field(std::string_view text) { return unfolded(plain(text.substr(0, kFieldBytesMax))); }

std::string plain_body(std::string_view text) {
  std::string out = plain(text);
  while (!out.empty() && is_ascii_space(out.back())) out.pop_back();
  out.erase(0, static_cast<size_t>(std::find_if_not(out.begin(), out.end(), is_ascii_space) - out.begin()));
  return out;
}

std::string repaired_json(std::string_view script) { return JsonRepair(script).run(); }

// Walks the values of one script with a list of what is left to see, never recursion (simdjson itself caps nesting at
// 1,024).
class JsonLd::Reader {
 public:
  Reader(JsonLd& page) : page_(page), found_(page.found_) {}

  void walk(simdjson::dom::element root) {
    std::vector<simdjson::dom::element> left{root};
    for (int seen = 0; !left.empty() && seen < kValuesMax; ++seen) {
      const simdjson::dom::element value = left.back();
      left.pop_back();
      if (value.is_array()) {
        std::vector<simdjson::dom::element> items;
        const simdjson::dom::array array = value.get_array().value_unsafe();
        for (const simdjson::dom::element item : array) {
          if (items.size() < kItemsMax) items.push_back(item);
        }
        left.insert(left.end(), items.rbegin(), items.rend());
      } else if (value.is_object()) {
        const simdjson::dom::object object = value.get_object().value_unsafe();
        read_object(object);
        simdjson::dom::element inner;
        for (const char* key : {"@graph", "mainEntity", "mainEntityOfPage"}) {
          if (object[key].get(inner) == simdjson::SUCCESS) left.push_back(inner);
        }
      }
    }
  }

 private:
  using Element = simdjson::dom::element;
  using Object = simdjson::dom::object;

  // What a thing is called, or the list or the value that it wraps.
  static bool unwrap(const Object& object, Element& value) {
    for (const char* key : {"name", "@value", "@list", "@set"}) {
      if (object[key].get(value) == simdjson::SUCCESS) return true;
    }
    return false;
  }

  // A string, that of a thing's name (itself a thing at times), or the first of a list.
  static std::string_view name_of(Element value) {
    for (int level = 0; level < kNestingMax; ++level) {
      std::string_view text;
      if (value.get_string().get(text) == simdjson::SUCCESS) return text;
      simdjson::dom::array items;
      Object object;
      if (value.get_array().get(items) == simdjson::SUCCESS) {
        if (items.begin() == items.end()) return {};
        value = *items.begin();
      } else if (value.get_object().get(object) == simdjson::SUCCESS) {
        if (!unwrap(object, value)) return {};
      } else {
        return {};
      }
    }
    return {};
  }

  static std::string_view text_of(const Object& object, const char* key) {
    Element value;
    return object[key].get(value) == simdjson::SUCCESS ? name_of(value) : std::string_view();
  }

  static void set_once(std::string& field, std::string_view value) {
    if (field.empty()) field = plain_field(value);
  }

  static bool is_page_type(std::string_view type) {
    for (const std::string_view known :
         {"Article", "Posting", "Product", "Recipe", "QAPage", "WebPage", "Report", "Course", "Event", "JobPosting",
          "HowTo", "FAQPage", "VideoObject", "Review"}) {
      if (type.find(known) != std::string_view::npos) return true;
    }
    return false;
  }

  static bool is_site_type(std::string_view type) {
    return type == "WebSite" || type == "Organization" || type == "NewsMediaOrganization";
  }

  // Of several types the first that says something of a page.
  static std::string_view type_of(const Object& object) {
    simdjson::dom::array types;
    if (object["@type"].get_array().get(types) == simdjson::SUCCESS) {
      size_t count = 0;
      for (const Element item : types) {
        std::string_view type;
        if (count++ < kItemsMax && item.get_string().get(type) == simdjson::SUCCESS && is_page_type(type)) return type;
      }
    }
    return text_of(object, "@type");
  }

  void read_object(const Object& object) {
    const std::string_view type = type_of(object);
    note_name(object);
    if (is_site_type(type)) {
      set_once(page_.site_, text_of(object, "name"));
      if (found_.site.empty()) found_.site = page_.site_;
      return;
    }
    if (!is_page_type(type)) return;
    const bool plain = type == "WebPage";
    if (!plain || found_.json_ld_type.empty()) found_.json_ld_type = std::string(type.substr(0, 64));
    set_once(page_.headline_, text_of(object, "headline"));
    if (found_.author.empty() && page_.author_references_.empty()) read_authors(object);
    set_once(found_.published, text_of(object, "datePublished"));
    set_once(found_.description, text_of(object, "description"));
    set_once(found_.site, text_of(object, "publisher"));
    read_license(object);
    std::string_view body = text_of(object, "articleBody");
    if (body.empty() && type.find("Posting") != std::string_view::npos)
      body = text_of(object, "text");  // of a forum's thread
    if (body.size() > page_.body_.size()) page_.body_ = std::string(body);
  }

  // An address, words, or a thing that has one of them.
  void read_license(const Object& object) {
    Object thing;
    set_once(page_.license_, text_of(object, "license"));
    if (!page_.license_.empty() || object["license"].get_object().get(thing) != simdjson::SUCCESS) return;
    for (const char* key : {"url", "@id"}) set_once(page_.license_, text_of(thing, key));
  }

  void note_name(const Object& object) {
    std::string_view id;
    const std::string_view name = text_of(object, "name");
    if (!name.empty() && page_.names_.size() < kNamesMax && object["@id"].get_string().get(id) == simdjson::SUCCESS)
      page_.names_.emplace_back(id, name);
  }

  // One name, or those of lists: "Ida Brandt; Tom Weir".
  void read_authors(const Object& object) {
    Element value;
    for (const char* key : {"author", "creator"}) {
      if (object[key].get(value) != simdjson::SUCCESS) continue;
      size_t left = kAuthorsMax;
      add_authors(value, 0, left);
      if (!found_.author.empty() || !page_.author_references_.empty()) return;
    }
  }

  void add_authors(const Element& value, int level, size_t& left) {
    if (level > kNestingMax || left == 0) return;
    simdjson::dom::array items;
    Object object;
    std::string_view text;
    if (value.get_array().get(items) == simdjson::SUCCESS) {
      for (const Element item : items) {
        if (left > 0) add_authors(item, level + 1, left);
      }
    } else if (value.get_string().get(text) == simdjson::SUCCESS) {
      --left;
      if (!text.starts_with("http://") && !text.starts_with("https://")) append_name(found_.author, plain_field(text));
    } else if (value.get_object().get(object) == simdjson::SUCCESS) {
      add_author(object, level, left);
    }
  }

  void add_author(const Object& object, int level, size_t& left) {
    Element inner;
    std::string_view id;
    if (unwrap(object, inner)) return add_authors(inner, level + 1, left);
    const std::string given = plain_field(text_of(object, "givenName"));
    const std::string family = plain_field(text_of(object, "familyName"));
    if (!given.empty() || !family.empty()) {
      --left;
      append_name(found_.author, given.empty() || family.empty() ? given + family : given + " " + family);
    } else if (object["@id"].get_string().get(id) == simdjson::SUCCESS) {
      --left;
      page_.author_references_.emplace_back(id);
    }
  }

  JsonLd& page_;
  Metadata& found_;
};

void append_name(std::string& names, std::string_view name) {
  constexpr std::string_view kBetween = "; ";
  if (name.empty() || names.size() + name.size() > kFieldBytesMax) return;
  const std::string all = std::string(kBetween).append(names).append(kBetween);
  if (all.find(std::string(kBetween).append(name).append(kBetween)) != std::string::npos) return;
  if (!names.empty()) names += kBetween;
  names += name;
}

void JsonLd::read(std::string_view script) {
  simdjson::dom::parser parser{kJsonMax + kJsonMax / 2};
  simdjson::dom::element root;
  std::string repaired;
  if (parser.parse(script.data(), script.size()).get(root) != simdjson::SUCCESS) {
    // Quotes written as character references: nothing else makes strings of the script.
    const bool escaped = script.find('"') == std::string_view::npos && script.find("&quot;") != std::string_view::npos;
    repaired = repaired_json(escaped ? decoded(script) : std::string(script));
    if (parser.parse(repaired).get(root) != simdjson::SUCCESS) return;
  }
  Reader(*this).walk(root);
}

void JsonLd::finish() {
  for (const std::string& id : author_references_) {
    const auto named = std::find_if(names_.begin(), names_.end(), [&](const auto& entry) { return entry.first == id; });
    if (named != names_.end()) append_name(found_.author, plain_field(named->second));
  }
  found_.json_ld_text = plain_body(body_);
}

}  // namespace ftok::html
