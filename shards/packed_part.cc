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
  write_split_counts(json, part.documents, part.tokens);
  write_map(json, "bytes", part.bytes);
  json.key("files").begin_array();
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
    read_split_counts(fields, part.documents, part.tokens);
    part.bytes = fields.number_map("bytes");
    for (const JsonFields& file : fields.objects("files")) part.files.push_back(read_file_entry(file));
    return part;
  } catch (const JsonFields::Missing& missing) {
    return Damage{"bad_line", missing.what(), 0};
  }
}

std::vector<PackedPart> read_packed_parts(const std::string& path) { return parse_packed_parts(read_file(path), path); }

std::vector<PackedPart> parse_packed_parts(std::string_view text, const std::string& path) {
  std::vector<PackedPart> parts;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    Result<PackedPart> part = parse_packed_part(text.substr(at, end - at));
    if (!part) throw Error(fmt::format("{} is damaged: line {}: {}", path, parts.size() + 1, part.damage().detail));
    parts.push_back(std::move(*part));
    at = end + 1;
  }
  return parts;
}

}  // namespace ftok
