#include "pipeline/shard_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace ftok {

ShardWriterOptions shard_writer_options(const ShardOptions& options, const Encoding& encoding, std::string_view key) {
  const auto name = [&](std::string option) {
    if (key == "--") std::replace(option.begin(), option.end(), '_', '-');
    return std::string(key) + option;
  };
  ShardWriterOptions shards;
  shards.format = &find_shard_format(options.format, key == "--" ? "--shard-format" : name("format"));
  shards.shard_tokens = static_cast<uint64_t>(options.shard_tokens);
  if (shards.shard_tokens == 0 || shards.shard_tokens > shards.format->tokens_max()) {
    throw UsageError(fmt::format("{}: {} is not in 1..{}, which a shard of format {} can hold", name("shard_tokens"),
                                 options.shard_tokens, shards.format->tokens_max(), shards.format->name()));
  }
  shards.vocabulary_size = encoding.n_vocab();
  shards.vocabulary_name = encoding.name();
  shards.token_bytes = parse_token_bytes(options.token_bytes, shards.vocabulary_size, name("token_bytes"));
  shards.placement = options.end_of_text == "auto" ? shards.format->end_of_text()
                                                   : parse_end_of_text(options.end_of_text, name("end_of_text"));
  if (!encoding.end_of_text() && shards.placement != EndOfText::kNone) {
    throw UsageError(fmt::format("--vocab: {} has no end-of-text token; {}", encoding.name(),
                                 key == "--" ? "give --end-of-text none" : "set shards.end_of_text=none"));
  }
  shards.end_of_text = encoding.end_of_text().value_or(0);
  return shards;
}

}  // namespace ftok
