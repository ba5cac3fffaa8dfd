// LanguageData: what FineWeb-2's pipeline has to know of a language (Penedo et al., arXiv 2506.20920).
#pragma once

#include <array>
#include <string>
#include <vector>

namespace ftok {

// What FineWeb-2's pipeline has to know of a language: its published configuration, or what `ftok recipe fit` derives.
// Shares lie in 0..1.
struct LanguageData {
  std::string label;                         // as the language model has it, or ISO 639-3 and ISO 15924: "deu_Latn"
  std::string unspaced = "as-rules";         // words of scripts without spaces (text/unspaced.h)
  double language_score = 0.65;              // the language model's
  double duplicate_lines = 0.3;              // dup_line_frac
  std::array<double, 3> top_ngrams{};        // top_n_grams: n = 2, 3, 4
  std::array<double, 6> duplicate_ngrams{};  // dup_n_grams: n = 5..10
  double punctuated_lines = 0.12;            // line_punct_thr
  double newlines_per_word = 0.3;            // new_line_ratio
  double word_chars_min = 3, word_chars_max = 10;
  double alphabetic_words = 0.8;        // max_non_alpha_words_ratio: the smallest share of words with a letter
  std::vector<std::string> stop_words;  // the most frequent first
};

}  // namespace ftok
