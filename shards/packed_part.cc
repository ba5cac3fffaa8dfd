#include "shards/packed_part.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/json.h"
#include "shards/json_fields.h"
#include "shards/split.h"

namespace ftok {

std::string write_packed_part(const PackedPart& part) {
  JsonWriter json;
  json.begin_object().field("part", part.number).key("report").raw(part.report).field("judged", part.judged);
  for (const Split split : kSplits) {
    const size_t s = static_cast<size_t>(split);
    json.key(split_name(split)).begin_object().field("documents", part.documents[s]).field("tokens", part.tokens[s]);
    json.end_object();
  }
  json.key("bytes").begin_object();
  for (const auto& [ending, bytes] : part.bytes) json.field(ending, bytes);
  json.end_object().key("files").begin_array();
  for (const FileEntry& file : part.files) json.raw(write_file_entry(file));
  json.end_array().end_object();
  return json.take() + '\n';
}

Result<PackedPart> parse_packed_part(std::string_view line) {
  try {
    const JsonFields fields(line);
    PackedPart part;
    part.number = fields.number("part");
    part.report = fields.raw("report");
    part.judged = fields.number("judged");
    for (const Split split : kSplits) {
      const JsonFields of_split = fields.object(split_name(split));
      part.documents[static_cast<size_t>(split)] = of_split.number("documents");
      part.tokens[static_cast<size_t>(split)] = of_split.number("tokens");
    }
    part.bytes = fields.number_map("bytes");
    for (const JsonFields& file : fields.objects("files")) part.files.push_back(read_file_entry(file));
    return part;
  } catch (const JsonFields::Missing& missing) {
    return Damage{"bad_line", missing.what(), 0};
  }
}

std::vector<PackedPart> read_packed_parts(const std::string& path) {
  std::vector<PackedPart> parts;
  const std::string text = read_file(path);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    Result<PackedPart> part = parse_packed_part(std::string_view(text).substr(at, end - at));
    if (!part) throw Error(fmt::format("{} is damaged: line {}: {}", path, parts.size() + 1, part.damage().detail));
    parts.push_back(std::move(*part));
    at = end + 1;
  }
  return parts;
}

}  // namespace ftok
