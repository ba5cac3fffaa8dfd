#include "crawl/object_rows.h"

#include <fmt/format.h>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/file.h"
#include "crawl/input_format.h"
#include "crawl/json_lines.h"

namespace ftok {

void for_each_object_row(const std::string& path, const std::vector<std::string>& keys,
                         const std::function<void(std::string_view json, const std::string& place)>& visit) {
  refuse_address(path);
  SourceOptions options;
  options.file_path = path;
  options.text_key = "";  // a table needs no column of texts
  options.id_key = "id";
  options.fields.texts = keys;
  OpenedBytes opened = open_input_bytes(open_file_source(path), options);
  if (!opened.format->holds_texts())
    throw Error(fmt::format("{} is {}, which has no rows", path, opened.format->title));
  const char* const unit = opened.format->locator == Locator::kRow ? "row" : "line";
  JsonLineReader reader(std::move(opened.input), static_cast<uint64_t>(options.record_bytes_max));
  for (JsonLine line; reader.next(line);) {
    const std::string place = fmt::format("{} {}", unit, line.number);
    if (!line.verdict.kept())
      throw Error(fmt::format("{}: {}: {} {}", path, place, line.verdict.reason.view(), line.verdict.detail));
    visit(line.text, place);
  }
  for (const Damage& damage : reader.take_damage())
    throw Error(fmt::format("{}: {} {}: {} {}", path, locator_name(opened.format->locator), damage.offset,
                            damage.code.view(), damage.detail));
}

}  // namespace ftok
