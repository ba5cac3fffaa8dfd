// Texts for the tests of the quality filters, and how they are judged.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "document/stage.h"
#include "document/text_lines.h"

namespace ftok::testing {

// `count` words of four letters, all different from each other and between calls with different `first`.
inline std::string plain_words(size_t count, size_t first = 0) {
  std::string text;
  for (size_t i = first; i < first + count; ++i) {
    if (!text.empty()) text += ' ';
    size_t rest = i;
    for (int letter = 0; letter < 4; ++letter, rest /= 20) text += "bcdfghjklmnpqrstvxyz"[rest % 20];
  }
  return text;
}

// The reason `stage` drops `text` under, or "keep".
inline std::string outcome(const Stage& stage, const std::string& text) {
  Document document;
  document.text = text;
  const Verdict verdict = stage.process(document);
  return std::string(verdict.kept() ? "keep" : verdict.reason);
}

// The same of `prose` above lines of code: judged whole, and by its lines of prose alone.
template <typename S, typename Options>
std::string outcome_with_code(Options options, const std::string& lines, const std::string& prose,
                              const std::vector<std::string>& code) {
  options.lines = lines;
  Document document;
  document.text = prose;
  document.lines.assign(static_cast<size_t>(std::count(prose.begin(), prose.end(), '\n')) + 1,
                        line_entry(LineKind::kProse, 0));
  for (const std::string& line : code) {
    document.text += "\n" + line;
    document.lines.push_back(line_entry(LineKind::kCode, 0));
  }
  const Verdict verdict = S(options).process(document);
  return std::string(verdict.kept() ? "keep" : verdict.reason);
}

inline Report measure(const Stage& stage, const std::string& text) {
  Document document;
  document.text = text;
  Report report;
  const Verdict measured = stage.process(document, &report);
  document.text = text;
  const Verdict verdict = stage.process(document);
  // The verdict does not depend on whether measurements were asked for.
  if (measured.reason != verdict.reason) report.measurements.clear();
  return report;
}

// A text that meets many rules: repeated lines and phrases, bullets, ellipses, braces, citations, odd line ends.
inline std::string random_document(std::mt19937& random) {
  // clang-format off
  static const std::vector<std::string> words = {
      "the", "be", "to", "of", "and", "that", "have", "with", "it", "was", "in", "can't", "cannot", "it's", "U.S.",
      "Dr.",
      "well-known", "3.5", "km/h", "#tag", "...", "\u2026", "\u2022", "-", "\u2014", "\u201CHi\u201D", "[1]", "[edit]",
      "[citation needed]", "[]", "[x", "javascript", "cookies", "use", "uses", "privacy", "policy", "Terms of Use",
      "lorem ipsum",
      "{", "?", "!", ".", ",", ":)", "coo\u212Aies", "na\u00EFve", "\u65E5\u672C\u8A9E", "\u3002", "something",
      "nothing",
      "everyone", "a", "aa", "aaa", "ab", "c", "abc", "\"", "''", "word's"};
  // clang-format on
  const auto pick = [&](size_t n) { return random() % n; };
  const bool plain = pick(3) == 0;
  const auto sentence = [&] {
    std::string text;
    for (size_t i = 0, n = pick(15); i < n; ++i) {
      if (i > 0) text += ' ';
      text += plain ? plain_words(1, pick(60)) : words[pick(pick(4) == 0 ? words.size() : 11)];
    }
    static const std::vector<std::string> ends = {".", ".", ".", "!", "?", "", "...", "\u2026", ".\"", "\u3002"};
    return text + ends[pick(ends.size())];
  };
  std::vector<std::string> pool;
  for (size_t i = 0, n = 1 + pick(8); i < n; ++i) {
    static const std::vector<std::string> fronts = {"", "", "", "", "- ", "\u2022 ", "  "};
    std::string line = fronts[pick(fronts.size())];
    for (size_t j = 0, m = pick(4); j < m; ++j) line += sentence() + " ";
    pool.push_back(line);
  }
  static const std::vector<std::string> breaks = {"\n",   "\n",   "\n",     "\n\n",   "\n\n\n", " \n",
                                                  "\r\n", "\x0b", "\u0085", "\u2028", "\n \n"};
  std::string text;
  for (size_t i = 0, n = pick(25); i < n; ++i) {
    text += pick(3) == 0 ? pool[pick(pool.size())] : sentence();
    text += breaks[pick(breaks.size())];
  }
  return text;
}

}  // namespace ftok::testing
