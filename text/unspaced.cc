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
// Those of Line_Break = SA (Complex Context), the ideographs and syllables, and the scripts of Southeast Asia whose
// lines break between syllables (Line_Break = AK, AS).
constexpr Range kUnspaced[] = {
    {0x0E00, 0x0EFF},    // Thai, Lao
    {0x0F00, 0x0FFF},    // Tibetan
    {0x1000, 0x109F},    // Myanmar
    {0x1780, 0x17FF},    // Khmer
    {0x1950, 0x19DF},    // Tai Le, New Tai Lue
    {0x1A00, 0x1AAF},    // Buginese, Tai Tham
    {0x1B00, 0x1B7F},    // Balinese
    {0x1BC0, 0x1BFF},    // Batak
    {0x3005, 0x3007},    // Han: iteration mark, closing mark, zero
    {0x3021, 0x3029},    // Han: Hangzhou numerals
    {0x303B, 0x303B},    // Han: vertical iteration mark
    {0x3041, 0x312F},    // Hiragana, Katakana, Bopomofo
    {0x31A0, 0x31BF},    // Bopomofo
    {0x31F0, 0x31FF},    // Katakana
    {0x3400, 0x4DBF},    // Han
    {0x4E00, 0xA4CF},    // Han, Yi
    {0xA980, 0xA9DF},    // Javanese
    {0xA9E0, 0xA9FF},    // Myanmar
    {0xAA60, 0xAADF},    // Myanmar, Tai Viet
    {0xF900, 0xFAFF},    // Han
    {0xFF66, 0xFF9F},    // Katakana, half-width
    {0x11000, 0x1107F},  // Brahmi
    {0x11700, 0x1174F},  // Ahom
    {0x11EE0, 0x11F5F},  // Makasar, Kawi
    {0x16FE0, 0x18D8F},  // Tangut, Khitan, with their signs
    {0x1AFF0, 0x1B2FF},  // Kana, Nushu
    {0x20000, 0x3FFFF},  // Han
};

constexpr unsigned char kLeadMin = 0xE0;  // the first byte of U+0800 and above

bool is_mark_only(char32_t c) { return is_mark(category_of(c)); }

bool is_tibetan(char32_t c) { return c >= 0x0F00 && c <= 0x0FFF; }

// A syllable of Hangul, or a letter that begins one where texts are decomposed.
bool begins_hangul_syllable(char32_t c) {
  return (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x1100 && c <= 0x115F) || (c >= 0xA960 && c <= 0xA97C);
}
bool continues_hangul_syllable(char32_t c) { return (c >= 0x1160 && c <= 0x11FF) || (c >= 0xD7B0 && c <= 0xD7FB); }

// Korean has spaces. A run of more syllables is no word, but text that was written, or came out, without them.
constexpr size_t kHangulWordMax = 24;

// The end of the run of Hangul at `at`; *syllables: how many it has.
size_t end_of_hangul(std::string_view text, size_t at, size_t* syllables) {
  *syllables = 0;
  while (at < text.size()) {
    const Utf8Char c = decode_utf8(text, at);
    if (begins_hangul_syllable(c.code_point)) ++*syllables;
    else if (!continues_hangul_syllable(c.code_point)) break;
    at += c.size;
  }
  return at;
}

// What stands between words and is none: characters without width (U+200B parts the words of Thai and Khmer in some
// texts), and the tsheg and other signs between the syllables of Tibetan.
bool is_between_words(std::string_view run) {
  for (size_t at = 0; at < run.size();) {
    const Utf8Char c = decode_utf8(run, at);
    const Category category = category_of(c.code_point);
    if (category != Category::kCf && !(is_tibetan(c.code_point) && is_punctuation(category))) return false;
    at += c.size;
  }
  return true;
}

// "。" "！" "？" "．" "｡" and the danda; no quotation mark.
bool ends_unspaced_sentence(char32_t c) {
  return c == 0x3002 || c == 0xFF01 || c == 0xFF1F || c == 0xFF0E || c == 0xFF61 || c == 0x0964 || c == 0x104B ||
         c == 0x17D4;
}

// Calls visit(run) for each run of `word` that does, or does not, consist of such letters: visit_unspaced and
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
    if (begins_hangul_syllable(c.code_point)) {
      size_t syllables = 0;
      const size_t end = end_of_hangul(word, at, &syllables);
      if (syllables > kHangulWordMax) {
        end_run(at);
        visit_unspaced(word.substr(at, end - at));
        begin = end;
        is_unspaced = false;
      } else if (is_unspaced) {
        end_run(at);
        is_unspaced = false;
      }
      at = end;
      continue;
    }
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

// A word for each character; of Hangul for each syllable, and of Tibetan, too, which has a sign behind each.
void add_characters(std::string_view run, std::vector<std::string_view>& words) {
  size_t begin = 0;
  bool after_tibetan = false;
  for (size_t at = 0; at < run.size();) {
    const Utf8Char c = decode_utf8(run, at);
    const bool goes_on = is_mark_only(c.code_point) || continues_hangul_syllable(c.code_point) ||
                         (after_tibetan && is_tibetan(c.code_point));
    if (at > begin && !goes_on) {
      words.push_back(run.substr(begin, at - begin));
      begin = at;
    }
    after_tibetan = is_tibetan(c.code_point);
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
    if (begins_hangul_syllable(c.code_point)) {
      size_t syllables = 0;
      at = end_of_hangul(text, at, &syllables);
      if (syllables > kHangulWordMax) return true;
      continue;
    }
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
    const auto add_other = [&](std::string_view run) {
      if (run.size() == word.size() || !is_between_words(run)) words.push_back(run);
    };
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
