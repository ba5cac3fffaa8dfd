#include "tokenizer/vocabularies/vocabulary_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "core/error.h"
#include "core/hash_seed.h"
#include "tokenizer/encode/bpe_merge.h"
#include "tokenizer/encode/token_table.h"

namespace ftok {
namespace {

// The bytes of a token as a person can read them: what is not printable ASCII as \xNN.
std::string printable(std::string_view bytes) {
  std::string out;
  for (const char c : bytes.substr(0, 40)) {
    if (c >= 0x20 && c < 0x7F) {
      out.push_back(c);
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return bytes.size() > 40 ? out + "..." : out;
}

void check_distinct(const Vocabulary& vocabulary, const std::string& path) {
  const TokenTable table(vocabulary);
  if (table.duplicate_first() == kNoToken) return;
  throw Error(fmt::format("{}: token \"{}\" appears twice, as {} and as {}", path,
                          printable(vocabulary.token(table.duplicate_first())), table.duplicate_first(),
                          table.duplicate_second()));
}

// A token that many merges make, of tokens that many merges make, multiplies: published vocabularies have a few pairs
// for each merge.
void check_merges(const Vocabulary& vocabulary, const std::string& path) {
  constexpr uint64_t kPairsPerMerge = 64, kPairsFree = 1 << 16, kPairsMax = 1 << 24;
  if (vocabulary.merges.empty()) return;
  const uint64_t merges = vocabulary.merges.size();
  if (merges + 256 >= PairTable::kEdge) throw Error(fmt::format("{}: {} merges are too many", path, merges));
  const uint64_t pairs = explicit_pairs(vocabulary).count;
  if (pairs <= std::min(kPairsMax, kPairsFree + kPairsPerMerge * merges)) return;
  throw Error(fmt::format("{}: its {} merges make their tokens in too many ways ({} pairs)", path, merges, pairs));
}

}  // namespace

void check_vocabulary(Vocabulary& vocabulary, const std::string& path) {
  std::stable_sort(vocabulary.specials.begin(), vocabulary.specials.end(),
                   [](const SpecialToken& a, const SpecialToken& b) { return a.id < b.id; });
  std::unordered_set<std::string_view, SeededHash> names;
  std::unordered_set<uint32_t, SeededHash> special_ids;
  for (const SpecialToken& special : vocabulary.specials) {
    if (special.text.empty()) throw Error(fmt::format("{}: special token {} has no text", path, special.id));
    if (special.text.size() > kSpecialBytesMax) {  // each byte of a text may begin one
      throw Error(fmt::format("{}: special token {} has {} bytes, at most {} are read", path, special.id,
                              special.text.size(), kSpecialBytesMax));
    }
    if (!names.insert(special.text).second) {
      throw Error(fmt::format("{}: special token \"{}\" appears twice", path, special.text));
    }
    if (!special_ids.insert(special.id).second) {
      throw Error(fmt::format("{}: id {} belongs to two special tokens", path, special.id));
    }
    if (special.id < vocabulary.token_count() && !vocabulary.token(special.id).empty() &&
        vocabulary.token(special.id) != special.text) {
      throw Error(
          fmt::format("{}: special token \"{}\" has the id {} of an ordinary token", path, special.text, special.id));
    }
  }
  bool has_byte[256] = {};
  for (uint32_t id = 0; id < vocabulary.token_count(); ++id) {
    const std::string_view token = vocabulary.token(id);
    if (token.empty() && special_ids.count(id) == 0) {
      throw Error(fmt::format("{}: rank {} is missing (the largest is {})", path, id, vocabulary.token_count() - 1));
    }
    if (token.size() == 1) has_byte[static_cast<unsigned char>(token[0])] = true;
  }
  for (int b = 0; b < 256; ++b) {
    if (!has_byte[b])
      throw Error(fmt::format("{}: byte 0x{:02x} has no token; a byte-level vocabulary has all 256", path, b));
  }
  check_distinct(vocabulary, path);
  check_merges(vocabulary, path);
}

std::optional<std::pair<std::string_view, std::string_view>> pair_of_merge(simdjson::dom::element merge) {
  std::string_view text, left, right;
  if (merge.get(text) == simdjson::SUCCESS) {
    const size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    return std::pair(text.substr(0, space), text.substr(space + 1));
  }
  simdjson::dom::array both;
  if (merge.get(both) != simdjson::SUCCESS || both.size() != 2 || both.at(0).get(left) != simdjson::SUCCESS ||
      both.at(1).get(right) != simdjson::SUCCESS)
    return std::nullopt;
  return std::pair(left, right);
}

}  // namespace ftok
