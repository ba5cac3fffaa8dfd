#include "dedup/shingle.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "dedup/sha1.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ftok {
namespace {

// Words of a normalised text: what lies between its spaces. Calls visit(begin, end) for each n-gram, n words and the spaces
// between them, as byte offsets into `joined`, which is the text with single spaces.
template <typename Visit>
void for_each_ngram(std::string_view joined, size_t words, std::vector<uint32_t>& begins, Visit&& visit) {
  begins.clear();
  size_t at = 0;
  while (at < joined.size()) {
    if (joined[at] == ' ') {
      ++at;
      continue;
    }
    begins.push_back(static_cast<uint32_t>(at));
    const void* space = std::memchr(joined.data() + at, ' ', joined.size() - at);
    const size_t end = space == nullptr ? joined.size() : static_cast<size_t>(static_cast<const char*>(space) - joined.data());
    if (begins.size() >= words) visit(begins[begins.size() - words], end);
    at = end;
  }
}

// A dropped mark may have left two spaces in a row; shingles have one between words.
std::string_view with_single_spaces(std::string_view text, std::string& scratch) {
  if (text.find("  ") == std::string_view::npos) return text;
  scratch.clear();
  for (const char c : text) {
    if (c != ' ' || (!scratch.empty() && scratch.back() != ' ')) scratch.push_back(c);
  }
  return scratch;
}

struct Scratch {
  std::string normalised, single_spaced;
  std::vector<uint32_t> begins;
};

Scratch& thread_scratch() {
  static thread_local Scratch scratch;
  return scratch;
}

}  // namespace

void shingles_of_normalised(std::string_view text, const ShingleOptions& options, std::vector<uint64_t>& shingles) {
  assert(options.words > 0);
  Scratch& scratch = thread_scratch();
  const std::string_view joined = with_single_spaces(text, scratch.single_spaced);
  shingles.clear();
  if (options.hash == ShingleHash::kSha1) {
    for_each_ngram(joined, options.words, scratch.begins,
                   [&](size_t begin, size_t end) { shingles.push_back(sha1_64(joined.substr(begin, end - begin))); });
  } else {
    for_each_ngram(joined, options.words, scratch.begins, [&](size_t begin, size_t end) {
      shingles.push_back(XXH3_64bits(joined.data() + begin, end - begin));
    });
  }
}

void make_shingles(std::string_view text, const ShingleOptions& options, std::vector<uint64_t>& shingles) {
  Scratch& scratch = thread_scratch();
  scratch.normalised.clear();
  append_normalised(text, options.punctuation, scratch.normalised);
  shingles_of_normalised(scratch.normalised, options, shingles);
}

std::vector<std::string> shingle_strings(std::string_view text, const ShingleOptions& options) {
  std::string normalised, scratch;
  append_normalised(text, options.punctuation, normalised);
  const std::string_view joined = with_single_spaces(normalised, scratch);
  std::vector<uint32_t> begins;
  std::vector<std::string> strings;
  for_each_ngram(joined, options.words, begins,
                 [&](size_t begin, size_t end) { strings.emplace_back(joined.substr(begin, end - begin)); });
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
