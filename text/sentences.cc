#include "text/sentences.h"

#include <algorithm>
#include <array>

#include "text/spacy/spacy_tables.h"
#include "text/spacy/spacy_tokenizer.h"
#include "text/unicode.h"

namespace ftok {
namespace {

bool is_sentence_end(char32_t c) {
  if (c < 0x80) return c == '.' || c == '!' || c == '?';
  return std::binary_search(spacy::kSentenceEnds, spacy::kSentenceEnds + spacy::kSentenceEndCount, c);
}

bool is_end_token(std::string_view token) {
  if (token.size() > 4) return false;
  const Utf8Char c = decode_utf8(token, 0);
  return c.size == token.size() && is_sentence_end(c.code_point);
}

bool is_punctuation_token(std::string_view token) {
  for (size_t at = 0; at < token.size();) {
    const Utf8Char c = decode_utf8(token, at);
    if (!is_punctuation(category_of(c.code_point))) return false;
    at += c.size;
  }
  return true;
}

// Calls start(i) for every token but the first that starts a sentence.
template <typename Start>
void visit_sentence_starts(const std::vector<std::string_view>& tokens, const Start& start) {
  bool ended = false;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (is_end_token(tokens[i])) {
      ended = true;
    } else if (ended && !is_punctuation_token(tokens[i])) {
      start(i);
      ended = false;
    }
  }
}

// Scratch of the thread, given back before the next text when the last one was very large.
const std::vector<std::string_view>& spacy_tokens(std::string_view text) {
  constexpr size_t kKeptMax = size_t{1} << 18;
  thread_local std::vector<std::string_view> tokens;
  if (tokens.capacity() > kKeptMax) std::vector<std::string_view>().swap(tokens);
  spacy::tokenize(text, tokens);
  return tokens;
}

// Abbreviations after which a sentence seldom ends, in ascending order, lower case.
constexpr auto kAbbreviations = std::to_array<std::string_view>(
    {"adm",  "approx", "apr", "aug", "ave", "blvd", "bros", "capt", "cmdr", "co",  "col", "corp", "dec",
     "dept", "dr",     "ed",  "est", "etc", "feb",  "fig",  "ft",   "gen",  "gov", "hon", "inc",  "jan",
     "jr",   "lt",     "ltd", "maj", "mr",  "mrs",  "ms",   "mt",   "no",   "nov", "oct", "op",   "pp",
     "prof", "rep",    "rev", "sen", "sep", "sept", "sgt",  "sr",   "st",   "vol", "vs"});
constexpr size_t kAbbreviationBytesMax = 6;

bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Whether the word that ends before the "." at `dot` is an abbreviation: listed, one letter, or letters with dots
// between.
bool is_abbreviation(std::string_view text, size_t dot) {
  size_t begin = dot;
  bool dotted = false;
  while (begin > 0 && dot - begin <= kAbbreviationBytesMax &&
         (is_ascii_letter(text[begin - 1]) || text[begin - 1] == '.')) {
    --begin;
    dotted = dotted || text[begin] == '.';
  }
  const std::string_view word = text.substr(begin, dot - begin);
  if (word.empty() || word.size() > kAbbreviationBytesMax || word[0] == '.') return false;
  if (begin > 0 && static_cast<unsigned char>(text[begin - 1]) >= 0x80) return false;
  if (word.size() == 1 || dotted) return true;
  std::array<char, 16> folded{};
  std::transform(word.begin(), word.end(), folded.begin(), lower);
  return std::binary_search(kAbbreviations.begin(), kAbbreviations.end(), std::string_view(folded.data(), word.size()));
}

size_t closer_size(std::string_view text, size_t at) {
  static constexpr std::string_view kClosers[] = {"\"", "'", ")", "]", "}", "\u201D", "\u2019", "\u00BB"};
  for (const std::string_view closer : kClosers) {
    if (text.substr(at).starts_with(closer)) return closer.size();
  }
  return 0;
}

// Calls end(offset) behind every sentence but the last.
template <typename End>
void visit_sentence_ends(std::string_view text, const End& end) {
  for (size_t at = text.find_first_of(".!?"); at != std::string_view::npos; at = text.find_first_of(".!?", at)) {
    const size_t mark = at;
    bool only_dots = true;
    for (; at < text.size() && is_sentence_end(static_cast<unsigned char>(text[at])); ++at) {
      only_dots = only_dots && text[at] == '.';
    }
    const size_t marks_end = at;
    while (at < text.size()) {
      const size_t size = closer_size(text, at);
      if (size == 0) break;
      at += size;
    }
    size_t next = at;
    while (next < text.size()) {
      const Utf8Char c = decode_utf8(text, next);
      if (!is_python_space(c.code_point)) break;
      next += c.size;
    }
    if (next == at || next == text.size()) continue;  // no space, or nothing after it
    if (only_dots && category_of(decode_utf8(text, next).code_point) == Category::kLl) continue;
    if (only_dots && marks_end == mark + 1 && is_abbreviation(text, mark)) continue;
    end(at);
  }
}

}  // namespace

void split_sentences(std::string_view text, WordRules rules, std::vector<std::string_view>& sentences) {
  sentences.clear();
  size_t begin = 0;
  const auto cut = [&](size_t end) {
    sentences.push_back(text.substr(begin, end - begin));
    begin = end;
  };
  if (rules == WordRules::kNltk) {
    visit_sentence_ends(text, cut);
  } else {
    const std::vector<std::string_view>& tokens = spacy_tokens(text);
    visit_sentence_starts(
        tokens, [&](size_t i) { cut(static_cast<size_t>(tokens[i - 1].data() + tokens[i - 1].size() - text.data())); });
  }
  sentences.push_back(text.substr(begin));
}

size_t count_sentences(std::string_view text, WordRules rules) {
  size_t count = 1;
  if (rules == WordRules::kNltk) {
    visit_sentence_ends(text, [&](size_t) { ++count; });
  } else {
    visit_sentence_starts(spacy_tokens(text), [&](size_t) { ++count; });
  }
  return count;
}

}  // namespace ftok
