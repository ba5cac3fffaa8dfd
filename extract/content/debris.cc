#include "extract/content/debris.h"
#include "core/ascii.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>
#include <map>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace ftok::html {

namespace {

bool is_gap(char c) { return c == ' ' || c == '\n' || c == '\t'; }

// What the names of page builders' shortcodes begin with.
constexpr std::string_view kBuilders[] = {"vc_",
                                          "et_pb_",
                                          "fusion_",
                                          "av_",
                                          "tatsu_",
                                          "kc_",
                                          "mk_",
                                          "cs_",
                                          "su_",
                                          "nectar_",
                                          "siteorigin_widget",
                                          "rev_slider",
                                          "smartslider3",
                                          "contact-form-7",
                                          "mc4wp_form",
                                          "ninja_form",
                                          "wpforms",
                                          "gravityform",
                                          "elementor-template",
                                          "x_section",
                                          "x_row",
                                          "x_column",
                                          "layerslider"};
// WordPress's own, which are words too.
constexpr std::string_view kCore[] = {"audio", "caption", "embed", "gallery", "playlist", "video", "wp_caption"};

constexpr size_t kPhrasesMin = 20;  // of a list of search terms

struct Shortcode {
  size_t size = 0;  // 0: there is none
  bool is_builder = false, has_attributes = false, closes = false;
};

// The shortcode that begins at text[at], a "[".
Shortcode shortcode_at(std::string_view text, size_t at) {
  constexpr size_t kBytesMax = 4000;
  const std::string_view rest = text.substr(at, kBytesMax);
  Shortcode code;
  size_t i = 1;
  if (i < rest.size() && rest[i] == '/') code.closes = true, ++i;
  const size_t begin = i;
  while (i < rest.size() && (is_alpha(rest[i]) || is_digit(rest[i]) || rest[i] == '_' || rest[i] == '-')) ++i;
  const std::string_view name = rest.substr(begin, i - begin);
  code.is_builder = std::any_of(std::begin(kBuilders), std::end(kBuilders),
                                [&](std::string_view known) { return name.starts_with(known); });
  if (!code.is_builder && std::find(std::begin(kCore), std::end(kCore), name) == std::end(kCore)) return {};
  const size_t end = rest.find(']', i);
  if (end == std::string_view::npos) return {};
  const std::string_view inside = rest.substr(i, end - i);
  code.has_attributes = inside.find('=') != std::string_view::npos;
  const bool is_bare = inside.find_first_not_of(" /") == std::string_view::npos;
  if (!is_bare && (!code.has_attributes || !is_gap(inside[0]))) return {};
  if (!code.is_builder && !code.has_attributes && !code.closes) return {};
  code.size = end + 1;
  return code;
}

// The end of the placeholder that begins at text[at]; 0 where none does.
size_t end_of_placeholder(std::string_view text, size_t at) {
  constexpr size_t kBytesMax = 120;
  static constexpr std::string_view kSigns[][2] = {{"{{", "}}"}, {"{%", "%}"}, {"<%", "%>"}};
  const std::string_view rest = text.substr(at, kBytesMax);
  for (const auto& [open, close] : kSigns) {
    if (!rest.starts_with(open)) continue;
    size_t end = rest.find(close, open.size());
    if (end == std::string_view::npos || end == open.size()) return 0;
    end += close.size();
    while (end < rest.size() && rest[end] == '}') ++end;  // "{{{ raw }}}"
    return at + end;
  }
  return 0;
}

}  // namespace

DebrisSigns debris_signs_of(std::string_view text) {
  DebrisSigns signs;
  size_t commas = 0;
#if defined(__SSE2__)
  for (size_t i = 0; i < text.size(); i += 16) {
    char last[16] = {};
    const char* at = text.data() + i;
    if (i + 16 > text.size()) at = static_cast<const char*>(std::memcpy(last, at, text.size() - i));
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto equal = [](__m128i in, char c) { return _mm_cmpeq_epi8(in, _mm_set1_epi8(c)); };
    const __m128i open = equal(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), '{');  // "[" and "{" differ by this bit
    const __m128i found = _mm_or_si128(_mm_or_si128(open, equal(bytes, '<')), equal(bytes, ','));
    if (_mm_movemask_epi8(found) == 0) continue;
    const auto mask = [&](char c) { return static_cast<uint32_t>(_mm_movemask_epi8(equal(bytes, c))); };
    signs.has_bracket = signs.has_bracket || mask('[') != 0;
    signs.has_placeholder = signs.has_placeholder || (mask('{') | mask('<')) != 0;
    commas += static_cast<size_t>(std::popcount(mask(',')));
  }
#else
  for (const char c : text) {
    signs.has_bracket = signs.has_bracket || c == '[';
    signs.has_placeholder = signs.has_placeholder || c == '{' || c == '<';
    commas += c == ',' ? 1 : 0;
  }
#endif
  signs.has_commas = commas + 1 >= kPhrasesMin;
  return signs;
}

std::vector<Piece> shortcodes_in(std::string_view text) {
  std::vector<Piece> found;
  bool has_attributes = false;
  size_t bytes = 0;
  int failed = 0;
  constexpr int kFailedMax = 256;  // after so many, the brackets mean something else
  for (size_t at = text.find('['); at != std::string_view::npos && failed < kFailedMax; at = text.find('[', at)) {
    const Shortcode code = shortcode_at(text, at);
    if (code.size == 0) {
      ++at, ++failed;
      continue;
    }
    has_attributes = has_attributes || code.has_attributes;
    bytes += code.size;
    found.push_back({at, at + code.size});
    at += code.size;
  }
  if (found.size() == 1 && !has_attributes && bytes < text.size()) found.clear();
  char before = ' ';  // of what is kept; the spaces behind a piece go where one stands before it
  size_t end = 0;
  for (Piece& piece : found) {
    if (piece.begin > end) before = text[piece.begin - 1];
    while (is_gap(before) && piece.end < text.size() && is_gap(text[piece.end])) ++piece.end;
    end = piece.end;
  }
  return found;
}

void remove_shortcodes(PageBlocks& page, size_t begin) {
  const std::vector<Piece> pieces = shortcodes_in(std::string_view(page.text).substr(begin));
  if (pieces.empty()) return;
  std::string kept;
  size_t at = 0;
  size_t first = page.marks.size();
  while (first > 0 && page.marks[first - 1].at >= begin) --first;
  size_t next = 0, removed = 0;  // the first piece that does not end before a mark, and what those before it took
  for (; first < page.marks.size(); ++first) {
    const size_t offset = page.marks[first].at - begin;
    for (; next < pieces.size() && pieces[next].end <= offset; ++next) removed += pieces[next].end - pieces[next].begin;
    const size_t within = next < pieces.size() && pieces[next].begin < offset ? offset - pieces[next].begin : 0;
    page.marks[first].at = static_cast<uint32_t>(begin + offset - removed - within);
  }
  for (const Piece& piece : pieces) {
    kept.append(page.text, begin + at, piece.begin - at);
    at = piece.end;
  }
  kept.append(page.text, begin + at);
  page.text.replace(begin, std::string::npos, kept);
}

bool is_template(std::string_view text) {
  size_t placeholders = 0, words = 0;
  bool in_word = false;
  for (size_t i = 0; i < text.size();) {
    if (const size_t end = end_of_placeholder(text, i); end != 0) {
      ++placeholders;
      in_word = false;
      i = end;
      continue;
    }
    const bool is_word = is_alpha(text[i]) || is_digit(text[i]) || static_cast<unsigned char>(text[i]) >= 0x80;
    words += is_word && !in_word ? 1 : 0;
    in_word = is_word;
    ++i;
  }
  return placeholders > 0 && words <= 2 * placeholders;
}

bool is_keyword_list(std::string_view text) {
  constexpr size_t kWordsMax = 5, kLettersMin = 4;
  std::map<std::string, size_t> phrases_with;
  size_t phrases = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(",\n"), text.size());
    const std::string_view phrase = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::vector<std::string> words;
    bool in_word = false;
    for (const char c : phrase) {
      const bool is_word = !is_gap(c);
      if (is_word && !in_word) words.emplace_back();
      if (is_word) words.back() += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      in_word = is_word;
    }
    if (words.empty()) continue;
    if (words.size() > kWordsMax) return false;
    ++phrases;
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    for (std::string& word : words) {
      if (word.size() >= kLettersMin) ++phrases_with[std::move(word)];
    }
  }
  return phrases >= kPhrasesMin && std::any_of(phrases_with.begin(), phrases_with.end(),
                                               [&](const auto& entry) { return entry.second * 2 >= phrases; });
}

}  // namespace ftok::html
