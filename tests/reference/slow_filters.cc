#include "tests/reference/slow_filters.h"

#include <algorithm>
#include <set>

#include "filters/measures/punctuation.h"
#include "text/sentences.h"
#include "text/unicode.h"
#include "text/words.h"

namespace ftok::testing {
namespace {

using Chars = std::u32string;
using Pieces = std::vector<Chars>;

Chars decode(std::string_view text) {
  Chars out;
  for (size_t at = 0; at < text.size();) {
    const Utf8Char c = decode_utf8(text, at);
    out += c.code_point;
    at += c.size;
  }
  return out;
}

std::string encode(const Chars& text) {
  std::string out;
  for (const char32_t c : text) append_utf8(out, c);
  return out;
}

Pieces words_in(const std::string& text, bool head) {
  std::vector<std::string_view> words;
  split_words(text, head ? WordRules::kSpacy : WordRules::kNltk, words);
  Pieces out;
  for (const std::string_view word : words) out.push_back(decode(word));
  return out;
}

Chars strip(Chars text) {
  while (!text.empty() && is_python_space(text.back())) text.pop_back();
  while (!text.empty() && is_python_space(text.front())) text.erase(text.begin());
  return text;
}

Pieces split_at_runs(const Chars& text, size_t run_min) {
  Pieces pieces(1);
  for (size_t i = 0; i < text.size();) {
    size_t run = 0;
    while (i + run < text.size() && text[i + run] == '\n') ++run;
    if (run >= run_min) {
      pieces.emplace_back();
      i += run;
    } else {
      pieces.back() += text[i++];
    }
  }
  return pieces;
}

bool ends_line(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

Pieces lines_in(const Chars& text) {
  Pieces lines;
  Chars line;
  bool open = false;
  for (size_t i = 0; i < text.size(); ++i) {
    open = true;
    if (!ends_line(text[i])) {
      line += text[i];
      continue;
    }
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
    lines.push_back(line);
    line.clear();
    open = false;
  }
  if (open) lines.push_back(line);
  return lines;
}

struct Repeats {
  double pieces = 0, chars = 0;
};

Repeats repeats_of(const Pieces& pieces) {
  Repeats repeats;
  std::set<Chars> seen;
  for (const Chars& piece : pieces) {
    if (seen.insert(piece).second) continue;
    repeats.pieces += 1;
    repeats.chars += static_cast<double>(piece.size());
  }
  return repeats;
}

Chars join(const Pieces& words, size_t begin, size_t n, const Chars& between) {
  Chars out;
  for (size_t i = begin; i < begin + n; ++i) {
    if (i > begin) out += between;
    out += words[i];
  }
  return out;
}

double top_chars(const Pieces& words, size_t n) {
  std::map<Chars, size_t> counts;
  for (size_t i = 0; i + n <= words.size(); ++i) ++counts[join(words, i, n, U" ")];
  size_t best_count = 0, best_size = 0;
  for (size_t i = 0; i + n <= words.size(); ++i) {
    const Chars gram = join(words, i, n, U" ");
    if (counts[gram] > best_count) {
      best_count = counts[gram];
      best_size = gram.size();
    }
  }
  return static_cast<double>(best_size * best_count);
}

double duplicate_chars(const Pieces& words, size_t n) {
  std::set<Chars> seen;
  size_t chars = 0;
  for (size_t i = 0; i + n <= words.size();) {
    const Chars gram = join(words, i, n, U"");
    if (seen.insert(gram).second) {
      ++i;
    } else {
      chars += gram.size();
      i += n;
    }
  }
  return static_cast<double>(chars);
}

double count_of(const Chars& text, const Chars& needle) {
  double count = 0;
  for (size_t at = text.find(needle); at != Chars::npos; at = text.find(needle, at + needle.size())) ++count;
  return count;
}

bool starts(const Chars& text, const Chars& with) { return text.substr(0, with.size()) == with; }
bool ends(const Chars& text, const Chars& with) {
  return text.size() >= with.size() && text.substr(text.size() - with.size()) == with;
}

double ratio(double part, double whole) { return whole == 0 ? 0 : part / whole; }

}  // namespace

Values slow_gopher_repetition(const std::string& text, bool head) {
  const Chars chars = decode(text);
  const auto size = static_cast<double>(chars.size());
  Values values = {{"gopher_repetition.empty", size}};
  if (chars.empty()) return values;
  const Pieces paragraphs = split_at_runs(strip(chars), 2), lines = split_at_runs(chars, 1);
  values["gopher_repetition.duplicate_paragraphs"] =
      repeats_of(paragraphs).pieces / static_cast<double>(paragraphs.size());
  values["gopher_repetition.duplicate_paragraph_chars"] = repeats_of(paragraphs).chars / size;
  values["gopher_repetition.duplicate_lines"] = repeats_of(lines).pieces / static_cast<double>(lines.size());
  values["gopher_repetition.duplicate_line_chars"] = repeats_of(lines).chars / size;
  const Pieces words = words_in(text, head);
  for (size_t n = 2; n <= 4; ++n) {
    values["gopher_repetition.top_" + std::to_string(n) + "gram"] = top_chars(words, n) / size;
  }
  for (size_t n = 5; n <= 10; ++n) {
    values["gopher_repetition.duplicate_" + std::to_string(n) + "gram"] = duplicate_chars(words, n) / size;
  }
  return values;
}

Values slow_gopher_quality(const std::string& text, bool head) {
  const Chars chars = decode(text);
  const Pieces words = words_in(text, head);
  double non_symbol = 0, non_symbol_chars = 0, alphabetic = 0;
  std::set<Chars> different;
  for (const Chars& word : words) {
    different.insert(word);
    if (!std::all_of(word.begin(), word.end(), is_symbol_char)) {
      non_symbol += 1;
      non_symbol_chars += static_cast<double>(word.size());
    }
    if (std::any_of(word.begin(), word.end(), [](char32_t c) { return is_letter(category_of(c)); })) alphabetic += 1;
  }
  const auto count = static_cast<double>(words.size());
  double bullets = 0, ellipses = 0, stop_words = 0;
  const Pieces lines = lines_in(chars);
  for (const Chars& line : lines) {
    const Chars stripped = strip(line);
    if (starts(stripped, U"\u2022") || starts(stripped, U"-")) bullets += 1;
    if (ends(stripped, U"...") || ends(stripped, U"\u2026")) ellipses += 1;
  }
  for (const Chars& word : Pieces{U"the", U"be", U"to", U"of", U"and", U"that", U"have", U"with"}) {
    stop_words += static_cast<double>(different.count(word));
  }
  return {{"gopher_quality.too_short", non_symbol},
          {"gopher_quality.too_long", non_symbol},
          {"gopher_quality.short_words", ratio(non_symbol_chars, non_symbol)},
          {"gopher_quality.long_words", ratio(non_symbol_chars, non_symbol)},
          {"gopher_quality.hashes", ratio(count_of(chars, U"#"), count)},
          {"gopher_quality.ellipses", ratio(count_of(chars, U"...") + count_of(chars, U"\u2026"), count)},
          {"gopher_quality.bullet_lines", ratio(bullets, static_cast<double>(lines.size()))},
          {"gopher_quality.ellipsis_lines", ratio(ellipses, static_cast<double>(lines.size()))},
          {"gopher_quality.few_alphabetic_words", ratio(alphabetic, count)},
          {"gopher_quality.few_stop_words", stop_words}};
}

Values slow_fineweb(const std::string& text, bool head) {
  const Chars chars = decode(text);
  Pieces lines(1);
  for (const char32_t c : chars) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  const auto newlines = static_cast<double>(lines.size() - 1);
  Pieces filled;
  for (const Chars& line : lines) {
    if (!strip(line).empty()) filled.push_back(line);
  }
  Values values = {{"fineweb.empty", static_cast<double>(filled.size())}};
  if (filled.empty()) return values;
  double punctuated = 0, short_lines = 0;
  const Pieces& counted = head ? filled : lines;
  for (const Chars& line : counted) {
    const char32_t last = line.empty() ? 0 : line.back();
    const bool ended = head ? is_terminal_punctuation(last) : Chars(U".'\"!?").find(last) != Chars::npos;
    if (ended) punctuated += 1;
    if (line.size() <= 30) short_lines += 1;
  }
  values["fineweb.few_punctuated_lines"] = punctuated / static_cast<double>(counted.size());
  values["fineweb.short_lines"] = short_lines / static_cast<double>(counted.size());
  values["fineweb.duplicate_line_chars"] = repeats_of(filled).chars / (static_cast<double>(chars.size()) - newlines);
  values["fineweb.list"] = ratio(newlines, static_cast<double>(words_in(text, head).size()));
  return values;
}

namespace {

Chars without_citations(const Chars& line) {
  Chars out;
  for (size_t i = 0; i < line.size();) {
    size_t end = i;
    for (const Chars& name : Pieces{U"[edit]", U"[citation needed]"}) {
      if (line.substr(i, name.size()) == name) end = i + name.size();
    }
    if (end == i && line[i] == '[') {
      size_t j = i + 1;
      while (j < line.size() && category_of(line[j]) == Category::kNd) ++j;
      if (j < line.size() && line[j] == ']') end = j + 1;
    }
    if (end > i) {
      i = end;
    } else {
      out += line[i++];
    }
  }
  return out;
}

Chars lower_of(Chars text) {
  for (char32_t& c : text) {
    if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
    if (c == 0x212A) c = 'k';
  }
  return text;
}

Pieces split_at_space(const Chars& line) {
  Pieces words;
  bool inside = false;
  for (const char32_t c : line) {
    if (is_python_space(c)) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    words.back() += c;
  }
  return words;
}

}  // namespace

Values slow_c4(const std::string& text, bool head, std::string& rewritten) {
  double lorem = 0, bracket = 0, sentences = 0;
  Chars kept;
  bool first = true;
  for (const Chars& whole : lines_in(decode(text))) {
    const Pieces words = split_at_space(whole);
    if (std::any_of(words.begin(), words.end(), [](const Chars& word) { return word.size() > 1000; })) continue;
    const Chars line = without_citations(strip(whole)), lower = lower_of(line);
    if (words.size() < 3) continue;
    if (count_of(lower, U"lorem ipsum") > 0) {
      lorem += 1;
      continue;
    }
    if (count_of(lower, U"javascript") > 0) continue;
    if (count_of(line, U"{") > 0) {
      bracket += 1;
      continue;
    }
    double policy = 0;
    for (const Chars& phrase : Pieces{U"terms of use", U"privacy policy", U"cookie policy", U"uses cookies",
                                      U"use of cookies", U"use cookies"}) {
      policy += count_of(lower, phrase);
    }
    if (policy > 0) continue;
    sentences += static_cast<double>(count_sentences(encode(line), head ? WordRules::kSpacy : WordRules::kNltk));
    if (!first) kept += U'\n';
    first = false;
    kept += line;
  }
  rewritten = encode(strip(kept));
  return {{"c4.lorem_ipsum", lorem}, {"c4.curly_bracket", bracket}, {"c4.too_few_sentences", sentences}};
}

}  // namespace ftok::testing
