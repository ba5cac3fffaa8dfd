#include "tests/reference/slow_bpe_train.h"

#include <algorithm>
#include <map>

namespace ftok::reference {

BpeMerges slow_train_bpe(const std::vector<std::pair<std::string, uint64_t>>& words, const BpeTrainOptions& options) {
  BpeMerges merges;
  std::vector<unsigned char> order(256);
  for (unsigned b = 0; b < 256; ++b) order[b] = static_cast<unsigned char>(b);
  if (options.byte_order == ByteOrder::kLetters) order = letter_order();
  uint32_t rank_of_byte[256];
  for (uint32_t rank = 0; rank < 256; ++rank) {
    rank_of_byte[order[rank]] = rank;
    merges.tokens.emplace_back(1, static_cast<char>(order[rank]));
  }
  std::vector<std::pair<std::vector<uint32_t>, uint64_t>> symbols;
  for (const auto& [word, count] : words) {
    if (count < options.pretoken_count_min) continue;
    symbols.push_back({{}, count});
    for (const char c : word) symbols.back().first.push_back(rank_of_byte[static_cast<unsigned char>(c)]);
  }
  while (merges.tokens.size() < options.size) {
    std::map<std::pair<uint32_t, uint32_t>, uint64_t> counts;
    for (const auto& [word, count] : symbols) {
      for (size_t i = 0; i + 1 < word.size(); ++i) counts[{word[i], word[i + 1]}] += count;
    }
    const std::pair<const std::pair<uint32_t, uint32_t>, uint64_t>* best = nullptr;
    const auto bytes = [&](const std::pair<uint32_t, uint32_t>& pair) {
      return std::make_pair(merges.tokens[pair.first], merges.tokens[pair.second]);
    };
    for (const auto& candidate :
         counts) {  // in order of ranks, so the first of equals is the one of the smallest ranks
      const auto& [pair, count] = candidate;
      if (count < options.count_min) continue;
      if (merges.tokens[pair.first].size() + merges.tokens[pair.second].size() > options.token_bytes_max) continue;
      const bool is_better =
          best == nullptr || count > best->second ||
          (count == best->second && options.tie_break == TieBreak::kGreatestBytes && bytes(pair) > bytes(best->first));
      if (is_better) best = &candidate;
    }
    if (best == nullptr) break;
    const auto [pair, count] = *best;
    const auto made = static_cast<uint32_t>(merges.tokens.size());
    merges.pairs.push_back(pair);
    merges.counts.push_back(count);
    merges.tokens.push_back(merges.tokens[pair.first] + merges.tokens[pair.second]);
    for (auto& [word, weight] : symbols) {
      std::vector<uint32_t> merged;
      for (size_t i = 0; i < word.size(); ++i) {
        const bool is_pair = i + 1 < word.size() && word[i] == pair.first && word[i + 1] == pair.second;
        merged.push_back(is_pair ? made : word[i]);
        if (is_pair) ++i;
      }
      word.swap(merged);
    }
  }
  return merges;
}

}  // namespace ftok::reference
