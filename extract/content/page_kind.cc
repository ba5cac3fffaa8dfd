#include "extract/content/page_kind.h"

#include <algorithm>
#include <string>

namespace ftok::html {

namespace {

struct KnownPart {
  std::string_view part;
  int kind;
};

// Of schema.org's types, the first that is a part of the page's own.
constexpr KnownPart kSchemas[] = {
    {"Forum", 7},        {"QAPage", 7},   {"Article", 2}, {"Posting", 2},        {"Recipe", 3},  {"Event", 3},
    {"Course", 3},       {"Product", 4},  {"Offer", 4},   {"CollectionPage", 5}, {"List", 5},    {"SearchResults", 5},
    {"Organization", 6}, {"Business", 6}, {"Service", 6}, {"Store", 6},          {"WebPage", 1}, {"WebSite", 1},
};

constexpr KnownPart kTellingParts[] = {
    {"news", 1},       {"article", 1},    {"articles", 1}, {"story", 1},      {"stories", 1},   {"blog", 1},
    {"post", 1},       {"posts", 1},      {"archives", 1}, {"recipe", 1},     {"recipes", 1},   {"review", 1},
    {"docs", 2},       {"doc", 2},        {"wiki", 2},     {"reference", 2},  {"manual", 2},    {"guide", 2},
    {"guides", 2},     {"api", 2},        {"help", 2},     {"tutorial", 2},   {"tutorials", 2}, {"documentation", 2},
    {"product", 3},    {"products", 3},   {"item", 3},     {"p", 3},          {"dp", 3},        {"listing", 3},
    {"category", 4},   {"categories", 4}, {"tag", 4},      {"tags", 4},       {"search", 4},    {"collections", 4},
    {"collection", 4}, {"shop", 4},       {"list", 4},     {"browse", 4},     {"c", 4},         {"directory", 4},
    {"forum", 5},      {"forums", 5},     {"thread", 5},   {"threads", 5},    {"topic", 5},     {"viewtopic", 5},
    {"questions", 5},  {"showthread", 5}, {"t", 5},        {"discussion", 5},
};

int kind_among(const KnownPart* begin, const KnownPart* end, std::string_view part) {
  const KnownPart* const found = std::find_if(begin, end, [&](const KnownPart& known) { return known.part == part; });
  return found == end ? 0 : found->kind;
}

}  // namespace

int kind_of_schema(std::string_view json_ld_type) {
  for (const KnownPart& known : kSchemas) {
    if (json_ld_type.find(known.part) != std::string_view::npos) return known.kind;
  }
  return 0;
}

PathFacts read_path(std::string_view address) {
  constexpr size_t kBytesMax = 512;
  std::string lower(address.substr(0, kBytesMax));
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  PathFacts facts;
  std::string_view rest = lower;
  const size_t scheme = rest.find("//");
  if (scheme == std::string_view::npos) return facts;
  rest.remove_prefix(scheme + 2);
  rest = rest.substr(0, rest.find_first_of("?#"));
  facts.depth = 0;
  for (size_t slash = rest.find('/'); slash != std::string_view::npos;) {
    rest.remove_prefix(slash + 1);
    slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty()) continue;
    ++facts.depth;
    facts.slug_words = 1 + static_cast<int>(std::count(part.begin(), part.end(), '-'));
    const int kind = kind_among(std::begin(kTellingParts), std::end(kTellingParts), part.substr(0, part.find('.')));
    if (kind != 0) facts.kind = kind;
  }
  return facts;
}

}  // namespace ftok::html
