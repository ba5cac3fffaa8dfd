// JSON arrays, comma- and tab-separated values of any bytes: an Error or rows, each one item, the same however few
// bytes a read gives; and an array that a JSON parser takes has just the texts that it finds. Links ftok::crawl.
//
// The first byte chooses the format and how many bytes a read gives.
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/byte_source.h"
#include "core/error.h"
#include "crawl/source.h"

namespace {

struct Rows {
  std::vector<std::string> texts, outcomes;
  size_t damage = 0;
  bool operator==(const Rows&) const = default;
};

std::optional<Rows> read_rows(const std::string& bytes, const char* format, size_t read_max) {
  ftok::SourceOptions options;
  options.format = format;
  options.record_bytes_max = 1 << 16;
  Rows rows;
  try {
    const auto source = ftok::make_source(ftok::make_memory_source(bytes, "fuzz", read_max), options);
    for (;;) {
      ftok::Item item;
      if (!source->next(item)) break;
      if (item.verdict.kept() == !item.verdict.reason.empty()) std::abort();
      if (item.verdict.kept()) rows.texts.push_back(item.document.text);
      rows.outcomes.push_back(item.document.id + " " + std::string(item.verdict.reason.view()));
      rows.damage += source->take_damage().size();
    }
    rows.damage += source->take_damage().size();
  } catch (const ftok::Error&) {
    return std::nullopt;
  }
  return rows;
}

// The texts of an array of objects, where that is what `bytes` are and each has a text of its own that is not too long.
std::optional<std::vector<std::string>> texts_of_array(const std::string& bytes) {
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  const simdjson::padded_string padded(bytes);
  if (parser.parse(padded).get(array) != simdjson::SUCCESS) return std::nullopt;
  std::vector<std::string> texts;
  for (const simdjson::dom::element element : array) {
    std::string_view text;
    if (element["text"].get(text) != simdjson::SUCCESS || text.size() > 1 << 10) return std::nullopt;
    texts.emplace_back(text);
  }
  return texts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  static const char* const kFormats[] = {"json", "csv", "tsv"};
  const char* const format = kFormats[data[0] % 3];
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::optional<Rows> rows = read_rows(bytes, format, 0);
  if (rows != read_rows(bytes, format, 1 + data[0] / 3)) std::abort();
  if (!rows || format != std::string_view("json") || bytes.size() > 1 << 10) return 0;
  const std::optional<std::vector<std::string>> expected = texts_of_array(bytes);
  if (expected && (rows->texts != *expected || rows->damage != 0)) std::abort();
  return 0;
}
