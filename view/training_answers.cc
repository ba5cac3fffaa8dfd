// What the page of a training run asks for: the columns of log.jsonl from a place on, and the samples of samples.jsonl.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "core/byte_source.h"
#include "core/file.h"
#include "core/json.h"
#include "view/view_answers.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLogBytesMax = uint64_t{256} << 20;
constexpr uint64_t kSamplesFileBytesMax = uint64_t{8} << 20;
constexpr size_t kPointsMax = 4000;       // of a curve; a screen has no more columns
constexpr size_t kSamplesMax = 200;       // the last ones
constexpr size_t kSampleBytesMax = 4096;  // of a sample
constexpr const char* kColumns[] = {"loss",  "norm",   "lr",       "tokens_per_second", "reward",
                                    "truth", "length", "accuracy", "divergence"};
// What is measured of problems or rankings held out, at some steps.
constexpr const char* kHeldOut[] = {"held_out", "held_out_truth", "held_out_length", "held_out_accuracy"};

// The whole lines of a file from byte `from` on; a line that is still being written is left for the next time.
std::string lines_from(const std::string& path, uint64_t from, uint64_t bytes_max) {
  std::error_code code;
  const uint64_t size = fs::file_size(path, code);
  if (code || from >= size) return "";
  const auto source = open_file_source(path);
  std::string block(1 << 16, '\0'), text;
  for (uint64_t left = from; left > 0;) {
    const size_t got = source->read(block.data(), std::min<uint64_t>(left, block.size()));
    if (got == 0) return "";
    left -= got;
  }
  while (text.size() < bytes_max) {
    const size_t got = source->read(block.data(), block.size());
    if (got == 0) break;
    text.append(block, 0, got);
  }
  text.erase(text.rfind('\n') + 1);
  return text;
}

// Calls `visit` for each line that is an object with a step; others are passed over.
void for_each_line(const std::string& text, const std::function<void(simdjson::dom::element, double step)>& visit) {
  simdjson::dom::parser parser;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    simdjson::dom::element line;
    double step = 0;
    if (parser.parse(text.data() + at, end - at).get(line) == simdjson::SUCCESS &&
        line["step"].get_double().get(step) == simdjson::SUCCESS)
      visit(line, step);
    at = end + 1;
  }
}

struct Row {
  double step = 0;
  double values[std::size(kColumns)];
};

void write_columns(JsonWriter& json, const std::vector<Row>& rows) {
  const size_t stride = (rows.size() + kPointsMax - 1) / kPointsMax;
  json.key("columns").begin_object().key("step").begin_array();
  for (size_t i = 0; i < rows.size(); i += std::max<size_t>(1, stride)) json.value(rows[i].step);
  json.end_array();
  for (size_t column = 0; column < std::size(kColumns); ++column) {
    bool is_there = false;
    for (const Row& row : rows) is_there = is_there || std::isfinite(row.values[column]);
    if (!is_there) continue;
    json.key(kColumns[column]).begin_array();
    for (size_t i = 0; i < rows.size(); i += std::max<size_t>(1, stride)) {  // the mean of the stretch
      double sum = 0, count = 0;
      for (size_t j = i; j < std::min(rows.size(), i + std::max<size_t>(1, stride)); ++j) {
        if (std::isfinite(rows[j].values[column])) sum += rows[j].values[column], count += 1;
      }
      json.value(count > 0 ? sum / count : NAN);
    }
    json.end_array();
  }
  json.end_object();
}

struct HeldOut {
  const char* name;
  double step, value;
};

// {"held_out": [[step, value], ...], ...}: those that are there.
void write_held_out(JsonWriter& json, const std::vector<HeldOut>& values) {
  json.key("held_out").begin_object();
  for (const char* const name : kHeldOut) {
    bool begins = true;
    for (const HeldOut& one : values) {
      if (one.name != name) continue;
      if (std::exchange(begins, false)) json.key(name).begin_array();
      json.begin_array().value(one.step).value(one.value).end_array();
    }
    if (!begins) json.end_array();
  }
  json.end_object();
}

void write_samples(JsonWriter& json, const std::string& path) {
  std::vector<std::string> samples;
  for_each_line(lines_from(path, 0, kSamplesFileBytesMax), [&](simdjson::dom::element line, double step) {
    std::string_view text;
    if (line["text"].get(text) != simdjson::SUCCESS && line["answer"].get(text) != simdjson::SUCCESS) return;
    JsonWriter sample;
    samples.push_back(
        sample.begin_object().field("step", step).field("text", text.substr(0, kSampleBytesMax)).end_object().take());
  });
  json.key("samples").begin_array();
  for (size_t i = samples.size() > kSamplesMax ? samples.size() - kSamplesMax : 0; i < samples.size(); ++i)
    json.raw(samples[i]);
  json.end_array();
}

}  // namespace

std::string training_answer(const std::string& folder, uint64_t from) {
  const std::string text = lines_from(folder + "/log.jsonl", from, kLogBytesMax);
  std::vector<Row> rows;
  std::vector<HeldOut> held_out;
  JsonWriter json;
  json.begin_object().key("validation").begin_array();
  for_each_line(text, [&](simdjson::dom::element line, double step) {
    Row row{.step = step, .values = {}};
    for (size_t column = 0; column < std::size(kColumns); ++column) {
      if (line[kColumns[column]].get_double().get(row.values[column]) != simdjson::SUCCESS) row.values[column] = NAN;
    }
    rows.push_back(row);
    double validation = 0;
    if (line["validation_loss"].get_double().get(validation) == simdjson::SUCCESS)
      json.begin_array().value(step).value(validation).end_array();
    for (const char* const name : kHeldOut) {
      if (line[name].get_double().get(validation) == simdjson::SUCCESS) held_out.push_back({name, step, validation});
    }
  });
  json.end_array();
  write_held_out(json, held_out);
  json.field("next", from + text.size());
  write_columns(json, rows);
  write_samples(json, folder + "/samples.jsonl");
  return json.end_object().take();
}

}  // namespace ftok
