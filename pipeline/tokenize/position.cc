#include "pipeline/tokenize/position.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"
#include "shards/split.h"

namespace ftok {

std::string write_position(const StreamPosition& position) {
  JsonWriter json;
  json.begin_object()
      .field("input", position.input)
      .field("records", position.records)
      .field("digest", position.digest);
  write_split_counts(json, position.documents, position.tokens);
  json.key("report").raw(write_input_report(position.report)).end_object();
  return json.take();
}

StreamPosition read_position(const JsonFields& fields) {
  StreamPosition position;
  position.input = fields.number("input");
  position.records = fields.number("records");
  position.digest = fields.text("digest");
  read_split_counts(fields, position.documents, position.tokens);
  Result<InputReport> report = parse_input_report(fields.raw("report"));
  if (!report.ok()) throw JsonFields::Missing(report.damage().detail);
  position.report = std::move(*report);
  return position;
}

StreamPosition parse_position(std::string_view json, const std::string& path) {
  try {
    return read_position(JsonFields(json));
  } catch (const JsonFields::Missing& missing) {
    throw Error(fmt::format("{}: its position cannot be read: {}", path, missing.what()));
  }
}

}  // namespace ftok
