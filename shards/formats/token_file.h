// TokenFileFormat: what formats share whose shard is a header (or none) and the tokens in a row, 2 or 4 bytes each. A
// format of this kind says what its header and the files beside it hold.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "shards/shard_format.h"

namespace ftok {

class TokenFileFormat : public ShardFormat {
 public:
  // The bytes in front of the tokens; always the same number of them, whatever `tokens`.
  virtual std::string header(size_t token_bytes, uint64_t tokens) const;

  // The files beside a shard of `tokens` tokens: what companions() lists, in its order.
  virtual std::vector<std::string> companion_bytes(const ShardFileOptions& options, uint64_t tokens,
                                                   const std::vector<ShardDocument>& documents) const;

  std::unique_ptr<ShardFile> create(const ShardFileOptions& options) const override;
  std::string reopen(const std::string& path, const ShardFileOptions& options, uint64_t tokens,
                     const std::vector<ShardDocument>& documents, ShardFile& into) const override;
};

// The layout of a file of `bytes` bytes that holds nothing but tokens; damage "size_mismatch" when it cannot.
Result<ShardLayout> headerless_layout(uint64_t bytes, size_t token_bytes);

// The width of the tokens of a shard that does not say it: as told, else by the number of tokens in ftok's sidecar; 0
// when neither says it.
size_t width_told(const ShardBytes& shard);

}  // namespace ftok
