// All words (distinct pretokens) lie one after another in one array of symbols, a separator between them. A symbol sits at
// the place of its first byte; the next one is as many places on as it has bytes, and the place of its last byte knows
// where it begins, so a merge touches two places and nothing moves. Each pair has the list of places where it was seen when
// it came to be; places that have changed since are skipped. A merge makes only pairs with the new symbol, so their lists are
// collected while it runs and are complete when it ends. The heap is lazy: counts only fall, so a pair whose count is stale
// goes back into it. Each byte is merged away once: the work is linear in the words, not in words times merges.
#include "tokenizer/bpe_train.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>

#include "core/error.h"
#include "tokenizer/vocabulary_checks.h"

namespace ftok {
namespace {

constexpr uint32_t kSeparator = UINT32_MAX;
constexpr uint32_t kNoPair = UINT32_MAX;

struct Pair {
  uint32_t left, right;
  uint64_t count;
  uint64_t places_begin;
  uint32_t places_size;
};

struct Candidate {
  uint64_t count;
  uint32_t left, right, pair;
};
struct Worse {  // orders the heap: the best candidate on top
  const std::vector<std::string>* tokens = nullptr;  // set for TieBreak::kGreatestBytes
  bool operator()(const Candidate& a, const Candidate& b) const {
    if (a.count != b.count) return a.count < b.count;
    if (tokens != nullptr) {
      const int order = (*tokens)[a.left].compare((*tokens)[b.left]);
      return order != 0 ? order < 0 : (*tokens)[a.right] < (*tokens)[b.right];
    }
    if (a.left != b.left) return a.left > b.left;
    return a.right > b.right;
  }
};

// (left, right) -> index of the pair, by open addressing.
class PairIndex {
 public:
  PairIndex() : slots_(1 << 16, Slot{0, kNoPair}) {}
  uint32_t find(uint32_t left, uint32_t right) const {
    const uint64_t key = uint64_t{left} << 32 | right;
    for (size_t slot = slot_of(key);; slot = (slot + 1) & (slots_.size() - 1)) {
      if (slots_[slot].pair == kNoPair) return kNoPair;
      if (slots_[slot].key == key) return slots_[slot].pair;
    }
  }
  void insert(uint32_t left, uint32_t right, uint32_t pair) {
    if (++used_ * 2 > slots_.size()) grow();
    put({uint64_t{left} << 32 | right, pair});
  }

 private:
  struct Slot {
    uint64_t key;
    uint32_t pair;
  };
  size_t slot_of(uint64_t key) const {
    const uint64_t h = key * 0x9E3779B97F4A7C15ull;
    return (h ^ h >> 32) & (slots_.size() - 1);
  }
  void put(Slot made) {
    size_t slot = slot_of(made.key);
    while (slots_[slot].pair != kNoPair) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = made;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2, Slot{0, kNoPair});
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.pair != kNoPair) put(slot);
    }
  }
  std::vector<Slot> slots_;
  size_t used_ = 0;
};

class Trainer {
 public:
  Trainer(const PretokenCounts& counts, const BpeTrainOptions& options);
  BpeMerges run();

 private:
  // A pair that the merge under way makes.
  struct NewPair {
    uint32_t other;  // the neighbour
    bool other_is_left;
    uint64_t count;
    uint32_t places;
  };

  void lay_out(const PretokenCounts& counts, const uint8_t* rank_of_byte);
  void count_byte_pairs();
  void merge(const Pair& pair, uint32_t made);
  void merge_at(uint32_t place, const Pair& pair, uint32_t made);
  void keep_new_pairs(uint32_t made);
  void push(uint32_t index) {
    const Pair& pair = pairs_[index];
    heap_.push({pair.count, pair.left, pair.right, index});
  }
  void lose(uint32_t left, uint32_t right, uint64_t weight) {
    const uint32_t index = index_.find(left, right);
    if (index != kNoPair) pairs_[index].count -= std::min(weight, pairs_[index].count);
  }
  uint32_t new_pair(std::vector<uint32_t>& slots, uint32_t other, bool other_is_left) {
    if (slots[other] == kNoPair) {
      slots[other] = static_cast<uint32_t>(new_pairs_.size());
      new_pairs_.push_back({other, other_is_left, 0, 0});
    }
    return slots[other];
  }

  const BpeTrainOptions& options_;
  BpeMerges result_;
  std::vector<uint32_t> symbols_;      // at the first byte of each symbol
  std::vector<uint32_t> begins_;       // at the last byte of each symbol: where it begins
  std::vector<uint32_t> words_;        // of each place
  std::vector<uint64_t> weights_;      // of each word
  std::vector<uint32_t> bytes_;        // length of each symbol
  std::vector<Pair> pairs_;
  std::vector<uint32_t> places_;       // lists of places, one after another
  PairIndex index_;

  std::vector<NewPair> new_pairs_;
  std::vector<std::pair<uint32_t, uint32_t>> new_places_;  // (new pair, place)
  std::vector<uint32_t> left_slots_, right_slots_;         // neighbour -> new pair
  std::priority_queue<Candidate, std::vector<Candidate>, Worse> heap_;
};

Trainer::Trainer(const PretokenCounts& counts, const BpeTrainOptions& options)
    : options_(options), heap_(Worse{options.tie_break == TieBreak::kGreatestBytes ? &result_.tokens : nullptr}) {
  uint8_t rank_of_byte[256];
  const std::vector<unsigned char> letters = letter_order();
  for (unsigned rank = 0; rank < 256; ++rank) {
    const unsigned char byte = options.byte_order == ByteOrder::kLetters ? letters[rank] : static_cast<unsigned char>(rank);
    rank_of_byte[byte] = static_cast<uint8_t>(rank);
    result_.tokens.emplace_back(1, static_cast<char>(byte));
  }
  bytes_.assign(256, 1);
  left_slots_.assign(std::max(256u, options.size), kNoPair);
  right_slots_ = left_slots_;
  lay_out(counts, rank_of_byte);
  count_byte_pairs();
}

void Trainer::lay_out(const PretokenCounts& counts, const uint8_t* rank_of_byte) {
  uint64_t places = 1;
  for (size_t i = 0; i < counts.size(); ++i) places += counts.pretoken(i).size() + 1;
  if (places >= UINT32_MAX) {
    throw Error(fmt::format("the {} distinct pretokens have {} bytes, training takes 4 GB at most; raise --min-count",
                            counts.size(), places));
  }
  symbols_.reserve(places);
  words_.reserve(places);
  symbols_.push_back(kSeparator);
  words_.push_back(0);
  for (size_t i = 0; i < counts.size(); ++i) {
    for (const char c : counts.pretoken(i)) {
      symbols_.push_back(rank_of_byte[static_cast<unsigned char>(c)]);
      words_.push_back(static_cast<uint32_t>(i));
    }
    symbols_.push_back(kSeparator);
    words_.push_back(static_cast<uint32_t>(i));
    weights_.push_back(counts.count(i));
  }
  begins_.resize(symbols_.size());
  for (size_t i = 0; i < begins_.size(); ++i) begins_[i] = static_cast<uint32_t>(i);
}

void Trainer::count_byte_pairs() {
  std::vector<uint64_t> count(65536), size(65536);
  const auto for_each_pair = [&](const auto& visit) {
    for (uint32_t i = 0; i + 1 < symbols_.size(); ++i) {
      if (symbols_[i] != kSeparator && symbols_[i + 1] != kSeparator) visit(symbols_[i] << 8 | symbols_[i + 1], i);
    }
  };
  for_each_pair([&](uint32_t key, uint32_t place) {
    count[key] += weights_[words_[place]];
    ++size[key];
  });
  std::vector<uint64_t> begin(65536);
  uint64_t total = 0;
  for (uint32_t key = 0; key < 65536; ++key) {
    begin[key] = total;
    total += size[key];
    if (size[key] == 0 || options_.token_bytes_max < 2) continue;
    pairs_.push_back({key >> 8, key & 0xFF, count[key], begin[key], static_cast<uint32_t>(size[key])});
    index_.insert(key >> 8, key & 0xFF, static_cast<uint32_t>(pairs_.size() - 1));
    push(static_cast<uint32_t>(pairs_.size() - 1));
  }
  places_.resize(total);
  for_each_pair([&](uint32_t key, uint32_t place) { places_[begin[key]++] = place; });
}

// Merges the pair whose left symbol is at `place`, unless that has changed. Neighbours lose a pair and gain one.
void Trainer::merge_at(uint32_t place, const Pair& pair, uint32_t made) {
  if (symbols_[place] != pair.left) return;
  const uint32_t second = place + bytes_[pair.left];
  if (symbols_[second] != pair.right) return;
  const uint64_t weight = weights_[words_[place]];
  const uint32_t after = second + bytes_[pair.right], before = begins_[place - 1];
  const uint32_t left = symbols_[before], right = symbols_[after];
  symbols_[second] = kSeparator - 1;  // no symbol: stale lists skip it
  symbols_[place] = made;
  begins_[after - 1] = place;
  if (left != kSeparator) {
    if (left == made) {
      new_pairs_[new_pair(right_slots_, pair.left, false)].count -= weight;
    } else {
      lose(left, pair.left, weight);
    }
    const uint32_t gained = new_pair(left_slots_, left, true);
    new_pairs_[gained].count += weight;
    ++new_pairs_[gained].places;
    new_places_.emplace_back(gained, before);
  }
  if (right != kSeparator) {
    lose(pair.right, right, weight);
    const uint32_t gained = new_pair(right_slots_, right, false);
    new_pairs_[gained].count += weight;
    ++new_pairs_[gained].places;
    new_places_.emplace_back(gained, place);
  }
}

void Trainer::keep_new_pairs(uint32_t made) {
  std::vector<uint64_t> begin(new_pairs_.size());
  uint64_t total = places_.size();
  for (size_t i = 0; i < new_pairs_.size(); ++i) {
    const NewPair& fresh = new_pairs_[i];
    (fresh.other_is_left ? left_slots_ : right_slots_)[fresh.other] = kNoPair;
    begin[i] = UINT64_MAX;
    if (fresh.count < std::max<uint64_t>(1, options_.count_min)) continue;
    if (bytes_[made] + bytes_[fresh.other] > options_.token_bytes_max) continue;
    const uint32_t left = fresh.other_is_left ? fresh.other : made, right = fresh.other_is_left ? made : fresh.other;
    begin[i] = total;
    pairs_.push_back({left, right, fresh.count, total, fresh.places});
    index_.insert(left, right, static_cast<uint32_t>(pairs_.size() - 1));
    push(static_cast<uint32_t>(pairs_.size() - 1));
    total += fresh.places;
  }
  places_.resize(total);
  for (const auto& [fresh, place] : new_places_) {
    if (begin[fresh] != UINT64_MAX) places_[begin[fresh]++] = place;
  }
  new_pairs_.clear();
  new_places_.clear();
}

void Trainer::merge(const Pair& pair, uint32_t made) {
  for (uint64_t i = 0; i < pair.places_size; ++i) merge_at(places_[pair.places_begin + i], pair, made);
  keep_new_pairs(made);
}

BpeMerges Trainer::run() {
  uint32_t made = 256;
  while (made < options_.size && !heap_.empty()) {
    const Candidate best = heap_.top();
    heap_.pop();
    const Pair pair = pairs_[best.pair];
    if (pair.count < std::max<uint64_t>(1, options_.count_min)) continue;
    if (pair.count != best.count) {
      push(best.pair);
      continue;
    }
    bytes_.push_back(bytes_[pair.left] + bytes_[pair.right]);
    result_.pairs.emplace_back(pair.left, pair.right);
    result_.counts.push_back(pair.count);
    result_.tokens.push_back(result_.tokens[pair.left] + result_.tokens[pair.right]);
    merge(pair, made++);
    if (options_.progress && made % 1024 == 0) options_.progress(made);
  }
  return std::move(result_);
}

}  // namespace

std::vector<unsigned char> letter_order() {
  std::vector<unsigned char> order, others;
  for (int b = 0; b < 256; ++b) {
    const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    (printable ? order : others).push_back(static_cast<unsigned char>(b));
  }
  order.insert(order.end(), others.begin(), others.end());
  return order;
}

BpeMerges train_bpe(const PretokenCounts& counts, const BpeTrainOptions& options) {
  if (options.size < 256 || options.size > kVocabularyTokensMax) {
    throw UsageError(fmt::format("--size {} is not between 256 and {}", options.size, kVocabularyTokensMax));
  }
  return Trainer(counts, options).run();
}

Vocabulary make_vocabulary(const BpeMerges& merges, const std::string& name, Pattern pattern,
                           const std::vector<std::string>& specials) {
  Vocabulary vocabulary;
  vocabulary.name = name;
  vocabulary.pattern = pattern;
  for (const std::string& token : merges.tokens) {
    vocabulary.bytes += token;
    vocabulary.offsets.push_back(static_cast<uint32_t>(vocabulary.bytes.size()));
  }
  auto id = static_cast<uint32_t>(merges.tokens.size());
  for (const std::string& special : specials) vocabulary.specials.push_back({special, id++});
  check_vocabulary(vocabulary, name);
  vocabulary.digest = sha256_hex(format_tiktoken(vocabulary));
  return vocabulary;
}

}  // namespace ftok
