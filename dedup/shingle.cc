#include "dedup/shingle.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "core/scratch.h"
#include "dedup/kernels/short_digest.h"
#include "text/words.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ftok {
namespace {

struct Word {
  uint32_t begin, end;  // bytes of `joined`
};

struct Scratch {
  std::string normalised, joined;
  std::vector<Word> words;
  std::vector<std::string_view> views;
};

Scratch& thread_scratch() {
  static thread_local Scratch scratch;
  return scratch;
}

// Cuts a normalised text into scratch.words; returns the text they lie in, in which one space parts each word from the
// next.
std::string_view find_words(std::string_view text, const ShingleOptions& options, Scratch& scratch) {
  scratch.words.clear();
  const ShingleWords rules = options.word_rules;
  const bool at_spaces = rules == ShingleWords::kSpaces;
  const bool cuts = options.unspaced != UnspacedWords::kAsRules && has_unspaced_letters(text);
  if (at_spaces && !cuts &&
      text.find("  ") == std::string_view::npos) {  // nearly always: only a dropped mark leaves two spaces
    for (size_t begin = 0; begin < text.size();) {
      const void* space = std::memchr(text.data() + begin, ' ', text.size() - begin);
      const size_t end =
          space == nullptr ? text.size() : static_cast<size_t>(static_cast<const char*>(space) - text.data());
      scratch.words.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
      begin = end + 1;
    }
    return text;
  }
  if (at_spaces) {
    scratch.views.clear();
    for (size_t begin = text.find_first_not_of(' '); begin < text.size(); begin = text.find_first_not_of(' ', begin)) {
      const size_t end = std::min(text.find(' ', begin), text.size());
      scratch.views.push_back(text.substr(begin, end - begin));
      begin = end;
    }
  } else {
    split_words(text, rules == ShingleWords::kNltk ? WordRules::kNltk : WordRules::kSpacy, scratch.views);
  }
  if (cuts) cut_unspaced(options.unspaced, scratch.views);
  scratch.joined.clear();
  for (const std::string_view word : scratch.views) {
    if (!scratch.joined.empty()) scratch.joined.push_back(' ');
    const size_t begin = scratch.joined.size();
    scratch.joined += word;
    scratch.words.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(scratch.joined.size())});
  }
  return scratch.joined;
}

// Calls visit(string) for each n-gram of the words found in `joined`.
template <typename Visit>
void for_each_ngram(std::string_view joined, const std::vector<Word>& words, size_t n, Visit&& visit) {
  for (size_t i = 0; i + n <= words.size(); ++i)
    visit(joined.substr(words[i].begin, words[i + n - 1].end - words[i].begin));
}

std::string_view normalise(std::string_view text, const ShingleOptions& options, Scratch& scratch) {
  scratch.normalised.clear();
  append_normalised(text, options.punctuation, scratch.normalised);
  return scratch.normalised;
}

}  // namespace

void make_shingles(std::string_view text, const ShingleOptions& options, std::vector<uint64_t>& shingles) {
  assert(options.words > 0 && text.size() < UINT32_MAX / 4);
  Scratch& scratch = thread_scratch();
  const ScratchTrim trim(scratch.normalised, scratch.joined, scratch.words, scratch.views);
  const std::string_view joined = find_words(normalise(text, options, scratch), options, scratch);
  shingles.clear();
  if (options.hash == ShingleHash::kSha1) {
    static thread_local ShortDigest sha1("SHA1");
    for_each_ngram(joined, scratch.words, options.words,
                   [&](std::string_view gram) { shingles.push_back(sha1.first_8_bytes(gram)); });
  } else {
    for_each_ngram(joined, scratch.words, options.words,
                   [&](std::string_view gram) { shingles.push_back(XXH3_64bits(gram.data(), gram.size())); });
  }
}

std::vector<std::string> shingle_strings(std::string_view text, const ShingleOptions& options) {
  Scratch& scratch = thread_scratch();
  const std::string_view joined = find_words(normalise(text, options, scratch), options, scratch);
  std::vector<std::string> strings;
  for_each_ngram(joined, scratch.words, options.words, [&](std::string_view gram) { strings.emplace_back(gram); });
  return strings;
}

double exact_jaccard(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b) {
  size_t both = 0;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) {
      ++both, ++i, ++j;
    } else if (a[i] < b[j]) {
      ++i;
    } else {
      ++j;
    }
  }
  const size_t either = a.size() + b.size() - both;
  return either == 0 ? 0 : static_cast<double>(both) / static_cast<double>(either);
}

}  // namespace ftok
