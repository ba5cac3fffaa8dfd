#include "text/words.h"

#include <algorithm>
#include <string>

#include "core/scratch.h"
#include "text/nltk/nltk_tokenizer.h"
#include "text/spacy/spacy_tokenizer.h"

namespace ftok {
namespace {

// A token is white space throughout or nowhere, so its first character tells.
bool is_space_token(std::string_view token) {
  const auto first = static_cast<unsigned char>(token[0]);
  if (first > ' ' && first < 0xC2) return false;
  return is_python_space(decode_utf8(token, 0).code_point);
}

// What a thread keeps between documents; given back when one document was very large.
constexpr size_t kKeptWordsMax = size_t{1} << 20;

struct WordCache {
  std::string text;
  WordRules rules = WordRules::kSpacy;
  bool filled = false;
  std::vector<std::string_view> words;
};

}  // namespace

void split_words(std::string_view text, WordRules rules, std::vector<std::string_view>& words) {
  if (rules == WordRules::kNltk) return nltk::word_tokenize(text, words);
  spacy::tokenize(text, words);
  words.erase(std::remove_if(words.begin(), words.end(), is_space_token), words.end());
}

const std::vector<std::string_view>& words_of(std::string_view text, WordRules rules) {
  thread_local WordCache cache;
  if (cache.filled && cache.rules == rules && cache.text == text) return cache.words;
  if (cache.words.capacity() > kKeptWordsMax || cache.text.capacity() > kScratchBytesMax) cache = WordCache();
  cache.filled = false;  // should splitting throw
  cache.text.assign(text);
  cache.rules = rules;
  split_words(cache.text, rules, cache.words);
  cache.filled = true;
  return cache.words;
}

}  // namespace ftok
