// Exact fastText inference, arranged for speed: see language_model.h.
//
// What must agree with fastText to the bit of an index: the hash of a word or n-gram (32-bit FNV-1a over *signed*
// bytes), the n-grams of "<word>" (ngram_min..ngram_max characters; a lone "<" or ">" is none), their buckets (hash mod
// buckets), and what ends a word. What may differ is the order of the additions: a word is summed first, in float, and
// the document is the sum of its words, in double.
#include "filters/language_model.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bitset>
#include <cmath>
#include <cstring>
#include <span>

#include <fmt/format.h>

#include "core/cache_lines.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash_seed.h"
#include "core/scratch.h"
#include "filters/language_models/language_model_format.h"
#include "filters/language_models/word_ngrams.h"

namespace ftok {
namespace {

constexpr std::string_view kLabelMark = "__label__";
constexpr std::string_view kEndOfSentence = "</s>";
constexpr uint64_t kWordNgramPrime = 116049371U;  // fastText's multiplier for word n-grams
constexpr int kSigmoidTable = 512;
constexpr float kSigmoidMax = 8;
constexpr size_t kStartsTogether = 4096;  // bytes of a word whose n-grams are looked up together
constexpr size_t kWordsTogether = 32;     // words whose places in memory are asked for before the first is read

// What fastText's reader takes for white space, plus the end marker it adds.
inline bool is_separator(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }

inline float floored_log(float p) { return static_cast<float>(std::log(static_cast<double>(p) + 1e-5)); }

size_t slots_for(size_t entries) {
  size_t slots = 16;
  while (slots < entries * 2) slots *= 2;
  return slots;
}

// Tells most words apart without a look at their letters; never 0, which is an empty slot.
uint16_t tag_of(uint64_t hash) { return static_cast<uint16_t>(hash >> 48 | 1); }

uint64_t next_serial() {
  static std::atomic<uint64_t> serial{0};
  return ++serial;
}

}  // namespace

// A word of the text, with its rows if it was not in the cache.
struct LanguageModel::Word {
  std::string_view bytes;
  uint32_t hash = 0;
  bool looked_up = false;
  uint32_t first_row = 0, end_row = 0;  // in Scratch::rows_of_words
  uint32_t first_bucket = 0;            // from here on they are buckets until look_up() is done
  uint64_t seeded = 0;
};

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
  void prefetch(uint32_t hash) const {
    __builtin_prefetch(keys_.data() + slot(hash));
    __builtin_prefetch(sums_.data() + slot(hash) * dim_);
  }
  uint32_t rows_of(uint32_t hash) const { return keys_[slot(hash)].rows; }
  float* sum(uint32_t hash) { return sums_.data() + slot(hash) * dim_; }
  float* word() { return word_.data(); }
  double* total() { return total_.data(); }
  float* hidden() { return hidden_.data(); }
  std::vector<int32_t>& word_hashes() { return word_hashes_; }
  std::array<Word, kWordsTogether>& words() { return words_; }
  std::vector<uint32_t>& rows() { return rows_; }
  std::vector<uint32_t>& rows_of_words() { return rows_of_words_; }
  std::string& brackets() { return bracketed_; }
  std::string_view bracketed(std::string_view word) {
    bracketed_.assign(1, '<').append(word).push_back('>');
    return bracketed_;
  }

 private:
  size_t slot(uint32_t hash) const { return (hash ^ (hash >> 15)) & (slots_ - 1); }

  uint64_t serial_ = 0;
  size_t dim_ = 0, slots_ = 0;
  LineVector<Key> keys_;
  LineVector<float> sums_;
  std::vector<float> word_;
  std::vector<double> total_;
  std::vector<float> hidden_;
  std::vector<int32_t> word_hashes_;
  std::array<Word, kWordsTogether> words_;
  std::vector<uint32_t> rows_, rows_of_words_;
  std::string bracketed_;
};

LanguageModel::LanguageModel(LanguageModelParts&& parts)
    : parts_(std::make_unique<LanguageModelParts>(std::move(parts))),
      ngrams_(std::make_unique<NgramRows>()),
      serial_(next_serial()) {
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
  return (parts_->input.size() + parts_->output.size() * 2) * sizeof(float) +
         word_slots_.size() * (sizeof(uint32_t) + sizeof(uint16_t)) +
         ngrams_->blocks.size() * sizeof(NgramRows::Block) + ngrams_->few.size() +
         parts_->entries.size() * (sizeof(std::string) + 8);
}

void LanguageModel::build_word_table() {
  // Not by fastText's own hash, under which anybody can find words and labels that share a slot.
  word_slots_.assign(slots_for(parts_->entries.size()), 0);
  word_tags_.assign(word_slots_.size(), 0);
  for (size_t i = 0; i < parts_->entries.size(); ++i) {
    const uint64_t hash = seeded_hash(parts_->entries[i]);
    size_t slot = hash & (word_slots_.size() - 1);
    while (word_tags_[slot] != 0) slot = (slot + 1) & (word_slots_.size() - 1);
    word_slots_[slot] = static_cast<uint32_t>(i);
    word_tags_[slot] = tag_of(hash);
  }
}

size_t LanguageModel::longest_run() const {
  return longest_run_of(word_slots_.size(), [this](size_t slot) { return word_tags_[slot] != 0; });
}

// Puts the rows of a pruned model's n-grams in the order of their buckets, so that a bit map with counts finds them. A
// bucket named twice keeps its last row, as in fastText's map.
void LanguageModel::order_pruned_rows() {
  ngrams_->least = static_cast<uint32_t>(parts_->ngram_min);
  ngrams_->most = static_cast<uint32_t>(parts_->ngram_max);
  ngrams_->set_buckets(parts_->buckets);
  ngrams_->first_row = parts_->words;
  if (!parts_->pruned) return;
  std::vector<std::pair<int32_t, int32_t>>& prune = parts_->prune;
  // By bucket, which is below 2^31, and of one bucket in the order of the file.
  std::vector<uint64_t> order(prune.size());
  for (size_t i = 0; i < prune.size(); ++i) order[i] = static_cast<uint64_t>(prune[i].first) << 32 | i;
  std::sort(order.begin(), order.end());
  size_t rows = 0;  // of as many buckets
  for (size_t i = 0; i < order.size(); ++i) {
    if (i + 1 == order.size() || order[i + 1] >> 32 != order[i] >> 32) order[rows++] = order[i];
  }
  order.resize(rows);
  const auto dim = static_cast<size_t>(parts_->dim);
  LineVector<float> ordered;
  ordered.reserve((parts_->words + rows) * dim);
  ordered.assign(parts_->input.begin(), parts_->input.begin() + static_cast<std::ptrdiff_t>(parts_->words * dim));
  ngrams_->blocks.assign(parts_->buckets / 64 + 1, NgramRows::Block());
  for (const uint64_t entry : order) {
    const auto bucket = static_cast<uint32_t>(entry >> 32);
    ngrams_->blocks[bucket / 64].present |= uint64_t{1} << (bucket % 64);
    const auto pruned_row = static_cast<size_t>(prune[static_cast<uint32_t>(entry)].second);
    const float* row = parts_->input.data() + (parts_->words + pruned_row) * dim;
    ordered.insert(ordered.end(), row, row + dim);
  }
  uint32_t row = parts_->words;
  for (NgramRows::Block& block : ngrams_->blocks) {
    block.first_row = row;
    row += static_cast<uint32_t>(std::bitset<64>(block.present).count());
  }
  ngrams_->index_blocks();
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

int64_t LanguageModel::find_word(std::string_view word, uint64_t hash) const {
  const size_t mask = word_slots_.size() - 1;
  const uint16_t tag = tag_of(hash);
  for (size_t slot = hash & mask; word_tags_[slot] != 0; slot = (slot + 1) & mask) {
    if (word_tags_[slot] == tag && parts_->entries[word_slots_[slot]] == word) return word_slots_[slot];
  }
  return -1;
}

// Adds rows of the input matrix, in order.
void LanguageModel::add_rows(std::span<const uint32_t> rows, float* sum) const {
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

// Makes rows of the buckets from rows[first] on, up to rows[last]; returns where they end. Asks memory for them.
size_t LanguageModel::rows_of_buckets(std::vector<uint32_t>& rows, size_t first, size_t last) const {
  const uint32_t* const end = ngrams_->rows_of(rows.data() + first, rows.data() + last, level_);
  const float* const input = parts_->input.data();
  const auto dim = static_cast<size_t>(parts_->dim);
  for (const uint32_t* row = rows.data() + first; row < end; ++row) __builtin_prefetch(input + size_t{*row} * dim);
  return static_cast<size_t>(end - rows.data());
}

// Appends the row of the word itself, if the model has one. Returns whether it has n-grams.
bool LanguageModel::find_own_row(std::string_view word, uint64_t hash, std::vector<uint32_t>& rows) const {
  const int64_t entry = find_word(word, hash);
  const bool known = entry >= 0 && entry < int64_t{parts_->words};
  if (!known && (entry >= 0 || word.starts_with(kLabelMark))) return false;  // a label is not a word
  if (known) rows.push_back(static_cast<uint32_t>(entry));
  return parts_->ngram_max > 0 && word != kEndOfSentence;
}

// Adds all rows of one word to `sum`; returns how many. Those of a long word go some at a time, in the same order: a
// text may be one word.
uint32_t LanguageModel::add_word(std::string_view word, Scratch& scratch, float* sum) const {
  std::vector<uint32_t>& rows = scratch.rows();
  rows.clear();
  const bool has_ngrams = find_own_row(word, seeded_hash(word), rows);
  uint32_t added = 0;
  const std::string_view bracketed = has_ngrams ? scratch.bracketed(word) : std::string_view();
  for (size_t begin = 0; begin < bracketed.size(); begin += kStartsTogether) {
    const size_t first = rows.size();
    ngrams_->find(bracketed, begin, std::min(begin + kStartsTogether, bracketed.size()), rows, level_);
    rows.resize(rows_of_buckets(rows, first, rows.size()));
    if (begin + kStartsTogether >= bracketed.size()) break;
    add_rows(rows, sum);
    added += static_cast<uint32_t>(rows.size());
    rows.clear();
  }
  add_rows(rows, sum);
  return added + static_cast<uint32_t>(rows.size());
}

// The rows of those of the words that are not in the cache. Each step is made for all of them before the next one, so
// that what it reads comes from memory side by side.
void LanguageModel::look_up(std::span<Word> words, Scratch& scratch) const {
  std::vector<uint32_t>& rows = scratch.rows_of_words();
  rows.clear();
  for (Word& word : words) {
    word.looked_up = word.bytes.size() <= Scratch::kKeyMax && !scratch.holds(word.hash, word.bytes);
    if (!word.looked_up) continue;
    word.seeded = seeded_hash(word.bytes);
    __builtin_prefetch(word_tags_.data() + (word.seeded & (word_tags_.size() - 1)));
  }
  for (Word& word : words) {
    if (!word.looked_up) continue;
    word.first_row = static_cast<uint32_t>(rows.size());
    const bool has_ngrams = find_own_row(word.bytes, word.seeded, rows);
    word.first_bucket = static_cast<uint32_t>(rows.size());
    if (has_ngrams) {
      const std::string_view bracketed = scratch.bracketed(word.bytes);
      ngrams_->find(bracketed, 0, bracketed.size(), rows, level_);
    }
    word.end_row = static_cast<uint32_t>(rows.size());
  }
  for (Word& word : words) {
    if (word.looked_up) word.end_row = static_cast<uint32_t>(rows_of_buckets(rows, word.first_bucket, word.end_row));
  }
}

// Adds the words to `total` one after the other; returns how many rows they have.
uint64_t LanguageModel::add_words(std::span<Word> words, Scratch& scratch) const {
  const auto dim = static_cast<size_t>(parts_->dim);
  double* const total = scratch.total();
  look_up(words, scratch);
  uint64_t added = 0;
  for (const Word& word : words) {
    const bool keep = word.bytes.size() <= Scratch::kKeyMax;
    float* const sum = keep ? scratch.sum(word.hash) : scratch.word();
    uint32_t rows = 0;
    if (keep && scratch.holds(word.hash, word.bytes)) {
      rows = scratch.rows_of(word.hash);
    } else {
      std::fill_n(sum, dim, 0.0F);
      if (word.looked_up) {
        rows = word.end_row - word.first_row;
        add_rows(std::span(scratch.rows_of_words()).subspan(word.first_row, rows), sum);
      } else {  // a long one, or one whose place another of these words has taken
        rows = add_word(word.bytes, scratch, sum);
      }
      if (keep) scratch.keep(word.hash, word.bytes, rows);
    }
    added += rows;
    for (size_t i = 0; i < dim; ++i) total[i] += static_cast<double>(sum[i]);
  }
  return added;
}

uint32_t LanguageModel::add_word_ngrams(const std::vector<int32_t>& hashes, double* sum) const {
  const auto dim = static_cast<size_t>(parts_->dim);
  uint32_t rows = 0;
  for (size_t i = 0; i < hashes.size(); ++i) {
    auto hash = static_cast<uint64_t>(int64_t{hashes[i]});
    for (size_t j = i + 1; j < hashes.size() && j < i + static_cast<size_t>(parts_->word_ngrams); ++j) {
      hash = hash * kWordNgramPrime + static_cast<uint64_t>(int64_t{hashes[j]});
      const auto bucket = static_cast<uint32_t>(hash % parts_->buckets);
      if (!ngrams_->has_row(bucket)) continue;
      const float* values = parts_->input.data() + size_t{ngrams_->row_of_present(bucket)} * dim;
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

  std::array<Word, kWordsTogether>& words = scratch.words();
  size_t count = 0;
  const auto add = [&](std::string_view word, uint32_t hash) {
    words[count].bytes = word;
    words[count++].hash = hash;
    scratch.prefetch(hash);
    if (parts_->word_ngrams > 1 && !(word.starts_with(kLabelMark))) hashes.push_back(static_cast<int32_t>(hash));
    if (count < words.size()) return;
    rows += add_words(words, scratch);
    count = 0;
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
  rows += add_words(std::span(words).first(count), scratch);
  const uint64_t word_rows = rows;
  uint32_t end_hash = kFnvBasis;
  for (const char c : kEndOfSentence) end_hash = fnv_step(end_hash, c);
  count = 0;
  add(kEndOfSentence, end_hash);
  rows += add_words(std::span(words).first(count), scratch);
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
