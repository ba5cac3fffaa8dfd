// Both measures skip almost everything in ordinary text. An n-gram can only occur twice when both (n-1)-grams in it do,
// so from n = 3 on only those are looked up. And two equal strings begin alike: an n-gram of at least a window's bytes
// is looked up only when the window of bytes at its start occurs at another word's start too. (Duplicates are joined
// without spaces, so equal strings need not be equal words, and the first rule does not hold for them.) A window is as
// long as five words usually are, so that it tells most n-grams apart and few are shorter than it.
#include "filters/measures/ngrams.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/scratch.h"
#include "filters/measures/lines.h"

namespace ftok {
namespace {

constexpr size_t kWindowMin = 6, kWindowMax = 16;
constexpr size_t kWindowWords = 5;        // the shortest n-gram whose duplicates the rules ask for
constexpr size_t kAhead = 8;              // how many words early a table's memory is asked for,
constexpr size_t kAheadWordsMin = 40000;  // in texts whose tables outgrow the nearer caches
constexpr uint32_t kUnique = 0xFFFFFFFF;
constexpr size_t kKeptWordsMax = size_t{1} << 20;

uint64_t load(const char* bytes) {
  uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// The first `size` bytes, kWindowMin to kWindowMax, of kWindowMax that can be read.
struct Window {
  uint64_t first, second;
  Window(const char* bytes, size_t size) : first(load(bytes)), second(0) {
    if (size < 8) {
      first &= ~uint64_t{0} >> (64 - 8 * size);
    } else if (size > 8) {
      second = load(bytes + 8) & ~uint64_t{0} >> (128 - 8 * size);
    }
  }
  bool operator==(const Window&) const = default;
};
static_assert(std::endian::native == std::endian::little);

}  // namespace

void WordNGrams::assign(const std::vector<std::string_view>& words) {
  window_bytes_ = 0;
  joined_.clear();
  begins_.clear();
  chars_before_.clear();
  word_ids_.clear();
  table_.clear(words.size());
  counts_.assign(words.size(), 0);
  for (std::vector<uint32_t>* of_words : {&begins_, &chars_before_, &word_ids_}) of_words->reserve(words.size() + 1);
  size_t chars = 0;
  for (uint32_t i = 0; i < words.size(); ++i) {
    begins_.push_back(static_cast<uint32_t>(joined_.size()));
    chars_before_.push_back(static_cast<uint32_t>(chars));
    joined_.append(words[i]);
    chars += char_count(words[i]);
    const uint64_t hash = XXH3_64bits_withSeed(words[i].data(), words[i].size(), seed_);
    word_ids_.push_back(table_.find_or_insert(hash, i, [&](uint32_t other) { return words[other] == words[i]; }));
    ++counts_[word_ids_.back()];
  }
  begins_.push_back(static_cast<uint32_t>(joined_.size()));
  joined_.append(kWindowMax, '\0');  // so that a window can be read at every word
  chars_before_.push_back(static_cast<uint32_t>(chars));
  gram_ids_ = word_ids_;
  mark_unique(gram_ids_);
}

void WordNGrams::mark_unique(std::vector<uint32_t>& ids) const {
  for (uint32_t& id : ids) {
    if (id != kUnique && counts_[id] == 1) id = kUnique;
  }
}

size_t WordNGrams::top_chars(size_t n) {
  if (word_count() < n) return 0;
  const size_t gram_count = word_count() - n + 1;
  table_.clear(gram_ids_.size() - static_cast<size_t>(std::count(gram_ids_.begin(), gram_ids_.end(), kUnique)));
  counts_.assign(gram_count, 0);
  next_ids_.assign(gram_count, kUnique);
  const size_t ahead = words_ahead();
  const auto hash_at = [&](size_t i) { return seeded_mix(gram_ids_[i], word_ids_[i + n - 1], seed_, other_seed_); };
  for (uint32_t i = 0; i < gram_count; ++i) {
    if (ahead != 0 && i + ahead < gram_count) table_.prefetch(hash_at(i + ahead));
    if (gram_ids_[i] == kUnique || gram_ids_[i + 1] == kUnique) continue;
    const uint64_t hash = hash_at(i);
    const auto equals = [&](uint32_t other) {
      return gram_ids_[other] == gram_ids_[i] && word_ids_[other + n - 1] == word_ids_[i + n - 1];
    };
    next_ids_[i] = table_.find_or_insert(hash, i, equals);
    ++counts_[next_ids_[i]];
  }
  uint32_t top = 0, top_count = 1;  // where no n-gram occurs twice, the first is the most frequent
  for (uint32_t i = 0; i < gram_count; ++i) {
    if (counts_[i] > top_count) {
      top = i;
      top_count = counts_[i];
    }
  }
  mark_unique(next_ids_);
  gram_ids_.swap(next_ids_);
  return (chars(top, n) + n - 1) * top_count;
}

// Marks the words whose window occurs more than once, and those too near the end to have one.
void WordNGrams::find_repeated_windows() {
  const auto count = static_cast<uint32_t>(word_count());
  table_.clear(count);
  window_bytes_ = std::clamp(count == 0 ? 0 : kWindowWords * begins_.back() / count, kWindowMin, kWindowMax);
  window_repeats_.assign(count, 0);
  const size_t ahead = words_ahead();
  const auto window_at = [&](size_t i) { return Window(joined_.data() + begins_[i], window_bytes_); };
  const auto hash_at = [&](size_t i) {
    const Window window = window_at(i);
    return seeded_mix(window.first, window.second, seed_, other_seed_);
  };
  const auto has_window = [&](size_t i) { return i < count && begins_.back() - begins_[i] >= window_bytes_; };
  for (uint32_t i = 0; i < count; ++i) {
    if (ahead != 0 && has_window(i + ahead)) table_.prefetch(hash_at(i + ahead));
    if (!has_window(i)) {
      window_repeats_[i] = 1;
      continue;
    }
    const Window window = window_at(i);
    const auto equals = [&](uint32_t other) { return window_at(other) == window; };
    const uint32_t first =
        table_.find_or_insert(seeded_mix(window.first, window.second, seed_, other_seed_), i, equals);
    if (first != i) window_repeats_[first] = window_repeats_[i] = 1;
  }
}

size_t WordNGrams::duplicate_chars(size_t n) {
  if (window_bytes_ == 0) find_repeated_windows();
  if (word_count() < n) return 0;
  table_.clear(std::accumulate(window_repeats_.begin(), window_repeats_.end(), size_t{0}));
  const size_t gram_count = word_count() - n + 1, ahead = words_ahead();
  const auto may_repeat = [&](size_t i) {
    return window_repeats_[i] != 0 || begins_[i + n] - begins_[i] < window_bytes_;
  };
  const auto hash_of = [this](std::string_view gram) { return XXH3_64bits_withSeed(gram.data(), gram.size(), seed_); };
  size_t duplicates = 0;
  for (size_t i = 0; i < gram_count;) {
    if (ahead != 0 && i + ahead < gram_count && may_repeat(i + ahead)) table_.prefetch(hash_of(joined(i + ahead, n)));
    if (!may_repeat(i)) {
      ++i;
      continue;
    }
    const std::string_view gram = joined(i, n);
    const auto equals = [&](uint32_t other) { return joined(other, n) == gram; };
    if (table_.find_or_insert(hash_of(gram), static_cast<uint32_t>(i), equals) == i) {
      ++i;
    } else {
      duplicates += chars(i, n);
      i += n;
    }
  }
  return duplicates;
}

size_t WordNGrams::words_ahead() const { return word_count() < kAheadWordsMin ? 0 : kAhead; }

void WordNGrams::release() {
  if (begins_.capacity() > kKeptWordsMax || joined_.capacity() > kScratchBytesMax) *this = WordNGrams();
}

}  // namespace ftok
