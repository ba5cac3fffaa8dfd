// Tokens and nothing else, as nanoGPT's train.bin and val.bin are: uint16 or uint32 in a row. The file does not say how
// wide a token is; ftok's sidecar does (it counts the tokens), and so do the manifest and --token-bytes.
#include <limits>

#include "shards/formats/formats.h"
#include "shards/formats/token_file.h"

namespace ftok {
namespace {

class RawFormat : public TokenFileFormat {
 public:
  std::string_view name() const override { return "raw"; }
  std::string_view help() const override { return "nanoGPT, numpy.memmap: tokens without a header"; }
  std::string_view extension() const override { return ".bin"; }
  EndOfText end_of_text() const override { return EndOfText::kAfter; }
  uint64_t tokens_max() const override { return std::numeric_limits<int64_t>::max() / 4; }

  bool recognizes(const ShardBytes& shard) const override { return width_told(shard) != 0; }

  Result<ShardLayout> read(const ShardBytes& shard) const override {
    return headerless_layout(shard.bytes.size(), width_told(shard));
  }
};

}  // namespace

const ShardFormat& raw_format() {
  static const RawFormat format;
  return format;
}

}  // namespace ftok
