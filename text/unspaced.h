// Words of scripts that put no spaces between them (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan, Javanese and
// their kin): without a rule of its own a sentence of theirs is one word, and whatever counts words counts sentences.
// Korean has spaces and is not one, but for runs of more than 24 syllables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/words.h"

namespace ftok {

enum class UnspacedWords : uint8_t {
  kAsRules,     // whatever the rules for words make of them: as FineWeb and datatrove
  kCharacters,  // a word for each character, with the marks on it; of Tibetan and Hangul for each syllable
  kSegments,    // words by ICU's dictionaries (Unicode Standard Annex 29, with ICU's break engines)
};

// The values of a recipe's key, in the order of the enumeration, and back; throws UsageError for another one, which
// names the key `what`.
const std::vector<std::string>& unspaced_choices();
UnspacedWords unspaced_words_of(std::string_view what, const std::string& value);

// What the outcome of kSegments rests on: the version of ICU, whose dictionaries may differ from one to the next.
std::string segments_version();

// Whether a character is a letter (or a mark, or a number that is a letter) of such a script: Han, Hiragana, Katakana,
// Bopomofo, Yi, Thai, Lao, Khmer, Myanmar, Tibetan, the Tai scripts, Javanese, Balinese and others (kUnspaced). Digits
// and punctuation are not.
bool is_unspaced_letter(char32_t c);

// Whether the text has any, or a run of Hangul that is no word. Fast where it is in Latin script.
bool has_unspaced_letters(std::string_view text);

// Cuts the words that hold such letters: their runs into characters or segments, what stands between the runs as it is,
// but for characters without width and the signs between Tibetan syllables, which are left out. Views of one text, in
// order. Linear; thread-safe.
void cut_unspaced(UnspacedWords how, std::vector<std::string_view>& words);

// words_of (words.h) with those words cut; as long-lived as its.
const std::vector<std::string_view>& words_of(std::string_view text, WordRules rules, UnspacedWords how);

// Sentences that end in "。", "！", "？" or their half-width and Indic kin, which no space need follow; as
// text/sentences.h counts them where there are more of those.
size_t count_sentences(std::string_view text, WordRules rules, UnspacedWords how);

}  // namespace ftok
