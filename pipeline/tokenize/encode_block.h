// A block's documents as tokens: the parallel part of tokenizing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/stats.h"
#include "pipeline/tokenize/block_reader.h"
#include "shards/shuffle_key.h"
#include "tokenizer/chat.h"
#include "tokenizer/encoding.h"

namespace ftok {

// The documents of a block, in order, packed.
struct EncodedBlock {
  struct Row {
    size_t id_end = 0, token_end = 0;  // where it ends in `ids` and `tokens`; it begins where the row before ends
    ShuffleKey key;                    // of a shuffle
  };
  struct Bad {
    uint64_t offset = 0;
    Verdict verdict;
    std::string id;
  };

  std::string ids;
  std::vector<uint32_t> tokens;  // no end-of-text; of a conversation with kOutOfLoss where training does not count it
  std::vector<Row> rows;
  std::vector<Bad> bad;  // records dropped, the first kBadMax
  Tally tally;

  static constexpr size_t kBadMax = 16;
  static constexpr uint32_t kOutOfLoss = uint32_t{1} << 31;  // far above every id

  // Calls visit(id, tokens, row) for each document.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    size_t id_begin = 0, token_begin = 0;
    for (const Row& row : rows) {
      visit(std::string_view(ids).substr(id_begin, row.id_end - id_begin),
            std::span<const uint32_t>(tokens).subspan(token_begin, row.token_end - token_begin), row);
      id_begin = row.id_end;
      token_begin = row.token_end;
    }
  }
};

struct EncodeBlockOptions {
  const Encoding* encoding = nullptr;
  std::string name, text_key, id_key;  // name: of the input, in ids
  std::optional<uint64_t>
      shuffle;  // the seed: rows get their keys, and documents without an id are named by their text
  const ChatTemplate* chat = nullptr;  // lines are conversations; text_key is the key of their messages
};

// Thread-safe.
EncodedBlock encode_block(Block& block, const EncodeBlockOptions& options);

}  // namespace ftok
