#include "pipeline/shard_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace ftok {

ShardWriterOptions shard_writer_options(const ShardOptions& options, const Encoding& encoding, std::string_view key) {
  return shard_writer_options(options, VocabularyFacts{encoding.name(), encoding.n_vocab(), encoding.end_of_text()},
                              key);
}

ShardWriterOptions shard_writer_options(const ShardOptions& options, const VocabularyFacts& vocabulary,
                                        std::string_view key) {
  const auto name = [&](std::string option) {
    if (key == "--") std::replace(option.begin(), option.end(), '_', '-');
    return std::string(key) + option;
  };
  ShardWriterOptions shards;
  shards.format = &find_shard_format(options.format, key == "--" ? "--shard-format" : name("format"));
  shards.shard_tokens = static_cast<uint64_t>(options.shard_tokens);
  if (shards.shard_tokens == 0 || shards.shard_tokens > shards.format->tokens_max()) {
    throw UsageError(
        fmt::format("{}: {} is not in 1..{}", name("shard_tokens"), options.shard_tokens, shards.format->tokens_max()));
  }
  shards.vocabulary_size = vocabulary.size;
  shards.vocabulary_name = vocabulary.name;
  shards.token_bytes =
      parse_token_bytes(*shards.format, options.token_bytes, shards.vocabulary_size, name("token_bytes"));
  shards.placement = options.end_of_text == "auto" ? shards.format->end_of_text()
                                                   : parse_end_of_text(options.end_of_text, name("end_of_text"));
  if (!vocabulary.end_of_text && shards.placement != EndOfText::kNone) {
    throw UsageError(fmt::format("the vocabulary {} has no end-of-text token; {}", vocabulary.name,
                                 key == "--" ? "give --end-of-text none" : "set shards.end_of_text=none"));
  }
  shards.end_of_text = vocabulary.end_of_text.value_or(0);
  return shards;
}

std::string bound_recipe(std::string recipe) {
  const size_t section = recipe.find("[shards]\n");
  if (section == std::string::npos) return recipe;
  const size_t end = std::min(recipe.find("\n[", section), recipe.size());
  std::string shards = recipe.substr(section, end - section);
  const auto replace = [&](std::string_view line, std::string_view by) {
    const size_t at = shards.find(line);
    if (at == std::string::npos) return false;
    shards.replace(at, line.size(), by);
    return true;
  };
  const bool before = replace("format = \"llmc\"\n", "");
  replace("token_bytes = \"auto\"\n", "");
  replace("shuffle = 0\n", "");
  replace("end_of_text = \"auto\"", before ? "end_of_text = \"before\"" : "end_of_text = \"after\"");
  return recipe.replace(section, end - section, shards);
}

std::string note_of_surrounding_tokens(const Encoding& encoding) {
  const Vocabulary& vocabulary = encoding.vocabulary();
  if (!vocabulary.surrounds_texts()) return "";
  const auto texts = [&](const std::vector<uint32_t>& ids) {
    std::string out;
    for (const uint32_t id : ids) out += std::string(out.empty() ? "" : " ") + std::string(encoding.token_bytes(id));
    return out;
  };
  std::string around;
  if (!vocabulary.before_text.empty()) around += fmt::format(" {} before", texts(vocabulary.before_text));
  if (!vocabulary.after_text.empty()) {
    around += fmt::format("{} {} after", around.empty() ? "" : " and", texts(vocabulary.after_text));
  }
  return fmt::format(
      "{}: its post-processor puts{} every text; documents in shards are written without, and the "
      "end-of-text token stands between them",
      encoding.name(), around);
}

}  // namespace ftok
