// Packer: documents into sequences of exactly N tokens, without cutting a document that fits into one. Best-fit packing
// (Ding et al. 2024, "Fewer Truncations Improve Language Modeling"): the longest first, each into the fullest sequence
// that still holds it; what is left of a sequence is filled with end-of-text tokens. Only a document of more than N
// tokens is divided, into pieces of N and a rest; a piece has an end-of-text token of its own.
//
// It is done in groups of documents that follow each other, so that memory is bounded and the order stays the shuffled
// one: a group's sequences come in the order of the first document in each.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ftok {

struct PackerOptions {
  uint64_t sequence_tokens = 2048;             // N, end-of-text tokens included; at least 2
  uint64_t group_tokens = uint64_t{16} << 20;  // after which a group ends
  uint32_t end_of_text = 0;
};

// Serial.
class Packer {
 public:
  // Of a document or a piece of one, tokens without end-of-text: the shards' writer adds it.
  using Emit = std::function<void(std::string_view id, std::span<const uint32_t> tokens)>;

  Packer(const PackerOptions& options, Emit emit) : options_(options), emit_(std::move(emit)) {}

  void add(std::string_view id, std::span<const uint32_t> tokens);
  void finish();  // the last group

  uint64_t sequences() const { return sequences_; }
  uint64_t padding() const { return padding_; }  // end-of-text tokens that fill up sequences
  uint64_t cuts() const { return cuts_; }        // in documents, each for an end-of-text token more

  static constexpr std::string_view kPaddingId = "padding";

 private:
  struct Piece {
    std::string id;
    std::vector<uint32_t> tokens;
    uint64_t size() const { return tokens.size() + 1; }
  };
  void add_piece(std::string id, std::span<const uint32_t> tokens);
  void pack();

  PackerOptions options_;
  Emit emit_;
  std::vector<Piece> pieces_of_group_;
  uint64_t group_tokens_ = 0;
  uint64_t sequences_ = 0, padding_ = 0, cuts_ = 0;
};

}  // namespace ftok
