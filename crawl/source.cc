#include "crawl/source.h"

#include <fmt/format.h>

#include <string_view>

#include "core/ascii.h"
#include "core/error.h"
#include "crawl/input_format.h"
#include "crawl/json_lines.h"

namespace ftok {
void SourceOptions::visit(OptionVisitor& visitor) {
  visitor.choice("format", format, input_format_names(), "format of the inputs; auto looks at their first bytes");
  visitor.field("record_bytes_max", record_bytes_max,
                "largest record read, in bytes; larger ones are dropped as too_large");
  visitor.field("text_key", text_key, "JSON: key of the text; CSV, TSV and Parquet: its column");
  visitor.field("id_key", id_key, "JSON, CSV, TSV and Parquet: key of the document's id");
  fields.visit(visitor, "of the inputs that documents keep");
}

std::string dump_of(const std::string& path) {
  static constexpr std::string_view kPrefix = "CC-MAIN-";
  for (size_t at = path.find(kPrefix); at != std::string::npos; at = path.find(kPrefix, at + 1)) {
    const std::string_view rest = std::string_view(path).substr(at + kPrefix.size());
    // YYYY-WW and no digit behind: file names hold CC-MAIN-20240523... too.
    if (rest.size() < 7 || rest[4] != '-' || (rest.size() > 7 && is_digit(rest[7]))) continue;
    bool digits = true;
    for (const size_t i : {0, 1, 2, 3, 5, 6}) digits = digits && is_digit(rest[i]);
    if (digits) return path.substr(at, kPrefix.size() + 7);
  }
  return {};
}

std::unique_ptr<Source> make_source(std::unique_ptr<ByteSource> bytes, const SourceOptions& options,
                                    const InputFormat** format) {
  return open_documents(std::move(bytes), options, format);
}

void report_damage(Source& source, const std::string& name, const InputFormat& format, uint64_t records,
                   const Log& log) {
  for (const Damage& damage : source.take_damage()) {
    const char* const unit = locator_name(format.locator);
    if (records == 0) {
      throw Error(fmt::format("{} holds no record: damage at {} {}: {} {}", name, unit, damage.offset,
                              damage.code.view(), damage.detail));
    }
    log(LogLevel::kWarning,
        fmt::format("{}: {} at {} {} {}", name, damage.code.view(), unit, damage.offset, damage.detail));
  }
}

LinesOrRecords::LinesOrRecords() = default;
LinesOrRecords::~LinesOrRecords() = default;
LinesOrRecords::LinesOrRecords(LinesOrRecords&&) noexcept = default;
LinesOrRecords& LinesOrRecords::operator=(LinesOrRecords&&) noexcept = default;

LinesOrRecords open_lines_or_records(std::unique_ptr<ByteSource> bytes, const SourceOptions& options) {
  OpenedInput opened = open_input_format(std::move(bytes), options);
  LinesOrRecords result;
  result.locator = locator_name(opened.format->locator);
  result.records = std::move(opened.records);
  if (opened.lines != nullptr) {
    result.lines =
        std::make_unique<JsonLineReader>(std::move(opened.lines), static_cast<uint64_t>(options.record_bytes_max));
  }
  return result;
}

}  // namespace ftok
