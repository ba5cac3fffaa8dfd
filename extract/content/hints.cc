#include "extract/content/hints.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <iterator>

namespace ftok::html {

namespace {

struct HintWord {
  std::string_view word;
  Hint hint;
  bool prefix;  // also as the beginning of a longer word
};

constexpr HintWord kWords[] = {
    // clang-format off
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
    {"komment", kHintComment, true},     {"discussion", kHintComment, true}, {"comentari", kHintComment, true},
    {"komentar", kHintComment, true},    {"reactie", kHintComment, true},   {"yorumlar", kHintComment, true},
    {"usercomment", kHintComment, true}, {"postcomment", kHintComment, true},
    {"readercomment", kHintComment, true}, {"leserkommentar", kHintComment, true}, {"wpdiscuz", kHintComment, true},
    {"livefyre", kHintComment, true},    {"intensedebate", kHintComment, true}, {"giscus", kHintComment, true},
    {"utterances", kHintComment, true},
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
    // clang-format on
};
constexpr size_t kWordCount = sizeof(kWords) / sizeof(kWords[0]);

// Words by their first two letters, so that a look-up compares with one or two.
constexpr size_t kPairs = 26 * 26;

constexpr size_t pair_of(char first, char second) {
  return static_cast<size_t>(first - 'a') * 26 + static_cast<size_t>(second - 'a');
}

struct Index {
  std::array<uint16_t, kPairs + 1> begin{};
  std::array<uint16_t, kWordCount> order{};
};

constexpr Index make_index() {
  Index index;
  for (const HintWord& known : kWords) ++index.begin[pair_of(known.word[0], known.word[1]) + 1];
  for (size_t pair = 0; pair < kPairs; ++pair)
    index.begin[pair + 1] = static_cast<uint16_t>(index.begin[pair + 1] + index.begin[pair]);
  std::array<uint16_t, kPairs + 1> next = index.begin;
  for (size_t i = 0; i < kWordCount; ++i)
    index.order[next[pair_of(kWords[i].word[0], kWords[i].word[1])]++] = static_cast<uint16_t>(i);
  return index;
}

constexpr Index kIndex = make_index();

// The first eight bytes of a word, the first in the lowest byte, zeros after its end.
constexpr uint64_t first_bytes(std::string_view word) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < word.size() && i < 8; ++i) bytes |= uint64_t{static_cast<unsigned char>(word[i])} << (8 * i);
  return bytes;
}

struct HintPattern {
  uint64_t bytes, mask;
};

// In kIndex's order: most words are told apart by one comparison of their first eight bytes.
constexpr std::array<HintPattern, kWordCount> make_patterns() {
  std::array<HintPattern, kWordCount> patterns{};
  for (size_t i = 0; i < kWordCount; ++i) {
    const HintWord& known = kWords[kIndex.order[i]];
    const size_t compared =
        known.prefix ? known.word.size() : known.word.size() + 1;  // with the zero after a whole word
    patterns[i] = {first_bytes(known.word), compared >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * compared)) - 1};
  }
  return patterns;
}

constexpr std::array<HintPattern, kWordCount> kPatterns = make_patterns();

// `word` is followed by zeros up to its eighth byte.
uint16_t hints_of_word(const char* word, size_t size) {
  if (size < 2) return 0;  // no word is that short
  const size_t pair = pair_of(word[0], word[1]);
  if (kIndex.begin[pair] == kIndex.begin[pair + 1]) return 0;
  uint64_t bytes = 0;
  for (size_t i = 0; i < 8; ++i) bytes |= uint64_t{static_cast<unsigned char>(word[i])} << (8 * i);
  uint16_t hints = 0;
  for (size_t i = kIndex.begin[pair]; i < kIndex.begin[pair + 1]; ++i) {
    if (((bytes ^ kPatterns[i].bytes) & kPatterns[i].mask) != 0) continue;
    const HintWord& known = kWords[kIndex.order[i]];
    const std::string_view whole(word, size);
    const bool matches = known.prefix ? whole.substr(0, known.word.size()) == known.word : whole == known.word;
    if (matches) hints = static_cast<uint16_t>(hints | 1U << known.hint);
  }
  return hints;
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

}  // namespace

namespace {

constexpr uint32_t kHashSeed = 2166136261U, kHashPrime = 16777619U;  // FNV-1a

constexpr uint32_t hash_name(std::string_view name) {
  uint32_t hash = kHashSeed;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * kHashPrime;
  return hash;
}

constexpr uint32_t kFoldNames[] = {
    hash_name("tab"),       hash_name("tabs"),       hash_name("tabpanel"), hash_name("tabcontent"),
    hash_name("pane"),      hash_name("accordion"),  hash_name("collapse"), hash_name("collapsible"),
    hash_name("collapsed"), hash_name("panel"),      hash_name("slide"),    hash_name("slides"),
    hash_name("slider"),    hash_name("swiper"),     hash_name("carousel"), hash_name("slick"),
    hash_name("faq"),       hash_name("answer"),     hash_name("expand"),   hash_name("expandable"),
    hash_name("details"),   hash_name("disclosure"), hash_name("truncate"), hash_name("readmore")};

// Words in the names of the boxes that highlighters put line numbers in: a first sign (gutters.cc has whole names).
constexpr uint32_t kLineNumberNames[] = {
    hash_name("gutter"),      hash_name("linenos"),     hash_name("lineno"),       hash_name("linenodiv"),
    hash_name("linenumber"),  hash_name("linenumbers"), hash_name("numbers"),      hash_name("lnt"),
    hash_name("lntd"),        hash_name("ln"),          hash_name("num"),          hash_name("nums"),
    hash_name("line-number"), hash_name("line_number"), hash_name("number"),       hash_name("linenum"),
    hash_name("linenums"),    hash_name("linenr"),      hash_name("sourcelineno"), hash_name("lnum"),
    hash_name("lno"),         hash_name("no")};

// What systems of comments, and languages, call them. Words that the model has seen as kHintComment are not here.
constexpr uint32_t kCommentNames[] = {hash_name("talkback"),
                                      hash_name("talkbacks"),
                                      hash_name("webmentions"),
                                      hash_name("hyvor"),
                                      hash_name("isso"),
                                      hash_name("cusdis"),
                                      hash_name("vuukle"),
                                      hash_name("spotim"),
                                      hash_name("viafoura"),
                                      hash_name("waline"),
                                      hash_name("twikoo"),
                                      hash_name("valine"),
                                      hash_name("cackle"),
                                      hash_name("hypercomments"),
                                      hash_name("fbcomments"),
                                      hash_name("newscomments"),
                                      hash_name("articlecomments"),
                                      hash_name("blogcomments"),
                                      hash_name("entrycomments"),
                                      hash_name("commentarea"),
                                      hash_name("coment"),
                                      hash_name("yorum"),
                                      hash_name("diskuse"),
                                      hash_name("diskuze"),
                                      hash_name("diskussion"),
                                      hash_name("diskussionen"),
                                      hash_name("discussie"),
                                      hash_name("hozzaszolas"),
                                      hash_name("hozzaszolasok"),
                                      hash_name("keskustelu"),
                                      hash_name("obsuzhdenie"),
                                      hash_name("binhluan"),
                                      hash_name("pinglun"),
                                      hash_name("tanggapan")};

constexpr uint32_t kCodeLinesNames[] = {hash_name("fragment"),      hash_name("ltx_listing"), hash_name("code"),
                                        hash_name("highlight"),     hash_name("codehilite"),  hash_name("view-lines"),
                                        hash_name("ace_text-layer")};

// What highlighters alone call the box that they lay code out in.
constexpr uint32_t kCodeTextNames[] = {
    hash_name("syntaxhighlighter"), hash_name("dp-highlighter"), hash_name("geshifilter"), hash_name("geshi"),
    hash_name("codecolorer"),       hash_name("crayon-pre"),     hash_name("enlighter"),   hash_name("enlighterjs"),
    hash_name("codemirror-code")};

// What forums' software calls the text of a post, a quotation in it, and what it says of its author.
constexpr uint32_t kPostTextNames[] = {hash_name("postcontent")};
constexpr uint32_t kQuoteNames[] = {hash_name("bbcode_quote")};
constexpr uint32_t kPosterNames[] = {hash_name("message-user"), hash_name("message-userdetails"),
                                     hash_name("cauthorpane"),  hash_name("postprofile"),
                                     hash_name("topic-map"),    hash_name("topic-meta-data"),
                                     hash_name("userinfo"),     hash_name("timeline-comment-header")};

// "ay-hidden" is "a11y-hidden": digits are dropped before hashing.
constexpr uint32_t kForEarsNames[] = {
    hash_name("visually-hidden"),    hash_name("visuallyhidden"),     hash_name("sr-only"),
    hash_name("screen-reader-text"), hash_name("screen-reader-only"), hash_name("element-invisible"),
    hash_name("assistive-text"),     hash_name("hidden-visually"),    hash_name("show-for-sr"),
    hash_name("ay-hidden"),          hash_name("u-visually-hidden"),  hash_name("u-hidden-visually"),
    hash_name("accessibly-hidden"),  hash_name("screenreader-only"),  hash_name("offscreen")};

// formula_sources.cc has whole names.
constexpr uint32_t kFormulaNames[] = {hash_name("math"),      hash_name("tex"),      hash_name("latex"),
                                      hash_name("formula"),   hash_name("equation"), hash_name("kdmath"),
                                      hash_name("arithmatex")};

// The low bits of all those hashes: a first look that tells most names from them.
constexpr std::array<uint64_t, 64> kBoxBits = [] {
  std::array<uint64_t, 64> bits{};
  for (const uint32_t name : kFoldNames) bits[name / 64 % bits.size()] |= uint64_t{1} << (name % 64);
  for (const uint32_t name : kLineNumberNames) bits[name / 64 % bits.size()] |= uint64_t{1} << (name % 64);
  for (const uint32_t name : kCommentNames) bits[name / 64 % bits.size()] |= uint64_t{1} << (name % 64);
  for (const uint32_t name : kCodeLinesNames) bits[name / 64 % bits.size()] |= uint64_t{1} << (name % 64);
  for (const uint32_t name : kCodeTextNames) bits[name / 64 % bits.size()] |= uint64_t{1} << (name % 64);
  for (const uint32_t name : kPostTextNames) bits[name / 64 % bits.size()] |= uint64_t{1} << (name % 64);
  for (const uint32_t name : kQuoteNames) bits[name / 64 % bits.size()] |= uint64_t{1} << (name % 64);
  for (const uint32_t name : kPosterNames) bits[name / 64 % bits.size()] |= uint64_t{1} << (name % 64);
  for (const uint32_t name : kFormulaNames) bits[name / 64 % bits.size()] |= uint64_t{1} << (name % 64);
  for (const uint32_t name : kForEarsNames) bits[name / 64 % bits.size()] |= uint64_t{1} << (name % 64);
  return bits;
}();

template <size_t N>
bool is_among(const uint32_t (&known)[N], uint32_t name) {
  return std::find(std::begin(known), std::end(known), name) != std::end(known);
}

}  // namespace

uint32_t hash_of_name(std::string_view lower_case) { return hash_name(lower_case); }

uint16_t box_kinds_of(const std::vector<uint32_t>& names) {
  uint16_t kinds = 0;
  for (const uint32_t name : names) {
    if ((kBoxBits[name / 64 % kBoxBits.size()] >> (name % 64) & 1) == 0) continue;
    if (is_among(kFoldNames, name)) kinds |= kUnfolds;
    if (is_among(kLineNumberNames, name)) kinds |= kLineNumbers;
    if (is_among(kCommentNames, name)) kinds |= kComments;
    if (is_among(kCodeLinesNames, name)) kinds |= kCodeLines;
    if (is_among(kCodeTextNames, name)) kinds |= kCodeText;
    if (is_among(kPostTextNames, name)) kinds |= kPostText;
    if (is_among(kQuoteNames, name)) kinds |= kQuotes;
    if (is_among(kPosterNames, name)) kinds |= kPosters;
    if (is_among(kForEarsNames, name)) kinds |= kForEars;
    if (is_among(kFormulaNames, name)) kinds |= kFormulas;
  }
  return kinds;
}

uint16_t hints_of(std::string_view value, std::vector<uint32_t>& names) {
  constexpr size_t kValueMax = 400;  // longer class lists repeat themselves
  constexpr size_t kNamesMax = 24;
  value = value.substr(0, kValueMax);
  uint16_t hints = 0;
  char word[24] = {};
  size_t size = 0, words = 0, whole_size = 0;
  uint32_t whole = kHashSeed, word_hash = kHashSeed;  // of the class and of the word so far, as hash_of_name
  char previous = 0;
  const size_t names_max = names.size() + kNamesMax;
  for (size_t i = 0; i <= value.size(); ++i) {
    const size_t begin = i;
    if (size == 0 && whole_size == 0) {  // a class begins with a word: the hash of one is that of the other
      for (; i < value.size() && is_lower(value[i]) && size < sizeof(word); ++i) {
        word[size++] = value[i];
        word_hash = (word_hash ^ static_cast<unsigned char>(value[i])) * kHashPrime;
      }
      whole = word_hash;
    }
    for (; i < value.size() && is_lower(value[i]); ++i) {  // most are, and these end nothing
      if (size < sizeof(word)) {
        word[size++] = value[i];
        word_hash = (word_hash ^ static_cast<unsigned char>(value[i])) * kHashPrime;
      }
      whole = (whole ^ static_cast<unsigned char>(value[i])) * kHashPrime;
    }
    whole_size += i - begin;
    if (i > begin) previous = value[i - 1];
    const char c = i < value.size() ? value[i] : ' ';
    const bool letter = is_upper(c) || is_lower(c);
    if (size > 0 && (!letter || (is_upper(c) && is_lower(previous)))) {
      for (size_t k = size; k < 8; ++k) word[k] = 0;
      hints = static_cast<uint16_t>(hints | hints_of_word(word, size));
      if (size > 1 && names.size() < names_max) names.push_back(word_hash);
      size = 0;
      word_hash = kHashSeed;
      ++words;
    }
    if (letter && size < sizeof(word)) {
      word[size++] = static_cast<char>(c | 0x20);
      word_hash = (word_hash ^ static_cast<unsigned char>(c | 0x20)) * kHashPrime;
    }
    if (c == ' ' || c == '\n' || c == '\t') {
      if (words > 1 && whole_size > 0 && names.size() < names_max) names.push_back(whole);
      whole = kHashSeed;
      words = whole_size = 0;
    } else if (!(c >= '0' && c <= '9')) {
      whole = (whole ^ static_cast<unsigned char>(is_upper(c) ? c | 0x20 : c)) * kHashPrime;
      ++whole_size;
    }
    previous = c;
  }
  return hints;
}

uint16_t HintCache::hints_of(std::string_view value, std::vector<uint32_t>& names, uint32_t& hash) {
  uint64_t mixed = value.size();
  const auto mix = [&](uint64_t word) {
    mixed = (mixed ^ word) * 0x9E3779B97F4A7C15ULL;
    mixed ^= mixed >> 32;
  };
  size_t i = 0;
  uint64_t word = 0;
  for (; i + 8 <= value.size(); i += 8) {
    std::memcpy(&word, value.data() + i, 8);
    mix(word);
  }
  word = 0;
  for (size_t shift = 0; i < value.size(); ++i, shift += 8)
    word |= uint64_t{static_cast<unsigned char>(value[i])} << shift;
  if (value.size() % 8 != 0) mix(word);
  hash = static_cast<uint32_t>(mixed);
  Slot& slot = slots_[hash % kSlots];
  if (slot.value != value || value.empty()) fill(slot, value);
  const auto first = names_.begin() + slot.first;
  names.insert(names.end(), first, first + slot.count);
  return slot.hints;
}

void HintCache::fill(Slot& slot, std::string_view value) {
  if (names_.size() >= kNamesMax) {
    names_.clear();
    slots_.assign(kSlots, Slot());
  }
  const size_t first = names_.size();
  slot.value = value;
  slot.hints = html::hints_of(value, names_);
  slot.first = static_cast<uint32_t>(first);
  slot.count = static_cast<uint32_t>(names_.size() - first);
}

uint16_t hints_of(std::string_view value) {
  std::vector<uint32_t> names;
  return hints_of(value, names);
}

}  // namespace ftok::html
