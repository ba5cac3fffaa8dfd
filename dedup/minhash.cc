#include "dedup/minhash.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "core/error.h"
#include "core/scratch.h"
#include "dedup/exact.h"
#include "dedup/kernels/minhash_kernels.h"
#include "dedup/kernels/random_state.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ftok {
namespace {

constexpr size_t kShinglesPerPass = 2048;  // 16 KiB: they stay in the first-level cache while the hashes go by

size_t padded(size_t hashes) { return (hashes + kMinHashLanes - 1) / kMinHashLanes * kMinHashLanes; }

MinHashKernel kernel_of(VectorLevel level) {
#if defined(__x86_64__)
  if (level == VectorLevel::kAvx512) return minhash_avx512;
  if (level == VectorLevel::kAvx2) return minhash_avx2;
#endif
  assert(level == VectorLevel::kPlain);
  return minhash_plain;
}

int64_t in_range(std::string_view key, int64_t value, int64_t min, int64_t max) {
  if (value < min || value > max)
    throw UsageError(fmt::format("minhash.{}: {} is not in {}..{}", key, value, min, max));
  return value;
}

ShingleOptions shingle_options(const MinHashOptions& options) {
  ShingleOptions shingles;
  shingles.words = static_cast<size_t>(in_range("ngram_words", options.ngram_words, 1, 1000));
  shingles.punctuation = options.punctuation == "space" ? Punctuation::kSpace : Punctuation::kDelete;
  shingles.word_rules = options.words == "nltk"    ? ShingleWords::kNltk
                        : options.words == "spacy" ? ShingleWords::kSpacy
                                                   : ShingleWords::kSpaces;
  shingles.unspaced = unspaced_words_of("minhash.unspaced", options.unspaced);
  shingles.hash = options.hash == "sha1" ? ShingleHash::kSha1 : ShingleHash::kXxh3;
  return shingles;
}

MinHashParameters parameters_of(const MinHashOptions& options) {
  MinHashParameters parameters;
  parameters.buckets = static_cast<size_t>(in_range("buckets", options.buckets, 1, 1000));
  parameters.hashes_per_bucket = static_cast<size_t>(in_range("hashes_per_bucket", options.hashes_per_bucket, 1, 1000));
  parameters.seed = static_cast<uint32_t>(in_range("seed", options.seed, 0, UINT32_MAX));
  parameters.fineweb = options.hash == "sha1";
  return parameters;
}

}  // namespace

MinHash::MinHash(const MinHashParameters& parameters, VectorLevel level) : parameters_(parameters), level_(level) {
  assert(parameters.buckets > 0 && parameters.hashes_per_bucket > 0);
  const size_t hashes = parameters.hashes();
  multipliers_.resize(padded(hashes), 1);
  addends_.resize(padded(hashes), 0);
  RandomState random(parameters.seed);
  for (size_t i = 0; i < hashes; ++i) {
    multipliers_[i] = parameters.fineweb ? random.randint(1, kMersennePrime) : random.randint(0, UINT64_MAX) | 1;
  }
  for (size_t i = 0; i < hashes; ++i) {
    addends_[i] = random.randint(0, parameters.fineweb ? kMersennePrime : UINT64_MAX);
  }
}

void MinHash::signature(std::span<const uint64_t> shingles, std::vector<uint64_t>& signature) const {
  signature.assign(multipliers_.size(), UINT64_MAX);
  for (size_t done = 0; done < shingles.size(); done += kShinglesPerPass) {
    kernel_of(level_)(shingles.data() + done, std::min(kShinglesPerPass, shingles.size() - done), multipliers_.data(),
                      addends_.data(), signature.data(), signature.size(), parameters_.fineweb);
  }
  signature.resize(parameters_.hashes());
}

void MinHash::bucket_keys(std::span<const uint64_t> signature, std::span<uint64_t> keys) const {
  assert(signature.size() == parameters_.hashes() && keys.size() == parameters_.buckets);
  for (size_t bucket = 0; bucket < keys.size(); ++bucket) {
    const uint64_t* values = signature.data() + bucket * parameters_.hashes_per_bucket;
    const uint64_t key = XXH3_64bits_withSeed(values, parameters_.hashes_per_bucket * sizeof *values, bucket);
    keys[bucket] = std::max<uint64_t>(key, 1);
  }
}

void MinHashOptions::visit(OptionVisitor& visitor) {
  visitor.field("ngram_words", ngram_words, "words in a shingle (FineWeb, section 3.4)");
  visitor.field("buckets", buckets, "buckets (bands) of the signature (FineWeb, section 3.4)");
  visitor.field("hashes_per_bucket", hashes_per_bucket,
                "hashes that must all agree in a bucket (FineWeb, section 3.4)");
  visitor.field("seed", seed, "seed of the hash functions (datatrove's default)");
  visitor.choice("hash", hash, {"xxhash", "sha1"},
                 "hash of shingles: xxhash (XXH3, hashes mod 2^64) or sha1 (FineWeb's own, hashes mod 2^61-1; slower)");
  visitor.choice(
      "punctuation", punctuation, {"delete", "space"},
      "what replaces punctuation before words are split: nothing (FineWeb as released) or a space (datatrove 0.10.1)");
  visitor.choice("words", words, {"spaces", "nltk", "spacy"},
                 "how words are split: at spaces, or as NLTK (FineWeb as released) or spaCy (datatrove 0.10.1) does");
  visitor.choice(
      "unspaced", unspaced, unspaced_choices(),
      "words of scripts without spaces (Chinese, Japanese, Thai ...), which else are one word to the next mark: "
      "as those rules have them (FineWeb), characters, or segments by ICU's dictionaries");
  visitor.field("keep_signature", keep_signature, "keep 8 bits of each hash, which dedup.verify_jaccard needs");
}

MinHashStage::MinHashStage(MinHashOptions options)
    : shingles_(shingle_options(options)),
      minhash_(parameters_of(options)),
      layout_{minhash_.parameters().buckets, options.keep_signature ? minhash_.parameters().hashes() : 0} {}

Verdict MinHashStage::process(Document& document, Report* report) const {
  static thread_local std::vector<uint64_t> shingles, signature;
  const ScratchTrim trim(shingles);
  document.dedup_keys.assign(layout_.keys(), 0);
  const KeyParts keys = layout_.parts_of(std::span(document.dedup_keys));
  keys.content = content_key(document.text);
  keys.check = content_check(document.text);
  make_shingles(document.text, shingles_, shingles);
  if (!shingles.empty()) {
    minhash_.signature(shingles, signature);
    minhash_.bucket_keys(signature, keys.buckets);
    for (size_t i = 0; i < layout_.signature_hashes; ++i) {
      keys.signature[i / 8] |= (signature[i] & 0xFF) << (8 * (i % 8));
    }
  }
  if (report != nullptr) {
    report->measurements.push_back({"minhash.shingles", "", static_cast<double>(shingles.size()), 0, false, {}});
  }
  return Verdict::keep();
}

void MinHashStage::describe(Provenance& provenance) const {
  if (shingles_.unspaced == UnspacedWords::kSegments) provenance.digests["word segments"] = segments_version();
}

}  // namespace ftok
