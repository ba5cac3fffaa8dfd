// Sentences as C4 counts them, by one of two rules.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "text/words.h"

namespace ftok {

// Replaces `sentences` with those of `text`, in order; they cover it without gaps. Linear; thread-safe. Empty text is
// one empty sentence, as in datatrove.
//
// kSpacy: spaCy's rule-based sentencizer (3.8.18). A sentence continues until a token that is one end mark ("." "!" "?"
// and
//   those of other scripts), then over end marks and tokens of nothing but punctuation, and the next token (white space
//   other than one space is a token) starts another.
// kNltk: a rule in the manner of NLTK's punkt, which FineWeb was made with, without its trained model. Sentences end at
// "."
//   "!" "?" (and closing quotes and brackets after them) before white space, except a "." that ends an abbreviation
//   (a listed one, an initial, letters with dots between them) or that a lower-case letter follows.
void split_sentences(std::string_view text, WordRules rules, std::vector<std::string_view>& sentences);

// How many split_sentences finds.
size_t count_sentences(std::string_view text, WordRules rules);

}  // namespace ftok
