#include "text/unspaced.h"

#include <unicode/ubrk.h>
#include <unicode/utext.h>
#include <unicode/uversion.h>

#include <algorithm>

#include "core/error.h"
#include "core/scratch.h"
#include "text/sentences.h"

namespace ftok {
namespace {

struct Range {
  char32_t first, last;  // both inclusive
};

// Scripts.txt, without what is shared with others; in order. Of each block the letters count, not its digits and signs.
constexpr Range kUnspaced[] = {
    {0x0E00, 0x0EFF},    // Thai, Lao
    {0x1000, 0x109F},    // Myanmar
    {0x1780, 0x17FF},    // Khmer
    {0x3005, 0x3007},    // Han: iteration mark, closing mark, zero
    {0x3021, 0x3029},    // Han: Hangzhou numerals
    {0x303B, 0x303B},    // Han: vertical iteration mark
    {0x3041, 0x312F},    // Hiragana, Katakana, Bopomofo
    {0x31A0, 0x31BF},    // Bopomofo
    {0x31F0, 0x31FF},    // Katakana
    {0x3400, 0x4DBF},    // Han
    {0x4E00, 0xA4CF},    // Han, Yi
    {0xA9E0, 0xA9FF},    // Myanmar
    {0xAA60, 0xAA7F},    // Myanmar
    {0xF900, 0xFAFF},    // Han
    {0xFF66, 0xFF9F},    // Katakana, half-width
    {0x1AFF0, 0x1B16F},  // Kana
    {0x20000, 0x3FFFF},  // Han
};

constexpr unsigned char kLeadMin = 0xE0;  // the first byte of U+0800 and above

bool is_mark_only(char32_t c) { return is_mark(category_of(c)); }

// "。" "！" "？" "．" "｡" and the danda; no quotation mark.
bool ends_unspaced_sentence(char32_t c) {
  return c == 0x3002 || c == 0xFF01 || c == 0xFF1F || c == 0xFF0E || c == 0xFF61 || c == 0x0964 || c == 0x104B ||
         c == 0x17D4;
}

// Calls visit(begin, end) for each run of `word` that does, or does not, consist of such letters: visit_unspaced and
// visit_other.
template <typename Unspaced, typename Other>
void for_each_run(std::string_view word, const Unspaced& visit_unspaced, const Other& visit_other) {
  size_t begin = 0;
  bool is_unspaced = false;
  const auto end_run = [&](size_t end) {
    if (end > begin)
      is_unspaced ? visit_unspaced(word.substr(begin, end - begin)) : visit_other(word.substr(begin, end - begin));
    begin = end;
  };
  for (size_t at = 0; at < word.size();) {
    const Utf8Char c = decode_utf8(word, at);
    // A mark, or a joiner, goes with what it stands on.
    const bool is_letter_of =
        is_unspaced_letter(c.code_point) || (is_unspaced && at > begin && is_mark_only(c.code_point));
    if (is_letter_of != is_unspaced) {
      end_run(at);
      is_unspaced = is_letter_of;
    }
    at += c.size;
  }
  end_run(word.size());
}

void add_characters(std::string_view run, std::vector<std::string_view>& words) {
  size_t begin = 0;
  for (size_t at = 0; at < run.size();) {
    const Utf8Char c = decode_utf8(run, at);
    if (at > begin && !is_mark_only(c.code_point)) {
      words.push_back(run.substr(begin, at - begin));
      begin = at;
    }
    at += c.size;
  }
  words.push_back(run.substr(begin));
}

// ICU's words, one of these a thread.
class Segmenter {
 public:
  Segmenter() {
    UErrorCode code = U_ZERO_ERROR;
    breaks_ = ubrk_open(UBRK_WORD, "", nullptr, 0, &code);
    if (U_FAILURE(code) != 0) {
      throw Error(std::string("ICU has no word breaks: ") + u_errorName(code) +
                  "; install its data, or split words by characters");
    }
  }
  ~Segmenter() {
    ubrk_close(breaks_);
    utext_close(text_);
  }
  Segmenter(const Segmenter&) = delete;
  Segmenter& operator=(const Segmenter&) = delete;

  void add_segments(std::string_view run, std::vector<std::string_view>& words) {
    UErrorCode code = U_ZERO_ERROR;
    text_ = utext_openUTF8(text_, run.data(), static_cast<int64_t>(run.size()), &code);
    ubrk_setUText(breaks_, text_, &code);
    if (U_FAILURE(code) != 0) throw Error(std::string("ICU cannot read a text: ") + u_errorName(code));
    size_t begin = 0;
    for (int32_t at = ubrk_first(breaks_); at != UBRK_DONE; at = ubrk_next(breaks_)) {
      const auto end = static_cast<size_t>(at);
      if (end > begin) words.push_back(run.substr(begin, end - begin));
      begin = end;
    }
  }

 private:
  UBreakIterator* breaks_ = nullptr;
  UText* text_ = nullptr;
};

struct CutWords {
  std::string text;
  WordRules rules = WordRules::kSpacy;
  UnspacedWords how = UnspacedWords::kAsRules;
  bool filled = false;
  std::vector<std::string_view> words;
};

}  // namespace

const std::vector<std::string>& unspaced_choices() {
  static const std::vector<std::string> names = {"as-rules", "characters", "segments"};
  return names;
}

UnspacedWords unspaced_words_of(std::string_view what, const std::string& value) {
  const std::vector<std::string>& names = unspaced_choices();
  const auto found = std::find(names.begin(), names.end(), value);
  if (found == names.end()) {
    throw UsageError(std::string(what) + " is \"" + value +
                     "\", expected \"as-rules\", \"characters\" or \"segments\"");
  }
  return static_cast<UnspacedWords>(found - names.begin());
}

std::string segments_version() { return std::string("ICU ") + U_ICU_VERSION; }

bool is_unspaced_letter(char32_t c) {
  if (c < kUnspaced[0].first) return false;
  const auto* const range = std::upper_bound(std::begin(kUnspaced), std::end(kUnspaced), c,
                                             [](char32_t value, const Range& r) { return value < r.first; }) -
                            1;
  if (c > range->last) return false;
  const Category category = category_of(c);
  return is_letter(category) || is_mark(category) || category == Category::kNl;
}

bool has_unspaced_letters(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < kLeadMin) {
      ++at;
      continue;
    }
    const Utf8Char c = decode_utf8(text, at);
    if (is_unspaced_letter(c.code_point)) return true;
    at += c.size;
  }
  return false;
}

void cut_unspaced(UnspacedWords how, std::vector<std::string_view>& words) {
  if (how == UnspacedWords::kAsRules) return;
  const auto first = std::find_if(words.begin(), words.end(), has_unspaced_letters);
  if (first == words.end()) return;
  thread_local std::vector<std::string_view> whole;
  const ScratchTrim trim(whole);
  whole.assign(first, words.end());
  words.erase(first, words.end());
  for (const std::string_view word : whole) {
    const auto add_other = [&](std::string_view run) { words.push_back(run); };
    const auto add_unspaced = [&](std::string_view run) {
      if (how == UnspacedWords::kCharacters) return add_characters(run, words);
      thread_local Segmenter segmenter;
      segmenter.add_segments(run, words);
    };
    for_each_run(word, add_unspaced, add_other);
  }
}

const std::vector<std::string_view>& words_of(std::string_view text, WordRules rules, UnspacedWords how) {
  if (how == UnspacedWords::kAsRules || !has_unspaced_letters(text)) return words_of(text, rules);
  thread_local CutWords cache;
  if (cache.filled && cache.rules == rules && cache.how == how && cache.text == text) return cache.words;
  if (cache.text.capacity() > kScratchBytesMax) cache = CutWords();
  cache.filled = false;  // should splitting throw
  cache.text.assign(text);
  cache.rules = rules;
  cache.how = how;
  split_words(cache.text, rules, cache.words);
  cut_unspaced(how, cache.words);
  cache.filled = true;
  return cache.words;
}

size_t count_sentences(std::string_view text, WordRules rules, UnspacedWords how) {
  const size_t by_rules = count_sentences(text, rules);
  if (how == UnspacedWords::kAsRules || !has_unspaced_letters(text)) return by_rules;
  size_t count = 1;
  bool is_ended = false;
  for (size_t at = 0; at < text.size();) {
    const Utf8Char c = decode_utf8(text, at);
    if (ends_unspaced_sentence(c.code_point)) {
      is_ended = true;
    } else if (is_ended && is_unspaced_letter(c.code_point)) {
      ++count;
      is_ended = false;
    }
    at += c.size;
  }
  return std::max(by_rules, count);
}

}  // namespace ftok
