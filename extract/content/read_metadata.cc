#include "extract/content/read_metadata.h"

#include <algorithm>
#include <string_view>

#include "core/ascii.h"
#include "extract/content/ancestors.h"
#include "extract/content/json_ld.h"
#include "extract/content/license.h"
#include "extract/content/text_run.h"
#include "extract/html/resolve_url.h"

namespace ftok::html {

namespace {

constexpr size_t kFieldMax = 2000;  // bytes; a longer "title" is none
constexpr size_t kJsonLdMax = size_t{1} << 20;
constexpr int kJsonLdScriptsMax = 16;

std::string folded(std::string_view text, size_t bytes_max = kFieldMax) {
  std::string out;
  TextRun run(out);
  run.append(text.substr(0, bytes_max), false);
  return out;
}

std::string lower(std::string_view text) { return lower_ascii(text.substr(0, 64)); }

void set_once(std::string& field, std::string_view value) {
  if (field.empty()) field = folded(value);
}

// "application/ld+json", whatever parameters follow it.
bool is_json_ld(std::string_view type) {
  while (!type.empty() && (type.front() == ' ' || (type.front() >= '\t' && type.front() <= '\r')))
    type.remove_prefix(1);
  return lower(type.substr(0, type.find_first_of("; \t\n\r\f"))) == "application/ld+json";
}

struct MetaTags {
  std::string og_title, og_site, og_description, title, author, creators, published, published_plain, description, site,
      language, og_type;
  std::string_view canonical, og_url, base;  // as they are written
  std::string author_key;                    // the name of the tags that `author` is from
  LicenseReader license;
};

// Several tags of one name are several authors; tags of another name say the same again.
void add_author(MetaTags& tags, const std::string& key, std::string_view content) {
  if (content.substr(0, 4) == "http") return;
  if (tags.author_key.empty()) tags.author_key = key;
  if (tags.author_key == key) append_name(tags.author, folded(content));
}

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
  else if (name == "og:url") tags.og_url = tags.og_url.empty() ? content : tags.og_url;
  else if (name == "og:type") set_once(tags.og_type, lower(content));
  else if (name == "citation_author" || name == "dc.creator") append_name(tags.creators, folded(content));
  else if (name == "author" || name == "parsely-author" || name == "sailthru.author" || name == "article:author")
    add_author(tags, name, content);
  else if (name == "article:published_time" || name == "og:article:published_time") set_once(tags.published, content);
  else if (name == "datepublished" || name == "date" || name == "dc.date" || name == "dc.date.issued" ||
           name == "citation_publication_date" || name == "pubdate" || name == "parsely-pub-date" ||
           name == "sailthru.date")
    set_once(tags.published_plain, content);
  else tags.license.read_meta(name, content);
}

// Whether an element breaks the line that it stands in.
bool breaks_line(const Dom& dom, NodeId id) {
  return id != kNoNode && dom[id].is_element() &&
         (dom[id].is(Tag::kBr) || has_flag(dom[id].tag, kBlock) ||
          (styled_as(dom.value(id, AttributeName::kStyle)) & kOwnLine) != 0);
}

std::string text_below(const Dom& dom, NodeId top) {
  std::string out;
  TextRun run(out);
  for (NodeId id = dom.next_in_order(top, top); id != kNoNode && out.size() < kFieldMax;) {
    const bool passed_over = dom[id].is(Tag::kA) && is_permalink(dom, id);
    if (breaks_line(dom, id) || breaks_line(dom, dom[id].previous)) run.append(" ", false);
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

// JSON-LD's headline, unless the page's own heading says something else: then the headline is believed where <title>
// has it too (a first heading may be the site's name). If <title> has both, the headline wins, unless it is the site's
// name or <title> does not begin with it.
const std::string& own_title(const std::string& headline, const std::string& heading, const std::string& title,
                             const std::string& site) {
  if (headline.empty() || heading.empty() || heading == headline) return headline;
  const bool has_headline = title.find(headline) != std::string::npos && heading.find(headline) == std::string::npos;
  if (!has_headline) return heading;
  const bool is_name_or_part = headline == site || !title.starts_with(headline);
  return is_name_or_part && heading != site && title.find(heading) != std::string::npos ? heading : headline;
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(' '), list.size());
    if (end == word.size() && lower(list.substr(0, end)) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

// Whether a heading is a link to the site's first page: then it is the site's name.
bool leads_home(const Dom& dom, NodeId heading) {
  NodeId link = dom.next_in_order(heading, heading);
  while (link != kNoNode && !dom[link].is(Tag::kA)) {
    if (dom[link].is_text() && dom[link].view().find_first_not_of(" \t\n\r\f") != std::string_view::npos) return false;
    link = dom.next_in_order(link, heading);
  }
  if (link == kNoNode) return false;
  std::string_view address = dom.value(link, AttributeName::kHref);
  if (const size_t scheme = address.find("://"); scheme != std::string_view::npos) {
    address.remove_prefix(scheme + 3);
    const size_t path = address.find('/');
    if (path == std::string_view::npos) return true;
    address.remove_prefix(path);
  }
  return address == "/" || address == "/index.php" || address == "/index.html";
}

// The first of the page's statements that is a URL of http or https (HTML Standard, "document base URL").
std::string canonical_url(const MetaTags& tags, std::string_view url) {
  std::string base = tags.base.empty() ? std::string() : resolve_url(tags.base, url);
  if (base.empty()) base = url;
  for (const std::string_view stated : {tags.canonical, tags.og_url}) {
    std::string resolved = stated.empty() ? std::string() : resolve_url(stated, base);
    if (!resolved.empty()) return resolved;
  }
  return {};
}

}  // namespace

Metadata read_metadata(const Dom& dom, std::string_view url) {
  MetaTags tags;
  Metadata found;
  JsonLd json_ld(found);
  std::string title, heading, time, by;
  NodeId byline = kNoNode;  // what holds the first link to an author
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
      case Tag::kBase:
        if (tags.base.empty()) tags.base = dom.value(id, AttributeName::kHref);
        break;
      case Tag::kLink:
        if (tags.canonical.empty() && has_word(dom.value(id, AttributeName::kRel), "canonical")) {
          tags.canonical = dom.value(id, AttributeName::kHref);
        }
        tags.license.read_link(dom, id);
        break;
      case Tag::kH1:
        if (heading.empty() && !leads_home(dom, id)) heading = text_below(dom, id);
        break;
      case Tag::kTime:
        if (time.empty()) time = folded(dom.value(id, AttributeName::kDatetime));
        break;
      case Tag::kA:
        if ((by.empty() || node.parent == byline) && has_word(dom.value(id, AttributeName::kRel), "author")) {
          append_name(by, text_below(dom, id));
          byline = node.parent;
        }
        tags.license.read_link(dom, id);
        break;
      case Tag::kScript:
        if (is_json_ld(dom.value(id, AttributeName::kType)) && node.first_child != kNoNode &&
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
  json_ld.finish();
  found.site = first({&tags.og_site, &found.site, &tags.site});
  const std::string& headline = own_title(json_ld.headline(), heading, title, found.site);
  found.title = first({&tags.og_title, &headline, &tags.title, &heading, &title});
  drop_pilcrow(found.title);
  found.document_title = std::move(title);
  found.heading = std::move(heading);
  found.author = first({&tags.author, &tags.creators, &found.author, &by});
  found.published = first({&tags.published, &found.published, &tags.published_plain, &time});
  found.description = first({&tags.og_description, &tags.description, &found.description});
  found.canonical_url = canonical_url(tags, url);
  found.og_type = tags.og_type;
  tags.license.finish(json_ld.license());
  found.license = tags.license.license();
  found.license_source = tags.license.source();
  if (found.html_language.empty()) found.html_language = tags.language;
  return found;
}

}  // namespace ftok::html
