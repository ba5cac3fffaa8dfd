// Exact fastText inference, arranged for speed: see language_model.h.
//
// What must agree with fastText to the bit of an index: the hash of a word or n-gram (32-bit FNV-1a over *signed*
// bytes), the n-grams of "<word>" (ngram_min..ngram_max characters; a lone "<" or ">" is none), their buckets (hash mod
// buckets), and what ends a word. What may differ is the order of the additions: a word is summed first, in float, and
// the document is the sum of its words, in double.
#include "filters/language_model.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash_seed.h"
#include "core/scratch.h"
#include "filters/language_models/language_model_format.h"

namespace ftok {
namespace {

constexpr std::string_view kLabelMark = "__label__";
constexpr std::string_view kEndOfSentence = "</s>";
constexpr uint32_t kFnvBasis = 2166136261U;
constexpr uint32_t kFnvPrime = 16777619U;
constexpr uint64_t kWordNgramPrime = 116049371U;  // fastText's multiplier for word n-grams
constexpr int kSigmoidTable = 512;
constexpr float kSigmoidMax = 8;
constexpr size_t kStartsTogether = 4096;  // bytes of a word whose n-grams are looked up together

// fastText hashes int8_t(c) widened to 32 bits.
inline uint32_t fnv_step(uint32_t hash, char c) {
  return (hash ^ static_cast<uint32_t>(static_cast<int8_t>(c))) * kFnvPrime;
}

// What fastText's reader takes for white space, plus the end marker it adds.
inline bool is_separator(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }

inline bool is_continuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

inline float floored_log(float p) { return static_cast<float>(std::log(static_cast<double>(p) + 1e-5)); }

// std::popcount is a library call where the processor may lack the instruction.
inline uint32_t count_ones(uint64_t bits) {
  bits -= (bits >> 1) & 0x5555555555555555U;
  bits = (bits & 0x3333333333333333U) + ((bits >> 2) & 0x3333333333333333U);
  return static_cast<uint32_t>((((bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0FU) * 0x0101010101010101U) >> 56);
}

size_t slots_for(size_t entries) {
  size_t slots = 16;
  while (slots < entries * 2) slots *= 2;
  return slots;
}

uint64_t next_serial() {
  static std::atomic<uint64_t> serial{0};
  return ++serial;
}

}  // namespace

// A thread's working memory: word sums of the model last used. A slot holds one word of up to kKeyMax bytes; a newer
// word takes the place of an older one. What is kept never changes a result, only whether it is computed again.
class LanguageModel::Scratch {
 public:
  static constexpr size_t kSlotsMax = 16384;
  static constexpr size_t kSumBytesMax = 1 << 20;  // a wide model gets fewer slots
  static constexpr size_t kKeyMax = 19;
  struct Key {
    uint64_t serial = 0;  // of the model whose word this is
    uint32_t rows = 0;
    uint8_t size = 0;
    char bytes[kKeyMax] = {};
  };

  void use(uint64_t serial, size_t dim) {
    serial_ = serial;
    if (dim == dim_) return;
    dim_ = dim;
    slots_ = kSlotsMax;
    while (slots_ > 1 && slots_ * dim * sizeof(float) > kSumBytesMax) slots_ /= 2;
    keys_.assign(slots_, Key());
    sums_.resize(slots_ * dim);
    word_.resize(dim);
    total_.resize(dim);
    hidden_.resize(dim);
  }

  bool holds(uint32_t hash, std::string_view word) const {
    const Key& key = keys_[slot(hash)];
    return key.serial == serial_ && key.size == word.size() && std::memcmp(key.bytes, word.data(), word.size()) == 0;
  }
  void keep(uint32_t hash, std::string_view word, uint32_t rows) {
    Key& key = keys_[slot(hash)];
    key.serial = serial_;
    key.rows = rows;
    key.size = static_cast<uint8_t>(word.size());
    std::memcpy(key.bytes, word.data(), word.size());
  }
  uint32_t rows_of(uint32_t hash) const { return keys_[slot(hash)].rows; }
  float* sum(uint32_t hash) { return sums_.data() + slot(hash) * dim_; }
  float* word() { return word_.data(); }
  double* total() { return total_.data(); }
  float* hidden() { return hidden_.data(); }
  std::vector<int32_t>& word_hashes() { return word_hashes_; }
  std::vector<uint32_t>& rows() { return rows_; }
  std::string& brackets() { return bracketed_; }
  std::string_view bracketed(std::string_view word) {
    bracketed_.assign(1, '<').append(word).push_back('>');
    return bracketed_;
  }

 private:
  size_t slot(uint32_t hash) const { return (hash ^ (hash >> 15)) & (slots_ - 1); }

  uint64_t serial_ = 0;
  size_t dim_ = 0, slots_ = 0;
  std::vector<Key> keys_;
  std::vector<float> sums_;
  std::vector<float> word_;
  std::vector<double> total_;
  std::vector<float> hidden_;
  std::vector<int32_t> word_hashes_;
  std::vector<uint32_t> rows_;
  std::string bracketed_;
};

LanguageModel::LanguageModel(LanguageModelParts&& parts)
    : parts_(std::make_unique<LanguageModelParts>(std::move(parts))), serial_(next_serial()) {
  for (size_t i = parts_->words; i < parts_->entries.size(); ++i) {
    std::string_view label = parts_->entries[i];
    if (label.starts_with(kLabelMark)) label.remove_prefix(kLabelMark.size());
    labels_.emplace_back(label);
  }
  build_word_table();
  order_pruned_rows();
  const size_t rows = labels_.size();
  const auto dim = static_cast<size_t>(parts_->dim);
  output_t_.resize(rows * dim);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t i = 0; i < dim; ++i) output_t_[i * rows + row] = parts_->output[row * dim + i];
  }
  if (parts_->loss == LanguageLoss::kHierarchicalSoftmax) build_tree();
  for (int i = 0; i <= kSigmoidTable; ++i) {
    const float x = static_cast<float>(i * 2 * kSigmoidMax) / kSigmoidTable - kSigmoidMax;
    sigmoid_.push_back(static_cast<float>(1.0 / (1.0 + std::exp(static_cast<double>(-x)))));
  }
}

LanguageModel::~LanguageModel() = default;

Result<std::unique_ptr<const LanguageModel>> LanguageModel::parse(std::string_view bytes) {
  Result<LanguageModelParts> parts = parse_language_model(bytes);
  if (!parts.ok()) return parts.damage();
  return std::unique_ptr<const LanguageModel>(new LanguageModel(std::move(*parts)));
}

std::unique_ptr<const LanguageModel> LanguageModel::load(const std::string& path) {
  const MappedFile file(path);
  auto model = parse(file.bytes());
  if (!model.ok()) {
    throw Error(fmt::format("{}: not a usable fastText model: {} ({}) at byte {}", path, model.damage().detail,
                            model.damage().code.view(), model.damage().offset));
  }
  return std::move(*model);
}

uint64_t LanguageModel::memory_bytes() const {
  return (parts_->input.size() + parts_->output.size() * 2) * sizeof(float) + word_slots_.size() * sizeof(uint32_t) +
         bucket_blocks_.size() * sizeof(BucketBlock) + parts_->entries.size() * (sizeof(std::string) + 8);
}

void LanguageModel::build_word_table() {
  // Not by fastText's own hash, under which anybody can find words and labels that share a slot.
  word_slots_.assign(slots_for(parts_->entries.size()), 0);
  for (size_t i = 0; i < parts_->entries.size(); ++i) {
    size_t slot = seeded_hash(parts_->entries[i]) & (word_slots_.size() - 1);
    while (word_slots_[slot] != 0) slot = (slot + 1) & (word_slots_.size() - 1);
    word_slots_[slot] = static_cast<uint32_t>(i) + 1;
  }
}

size_t LanguageModel::longest_run() const {
  return longest_run_of(word_slots_.size(), [this](size_t slot) { return word_slots_[slot] != 0; });
}

// Puts the rows of a pruned model's n-grams in the order of their buckets, so that a bit map with counts finds them. A
// bucket named twice keeps its last row, as in fastText's map.
void LanguageModel::order_pruned_rows() {
  bucket_magic_ = parts_->buckets == 0 ? 0 : ~uint64_t{0} / parts_->buckets + 1;
  if (!parts_->pruned) return;
  std::vector<std::pair<int32_t, int32_t>>& prune = parts_->prune;
  std::stable_sort(prune.begin(), prune.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto dim = static_cast<size_t>(parts_->dim);
  std::vector<float> ordered(parts_->input.begin(),
                             parts_->input.begin() + static_cast<std::ptrdiff_t>(parts_->words * dim));
  bucket_blocks_.assign(parts_->buckets / 64 + 1, BucketBlock());
  for (size_t i = 0; i < prune.size(); ++i) {
    if (i + 1 < prune.size() && prune[i + 1].first == prune[i].first) continue;
    const auto bucket = static_cast<uint32_t>(prune[i].first);
    bucket_blocks_[bucket / 64].present |= uint64_t{1} << (bucket % 64);
    const float* row = parts_->input.data() + (parts_->words + static_cast<size_t>(prune[i].second)) * dim;
    ordered.insert(ordered.end(), row, row + dim);
  }
  uint32_t row = parts_->words;
  for (BucketBlock& block : bucket_blocks_) {
    block.first_row = row;
    row += count_ones(block.present);
  }
  parts_->input = std::move(ordered);
  prune.clear();
  prune.shrink_to_fit();
}

// fastText's Huffman tree: leaves are taken from the last label upwards, inner nodes in the order they were made, the
// smaller count first, a tie going to the inner node.
void LanguageModel::build_tree() {
  const auto leaves = static_cast<int32_t>(labels_.size());
  tree_.assign(static_cast<size_t>(leaves) * 2 - 1, Node());
  std::vector<int64_t> counts(tree_.size(), 1000000000000000);
  std::copy(parts_->label_counts.begin(), parts_->label_counts.end(), counts.begin());
  int32_t leaf = leaves - 1;
  int32_t inner = leaves;
  for (int32_t i = leaves; i < static_cast<int32_t>(tree_.size()); ++i) {
    int32_t children[2];
    for (int32_t& child : children) {
      const bool take_leaf = leaf >= 0 && counts[static_cast<size_t>(leaf)] < counts[static_cast<size_t>(inner)];
      child = take_leaf ? leaf-- : inner++;
    }
    tree_[static_cast<size_t>(i)] = {children[0], children[1]};
    counts[static_cast<size_t>(i)] =
        counts[static_cast<size_t>(children[0])] + counts[static_cast<size_t>(children[1])];
  }
}

int64_t LanguageModel::find_word(std::string_view word) const {
  const size_t mask = word_slots_.size() - 1;
  for (size_t slot = seeded_hash(word) & mask; word_slots_[slot] != 0; slot = (slot + 1) & mask) {
    const uint32_t entry = word_slots_[slot] - 1;
    if (parts_->entries[entry] == word) return entry;
  }
  return -1;
}

// hash mod buckets, exactly (Lemire, Kaser, Kurz 2019: "Faster remainder by direct computation").
inline uint32_t LanguageModel::bucket_of(uint32_t hash) const {
  __extension__ using Wide = unsigned __int128;
  const uint64_t fraction = bucket_magic_ * hash;
  return static_cast<uint32_t>((static_cast<Wide>(fraction) * parts_->buckets) >> 64);
}

// Whether an n-gram's bucket has an input row.
inline bool LanguageModel::has_row(uint32_t bucket) const {
  return !parts_->pruned || (bucket_blocks_[bucket / 64].present >> (bucket % 64) & 1) != 0;
}

// The row of a bucket that has one.
inline uint32_t LanguageModel::row_of_present(uint32_t bucket) const {
  if (!parts_->pruned) return parts_->words + bucket;
  const BucketBlock& block = bucket_blocks_[bucket / 64];
  return block.first_row + count_ones(block.present & ((uint64_t{1} << (bucket % 64)) - 1));
}

// Adds rows of the input matrix, in order.
void LanguageModel::add_rows(const std::vector<uint32_t>& rows, float* sum) const {
  const auto dim = static_cast<size_t>(parts_->dim);
  const float* const input = parts_->input.data();
  constexpr size_t kUsualDim = 16;  // of lid.176 and of the bundled model: a constant width stays in registers
  if (dim == kUsualDim) {
    float local[kUsualDim];
    std::memcpy(local, sum, sizeof local);
    for (const uint32_t row : rows) {
      const float* values = input + size_t{row} * kUsualDim;
      for (size_t i = 0; i < kUsualDim; ++i) local[i] += values[i];
    }
    std::memcpy(sum, local, sizeof local);
    return;
  }
  for (const uint32_t row : rows) {
    const float* values = input + size_t{row} * dim;
    for (size_t i = 0; i < dim; ++i) sum[i] += values[i];
  }
}

// Appends the rows of the character n-grams of "<word>" that start in [begin, stop) to `rows`: first the buckets that
// have a row, then, of those alone, the rows. Neither loop branches on what a look-up says.
void LanguageModel::find_ngrams(std::string_view bracketed, size_t begin, size_t stop,
                                std::vector<uint32_t>& rows) const {
  const auto n_min = static_cast<uint32_t>(parts_->ngram_min), n_max = static_cast<uint32_t>(parts_->ngram_max);
  const size_t size = bracketed.size();
  const size_t first = rows.size();
  size_t count = first;
  rows.resize(count + (stop - begin) * n_max);
  for (size_t start = begin; start < stop; ++start) {
    if (is_continuation(bracketed[start])) continue;
    uint32_t hash = kFnvBasis;
    size_t end = start;
    for (uint32_t n = 1; end < size && n <= n_max; ++n) {
      hash = fnv_step(hash, bracketed[end++]);
      while (end < size && is_continuation(bracketed[end])) hash = fnv_step(hash, bracketed[end++]);
      if (n < n_min || (n == 1 && (start == 0 || end == size))) continue;
      const uint32_t bucket = bucket_of(hash);
      rows[count] = bucket;
      count += has_row(bucket) ? 1 : 0;  // an absent one is overwritten by the next
    }
  }
  const float* const input = parts_->input.data();
  const auto dim = static_cast<size_t>(parts_->dim);
  for (size_t i = first; i < count; ++i) {
    rows[i] = row_of_present(rows[i]);
    __builtin_prefetch(input + size_t{rows[i]} * dim);
  }
  rows.resize(count);
}

// Adds all rows of one word to `sum`; returns how many. Those of a long word go some at a time, in the same order: a
// text may be one word.
uint32_t LanguageModel::add_word(std::string_view word, Scratch& scratch, float* sum) const {
  const int64_t entry = find_word(word);
  const bool known = entry >= 0 && entry < int64_t{parts_->words};
  if (!known && (entry >= 0 || word.starts_with(kLabelMark))) return 0;  // a label is not a word
  std::vector<uint32_t>& rows = scratch.rows();
  rows.clear();
  if (known) rows.push_back(static_cast<uint32_t>(entry));
  uint32_t added = 0;
  const bool has_ngrams = parts_->ngram_max > 0 && word != kEndOfSentence;
  const std::string_view bracketed = has_ngrams ? scratch.bracketed(word) : std::string_view();
  for (size_t begin = 0; begin < bracketed.size(); begin += kStartsTogether) {
    find_ngrams(bracketed, begin, std::min(begin + kStartsTogether, bracketed.size()), rows);
    if (begin + kStartsTogether >= bracketed.size()) break;
    add_rows(rows, sum);
    added += static_cast<uint32_t>(rows.size());
    rows.clear();
  }
  add_rows(rows, sum);
  return added + static_cast<uint32_t>(rows.size());
}

uint32_t LanguageModel::add_word_ngrams(const std::vector<int32_t>& hashes, double* sum) const {
  const auto dim = static_cast<size_t>(parts_->dim);
  uint32_t rows = 0;
  for (size_t i = 0; i < hashes.size(); ++i) {
    auto hash = static_cast<uint64_t>(int64_t{hashes[i]});
    for (size_t j = i + 1; j < hashes.size() && j < i + static_cast<size_t>(parts_->word_ngrams); ++j) {
      hash = hash * kWordNgramPrime + static_cast<uint64_t>(int64_t{hashes[j]});
      const auto bucket = static_cast<uint32_t>(hash % parts_->buckets);
      if (!has_row(bucket)) continue;
      const float* values = parts_->input.data() + size_t{row_of_present(bucket)} * dim;
      for (size_t d = 0; d < dim; ++d) sum[d] += static_cast<double>(values[d]);
      ++rows;
    }
  }
  return rows;
}

bool LanguageModel::score(std::string_view text, std::vector<float>& probabilities) const {
  static thread_local Scratch scratch;
  const ScratchTrim trim(scratch.word_hashes(), scratch.brackets());
  const auto dim = static_cast<size_t>(parts_->dim);
  scratch.use(serial_, dim);
  double* total = scratch.total();
  std::fill_n(total, dim, 0.0);
  std::vector<int32_t>& hashes = scratch.word_hashes();
  hashes.clear();
  uint64_t rows = 0;

  const auto add = [&](std::string_view word, uint32_t hash) {
    float* sum = scratch.sum(hash);
    uint32_t word_rows = 0;
    if (scratch.holds(hash, word)) {
      word_rows = scratch.rows_of(hash);
    } else {
      const bool keep = word.size() <= Scratch::kKeyMax;
      if (!keep) sum = scratch.word();
      std::fill_n(sum, dim, 0.0F);
      word_rows = add_word(word, scratch, sum);
      if (keep) scratch.keep(hash, word, word_rows);
    }
    rows += word_rows;
    for (size_t i = 0; i < dim; ++i) total[i] += static_cast<double>(sum[i]);
    if (parts_->word_ngrams > 1 && !(word.starts_with(kLabelMark))) hashes.push_back(static_cast<int32_t>(hash));
  };

  const char* p = text.data();
  const char* const end = p + text.size();
  bool ended = false;
  while (p < end && !ended) {
    if (is_separator(*p)) {
      ++p;
      continue;
    }
    const char* const begin = p;
    uint32_t hash = kFnvBasis;
    while (p < end && !is_separator(*p)) hash = fnv_step(hash, *p++);
    const std::string_view word(begin, static_cast<size_t>(p - begin));
    ended = word == kEndOfSentence;
    if (!ended) add(word, hash);
  }
  const uint64_t word_rows = rows;
  uint32_t end_hash = kFnvBasis;
  for (const char c : kEndOfSentence) end_hash = fnv_step(end_hash, c);
  add(kEndOfSentence, end_hash);
  const uint32_t ngram_rows = parts_->word_ngrams > 1 ? add_word_ngrams(hashes, total) : 0;
  rows += ngram_rows;

  if (word_rows + ngram_rows == 0) return false;  // the end of the sentence alone says nothing of the text
  const double scale = 1.0 / static_cast<double>(rows);
  float* hidden = scratch.hidden();
  for (size_t i = 0; i < dim; ++i) hidden[i] = static_cast<float>(total[i] * scale);
  finish(hidden, probabilities);
  return true;
}

// hidden -> probabilities, by the model's loss.
void LanguageModel::finish(const float* hidden, std::vector<float>& probabilities) const {
  const size_t rows = labels_.size();
  std::vector<float>& out = probabilities;
  out.assign(rows, 0.0F);
  for (size_t i = 0; i < static_cast<size_t>(parts_->dim); ++i) {
    const float* column = output_t_.data() + i * rows;
    for (size_t row = 0; row < rows; ++row) out[row] += column[row] * hidden[i];
  }
  const auto printed = [](float p) { return std::exp(floored_log(p)); };
  switch (parts_->loss) {
    case LanguageLoss::kHierarchicalSoftmax: {
      std::vector<float> score(tree_.size(), 0.0F);  // log probability of reaching a node
      for (size_t node = tree_.size(); node-- > rows;) {
        const float f = static_cast<float>(1.0 / static_cast<double>(1 + std::exp(-out[node - rows])));
        const float one_less = static_cast<float>(1.0 - static_cast<double>(f));
        score[static_cast<size_t>(tree_[node].left)] = score[node] + floored_log(one_less);
        score[static_cast<size_t>(tree_[node].right)] = score[node] + floored_log(f);
      }
      const float least = floored_log(0);
      for (size_t row = 0; row < rows; ++row) out[row] = score[row] < least ? 0.0F : std::exp(score[row]);
      break;
    }
    case LanguageLoss::kSoftmax: {
      const float most = *std::max_element(out.begin(), out.end());
      float sum = 0;
      for (float& x : out) sum += x = std::exp(x - most);
      for (float& x : out) x = printed(x / sum);
      break;
    }
    case LanguageLoss::kNegativeSampling:
    case LanguageLoss::kOneVsAll:
      for (float& x : out) {
        const auto at = static_cast<int64_t>((std::clamp(x, -kSigmoidMax, kSigmoidMax) + kSigmoidMax) * kSigmoidTable /
                                             kSigmoidMax / 2);
        const float p = x < -kSigmoidMax ? 0.0F : x > kSigmoidMax ? 1.0F : sigmoid_[static_cast<size_t>(at)];
        x = printed(p);
      }
      break;
  }
}

std::vector<LanguageScore> LanguageModel::best(std::string_view text, size_t k) const {
  std::vector<float> probabilities;
  std::vector<LanguageScore> out;
  if (!score(text, probabilities)) return out;
  for (size_t i = 0; i < probabilities.size(); ++i) out.push_back({static_cast<uint32_t>(i), probabilities[i]});
  k = std::min(k, out.size());
  std::partial_sort(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(k), out.end(),
                    [](const LanguageScore& a, const LanguageScore& b) {
                      return a.probability != b.probability ? a.probability > b.probability : a.label < b.label;
                    });
  out.resize(k);
  return out;
}

}  // namespace ftok
