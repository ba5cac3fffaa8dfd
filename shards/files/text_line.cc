#include "shards/files/text_line.h"

#include <fmt/format.h>

#include <type_traits>

#include "core/json.h"
#include "document/document_fields.h"

namespace ftok {
namespace {

constexpr const char* kTokenCount = "token_count";

// https://github.com/allenai/dolma/blob/main/docs/data-format.md: `added` is when the text was acquired, `created` when
// it was written. Both come from the record, so that they are the same in every run; what else is known is metadata.
std::string dolma_line(const Document& document, const TextOptions& options, const DocumentCluster& cluster) {
  std::string source = options.source;
  if (source.empty()) source = document.dump.empty() ? document.file_path : document.dump;
  const std::string added = dolma_time(document.date), created = dolma_time(document.published);
  JsonWriter json;
  json.begin_object().field("id", document.id).field("text", document.text).field("source", source);
  if (!added.empty()) json.field("added", added);
  if (const std::string& time = created.empty() ? added : created; !time.empty()) json.field("created", time);
  json.key("metadata").begin_object();
  for_each_field(document, kInKeptLine, [&](std::string_view name, const auto& value) {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, std::vector<NamedScore>>) {
      for (const NamedScore& score : value) json.field(score.name, score.value);
    } else if constexpr (std::is_same_v<Value, std::vector<NamedTexts>>) {
      write_labels(json, value);
    } else if constexpr (std::is_same_v<Value, std::string>) {
      if (name != "id" && !value.empty()) json.field(name, value);
    } else if constexpr (std::is_arithmetic_v<Value>) {
      json.field(name, value);
    }
  });
  write_cluster(json, cluster);
  json.field(kTokenCount, static_cast<uint64_t>(document.tokens.size())).end_object().end_object();
  return json.take() + '\n';
}

void add_cluster_columns(const TextOptions& options, std::vector<ParquetField>& columns) {
  if (!options.clusters) return;
  columns.push_back({kClusterId, ParquetType::kText});
  columns.push_back({kClusterSize, ParquetType::kInteger});
}

}  // namespace

// FineWeb's columns, without its own file paths. Where the run ended after a stage, all fields that a later one goes on
// from.
std::string text_line(const Document& document, const TextOptions& options, const std::string& stopped_after,
                      const DocumentCluster& cluster) {
  if (options.format == TextFormat::kDolma) return dolma_line(document, options, cluster);
  JsonWriter json;
  json.begin_object().field("text", document.text);
  if (!stopped_after.empty()) {
    json.field(kStoppedAfterKey, stopped_after);
    write_document_fields(json, document, kInStoppedLine);
    write_cluster(json, cluster);
    return json.end_object().take() + '\n';
  }
  write_document_fields(json, document, kInKeptLine);
  write_cluster(json, cluster);
  json.field(kTokenCount, static_cast<uint64_t>(document.tokens.size())).end_object();
  return json.take() + '\n';
}

std::vector<ParquetField> text_columns(const TextOptions& options, const std::string& stopped_after) {
  std::vector<ParquetField> columns = {{"text", ParquetType::kText}};
  if (!stopped_after.empty()) columns.push_back({std::string(kStoppedAfterKey), ParquetType::kText});
  add_document_columns(stopped_after.empty() ? kInKeptLine : kInStoppedLine, options.fields, columns);
  add_cluster_columns(options, columns);
  if (stopped_after.empty()) columns.push_back({kTokenCount, ParquetType::kInteger});
  return columns;
}

std::vector<ParquetField> reject_columns(const TextOptions& options) {
  std::vector<ParquetField> columns;
  add_document_columns(kInRejectLine, options.fields, columns);
  columns.push_back({"reason", ParquetType::kText});
  columns.push_back({"value", ParquetType::kReal});
  columns.push_back({"threshold", ParquetType::kReal});
  for (const char* name : {"detail", "duplicate_of", "text"}) columns.push_back({name, ParquetType::kText});
  add_cluster_columns(options, columns);
  return columns;
}

std::string dolma_time(std::string_view time) {
  static constexpr std::string_view kDate = "dddd-dd-dd", kTime = "dddd-dd-ddTdd:dd:dd";
  const auto matches = [&](std::string_view pattern) {
    if (time.size() < pattern.size()) return false;
    for (size_t i = 0; i < pattern.size(); ++i) {
      const bool is_digit = time[i] >= '0' && time[i] <= '9';
      const bool fits = pattern[i] == 'd' ? is_digit : time[i] == pattern[i] || (pattern[i] == 'T' && time[i] == ' ');
      if (!fits) return false;
    }
    return true;
  };
  if (matches(kTime)) {
    const std::string_view rest = time.substr(kTime.size());
    const bool is_utc = rest.empty() || rest == "Z" || (rest[0] == '.' && rest.ends_with('Z'));
    if (!is_utc) return "";
    return fmt::format("{}T{}.000Z", time.substr(0, kDate.size()), time.substr(kDate.size() + 1, 8));
  }
  return time.size() == kDate.size() && matches(kDate) ? fmt::format("{}T00:00:00.000Z", time) : "";
}

}  // namespace ftok
