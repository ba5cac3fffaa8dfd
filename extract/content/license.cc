#include "extract/content/license.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "core/ascii.h"
#include "extract/content/ancestors.h"
#include "extract/content/hints.h"
#include "extract/content/json_ld.h"

namespace ftok::html {

namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

// What stands behind "https://" and "www.", or behind "//"; empty for addresses of other kinds.
std::string_view behind_scheme(std::string_view address) {
  while (!address.empty() && static_cast<unsigned char>(address.front()) <= ' ') address.remove_prefix(1);
  if (address.starts_with("https:")) address.remove_prefix(6);
  else if (address.starts_with("http:")) address.remove_prefix(5);
  if (!address.starts_with("//")) return {};
  address.remove_prefix(2);
  if (address.starts_with("www.")) address.remove_prefix(4);
  return address;
}

// The parts of a path between its slashes, as far as "?" and "#".
std::vector<std::string_view> parts_of(std::string_view path) {
  constexpr size_t kPartsMax = 8;
  path = path.substr(0, path.find_first_of("?#"));
  std::vector<std::string_view> parts;
  while (!path.empty() && parts.size() < kPartsMax) {
    const size_t end = std::min(path.find('/'), path.size());
    if (end > 0) parts.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

bool is_version(std::string_view text) {
  return text.size() == 3 && is_digit(text[0]) && text[1] == '.' && is_digit(text[2]);
}

// The terms of a licence of Creative Commons ("by-nc-sa"), in the order that its name has.
bool is_terms(std::string_view terms) {
  static constexpr std::string_view kTerms[] = {"by", "by-sa", "by-nd", "by-nc", "by-nc-sa", "by-nc-nd"};
  return std::find(std::begin(kTerms), std::end(kTerms), terms) != std::end(kTerms);
}

std::string creative_commons(const std::vector<std::string_view>& path) {
  if (path.size() < 3 || !is_version(path[2])) return {};
  const std::string version(path[2]);
  if (path[0] == "publicdomain")
    return path[1] == "zero" ? "CC0-" + version : path[1] == "mark" ? "CC-PDM-" + version : "";
  std::string terms = lower_ascii(path[1]);
  if (terms == "by-nd-nc") terms = "by-nc-nd";  // as version 1.0 has it
  if (path[0] != "licenses" || !is_terms(terms)) return {};
  std::string name = "CC-" + upper(terms) + "-" + version;
  const bool is_port = path.size() > 3 && path[3].size() == 2 && is_alpha(path[3][0]) && is_alpha(path[3][1]);
  return is_port ? name + "-" + upper(path[3]) : name;
}

struct KnownLicense {
  std::string_view address;  // behind the scheme, in lower case, as far as it tells the licence
  std::string_view name;
  bool has_versions = false;  // the address goes on with "-3.0"
};

constexpr KnownLicense kKnown[] = {
    {"gnu.org/licenses/agpl", "AGPL", true},
    {"gnu.org/licenses/fdl", "GFDL", true},
    {"gnu.org/copyleft/fdl", "GFDL", true},
    {"gnu.org/licenses/gpl", "GPL", true},
    {"gnu.org/copyleft/gpl", "GPL", true},
    {"gnu.org/licenses/lgpl", "LGPL", true},
    {"apache.org/licenses/license-2.0", "Apache-2.0"},
    {"opendatacommons.org/licenses/odbl", "ODbL-1.0"},
    {"opendatacommons.org/licenses/by", "ODC-By-1.0"},
    {"opendatacommons.org/licenses/pddl", "PDDL-1.0"},
    {"nationalarchives.gov.uk/doc/open-government-licence/version/1", "OGL-UK-1.0"},
    {"nationalarchives.gov.uk/doc/open-government-licence/version/2", "OGL-UK-2.0"},
    {"nationalarchives.gov.uk/doc/open-government-licence", "OGL-UK-3.0"},
};

constexpr std::string_view kCreativeCommons = "creativecommons.org/";

// Folders of addresses that end in a licence's name.
constexpr std::string_view kLists[] = {"opensource.org/licenses/", "opensource.org/license/", "spdx.org/licenses/"};

// The bytes that addresses of licences begin with, behind their scheme: few links have one.
constexpr std::array<bool, 256> kFirstBytes = [] {
  std::array<bool, 256> bytes{};
  bytes[static_cast<unsigned char>(kCreativeCommons[0])] = true;
  for (const KnownLicense& known : kKnown) bytes[static_cast<unsigned char>(known.address[0])] = true;
  for (const std::string_view list : kLists) bytes[static_cast<unsigned char>(list[0])] = true;
  return bytes;
}();

std::string_view without_page_ending(std::string_view name) {
  for (const std::string_view ending : {".html", ".php", ".txt"}) {
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  return name;
}

// "apache-2-0", "mit-license" and "MIT" of such addresses, as SPDX writes them where it is one of these.
std::string spdx_name(std::string_view listed) {
  static constexpr std::string_view kNames[] = {"AGPL-3.0", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "EPL-2.0",
                                                "GPL-2.0",  "GPL-3.0",    "ISC",          "LGPL-2.1",     "LGPL-3.0",
                                                "MIT",      "MPL-2.0",    "Unlicense",    "Zlib"};
  static constexpr std::string_view kEnding = "-license";
  const auto plain_form = [](std::string_view name) {
    std::string form = lower_ascii(name);
    std::replace(form.begin(), form.end(), '.', '-');
    if (form.ends_with(kEnding)) form.resize(form.size() - kEnding.size());
    return form;
  };
  const std::string form = plain_form(listed);
  const auto* const found = std::find_if(std::begin(kNames), std::end(kNames),
                                         [&](std::string_view name) { return plain_form(name) == form; });
  return std::string(found == std::end(kNames) ? listed : *found);
}

// Whether an element is in the page's footer.
bool is_in_footer(const Dom& dom, NodeId id) {
  for (NodeId at = dom[id].parent; at != kNoNode && dom[at].is_element(); at = dom[at].parent) {
    if (dom[at].is(Tag::kFooter) || dom.value(at, AttributeName::kRole) == "contentinfo") return true;
    for (const AttributeName name : {AttributeName::kId, AttributeName::kClass}) {
      const std::string_view value = dom.value(at, name);
      if (!value.empty() && (hints_of(value) >> kHintFooter & 1) != 0) return true;
    }
  }
  return false;
}

void set_once(std::string& field, std::string value) {
  if (field.empty()) field = std::move(value);
}

// The licence's name where its address or its words are known, else these as they are.
std::string named(std::string_view value) {
  std::string name = license_of_address(value);
  if (name.empty()) name = license_of_words(value);
  return name.empty() ? plain_field(value) : name;
}

}  // namespace

std::string license_of_address(std::string_view address) {
  constexpr size_t kBytesMax = 200;
  const std::string_view rest = behind_scheme(address).substr(0, kBytesMax);
  if (rest.empty() || !kFirstBytes[static_cast<unsigned char>(ascii_lower(rest[0]))]) return {};
  if (rest.starts_with(kCreativeCommons)) return creative_commons(parts_of(rest.substr(kCreativeCommons.size())));
  for (const std::string_view list : kLists) {
    if (!rest.starts_with(list)) continue;
    const std::vector<std::string_view> parts = parts_of(rest.substr(list.size()));
    return parts.size() != 1 ? std::string() : spdx_name(without_page_ending(parts[0]));
  }
  const std::string known_form = lower_ascii(rest);
  for (const KnownLicense& known : kKnown) {
    if (!known_form.starts_with(known.address)) continue;
    const std::string_view behind = std::string_view(known_form).substr(known.address.size());
    const bool has_version = known.has_versions && behind.starts_with('-') && is_version(behind.substr(1, 3));
    return std::string(known.name) + (has_version ? std::string(behind.substr(0, 4)) : "");
  }
  return {};
}

std::string license_of_words(std::string_view text) {
  constexpr size_t kBytesMax = 200;
  if (text.size() > kBytesMax) return {};
  static constexpr std::string_view kWords[][2] = {{"creativecommons", ""},
                                                   {"attribution", "by"},
                                                   {"noncommercial", "nc"},
                                                   {"sharealike", "sa"},
                                                   {"noderivatives", "nd"},
                                                   {"noderivs", "nd"},
                                                   {"by", "by"},
                                                   {"nc", "nc"},
                                                   {"sa", "sa"},
                                                   {"nd", "nd"},
                                                   {"cc", ""}};
  // Its words without what stands between them, so that "Share-Alike" is one.
  std::string letters;
  std::string version;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_alpha(text[i])) letters += static_cast<char>(text[i] | 0x20);
    const bool starts = version.empty() && is_version(text.substr(i, 3)) && (i == 0 || !is_digit(text[i - 1]));
    if (starts && (i + 3 == text.size() || !is_digit(text[i + 3]))) version = text.substr(i, 3);
  }
  if (contains_word(text, "cc0") && version == "1.0") return "CC0-1.0";
  const size_t begin = std::min(letters.find("creativecommons"), letters.find("ccby"));
  if (version.empty() || begin == std::string::npos) return {};
  std::string_view rest = std::string_view(letters).substr(begin);
  std::vector<std::string_view> terms;
  for (bool again = true; again && !rest.empty();) {
    again = false;
    for (const auto& [word, term] : kWords) {
      if (!rest.starts_with(word)) continue;
      rest.remove_prefix(word.size());
      if (!term.empty() && std::find(terms.begin(), terms.end(), term) == terms.end()) terms.push_back(term);
      again = true;
      break;
    }
  }
  std::string joined;
  for (const std::string_view term : terms) joined += (joined.empty() ? "" : "-") + std::string(term);
  return is_terms(joined) ? "CC-" + upper(joined) + "-" + version : std::string();
}

void LicenseReader::read_link(const Dom& dom, NodeId id) {
  if (!rel_.empty()) return;
  std::string_view href, rel;
  for (const Attribute* a = dom.attributes(id); a != nullptr; a = a->last ? nullptr : a + 1) {
    if (a->id == AttributeName::kHref) href = a->value();
    else if (a->id == AttributeName::kRel) rel = a->value();
  }
  if (href.empty()) return;
  if (contains_word(rel, "license") && has_class(lower_ascii(rel), "license")) {
    rel_ = named(href);
  } else if (footer_.empty() && dom[id].is(Tag::kA)) {
    std::string name = license_of_address(href);
    if (!name.empty() && is_in_footer(dom, id)) footer_ = std::move(name);
  }
}

void LicenseReader::read_meta(std::string_view name, std::string_view content) {
  if (name == "license" || name == "licence" || name == "dcterms.license" || name == "dc.license" ||
      name == "dc.rights.license") {
    set_once(meta_, named(content));
  } else if (name == "dc.rights" || name == "dcterms.rights" || name == "rights" || name == "copyright") {
    // Most of these say who holds the rights, not what is allowed.
    std::string known = license_of_address(content);
    set_once(meta_, known.empty() ? license_of_words(content) : std::move(known));
  }
}

void LicenseReader::finish(std::string_view json_ld) {
  const std::string in_json_ld = json_ld.empty() ? std::string() : named(json_ld);
  const struct {
    const std::string& license;
    const char* source;
  } found[] = {{rel_, "rel"}, {meta_, "meta"}, {in_json_ld, "json_ld"}, {footer_, "footer"}};
  for (const auto& [license, source] : found) {
    if (license.empty()) continue;
    license_ = license;
    source_ = source;
    return;
  }
}

}  // namespace ftok::html
