#include "pipeline/mix/packer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

namespace ftok {

void Packer::add(std::string_view id, std::span<const uint32_t> tokens) {
  const uint64_t room = options_.sequence_tokens - 1;  // beside the end-of-text token
  if (tokens.size() <= room) {
    add_piece(std::string(id), tokens);
  } else {
    for (uint64_t number = 1; !tokens.empty(); ++number) {
      cuts_ += number > 1 ? 1 : 0;
      const size_t size = std::min<size_t>(tokens.size(), room);
      add_piece(fmt::format("{}#{}", id, number), tokens.first(size));
      tokens = tokens.subspan(size);
    }
  }
  if (group_tokens_ >= options_.group_tokens) pack();
}

void Packer::finish() { pack(); }

void Packer::add_piece(std::string id, std::span<const uint32_t> tokens) {
  pieces_of_group_.push_back({std::move(id), {tokens.begin(), tokens.end()}});
  group_tokens_ += tokens.size() + 1;
}

void Packer::pack() {
  std::vector<size_t> order(pieces_of_group_.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return pieces_of_group_[a].size() > pieces_of_group_[b].size(); });
  struct Sequence {
    uint64_t room = 0;
    std::vector<size_t> pieces;
  };
  std::vector<Sequence> sequences;
  std::multimap<uint64_t, size_t> by_room;  // of sequences that are not full; equal ones in the order of their making
  for (const size_t piece : order) {
    const uint64_t size = pieces_of_group_[piece].size();
    const auto fit = by_room.lower_bound(size);
    size_t at = sequences.size();
    if (fit == by_room.end()) {
      sequences.push_back({options_.sequence_tokens, {}});
    } else {
      at = fit->second;
      by_room.erase(fit);
    }
    sequences[at].room -= size;
    sequences[at].pieces.push_back(piece);
    if (sequences[at].room > 0) by_room.emplace(sequences[at].room, at);
  }
  for (Sequence& sequence : sequences) std::sort(sequence.pieces.begin(), sequence.pieces.end());
  std::sort(sequences.begin(), sequences.end(),
            [](const Sequence& a, const Sequence& b) { return a.pieces.front() < b.pieces.front(); });
  for (const Sequence& sequence : sequences) {
    for (const size_t piece : sequence.pieces) emit_(pieces_of_group_[piece].id, pieces_of_group_[piece].tokens);
    // The writer adds one of the end-of-text tokens.
    if (sequence.room > 0) emit_(kPaddingId, std::vector<uint32_t>(sequence.room - 1, options_.end_of_text));
    padding_ += sequence.room;
  }
  sequences_ += sequences.size();
  pieces_of_group_.clear();
  group_tokens_ = 0;
}

}  // namespace ftok
