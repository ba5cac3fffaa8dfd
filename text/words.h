// Word splitting as the quality filters count words, and white space as they mean it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/unicode.h"

namespace ftok {

enum class WordRules : uint8_t {
  kSpacy,  // spaCy's blank English tokenizer 3.8.18, which datatrove 0.10.1 uses (text/spacy/spacy_tokenizer.h)
  kNltk,   // NLTK's word_tokenize, which FineWeb was made with (text/nltk/nltk_tokenizer.h)
};

// White space as Python's str.isspace, str.strip and str.split have it: White_Space and the four separators 1C..1F.
constexpr bool is_python_space(char32_t c) { return is_white_space(c) || (c >= 0x1C && c <= 0x1F); }

// Replaces `words` with the words of `text`, in order: views into it (with kNltk, a quotation mark is the static `` or
// ''). Linear time; allocates only when `words` grows. Thread-safe. `text` is UTF-8; ill-formed bytes count as U+FFFD.
void split_words(std::string_view text, WordRules rules, std::vector<std::string_view>& words);

// The same words, remembered: stages that follow each other on one thread ask for the words of one text. Each thread
// keeps a copy of the last text and its words, and compares before it splits again. The result and its views (into that
// copy) live until this thread's next call.
const std::vector<std::string_view>& words_of(std::string_view text, WordRules rules);

}  // namespace ftok
