// All words (distinct pretokens) lie one after another in one array of symbols, a separator between them. A symbol sits
// at the place of its first byte; the next one is as many places on as it has bytes, and the place of its last byte
// says how far back it begins, so a merge touches three places and nothing moves. Each pair has the list of places
// where it was seen when it came to be; places that have changed since are skipped. A merge makes only pairs with the
// new symbol, so their lists are collected while it runs and are complete when it ends, and what each neighbour's old
// pair lost is summed up first and taken off once. Counts only fall, so a pair that the queue gives with a stale count
// goes back into it. Each byte is merged away once: the work is linear in the words, not in words times merges.
#include "tokenizer/bpe_train.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "core/hash_seed.h"
#include "tokenizer/encode/bpe_merge.h"
#include "tokenizer/train/pair_counts.h"
#include "tokenizer/vocabularies/vocabulary_checks.h"

namespace ftok {
namespace {

// Values of symbols_ that are no symbol: between words, and at the last byte of a symbol of several bytes, with the
// distance to its first in the low bits. (Bytes between first and last hold old values that are never read as current.)
constexpr uint32_t kSeparator = 0x40000000;
constexpr uint32_t kTail = 0x80000000;
constexpr uint32_t kNoNeighbour = UINT32_MAX;
constexpr size_t kAhead = 12;  // places fetched from memory ahead of the one that is merged

Vocabulary vocabulary_of(const BpeMerges& merges) {
  Vocabulary vocabulary;
  for (const std::string& token : merges.tokens) {
    vocabulary.bytes += token;
    vocabulary.offsets.push_back(static_cast<uint32_t>(vocabulary.bytes.size()));
  }
  return vocabulary;
}

// The rank of the next merge: the ids of a base's special tokens, which are in order, stay theirs.
size_t next_rank(const BpeMerges& merges, const Vocabulary* base) {
  size_t rank = merges.tokens.size();
  const auto is_special = [&] {
    const auto at = std::lower_bound(base->specials.begin(), base->specials.end(), rank,
                                     [](const SpecialToken& special, size_t id) { return special.id < id; });
    return at != base->specials.end() && at->id == rank;
  };
  while (base != nullptr && is_special()) ++rank;
  return rank;
}

class Trainer {
 public:
  Trainer(const PretokenVisits& pretokens, const BpeTrainOptions& options);
  BpeMerges run();

 private:
  // A neighbour of the pair being merged, on one side: the pair it had is lost, the pair with the new symbol is gained.
  struct Neighbour {
    uint32_t symbol;
    bool is_left;
    uint64_t lost, gained;
    uint32_t places;  // of the gained pair
    uint64_t list;    // where its list goes; kNoList when it is not kept
  };
  static constexpr uint64_t kNoList = UINT64_MAX;

  void number_bytes();
  void lay_out(const PretokenVisits& pretokens);
  void put_symbol(uint32_t symbol);
  void count_pairs();
  template <typename Visit>
  void for_each_pair(const Visit& visit) const;

  void merge(uint64_t key, uint64_t places, uint32_t made);
  void merge_at(uint32_t place, uint32_t pair_left, uint32_t pair_right, uint32_t made);
  void settle(uint64_t key, uint32_t made);
  Neighbour& neighbour(std::vector<uint32_t>& slots, uint32_t symbol, bool is_left) {
    if (slots[symbol] == kNoNeighbour) {
      slots[symbol] = static_cast<uint32_t>(neighbours_.size());
      neighbours_.push_back({symbol, is_left, 0, 0, 0, kNoList});
    }
    return neighbours_[slots[symbol]];
  }
  uint32_t begin_of_symbol_ending_at(uint32_t place) const {
    const uint32_t value = symbols_[place];
    return value & kTail ? place - (value & ~kTail) : place;
  }
  // Whether the token of the pair is there already: only where a base has tokens that its merges do not make.
  bool is_known(uint32_t left, uint32_t right) const {
    return options_.base != nullptr && base_tokens_.count(result_.tokens[left] + result_.tokens[right]) != 0;
  }
  bool is_too_long(uint32_t left, uint32_t right) const {
    return uint64_t{bytes_[left]} + bytes_[right] > options_.token_bytes_max;
  }

  const BpeTrainOptions& options_;
  const uint64_t count_min_;
  BpeMerges result_;
  uint32_t rank_of_byte_[256] = {};
  std::unordered_set<std::string, SeededHash> base_tokens_;
  std::vector<uint32_t> bytes_;    // length of each symbol
  std::vector<uint32_t> symbols_;  // by place
  std::vector<uint32_t> words_;    // by place
  std::vector<uint64_t> weights_;  // by word
  std::vector<uint32_t> places_;   // lists, one after another: the length, then the places
  PairCounts pairs_;
  PairQueue queue_;

  std::vector<Neighbour> neighbours_;                      // of the merge under way
  std::vector<std::pair<uint32_t, uint32_t>> new_places_;  // (neighbour, place)
  std::vector<uint32_t> left_slots_, right_slots_;         // symbol -> neighbour
};

Trainer::Trainer(const PretokenVisits& pretokens, const BpeTrainOptions& options)
    : options_(options),
      count_min_(std::max<uint64_t>(1, options.count_min)),
      pairs_(count_min_),
      queue_(options.tie_break == TieBreak::kGreatestBytes ? &result_.tokens : nullptr) {
  number_bytes();
  for (const std::string& token : result_.tokens) bytes_.push_back(static_cast<uint32_t>(token.size()));
  left_slots_.assign(std::max<size_t>(result_.tokens.size(), options.size), kNoNeighbour);
  right_slots_ = left_slots_;
  lay_out(pretokens);
  count_pairs();
}

void Trainer::number_bytes() {
  result_ = options_.resume != nullptr ? *options_.resume : start_merges(options_.byte_order, options_.base);
  for (uint32_t id = 0; id < result_.tokens.size(); ++id) {
    if (result_.tokens[id].size() == 1) rank_of_byte_[static_cast<unsigned char>(result_.tokens[id][0])] = id;
  }
  if (options_.base != nullptr) base_tokens_.insert(result_.tokens.begin(), result_.tokens.end());
}

void Trainer::put_symbol(uint32_t symbol) {
  const size_t size = bytes_[symbol];
  symbols_.push_back(symbol);
  if (size > 1) {
    symbols_.resize(symbols_.size() + size - 2, kTail);
    symbols_.push_back(kTail | static_cast<uint32_t>(size - 1));
  }
}

void Trainer::lay_out(const PretokenVisits& pretokens) {
  uint64_t places = 1, words = 0;
  pretokens([&](std::string_view pretoken, uint64_t count) {
    if (count < options_.pretoken_count_min) return;
    places += pretoken.size() + 1;
    ++words;
  });
  if (places >= UINT32_MAX) {
    throw Error(fmt::format(
        "the {} distinct pretokens have {} bytes, but training takes at most 4 GB; leave out more of the rare ones",
        words, places));
  }
  symbols_.reserve(places);
  words_.reserve(places);
  weights_.reserve(words);
  symbols_.push_back(kSeparator);
  words_.push_back(0);
  MergeScratch scratch;
  std::vector<uint32_t> ids;
  std::unique_ptr<const Merger> merger;
  std::unordered_map<std::string_view, uint32_t, SeededHash> tokens;  // that a pretoken is whatever the merges say
  Vocabulary so_far;
  if (result_.tokens.size() > 256) {
    so_far = vocabulary_of(result_);
    merger = std::make_unique<const Merger>(so_far);
    if (so_far.whole_pretoken_first) {
      for (uint32_t id = 0; id < so_far.token_count(); ++id) tokens.emplace(so_far.token(id), id);
    }
  }
  pretokens([&](std::string_view pretoken, uint64_t count) {
    if (count < options_.pretoken_count_min) return;
    ids.clear();
    if (merger == nullptr) {
      for (const char c : pretoken) symbols_.push_back(rank_of_byte_[static_cast<unsigned char>(c)]);
    } else if (const auto whole = tokens.find(pretoken); whole != tokens.end()) {
      ids.push_back(whole->second);
    } else {
      merger->merge(pretoken, scratch, ids);
    }
    for (const uint32_t id : ids) put_symbol(id);
    symbols_.push_back(kSeparator);
    words_.resize(symbols_.size(), static_cast<uint32_t>(weights_.size()));
    weights_.push_back(count);
  });
}

// Calls visit(left, right, place) for each adjacent pair of symbols.
template <typename Visit>
void Trainer::for_each_pair(const Visit& visit) const {
  for (uint32_t place = 1; place < symbols_.size();) {
    const uint32_t left = symbols_[place];
    if (left == kSeparator) {
      ++place;
      continue;
    }
    const uint32_t next = place + bytes_[left];
    const uint32_t right = symbols_[next];
    if (right != kSeparator && !is_too_long(left, right)) visit(left, right, place);
    place = next;
  }
}

void Trainer::count_pairs() {
  for_each_pair([&](uint32_t left, uint32_t right, uint32_t place) {
    PairCounts::Pair* pair = pairs_.find(pair_key(left, right));
    if (pair == nullptr) {
      // A table that grows forgets pairs below the minimum, and here counts still rise: they begin at the minimum.
      pair = &pairs_.insert(pair_key(left, right));
      pair->count = count_min_;
      pair->places = 0;
    }
    pair->count += weights_[words_[place]];
    ++pair->places;
  });
  uint64_t total = 0;
  pairs_.for_each([&](PairCounts::Pair& pair) {
    pair.count -= count_min_;
    const uint64_t size = pair.places;
    pair.places = total;
    if (pair.count < count_min_) return;
    total += size + 1;
    queue_.push({pair.count, pair.key});
  });
  pairs_.prune();
  // As much as all lists can ever take: each merge makes two pairs at most and takes a symbol away. Memory is touched
  // only where it is used.
  places_.reserve(std::max<uint64_t>(total, 3 * symbols_.size()));
  places_.resize(total);
  for_each_pair([&](uint32_t left, uint32_t right, uint32_t place) {
    const PairCounts::Pair* pair = pairs_.find(pair_key(left, right));
    if (pair != nullptr) places_[pair->places + ++places_[pair->places]] = place;
  });
}

// Merges the pair at `place`, unless that has changed.
void Trainer::merge_at(uint32_t place, uint32_t pair_left, uint32_t pair_right, uint32_t made) {
  if (symbols_[place] != pair_left) return;
  const uint32_t second = place + bytes_[pair_left];
  if (symbols_[second] != pair_right) return;
  const uint64_t weight = weights_[words_[place]];
  const uint32_t after = second + bytes_[pair_right], before = begin_of_symbol_ending_at(place - 1);
  const uint32_t left = symbols_[before], right = symbols_[after];
  symbols_[second] = kTail;  // no symbol: stale lists skip it
  symbols_[place] = made;
  symbols_[after - 1] = kTail | (after - 1 - place);
  if (left != kSeparator) {
    if (left == made) {
      neighbour(right_slots_, pair_left, false).gained -= weight;
    } else {
      neighbour(left_slots_, left, true).lost += weight;
    }
    Neighbour& gained = neighbour(left_slots_, left, true);
    gained.gained += weight;
    ++gained.places;
    new_places_.emplace_back(left_slots_[left], before);
  }
  if (right != kSeparator) {
    Neighbour& gained = neighbour(right_slots_, right, false);
    gained.lost += weight;
    gained.gained += weight;
    ++gained.places;
    new_places_.emplace_back(right_slots_[right], place);
  }
}

// Takes off what the neighbours' pairs have lost, and keeps those they have gained.
void Trainer::settle(uint64_t key, uint32_t made) {
  const auto old_pair = [&](const Neighbour& n) {
    return n.is_left ? pair_key(n.symbol, left_of(key)) : pair_key(right_of(key), n.symbol);
  };
  for (size_t i = 0; i < std::min(kAhead, neighbours_.size()); ++i) pairs_.prefetch(old_pair(neighbours_[i]));
  for (size_t i = 0; i < neighbours_.size(); ++i) {
    const Neighbour& n = neighbours_[i];
    if (i + kAhead < neighbours_.size()) pairs_.prefetch(old_pair(neighbours_[i + kAhead]));
    (n.is_left ? left_slots_ : right_slots_)[n.symbol] = kNoNeighbour;
    if (n.lost == 0) continue;
    PairCounts::Pair* pair = pairs_.find(old_pair(n));
    if (pair != nullptr) pair->count -= std::min(pair->count, n.lost);
  }
  for (Neighbour& n : neighbours_) {
    if (n.gained < count_min_ || is_too_long(made, n.symbol)) continue;
    const uint64_t gained = n.is_left ? pair_key(n.symbol, made) : pair_key(made, n.symbol);
    PairCounts::Pair& pair = pairs_.insert(gained);
    pair.count = n.gained;
    pair.places = n.list = places_.size();
    queue_.push({n.gained, gained});
    places_.push_back(0);
    places_.resize(places_.size() + n.places);
  }
  for (const auto& [index, place] : new_places_) {
    const uint64_t list = neighbours_[index].list;
    if (list != kNoList) places_[list + ++places_[list]] = place;
  }
  neighbours_.clear();
  new_places_.clear();
}

void Trainer::merge(uint64_t key, uint64_t places, uint32_t made) {
  const uint64_t end = places + 1 + places_[places];
  for (uint64_t i = places + 1; i < end; ++i) {
    if (i + 2 * kAhead < end) {
      __builtin_prefetch(&symbols_[places_[i + 2 * kAhead]], 1);
      __builtin_prefetch(&words_[places_[i + 2 * kAhead]]);
      __builtin_prefetch(&weights_[words_[places_[i + kAhead]]]);
    }
    merge_at(places_[i], left_of(key), right_of(key), made);
  }
  settle(key, made);
}

BpeMerges Trainer::run() {
  PairQueue::Candidate best;
  while (result_.tokens.size() < options_.size && queue_.pop(best)) {
    PairCounts::Pair* pair = pairs_.find(best.key);
    if (pair == nullptr || pair->count < count_min_) continue;
    if (pair->count != best.count) {
      queue_.push({pair->count, best.key});
      continue;
    }
    const uint64_t places = pair->places;
    pair->count = 0;
    const uint32_t left = left_of(best.key), right = right_of(best.key);
    if (is_known(left, right)) continue;
    if (next_rank(result_, options_.base) >= options_.size) break;
    add_merge(result_, left, right, best.count, options_.base);
    bytes_.resize(result_.tokens.size(), 0);
    bytes_.back() = bytes_[left] + bytes_[right];
    merge(best.key, places, static_cast<uint32_t>(result_.tokens.size() - 1));
    if (options_.progress) options_.progress(result_);
  }
  return std::move(result_);
}

}  // namespace

BpeMerges start_merges(ByteOrder byte_order, const Vocabulary* base) {
  BpeMerges merges;
  if (base != nullptr) {
    for (uint32_t id = 0; id < base->token_count(); ++id) merges.tokens.emplace_back(base->token(id));
  } else if (byte_order == ByteOrder::kLetters) {
    for (const unsigned char byte : letter_order()) merges.tokens.emplace_back(1, static_cast<char>(byte));
  } else {
    for (int byte = 0; byte < 256; ++byte) merges.tokens.emplace_back(1, static_cast<char>(byte));
  }
  merges.first = static_cast<uint32_t>(merges.tokens.size());
  return merges;
}

bool add_merge(BpeMerges& merges, uint32_t left, uint32_t right, uint64_t count, const Vocabulary* base) {
  const size_t size = merges.tokens.size();
  if (left >= size || right >= size || merges.tokens[left].empty() || merges.tokens[right].empty()) return false;
  merges.tokens.resize(next_rank(merges, base));
  merges.pairs.emplace_back(left, right);
  merges.counts.push_back(count);
  merges.tokens.push_back(merges.tokens[left] + merges.tokens[right]);
  return true;
}

void TrainingSizes::add(std::string_view pretoken, uint64_t count) {
  Sum& sum = by_count_[std::min(count, kCountMax)];
  ++sum.pretokens;
  sum.bytes += pretoken.size();
}

namespace {

// A place has a symbol and its word (8 bytes), stands in the lists of at most three pairs (12), and makes about half a
// pair (24 bytes per slot at a load of 0.3 to 0.6, and 16 in the queue) while few pairs repeat; a word has its weight.
uint64_t training_memory(uint64_t pretokens, uint64_t bytes) {
  return (uint64_t{32} << 20) + (bytes + pretokens) * 48 + pretokens * 8;
}

}  // namespace

uint64_t TrainingSizes::memory_bytes(uint64_t pretoken_count_min) const {
  uint64_t pretokens = 0, bytes = 0;
  for (uint64_t count = std::min(std::max<uint64_t>(1, pretoken_count_min), kCountMax); count <= kCountMax; ++count) {
    pretokens += by_count_[count].pretokens;
    bytes += by_count_[count].bytes;
  }
  return training_memory(pretokens, bytes);
}

uint64_t TrainingSizes::count_min_within(uint64_t memory_bytes) const {
  uint64_t pretokens = 0, bytes = 0, least = 0;
  for (uint64_t count = kCountMax; count >= 1; --count) {
    pretokens += by_count_[count].pretokens;
    bytes += by_count_[count].bytes;
    if (training_memory(pretokens, bytes) > memory_bytes) break;
    least = count;
  }
  return least;
}

std::vector<unsigned char> letter_order() {
  std::vector<unsigned char> order, others;
  for (int b = 0; b < 256; ++b) {
    const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    (printable ? order : others).push_back(static_cast<unsigned char>(b));
  }
  order.insert(order.end(), others.begin(), others.end());
  return order;
}

BpeMerges train_bpe(const PretokenVisits& pretokens, const BpeTrainOptions& options) {
  if (options.size < 256 || options.size > kVocabularyTokensMax) {
    throw UsageError(fmt::format("a vocabulary of {} ranks: expected 256 to {}", options.size, kVocabularyTokensMax));
  }
  return Trainer(pretokens, options).run();
}

BpeMerges train_bpe(const PretokenCounts& counts, const BpeTrainOptions& options) {
  return train_bpe([&](const PretokenVisitor& visit) { counts.for_each(visit); }, options);
}

Vocabulary make_vocabulary(const BpeMerges& merges, const std::string& name, const PretokenPattern& pattern,
                           const std::vector<std::string>& specials, const Vocabulary* base) {
  Vocabulary vocabulary = vocabulary_of(merges);
  vocabulary.name = name;
  vocabulary.pattern = pattern.pattern();
  vocabulary.own_pattern = pattern.own();
  auto id = static_cast<uint32_t>(merges.tokens.size());
  if (base != nullptr) {
    vocabulary.specials = base->specials;
    for (const SpecialToken& special : base->specials) id = std::max(id, special.id + 1);
  }
  for (const std::string& special : specials) {
    if (vocabulary.find_special(special) == nullptr) vocabulary.specials.push_back({special, id++});
  }
  check_vocabulary(vocabulary, name);
  vocabulary.digest = sha256_hex(format_tiktoken(vocabulary));
  return vocabulary;
}

}  // namespace ftok
