#include "extract/content/read_metadata.h"

#include <simdjson.h>

#include <string_view>

#include "extract/content/ancestors.h"
#include "extract/content/text_run.h"

namespace ftok::html {

namespace {

constexpr size_t kFieldMax = 2000;  // bytes; a longer "title" is none
constexpr size_t kJsonLdMax = size_t{1} << 20;
constexpr int kJsonLdScriptsMax = 16;
constexpr int kJsonLdValuesMax = 2000;

std::string folded(std::string_view text, size_t bytes_max = kFieldMax) {
  std::string out;
  TextRun run(out);
  run.append(text.substr(0, bytes_max), false);
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text.substr(0, 64));
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

void set_once(std::string& field, std::string_view value) {
  if (field.empty()) field = folded(value);
}

// Walks JSON-LD values with a list of what is left to see, never recursion (simdjson itself caps nesting at 1,024).
class JsonLd {
 public:
  explicit JsonLd(Metadata& found) : found_(found) {}

  void read(std::string_view script) {
    simdjson::dom::element root;
    if (parser_.parse(script.data(), script.size()).get(root) != simdjson::SUCCESS) return;
    std::vector<simdjson::dom::element> left{root};
    for (int seen = 0; !left.empty() && seen < kJsonLdValuesMax; ++seen) {
      const simdjson::dom::element value = left.back();
      left.pop_back();
      if (value.is_array()) {
        const simdjson::dom::array items = value.get_array().value_unsafe();
        std::vector<simdjson::dom::element> reversed;
        for (const simdjson::dom::element item : items) {
          if (reversed.size() < 200) reversed.push_back(item);
        }
        left.insert(left.end(), reversed.rbegin(), reversed.rend());
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
  static std::string_view text_of(const simdjson::dom::object& object, const char* key) {
    simdjson::dom::element value;
    if (object[key].get(value) != simdjson::SUCCESS) return {};
    std::string_view text;
    if (value.get_string().get(text) == simdjson::SUCCESS) return text;
    simdjson::dom::array items;
    if (value.get_array().get(items) == simdjson::SUCCESS) {
      for (const simdjson::dom::element item : items) return name_of_thing(item);
    }
    return name_of_thing(value);
  }

  static std::string_view name_of_thing(const simdjson::dom::element& value) {
    std::string_view text;
    if (value.get_string().get(text) == simdjson::SUCCESS) return text;
    simdjson::dom::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return {};
    simdjson::dom::element name;
    if (object["name"].get(name) == simdjson::SUCCESS && name.get_string().get(text) == simdjson::SUCCESS) return text;
    return {};
  }

  static bool is_page_type(std::string_view type) {
    for (const std::string_view known :
         {"Article", "Posting", "Product", "Recipe", "QAPage", "WebPage", "Report", "Course", "Event", "JobPosting",
          "HowTo", "FAQPage", "VideoObject", "Review"}) {
      if (type.find(known) != std::string_view::npos) return true;
    }
    return false;
  }

  void read_object(const simdjson::dom::object& object) {
    const std::string_view type = text_of(object, "@type");
    if (type == "WebSite" || type == "Organization" || type == "NewsMediaOrganization") {
      set_once(site_, text_of(object, "name"));
      if (found_.site.empty()) found_.site = site_;
      return;
    }
    if (!is_page_type(type)) return;
    const bool plain = type == "WebPage";
    if (!plain || found_.json_ld_type.empty()) found_.json_ld_type = std::string(type.substr(0, 64));
    set_once(found_.title, text_of(object, "headline"));
    set_once(found_.author, text_of(object, "author"));
    set_once(found_.published, text_of(object, "datePublished"));
    set_once(found_.description, text_of(object, "description"));
    set_once(found_.site, text_of(object, "publisher"));
    std::string_view body = text_of(object, "articleBody");
    if (body.empty() && type.find("Posting") != std::string_view::npos)
      body = text_of(object, "text");  // of a forum's thread
    if (body.size() > found_.json_ld_text.size()) found_.json_ld_text = std::string(body);
  }

  Metadata& found_;
  std::string site_;
  simdjson::dom::parser parser_{kJsonLdMax};
};

struct MetaTags {
  std::string og_title, og_site, og_description, og_url, title, author, published, published_plain, description, site,
      canonical, language, og_type;
};

void read_meta(const Dom& dom, NodeId id, MetaTags& tags) {
  std::string_view key = dom.value(id, AttributeName::kProperty);
  if (key.empty()) key = dom.value(id, AttributeName::kName);
  if (key.empty()) key = dom.value(id, AttributeName::kItemprop);
  const std::string_view content = dom.value(id, AttributeName::kContent);
  if (content.empty()) return;
  if (key.empty()) {
    if (lower(dom.value(id, AttributeName::kHttpEquiv)) == "content-language") set_once(tags.language, content);
    return;
  }
  const std::string name = lower(key);
  if (name == "og:title") set_once(tags.og_title, content);
  else if (name == "twitter:title" || name == "dc.title" || name == "citation_title") set_once(tags.title, content);
  else if (name == "og:site_name") set_once(tags.og_site, content);
  else if (name == "application-name") set_once(tags.site, content);
  else if (name == "og:description") set_once(tags.og_description, content);
  else if (name == "description" || name == "dc.description") set_once(tags.description, content);
  else if (name == "og:url") set_once(tags.og_url, content);
  else if (name == "og:type") set_once(tags.og_type, lower(content));
  else if (name == "author" || name == "dc.creator" || name == "citation_author" || name == "parsely-author" ||
           name == "sailthru.author")
    set_once(tags.author, content);
  else if (name == "article:author" && content.substr(0, 4) != "http") set_once(tags.author, content);
  else if (name == "article:published_time" || name == "og:article:published_time") set_once(tags.published, content);
  else if (name == "datepublished" || name == "date" || name == "dc.date" || name == "dc.date.issued" ||
           name == "citation_publication_date" || name == "pubdate" || name == "parsely-pub-date" ||
           name == "sailthru.date")
    set_once(tags.published_plain, content);
}

std::string text_below(const Dom& dom, NodeId top) {
  std::string out;
  TextRun run(out);
  for (NodeId id = dom.next_in_order(top, top); id != kNoNode && out.size() < kFieldMax;) {
    const bool passed_over = dom[id].is(Tag::kA) && is_permalink(dom, id);
    if (dom[id].is_text()) run.append(dom[id].view().substr(0, kFieldMax), false);
    id = passed_over ? dom.next_after_subtree(id, top) : dom.next_in_order(id, top);
  }
  return out;
}

// Of a title made from a heading with its permalink. The other signs of permalinks may well end a title ("C#").
void drop_pilcrow(std::string& title) {
  constexpr std::string_view kPilcrow = "\u00B6";
  while (title.size() > kPilcrow.size() && std::string_view(title).substr(title.size() - kPilcrow.size()) == kPilcrow) {
    title.resize(title.size() - kPilcrow.size());
    while (!title.empty() && title.back() == ' ') title.pop_back();
  }
}

bool has_word(std::string_view list, std::string_view word) {
  if (list.empty()) return false;
  const std::string words = " " + lower(list) + " ";
  return words.find(" " + std::string(word) + " ") != std::string::npos;
}

}  // namespace

Metadata read_metadata(const Dom& dom) {
  MetaTags tags;
  Metadata found;
  JsonLd json_ld(found);
  std::string title, heading, time, by;
  int scripts = 0;
  for (NodeId id = dom.next_in_order(Dom::kRoot); id != kNoNode; id = dom.next_in_order(id)) {
    const Node& node = dom[id];
    if (!node.is_element() || node.name_space != Namespace::kHtml) continue;
    switch (node.tag) {
      case Tag::kHtml:
        found.html_language = folded(dom.value(id, AttributeName::kLang), 64);
        if (found.html_language.empty()) found.html_language = folded(dom.value(id, AttributeName::kXmlLang), 64);
        break;
      case Tag::kTitle:
        if (title.empty()) title = text_below(dom, id);
        break;
      case Tag::kMeta: read_meta(dom, id, tags); break;
      case Tag::kLink:
        if (tags.canonical.empty() && has_word(dom.value(id, AttributeName::kRel), "canonical")) {
          tags.canonical = folded(dom.value(id, AttributeName::kHref));
        }
        break;
      case Tag::kH1:
        if (heading.empty()) heading = text_below(dom, id);
        break;
      case Tag::kTime:
        if (time.empty()) time = folded(dom.value(id, AttributeName::kDatetime));
        break;
      case Tag::kA:
        if (by.empty() && has_word(dom.value(id, AttributeName::kRel), "author")) by = text_below(dom, id);
        break;
      case Tag::kScript:
        if (lower(dom.value(id, AttributeName::kType)) == "application/ld+json" && node.first_child != kNoNode &&
            scripts++ < kJsonLdScriptsMax && dom[node.first_child].size <= kJsonLdMax) {
          json_ld.read(dom[node.first_child].view());
        }
        break;
      default: break;
    }
  }
  const auto first = [](std::initializer_list<const std::string*> candidates) {
    for (const std::string* candidate : candidates) {
      if (!candidate->empty()) return *candidate;
    }
    return std::string();
  };
  found.title = first({&tags.og_title, &found.title, &tags.title, &heading, &title});
  drop_pilcrow(found.title);
  found.author = first({&tags.author, &found.author, &by});
  found.published = first({&tags.published, &found.published, &tags.published_plain, &time});
  found.site = first({&tags.og_site, &found.site, &tags.site});
  found.description = first({&tags.og_description, &tags.description, &found.description});
  found.canonical_url = first({&tags.canonical, &tags.og_url});
  found.og_type = tags.og_type;
  if (found.html_language.empty()) found.html_language = tags.language;
  return found;
}

}  // namespace ftok::html
