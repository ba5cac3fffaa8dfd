// What the page of a run asks for: its funnel, and documents of its texts and rejects, a page at a time.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/utf8.h"
#include "crawl/json_lines.h"
#include "shards/manifest.h"
#include "view/view_answers.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDocumentsMax = 20;      // of an answer
constexpr size_t kSearchedMax = 20'000;   // lines looked at for one
constexpr size_t kTextBytesMax = 20'000;  // of a document
constexpr uint64_t kLineBytesMax = 64 << 20;
constexpr size_t kValuesMax = 50'000;  // of a reason, for its distribution
constexpr size_t kBins = 40;

// The files of a kind, by part: texts or rejects.
std::vector<std::string> part_files(const std::string& folder, const std::string& ending) {
  std::vector<std::string> files;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder + "/parts", code)) {
    if (entry.path().filename().string().ends_with(ending)) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Calls `visit` for the lines of the files from the `at`-th on, until it returns false; -> the line that comes next,
// and whether there are more.
template <typename Visit>
uint64_t visit_lines(const std::vector<std::string>& files, uint64_t at, bool& has_more, const Visit& visit) {
  uint64_t number = 0;
  simdjson::dom::parser parser(kLineBytesMax);
  has_more = false;
  for (const std::string& file : files) {
    JsonLineReader reader(make_decoded_input(open_file_source(file)), kLineBytesMax);
    for (JsonLine line; reader.next(line);) {
      if (number++ < at) continue;
      simdjson::dom::element root;
      if (!line.verdict.kept() || parser.parse(line.text.data(), line.text.size()).get(root) != simdjson::SUCCESS)
        continue;
      if (!visit(root)) return has_more = true, number;
    }
  }
  return number;
}

void copy_field(JsonWriter& json, simdjson::dom::element root, const char* name) {
  simdjson::dom::element value;
  if (root[name].get(value) != simdjson::SUCCESS) return;
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) {
    json.key(name).raw(simdjson::minify(value));
    return;
  }
  size_t bytes = std::min(text.size(), kTextBytesMax);
  while (bytes > 0 && bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  json.field(name, text.substr(0, bytes));
  if (bytes < text.size()) json.field("whole_bytes", uint64_t{text.size()});
}

bool has_reason(simdjson::dom::element root, const std::string& reason) {
  std::string_view got;
  return reason.empty() || (root["reason"].get(got) == simdjson::SUCCESS && got == reason);
}

// Of the values at which a rule dropped documents.
struct Values {
  std::vector<double> values;
  double threshold = 0;
};

void write_values(JsonWriter& json, const std::map<std::string, Values>& reasons) {
  json.key("values").begin_object();
  for (const auto& [reason, of] : reasons) {
    const auto [least, most] = std::minmax_element(of.values.begin(), of.values.end());
    if (of.values.size() < 2 || *least == *most) continue;
    const double low = std::min(*least, of.threshold), high = std::max(*most, of.threshold);
    std::vector<uint64_t> bins(kBins);
    for (const double value : of.values) {
      const auto bin = static_cast<size_t>((value - low) / (high - low) * kBins);
      ++bins[std::min(bin, kBins - 1)];
    }
    json.key(reason).begin_object().field("threshold", of.threshold).field("least", low).field("most", high);
    json.key("bins").begin_array();
    for (const uint64_t bin : bins) json.value(bin);
    json.end_array().end_object();
  }
  json.end_object();
}

std::map<std::string, Values> values_of_rejects(const std::string& folder) {
  std::map<std::string, Values> reasons;
  bool has_more = false;
  size_t seen = 0;
  visit_lines(part_files(folder, ".rejects.jsonl.zst"), 0, has_more, [&](simdjson::dom::element root) {
    std::string_view reason;
    double value = 0, threshold = 0;
    if (root["reason"].get(reason) == simdjson::SUCCESS && root["value"].get_double().get(value) == simdjson::SUCCESS &&
        root["threshold"].get_double().get(threshold) == simdjson::SUCCESS) {
      Values& of = reasons[std::string(reason)];
      of.values.push_back(value);
      of.threshold = threshold;
    }
    return ++seen < kValuesMax;
  });
  return reasons;
}

}  // namespace

std::string run_answer(const std::string& folder) {
  JsonWriter json;
  json.begin_object();
  std::error_code code;
  const bool is_done = fs::exists(folder + "/" + kManifestName, code);
  json.field("done", is_done);
  if (is_done) {
    const Manifest manifest = read_manifest(folder + "/" + kManifestName);
    json.key("totals").raw(manifest.totals).field("vocabulary", manifest.vocabulary.name);
    json.field("recipe", manifest.recipe).field("inputs", uint64_t{manifest.inputs.size()});
    json.field("shards", uint64_t{manifest.shards.size()}).key("notes").begin_array();
    for (const std::string& note : manifest.notes) json.value(note);
    json.end_array();
  }
  write_values(json, values_of_rejects(folder));
  return json.end_object().take();
}

std::string documents_answer(const std::string& folder, const std::string& kind, const std::string& reason,
                             uint64_t at) {
  const bool is_kept = kind == "kept";
  JsonWriter json;
  json.begin_object().key("documents").begin_array();
  size_t given = 0, searched = 0;
  bool has_more = false;
  const uint64_t next =
      visit_lines(part_files(folder, is_kept ? ".text.jsonl.zst" : ".rejects.jsonl.zst"), at, has_more,
                  [&](simdjson::dom::element root) {
                    ++searched;
                    if (is_kept || has_reason(root, reason)) {
                      ++given;
                      json.begin_object();
                      for (const char* name :
                           {"id", "url", "date", "dump", "language", "language_score", "token_count", "file_path",
                            "offset", "reason", "value", "threshold", "detail", "duplicate_of", "text"})
                        copy_field(json, root, name);
                      json.end_object();
                    }
                    return given < kDocumentsMax && searched < kSearchedMax;
                  });
  return json.end_array().field("next", next).field("more", has_more).end_object().take();
}

}  // namespace ftok
