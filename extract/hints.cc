#include "extract/hints.h"

#include <array>
#include <cstddef>

namespace ftok::html {

namespace {

struct HintWord {
  std::string_view word;
  Hint hint;
  bool prefix;  // also as the beginning of a longer word
};

constexpr HintWord kWords[] = {
    {"content", kHintContent, true},     {"article", kHintContent, true},   {"post", kHintContent, false},
    {"posts", kHintContent, false},      {"postcontent", kHintContent, true}, {"postbody", kHintContent, true},
    {"entry", kHintContent, true},       {"story", kHintContent, true},     {"body", kHintContent, true},
    {"text", kHintContent, true},        {"main", kHintContent, true},      {"blog", kHintContent, true},
    {"prose", kHintContent, false},      {"paragraph", kHintContent, true}, {"rte", kHintContent, false},
    {"richtext", kHintContent, true},    {"wysiwyg", kHintContent, true},   {"markdown", kHintContent, true},
    {"news", kHintContent, false},       {"artikel", kHintContent, true},   {"inhalt", kHintContent, true},
    {"contenu", kHintContent, true},     {"texte", kHintContent, true},     {"documentation", kHintContent, true},
    {"docs", kHintContent, false},
    {"comment", kHintComment, true},     {"disqus", kHintComment, true},    {"respond", kHintComment, true},
    {"kommentar", kHintComment, true},   {"commentaire", kHintComment, true}, {"discussion", kHintComment, true},
    {"share", kHintShare, true},         {"sharing", kHintShare, true},     {"social", kHintShare, true},
    {"follow", kHintShare, true},        {"facebook", kHintShare, true},    {"twitter", kHintShare, true},
    {"addthis", kHintShare, true},       {"sharedaddy", kHintShare, true},  {"whatsapp", kHintShare, true},
    {"related", kHintRelated, true},     {"recommend", kHintRelated, true}, {"popular", kHintRelated, true},
    {"trending", kHintRelated, true},    {"more", kHintRelated, false},     {"similar", kHintRelated, true},
    {"mostread", kHintRelated, true},    {"readmore", kHintRelated, true},  {"latest", kHintRelated, true},
    {"recent", kHintRelated, true},      {"suggest", kHintRelated, true},   {"outbrain", kHintRelated, true},
    {"taboola", kHintRelated, true},     {"yarpp", kHintRelated, true},     {"crosslink", kHintRelated, true},
    {"nav", kHintNavigation, true},      {"menu", kHintNavigation, true},   {"breadcrumb", kHintNavigation, true},
    {"pagination", kHintNavigation, true}, {"pager", kHintNavigation, true}, {"toc", kHintNavigation, false},
    {"navigation", kHintNavigation, true}, {"skip", kHintNavigation, true}, {"tabs", kHintNavigation, false},
    {"topbar", kHintNavigation, true},   {"search", kHintNavigation, true}, {"filter", kHintNavigation, true},
    {"toolbar", kHintNavigation, true},  {"dropdown", kHintNavigation, true},
    {"footer", kHintFooter, true},       {"copyright", kHintFooter, true},  {"legal", kHintFooter, true},
    {"foot", kHintFooter, false},        {"bottom", kHintFooter, true},     {"contentinfo", kHintFooter, true},
    {"disclaimer", kHintFooter, true},   {"colophon", kHintFooter, true},
    {"header", kHintHeader, true},       {"masthead", kHintHeader, true},   {"banner", kHintHeader, true},
    {"logo", kHintHeader, true},         {"hero", kHintHeader, true},       {"top", kHintHeader, false},
    {"sidebar", kHintSidebar, true},     {"aside", kHintSidebar, true},     {"widget", kHintSidebar, true},
    {"rail", kHintSidebar, false},       {"secondary", kHintSidebar, true}, {"complementary", kHintSidebar, true},
    {"side", kHintSidebar, false},       {"sidenav", kHintSidebar, true},   {"marginal", kHintSidebar, true},
    {"ad", kHintAd, false},              {"ads", kHintAd, false},           {"advert", kHintAd, true},
    {"promo", kHintAd, true},            {"sponsor", kHintAd, true},        {"adsense", kHintAd, true},
    {"banner", kHintAd, false},          {"affiliate", kHintAd, true},      {"cta", kHintAd, false},
    {"donate", kHintAd, true},           {"anzeige", kHintAd, true},        {"werbung", kHintAd, true},
    {"cookie", kHintConsent, true},      {"consent", kHintConsent, true},   {"gdpr", kHintConsent, true},
    {"popup", kHintConsent, true},       {"modal", kHintConsent, true},     {"newsletter", kHintConsent, true},
    {"subscribe", kHintConsent, true},   {"subscription", kHintConsent, true}, {"signup", kHintConsent, true},
    {"login", kHintConsent, true},       {"signin", kHintConsent, true},    {"register", kHintConsent, true},
    {"paywall", kHintConsent, true},     {"overlay", kHintConsent, true},   {"lightbox", kHintConsent, true},
    {"dialog", kHintConsent, true},      {"notice", kHintConsent, true},    {"alert", kHintConsent, true},
    {"optin", kHintConsent, true},       {"form", kHintConsent, true},      {"cart", kHintConsent, true},
    {"checkout", kHintConsent, true},
    {"meta", kHintMeta, true},           {"byline", kHintMeta, true},       {"author", kHintMeta, true},
    {"date", kHintMeta, true},           {"time", kHintMeta, true},         {"tags", kHintMeta, false},
    {"tag", kHintMeta, false},           {"category", kHintMeta, true},     {"categories", kHintMeta, true},
    {"published", kHintMeta, true},      {"posted", kHintMeta, true},       {"info", kHintMeta, true},
    {"credit", kHintMeta, true},         {"bio", kHintMeta, false},         {"profile", kHintMeta, true},
    {"avatar", kHintMeta, true},         {"vcard", kHintMeta, true},        {"autor", kHintMeta, true},
    {"datum", kHintMeta, true},          {"keyword", kHintMeta, true},
    {"title", kHintTitle, true},         {"headline", kHintTitle, true},    {"heading", kHintTitle, true},
    {"subtitle", kHintTitle, true},      {"lead", kHintTitle, true},        {"intro", kHintTitle, true},
    {"teaser", kHintTitle, true},        {"excerpt", kHintTitle, true},     {"summary", kHintTitle, true},
    {"abstract", kHintTitle, true},      {"dek", kHintTitle, false},        {"standfirst", kHintTitle, true},
    {"product", kHintProduct, true},     {"price", kHintProduct, true},     {"description", kHintProduct, true},
    {"desc", kHintProduct, false},       {"spec", kHintProduct, true},      {"detail", kHintProduct, true},
    {"feature", kHintProduct, true},     {"review", kHintProduct, true},    {"rating", kHintProduct, true},
    {"sku", kHintProduct, true},         {"accordion", kHintProduct, true}, {"faq", kHintProduct, true},
    {"service", kHintProduct, true},
    {"forum", kHintForum, true},         {"thread", kHintForum, true},      {"message", kHintForum, true},
    {"reply", kHintForum, true},         {"replies", kHintForum, true},     {"answer", kHintForum, true},
    {"question", kHintForum, true},      {"quote", kHintForum, true},       {"topic", kHintForum, true},
    {"user", kHintForum, true},          {"member", kHintForum, true},      {"signature", kHintForum, true},
    {"vote", kHintForum, true},          {"bbp", kHintForum, true},         {"postbit", kHintForum, true},
    {"caption", kHintMedia, true},       {"image", kHintMedia, true},       {"img", kHintMedia, true},
    {"gallery", kHintMedia, true},       {"figure", kHintMedia, true},      {"slider", kHintMedia, true},
    {"carousel", kHintMedia, true},      {"slide", kHintMedia, true},       {"swiper", kHintMedia, true},
    {"video", kHintMedia, true},         {"media", kHintMedia, true},       {"photo", kHintMedia, true},
    {"player", kHintMedia, true},        {"thumb", kHintMedia, true},       {"embed", kHintMedia, true},
    {"list", kHintList, true},           {"grid", kHintList, true},         {"item", kHintList, true},
    {"card", kHintList, true},           {"tile", kHintList, true},         {"result", kHintList, true},
    {"listing", kHintList, true},        {"archive", kHintList, true},      {"collection", kHintList, true},
    {"catalog", kHintList, true},        {"feed", kHintList, true},         {"loop", kHintList, false},
};
constexpr size_t kWordCount = sizeof(kWords) / sizeof(kWords[0]);

// Words by first letter, so that a look-up compares with a handful.
struct Index {
  std::array<uint16_t, 27> begin{};
  std::array<uint16_t, kWordCount> order{};
};

constexpr Index make_index() {
  Index index;
  uint16_t at = 0;
  for (int letter = 0; letter < 26; ++letter) {
    index.begin[static_cast<size_t>(letter)] = at;
    for (size_t i = 0; i < kWordCount; ++i) {
      if (kWords[i].word[0] == 'a' + letter) index.order[at++] = static_cast<uint16_t>(i);
    }
  }
  index.begin[26] = at;
  return index;
}

constexpr Index kIndex = make_index();

uint16_t hints_of_word(std::string_view word) {
  uint16_t hints = 0;
  const size_t letter = static_cast<size_t>(word[0] - 'a');
  for (size_t i = kIndex.begin[letter]; i < kIndex.begin[letter + 1]; ++i) {
    const HintWord& known = kWords[kIndex.order[i]];
    const bool matches = known.prefix ? word.substr(0, known.word.size()) == known.word : word == known.word;
    if (matches) hints = static_cast<uint16_t>(hints | 1U << known.hint);
  }
  return hints;
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

}  // namespace

uint32_t hash_of_name(std::string_view lower_case) {
  uint32_t hash = 2166136261U;
  for (const char c : lower_case) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

uint16_t hints_of(std::string_view value, std::vector<uint32_t>& names) {
  constexpr size_t kValueMax = 400;  // longer class lists repeat themselves
  constexpr size_t kNamesMax = 24;
  value = value.substr(0, kValueMax);
  uint16_t hints = 0;
  char word[24];
  size_t size = 0, words = 0, whole_size = 0;
  uint32_t whole = 2166136261U;  // of the class so far, as hash_of_name
  char previous = 0;
  const size_t names_max = names.size() + kNamesMax;
  for (size_t i = 0; i <= value.size(); ++i) {
    const char c = i < value.size() ? value[i] : ' ';
    const bool letter = is_upper(c) || is_lower(c);
    if (size > 0 && (!letter || (is_upper(c) && is_lower(previous)))) {
      hints = static_cast<uint16_t>(hints | hints_of_word({word, size}));
      if (size > 1 && names.size() < names_max) names.push_back(hash_of_name({word, size}));
      size = 0;
      ++words;
    }
    if (letter && size < sizeof(word)) word[size++] = static_cast<char>(c | 0x20);
    if (c == ' ' || c == '\n' || c == '\t') {
      if (words > 1 && whole_size > 0 && names.size() < names_max) names.push_back(whole);
      whole = 2166136261U;
      words = whole_size = 0;
    } else if (!(c >= '0' && c <= '9')) {
      whole = (whole ^ static_cast<unsigned char>(is_upper(c) ? c | 0x20 : c)) * 16777619U;
      ++whole_size;
    }
    previous = c;
  }
  return hints;
}

uint16_t hints_of(std::string_view value) {
  std::vector<uint32_t> names;
  return hints_of(value, names);
}

}  // namespace ftok::html
