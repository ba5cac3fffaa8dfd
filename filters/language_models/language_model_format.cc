// Reading a fastText model with every length checked against what the file can hold.
//
// No allocation is made before its size is known to be backed by bytes of the file: a dense matrix takes its own size,
// a quantized one expands by at most kExpansionMax.
#include "filters/language_models/language_model_format.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <unordered_set>

#include <fmt/format.h>

#include "core/hash_seed.h"

namespace ftok {
namespace {

static_assert(std::endian::native == std::endian::little, "model files are little-endian and read as they lie");

constexpr int32_t kMagic = 793712314;
constexpr int32_t kVersionMin = 11, kVersionMax = 12;
constexpr int32_t kSupervised = 3;
constexpr int32_t kDimMax = 4096;
constexpr int32_t kNgramMax = 64;       // characters or words
constexpr int32_t kLabelsMax = 100000;  // the largest published model has about 2,100
constexpr size_t kEntryBytesMax = 1 << 16;
constexpr int64_t kCountsMax = 1000000000000000;  // fastText's mark for "no node yet" in the tree of labels
constexpr uint64_t kCentroids = 256;              // 8-bit codes
constexpr uint64_t kExpansionMax = 64;            // expanded bytes for each byte of the file
constexpr uint64_t kBucketMapMax = 8;             // bytes of a pruned model's map of buckets for each byte of the file
constexpr float kNumberMax = 1e15F;               // products of two, and sums of thousands of those, are finite

// Reads forward; the first failure sticks and later reads give zeros.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  T take() {
    T value{};
    const std::string_view raw = take_bytes(sizeof(T));
    if (raw.size() == sizeof(T)) std::memcpy(&value, raw.data(), sizeof(T));
    return value;
  }

  std::string_view take_bytes(uint64_t size) {
    if (failed() || size > bytes_.size() - offset_) {
      fail("model_truncated", fmt::format("{} bytes wanted, {} left", size, bytes_.size() - offset_));
      return {};
    }
    const std::string_view out = bytes_.substr(offset_, size);
    offset_ += size;
    return out;
  }

  std::string_view take_c_string() {
    const size_t limit = std::min(bytes_.size(), offset_ + kEntryBytesMax);
    const size_t end = failed() ? std::string_view::npos : bytes_.substr(0, limit).find('\0', offset_);
    if (end == std::string_view::npos) {
      fail("model_bad_entry", "a dictionary entry without an end");
      return {};
    }
    const std::string_view out = bytes_.substr(offset_, end - offset_);
    offset_ = end + 1;
    return out;
  }

  void fail(Reason code, std::string detail) {
    if (!failed()) damage_ = {code, std::move(detail), offset_};
  }
  void expect(bool good, Reason code, const char* detail) {
    if (!good) fail(code, detail);
  }
  bool failed() const { return !damage_.code.empty(); }
  const Damage& damage() const { return damage_; }
  uint64_t left() const { return bytes_.size() - offset_; }
  uint64_t size() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
  size_t offset_ = 0;
  Damage damage_;
};

void read_arguments(Reader& in, LanguageModelParts& parts) {
  in.expect(in.take<int32_t>() == kMagic, "model_bad_magic", "no fastText model");
  const auto version = in.take<int32_t>();
  in.expect(version >= kVersionMin && version <= kVersionMax, "model_bad_version", "format version is not 11 or 12");
  parts.dim = in.take<int32_t>();
  in.take_bytes(4 * sizeof(int32_t));  // ws, epoch, minCount, neg: of training only
  parts.word_ngrams = in.take<int32_t>();
  const auto loss = in.take<int32_t>();
  const auto model = in.take<int32_t>();
  const auto buckets = in.take<int32_t>();
  parts.ngram_min = in.take<int32_t>();
  parts.ngram_max = in.take<int32_t>();
  in.take_bytes(sizeof(int32_t) + sizeof(double));  // lrUpdateRate, t
  in.expect(model == kSupervised, "model_not_supervised", "not a classifier");
  in.expect(parts.dim >= 1 && parts.dim <= kDimMax, "model_bad_arguments", "dim outside 1..4096");
  in.expect(loss >= 1 && loss <= 4, "model_bad_arguments", "unknown loss");
  in.expect(parts.word_ngrams >= 0 && parts.word_ngrams <= kNgramMax, "model_bad_arguments",
            "wordNgrams outside 0..64");
  if (version == 11) parts.ngram_max = 0;  // version 11 classifiers had no character n-grams, whatever they say
  in.expect(parts.ngram_max >= 0 && parts.ngram_max <= kNgramMax && parts.ngram_min >= 0, "model_bad_arguments",
            "minn or maxn outside 0..64");
  in.expect(buckets >= 0 && (buckets > 0 || (parts.ngram_max == 0 && parts.word_ngrams <= 1)), "model_bad_arguments",
            "no buckets for the n-grams");
  parts.loss = static_cast<LanguageLoss>(loss);
  parts.buckets = static_cast<uint32_t>(std::max(buckets, 0));
}

void read_entries(Reader& in, LanguageModelParts& parts, int32_t entries) {
  parts.entries.reserve(static_cast<size_t>(entries));
  int64_t counts = 0;
  std::unordered_set<std::string_view, SeededHash> seen;  // views into the file
  for (int32_t i = 0; i < entries && !in.failed(); ++i) {
    const std::string_view text = in.take_c_string();
    const auto count = in.take<int64_t>();
    const auto type = in.take<int8_t>();
    const bool label = static_cast<uint32_t>(i) >= parts.words;
    in.expect(type == (label ? 1 : 0), "model_bad_entry", "labels and words out of order");
    in.expect(count >= 0 && count < kCountsMax, "model_bad_entry", "count out of range");
    in.expect(seen.insert(text).second, "model_bad_entry", "an entry comes twice");
    if (in.failed()) return;
    parts.entries.emplace_back(text);
    if (!label) continue;
    parts.label_counts.push_back(count);
    counts += count;
    in.expect(counts < kCountsMax, "model_bad_entry", "counts of labels out of range");
  }
}

void read_dictionary(Reader& in, LanguageModelParts& parts) {
  const auto entries = in.take<int32_t>();
  const auto words = in.take<int32_t>();
  const auto labels = in.take<int32_t>();
  in.take<int64_t>();  // tokens seen in training
  const auto prune_size = in.take<int64_t>();
  in.expect(words >= 0 && labels >= 1 && labels <= kLabelsMax && int64_t{words} + labels == entries,
            "model_bad_dictionary", "sizes of the dictionary do not add up");
  in.expect(entries >= 0 && static_cast<uint64_t>(entries) <= in.left() / 10, "model_bad_dictionary",
            "more entries than the file can hold");
  in.expect(prune_size >= -1 && (prune_size <= 0 || static_cast<uint64_t>(prune_size) <= in.left() / 8),
            "model_bad_dictionary", "size of the pruning table out of range");
  if (in.failed()) return;
  parts.words = static_cast<uint32_t>(words);
  read_entries(in, parts, entries);
  parts.pruned = prune_size >= 0;
  // A bit map with counts is made of all buckets, 16 bytes for 64 of them (language_model.h).
  in.expect(!parts.pruned || parts.buckets / 4 <= kBucketMapMax * (in.size() + (1 << 20)), "model_bad_dictionary",
            "more buckets than a pruned model of this size can have");
  if (in.failed() || prune_size <= 0) return;
  parts.prune.reserve(static_cast<size_t>(prune_size));
  for (int64_t i = 0; i < prune_size && !in.failed(); ++i) {
    const auto bucket = in.take<int32_t>();
    const auto row = in.take<int32_t>();
    in.expect(bucket >= 0 && static_cast<uint32_t>(bucket) < parts.buckets && row >= 0 && row < prune_size,
              "model_bad_prune", "pruning table points outside");
    parts.prune.emplace_back(bucket, row);
  }
}

void expect_finite(Reader& in, const LineVector<float>& values) {
  const bool usable = std::all_of(values.begin(), values.end(), [](float v) { return std::fabs(v) <= kNumberMax; });
  in.expect(usable, "model_bad_number", "a matrix holds a number that is not finite, or above 1e15");
}

LineVector<float> take_floats(Reader& in, uint64_t count) {
  LineVector<float> out;
  if (count > in.left() / sizeof(float)) {
    in.fail("model_truncated", "a matrix goes beyond the end of the file");
    return out;
  }
  const std::string_view raw = in.take_bytes(count * sizeof(float));
  out.resize(count);
  if (count > 0 && raw.size() == count * sizeof(float)) std::memcpy(out.data(), raw.data(), raw.size());
  expect_finite(in, out);
  return out;
}

struct Quantizer {
  int32_t dim = 0, subs = 0, sub_dim = 0, last_dim = 0;
  LineVector<float> centroids;  // sub x 256 x sub_dim, the last sub with last_dim
};

Quantizer read_quantizer(Reader& in, int32_t dim) {
  Quantizer q;
  q.dim = in.take<int32_t>();
  q.subs = in.take<int32_t>();
  q.sub_dim = in.take<int32_t>();
  q.last_dim = in.take<int32_t>();
  const bool good = q.dim == dim && q.subs >= 1 && q.subs <= q.dim && q.sub_dim >= 1 && q.sub_dim <= q.dim &&
                    q.last_dim >= 1 && q.last_dim <= q.sub_dim && int64_t{q.subs - 1} * q.sub_dim + q.last_dim == q.dim;
  in.expect(good, "model_bad_quantizer", "sizes of the quantizer do not add up");
  if (!in.failed()) q.centroids = take_floats(in, kCentroids * static_cast<uint64_t>(q.dim));
  return q;
}

// Expands the codes of one row into `out` (dim floats), scaled by `norm`.
void expand_row(const Quantizer& q, const char* codes, float norm, float* out) {
  for (int32_t sub = 0; sub < q.subs; ++sub) {
    const bool last = sub == q.subs - 1;
    const int32_t width = last ? q.last_dim : q.sub_dim;
    const auto code = static_cast<uint8_t>(codes[sub]);
    const size_t at = size_t{kCentroids} * static_cast<size_t>(sub) * static_cast<size_t>(q.sub_dim) +
                      size_t{code} * static_cast<size_t>(width);
    for (int32_t i = 0; i < width; ++i) *out++ = norm * q.centroids[at + static_cast<size_t>(i)];
  }
}

LineVector<float> read_quantized(Reader& in, int32_t dim, uint64_t& rows) {
  const auto has_norms = in.take<uint8_t>();
  const auto m = in.take<int64_t>();
  const auto n = in.take<int64_t>();
  const auto codes_size = in.take<int32_t>();
  in.expect(has_norms <= 1, "model_bad_matrix", "a flag is not 0 or 1");
  in.expect(n == dim && m >= 0 && codes_size >= 0 && m <= codes_size, "model_bad_matrix",
            "sizes of a quantized matrix do not fit");
  const std::string_view codes = in.take_bytes(static_cast<uint64_t>(std::max(codes_size, 0)));
  const Quantizer q = in.failed() ? Quantizer() : read_quantizer(in, dim);
  in.expect(in.failed() || m * q.subs == codes_size, "model_bad_matrix", "codes do not fill the matrix");
  if (in.failed()) return {};
  std::string_view norm_codes;
  Quantizer norms;
  if (has_norms != 0) {
    norm_codes = in.take_bytes(static_cast<uint64_t>(m));
    norms = in.failed() ? Quantizer() : read_quantizer(in, 1);
  }
  rows = static_cast<uint64_t>(m);
  in.expect(rows * static_cast<uint64_t>(dim) * sizeof(float) <= kExpansionMax * (in.size() + (1 << 20)),
            "model_bad_matrix", "a quantized matrix expands too much");
  if (in.failed()) return {};
  LineVector<float> out(rows * static_cast<uint64_t>(dim));
  for (uint64_t row = 0; row < rows; ++row) {
    const float norm = norm_codes.empty() ? 1.0F : norms.centroids[static_cast<uint8_t>(norm_codes[row])];
    expand_row(q, codes.data() + row * static_cast<uint64_t>(q.subs), norm,
               out.data() + row * static_cast<uint64_t>(dim));
  }
  expect_finite(in, out);
  return out;
}

LineVector<float> read_dense(Reader& in, int32_t dim, uint64_t& rows) {
  const auto m = in.take<int64_t>();
  const auto n = in.take<int64_t>();
  in.expect(n == dim && m >= 0 && static_cast<uint64_t>(m) <= in.left() / (static_cast<uint64_t>(dim) * sizeof(float)),
            "model_bad_matrix", "sizes of a matrix do not fit");
  if (in.failed()) return {};
  rows = static_cast<uint64_t>(m);
  return take_floats(in, rows * static_cast<uint64_t>(dim));
}

}  // namespace

Result<LanguageModelParts> parse_language_model(std::string_view bytes) {
  Reader in(bytes);
  LanguageModelParts parts;
  read_arguments(in, parts);
  if (!in.failed()) read_dictionary(in, parts);
  if (in.failed()) return in.damage();

  const auto quantized = in.take<uint8_t>();
  in.expect(quantized <= 1, "model_bad_matrix", "a flag is not 0 or 1");
  in.expect(quantized == 1 || !parts.pruned, "model_bad_matrix", "a pruned dictionary without a quantized matrix");
  if (in.failed()) return in.damage();
  parts.input =
      quantized == 1 ? read_quantized(in, parts.dim, parts.input_rows) : read_dense(in, parts.dim, parts.input_rows);
  const uint64_t rows_wanted = uint64_t{parts.words} + (parts.pruned ? parts.prune.size() : parts.buckets);
  in.expect(parts.input_rows >= rows_wanted, "model_bad_matrix", "fewer input rows than words and n-grams");

  const auto output_quantized = in.take<uint8_t>();
  in.expect(output_quantized <= 1, "model_bad_matrix", "a flag is not 0 or 1");
  if (in.failed()) return in.damage();
  uint64_t output_rows = 0;
  // As fastText has it, the output counts as quantized only beside a quantized input.
  parts.output = quantized == 1 && output_quantized == 1 ? read_quantized(in, parts.dim, output_rows)
                                                         : read_dense(in, parts.dim, output_rows);
  in.expect(output_rows == parts.label_counts.size(), "model_bad_matrix", "output rows are not the labels");
  in.expect(in.left() == 0, "model_trailing_bytes", "bytes after the end of the model");
  if (in.failed()) return in.damage();
  return parts;
}

}  // namespace ftok
