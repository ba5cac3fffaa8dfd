#include "extract/content/json_ld.h"

#include <simdjson.h>

#include <algorithm>

#include "core/ascii.h"
#include "core/lenient_json.h"
#include "extract/content/blocks.h"
#include "extract/content/json_repair.h"
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

// Whether a tag begins at the "<" at `at`: of an element that is known, or named as one of a site's own. "x<y and y>z"
// and "vector<int>" are text, and so is "a<b and c>d", where words without values come behind a name that is glued to a
// word.
bool is_tag_at(std::string_view text, size_t at) {
  constexpr size_t kReach = 8192;  // bytes looked through for the ">"
  const bool is_end = at + 1 < text.size() && text[at + 1] == '/';
  const size_t name = at + (is_end ? 2 : 1);
  if (name >= text.size() || !is_alpha(text[name])) return false;
  size_t last = text.substr(0, at + kReach).find('>', at);
  if (last == std::string_view::npos && text.size() <= at + kReach) return false;
  last = std::min(last, at + kReach);
  const size_t end = std::min(text.find_first_of(" \t\n\r\f/>", name), last);
  const std::string lower = lower_ascii(text.substr(name, end - name));
  if (find_tag(lower) == Tag::kUnknown && lower.find_first_of("-:") == std::string::npos) return false;
  const bool is_glued = at > 0 && (is_alpha(text[at - 1]) || is_digit(text[at - 1]));
  const std::string_view attributes = text.substr(end, last - end);
  return is_end || !is_glued || attributes.find_first_not_of(" \t\n\r\f") == std::string_view::npos ||
         attributes.find('=') != std::string_view::npos || attributes.find('/') != std::string_view::npos;
}

bool has_tag(std::string_view text) {
  text = text.substr(0, text.rfind('>') + 1);  // no tag ends behind it
  for (size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    if (is_tag_at(text, at)) return true;
  }
  return false;
}

// The same markup, with a character reference for each "<" that begins no tag.
std::string plain_markup(std::string_view text) {
  const std::string_view tags = text.substr(0, text.rfind('>') + 1);  // what is cut off behind it stays a tag
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool may_begin = text[i] == '<' && i + 1 < tags.size() && (is_alpha(text[i + 1]) || text[i + 1] == '/');
    if (may_begin && !is_tag_at(tags, i)) out += "&lt;";
    else out += text[i];
  }
  return out;
}

// Without the marks of CDATA, which an HTML parser takes for a comment.
std::string without_cdata(std::string_view text) {
  constexpr std::string_view kOpen = "<![CDATA[", kClose = "]]>";
  std::string out;
  for (size_t at = text.find(kOpen); at != std::string_view::npos; at = text.find(kOpen)) {
    out += text.substr(0, at);
    text.remove_prefix(at + kOpen.size());
    const size_t end = text.find(kClose);
    out += text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end == std::string_view::npos ? end : end + kClose.size()));
  }
  return out += text;
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
  std::string out = without_cdata(text);
  for (int round = 0; round < kRoundsMax; ++round) {
    if (has_tag(out)) out = lines_of(plain_markup(out));
    else if (out.find('&') != std::string::npos) out = decoded(out);
    else break;
  }
  return out;
}

}  // namespace

std::string plain_field(std::string_view text) { return unfolded(plain(text.substr(0, kFieldBytesMax))); }

std::string plain_body(std::string_view text) {
  std::string out;
  TextRun run(out);
  const std::string body = plain(text);
  for (size_t at = 0; at < body.size();) {  // no "\r" before "\n"
    const size_t end = std::min(body.find("\r\n", at), body.size());
    run.append(std::string_view(body).substr(at, end - at), true);
    if (end < body.size()) run.append("\n", true);
    at = end + 2;
  }
  while (!out.empty() && is_ascii_space(out.back())) out.pop_back();
  out.erase(0, static_cast<size_t>(std::find_if_not(out.begin(), out.end(), is_ascii_space) - out.begin()));
  return out;
}

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
          if (get(object, key, inner)) left.push_back(inner);
        }
      }
    }
  }

 private:
  using Element = simdjson::dom::element;
  using Object = simdjson::dom::object;

  // A name without what says that it is schema.org's: "schema:author", "https://schema.org/author".
  static std::string_view local_name(std::string_view name) {
    for (const std::string_view prefix : {"schema:", "http://schema.org/", "https://schema.org/"}) {
      if (name.starts_with(prefix)) return name.substr(prefix.size());
    }
    return name;
  }

  // The value of a key, the last one where it comes twice: so JavaScript reads it.
  static bool get(const Object& object, std::string_view key, Element& value) {
    bool found = false;
    for (const auto field : object) {
      if (field.key.size() < key.size() || !field.key.ends_with(key) || local_name(field.key) != key) continue;
      value = field.value;
      found = true;
    }
    return found;
  }

  static bool get_string(const Object& object, std::string_view key, std::string_view& text) {
    Element value;
    return get(object, key, value) && value.get_string().get(text) == simdjson::SUCCESS;
  }

  // What a thing is called, or the list or the value that it wraps.
  static bool unwrap(const Object& object, Element& value) {
    for (const char* key : {"name", "@value", "@list", "@set"}) {
      if (get(object, key, value)) return true;
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
    return get(object, key, value) ? name_of(value) : std::string_view();
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
    Element value;
    if (get(object, "@type", value) && value.get_array().get(types) == simdjson::SUCCESS) {
      size_t count = 0;
      for (const Element item : types) {
        std::string_view type;
        if (count++ < kItemsMax && item.get_string().get(type) == simdjson::SUCCESS && is_page_type(type))
          return local_name(type);
      }
    }
    return local_name(text_of(object, "@type"));
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
    std::string body = body_of(object, "articleBody");
    if (body.empty() && type.find("Posting") != std::string_view::npos)
      body = body_of(object, "text");  // of a forum's thread
    if (body.size() > page_.body_.size()) page_.body_ = std::move(body);
  }

  // A text; the parts of a list are its lines.
  static std::string body_of(const Object& object, const char* key) {
    Element value;
    simdjson::dom::array parts;
    if (!get(object, key, value)) return {};
    if (value.get_array().get(parts) != simdjson::SUCCESS) return std::string(name_of(value));
    std::string body;
    size_t count = 0;
    for (const Element part : parts) {
      const std::string_view text = count++ < kItemsMax ? name_of(part) : std::string_view();
      if (!body.empty() && !text.empty()) body += '\n';
      body += text;
    }
    return body;
  }

  // An address, words, or a thing that has one of them.
  void read_license(const Object& object) {
    Object thing;
    Element value;
    set_once(page_.license_, text_of(object, "license"));
    if (!page_.license_.empty() || !get(object, "license", value)) return;
    if (value.get_object().get(thing) != simdjson::SUCCESS) return;
    for (const char* key : {"url", "@id"}) set_once(page_.license_, text_of(thing, key));
  }

  void note_name(const Object& object) {
    std::string_view id;
    const std::string_view name = text_of(object, "name");
    if (!name.empty() && page_.names_.size() < kNamesMax && get_string(object, "@id", id))
      page_.names_.emplace_back(id, name);
  }

  // One name, or those of lists: "Ida Brandt; Tom Weir".
  void read_authors(const Object& object) {
    Element value;
    for (const char* key : {"author", "creator"}) {
      if (!get(object, key, value)) continue;
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
    for (const char* key : {"author", "creator"}) {  // in a Role
      if (get(object, key, inner)) return add_authors(inner, level + 1, left);
    }
    if (unwrap(object, inner)) return add_authors(inner, level + 1, left);
    const std::string given = plain_field(text_of(object, "givenName"));
    const std::string family = plain_field(text_of(object, "familyName"));
    if (!given.empty() || !family.empty()) {
      --left;
      append_name(found_.author, given.empty() || family.empty() ? given + family : given + " " + family);
    } else if (get_string(object, "@id", id)) {
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
  std::string repaired, plain;
  if (parse_json(parser, script, root, plain) != simdjson::SUCCESS) {
    // Quotes written as character references: nothing else makes strings of the script.
    const bool escaped = script.find('"') == std::string_view::npos && script.find("&quot;") != std::string_view::npos;
    repaired = repaired_json(escaped ? decoded(script) : std::string(script));
    if (parse_json(parser, repaired, root, plain) != simdjson::SUCCESS) return;
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
