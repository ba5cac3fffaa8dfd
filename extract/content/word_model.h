// The words that site software writes around and into its pages, and how often what they name is main content:
// "entry-content" as a class, "leave a reply" as a line. Learned from many sites by tools/train_extraction/train.py:
// only words that stand on at least eight registered domains are in it, so that none names a site. word_model.cc holds
// hashes and numbers only.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ftok::html {

// Log-odds of being main content, against the average; 0 for an unknown word. `name` is a hash of hash_of_name
// (hints.h), `phrase` one of phrases_of.
float weight_of_name(uint32_t name);
float weight_of_phrase(uint32_t phrase);

constexpr uint32_t kPhraseWordsMax = 20;  // a block of more words says little by any one of them

// Hashes of the words of a short text (ASCII in lower case, digits as one word; a character of a script without spaces
// is a word) and of each two in a row, in order.
// None where there are more than kPhrasesMax: words are counted by spaces, and a text may have few of those and many of
// these.
constexpr size_t kPhrasesMax = 1000;
void phrases_of(std::string_view text, std::vector<uint32_t>& phrases);

}  // namespace ftok::html
