#include "shards/shard_format.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/nearest_name.h"
#include "shards/formats/formats.h"

namespace ftok {

std::string_view end_of_text_name(EndOfText placement) {
  switch (placement) {
    case EndOfText::kBefore: return "before";
    case EndOfText::kAfter: return "after";
    case EndOfText::kNone: return "none";
  }
  return "";
}

EndOfText parse_end_of_text(std::string_view name, std::string_view flag) {
  for (const EndOfText placement : {EndOfText::kBefore, EndOfText::kAfter, EndOfText::kNone}) {
    if (name == end_of_text_name(placement)) return placement;
  }
  throw UsageError(fmt::format("{}: \"{}\" is not one of before, after, none", flag, name));
}

std::span<const ShardFormat* const> shard_formats() {
  static const ShardFormat* const kFormats[] = {&llmc_format(), &megatron_format(), &datatrove_format(),
                                                &olmo_format(), &litdata_format(),  &mds_format(),
                                                &raw_format()};
  return kFormats;
}

const ShardFormat& default_shard_format() { return *shard_formats().front(); }

std::vector<std::string> shard_format_names() {
  std::vector<std::string> names;
  for (const ShardFormat* format : shard_formats()) names.emplace_back(format->name());
  return names;
}

std::string shard_format_help() {
  std::string text;
  for (const ShardFormat* format : shard_formats()) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", format->name(), format->help());
  }
  return text;
}

const ShardFormat& find_shard_format(std::string_view name, std::string_view flag) {
  for (const ShardFormat* format : shard_formats()) {
    if (format->name() == name) return *format;
  }
  const std::string nearest = nearest_name(name, shard_format_names());
  throw UsageError(fmt::format("{}: \"{}\" is not a shard format; {}", flag, name,
                               nearest.empty() ? fmt::format("expected {}", fmt::join(shard_format_names(), ", "))
                                               : fmt::format("the nearest is \"{}\"", nearest)));
}

size_t parse_token_bytes(const ShardFormat& format, std::string_view wanted, uint64_t vocabulary_size,
                         std::string_view flag) {
  if (vocabulary_size > format.vocabulary_max()) {
    throw UsageError(fmt::format("the shard format {} holds ids below {}, and the vocabulary has {}", format.name(),
                                 format.vocabulary_max(), vocabulary_size));
  }
  if (wanted == "auto") return format.token_bytes(vocabulary_size);
  if (wanted != "2" && wanted != "4") throw UsageError(fmt::format("{}: \"{}\" is not auto, 2 or 4", flag, wanted));
  const size_t token_bytes = wanted == "2" ? 2 : 4;
  if (token_bytes < token_bytes_for(vocabulary_size)) {
    throw UsageError(
        fmt::format("{}: tokens of 2 bytes hold ids below 65536, and the vocabulary has {}; use 4, or auto", flag,
                    vocabulary_size));
  }
  return token_bytes;
}

std::string beside_shard(std::string_view path, std::string_view ending) {
  for (const ShardFormat* format : shard_formats()) {
    if (!path.ends_with(format->extension())) continue;
    path.remove_suffix(format->extension().size());
    break;
  }
  return fmt::format("{}{}", path, ending);
}

bool is_shard_name(std::string_view name) {
  return std::any_of(shard_formats().begin(), shard_formats().end(), [&](const ShardFormat* format) {
    return name.size() > format->extension().size() && name.ends_with(format->extension());
  });
}

}  // namespace ftok
