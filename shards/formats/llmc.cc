// llm.c's shards: int32[256] of header (magic, version, token count, zeros), then the tokens, uint16 under GPT-2's
// magic or uint32 under Llama-3's (dev/data/data_common.py and llmc/dataloader.h). modded-nanogpt reads them too.
#include "shards/bytes.h"
#include "shards/formats/formats.h"
#include "shards/formats/token_file.h"

namespace ftok {
namespace {

class LlmcFormat : public TokenFileFormat {
 public:
  std::string_view name() const override { return "llmc"; }
  std::string_view help() const override { return "llm.c, modded-nanogpt, ftok train"; }
  std::string_view extension() const override { return ".bin"; }
  EndOfText end_of_text() const override { return EndOfText::kBefore; }
  uint64_t tokens_max() const override { return kShardTokensMax; }

  std::string header(size_t token_bytes, uint64_t tokens) const override {
    return encode_shard_header(token_bytes, tokens);
  }

  // Magic and version, and no byte in the reserved words: tokens without a header do not look so by chance.
  bool recognizes(const ShardBytes& shard) const override {
    if (shard.bytes.size() < kShardHeaderBytes) return false;
    const auto magic = load_little_endian<int32_t>(shard.bytes, 0),
               version = load_little_endian<int32_t>(shard.bytes, 4);
    const bool known =
        (magic == kGpt2Magic && version == kGpt2Version) || (magic == kLlama3Magic && version == kLlama3Version);
    return known && shard.bytes.substr(12, kShardHeaderBytes - 12).find_first_not_of('\0') == std::string_view::npos;
  }

  Result<ShardLayout> read(const ShardBytes& shard) const override {
    const Result<ShardHeader> header = parse_shard_header(shard.bytes, shard.bytes.size());
    if (!header) return header.damage();
    ShardLayout layout{header->token_bytes, header->tokens, kShardHeaderBytes};
    layout.notes = {{"magic", header->magic}, {"version", header->version}};
    return layout;
  }
};

}  // namespace

const ShardFormat& llmc_format() {
  static const LlmcFormat format;
  return format;
}

}  // namespace ftok
