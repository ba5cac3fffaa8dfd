#include "pipeline/card_texts.h"

#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "core/byte_source.h"
#include "crawl/input_format.h"
#include "crawl/json_lines.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

constexpr size_t kTextLineBytesMax = size_t{1} << 30;

// Of the line itself, or of dolma's metadata.
void count_field(const simdjson::dom::element& line, const char* name, std::map<std::string, uint64_t>& counts) {
  std::string_view value;
  const bool is_there =
      line[name].get(value) == simdjson::SUCCESS || line["metadata"][name].get(value) == simdjson::SUCCESS;
  if (is_there && !value.empty()) ++counts[std::string(value)];
}

void count_file(const std::string& path, simdjson::dom::parser& parser, TextCounts& counts) {
  SourceOptions options;
  options.id_key = "";
  options.fields.texts = {"license"};
  JsonLineReader reader(open_input_bytes(open_file_source(path), options).input, kTextLineBytesMax);
  JsonLine line;
  while (reader.next(line)) {
    simdjson::dom::element root;
    if (!line.verdict.kept() || parser.parse(line.text.data(), line.text.size()).get(root) != simdjson::SUCCESS)
      continue;
    ++counts.documents;
    count_field(root, "language", counts.languages);
    count_field(root, "license", counts.licenses);
  }
}

}  // namespace

TextCounts count_texts(const std::string& folder) {
  std::vector<std::string> paths;
  const fs::path parts = fs::path(folder) / "parts";
  if (!fs::is_directory(parts)) return {};
  for (const auto& entry : fs::directory_iterator(parts)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".text.jsonl.zst") || name.ends_with(".text.parquet")) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  TextCounts counts;
  simdjson::dom::parser parser;
  for (const std::string& path : paths) count_file(path, parser, counts);
  return counts;
}

}  // namespace ftok
