#include "shards/text_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <type_traits>

#include "core/ascii.h"
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

namespace {

// The number that the digits at the front of `rest` say, which are taken off it; -1 where there are not so many.
int take_digits(std::string_view& rest, size_t digits) {
  if (rest.size() < digits || !std::all_of(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(digits), is_digit))
    return -1;
  int number = 0;
  for (const char c : rest.substr(0, digits)) number = number * 10 + (c - '0');
  rest.remove_prefix(digits);
  return number;
}

bool take(std::string_view& rest, char c) {
  if (!rest.starts_with(c)) return false;
  rest.remove_prefix(1);
  return true;
}

// Minutes east of UTC: "", "Z", "+02:00", "-0330"; nullopt where it is something else.
std::optional<int> take_zone(std::string_view rest) {
  if (rest.empty() || rest == "Z" || rest == "z") return 0;
  const int sign = take(rest, '-') ? -1 : take(rest, '+') ? 1 : 0;
  const int hours = take_digits(rest, 2);
  take(rest, ':');
  const int minutes = rest.empty() ? 0 : take_digits(rest, 2);
  const bool is_zone = sign != 0 && hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60 && rest.empty();
  return is_zone ? std::optional(sign * (hours * 60 + minutes)) : std::nullopt;
}

}  // namespace

std::string dolma_time(std::string_view time) {
  namespace chrono = std::chrono;
  const int year = take_digits(time, 4);
  const int month = take(time, '-') ? take_digits(time, 2) : -1;
  const int day = take(time, '-') ? take_digits(time, 2) : -1;
  if (year < 0 || month < 0 || day < 0) return "";
  const chrono::year_month_day date(chrono::year(year), chrono::month(static_cast<unsigned>(month)),
                                    chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return "";
  chrono::sys_seconds second = chrono::sys_days(date);
  if (!time.empty()) {
    if (!take(time, 'T') && !take(time, ' ')) return "";
    const int hours = take_digits(time, 2);
    const int minutes = take(time, ':') ? take_digits(time, 2) : -1;
    int seconds = 0;
    if (take(time, ':')) {
      seconds = take_digits(time, 2);
      if (take(time, '.')) time.remove_prefix(std::min(time.find_first_not_of("0123456789"), time.size()));
    }
    const std::optional<int> east = take_zone(time);
    const bool is_time = hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60 && seconds >= 0 && seconds <= 60;
    if (!is_time || !east) return "";
    second += chrono::hours(hours) + chrono::minutes(minutes - *east) + chrono::seconds(std::min(seconds, 59));
  }
  const auto start = chrono::floor<chrono::days>(second);
  const chrono::year_month_day utc(start);
  if (utc.year() < chrono::year(0) || utc.year() > chrono::year(9999)) return "";
  const chrono::hh_mm_ss clock(second - start);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000Z", static_cast<int>(utc.year()),
                     static_cast<unsigned>(utc.month()), static_cast<unsigned>(utc.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

}  // namespace ftok
