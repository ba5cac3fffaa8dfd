// `ftok filter`: the quality stages of a recipe over JSONL texts, one line of JSON out a document.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/json.h"
#include "core/stage.h"
#include "filters/c4.h"
#include "filters/fineweb.h"
#include "filters/gopher_quality.h"
#include "filters/gopher_repetition.h"
#include "tools/ftok/commands.h"

namespace ftok::cli {
namespace {

constexpr char kExamples[] = R"(Examples:
  ftok filter --recipe fineweb-head docs.jsonl              first reason to drop, or "keep"
  ftok filter --recipe fineweb-head --each docs.jsonl       what each filter alone says of the original text
  ftok filter --stages c4,fineweb --measure docs.jsonl      every rule's value
A line of input is {"text": ..., "id": ...}; "id" may be missing. "-" reads standard input.)";

constexpr size_t kLineBytesMax = size_t{256} << 20;

struct FilterArguments {
  std::string recipe = "fineweb-2024-04";
  std::vector<std::string> stages;
  bool each = false;
  bool measure = false;
  std::vector<std::string> files;
};

using Stages = std::vector<std::unique_ptr<Stage>>;

template <typename StageType, typename Options>
void add_stage(Stages& stages, bool head) {
  stages.push_back(std::make_unique<StageType>(head ? Options::head() : Options()));
}

// The stages asked for, in the recipe's order.
Stages make_stages(const FilterArguments& arguments) {
  const bool head = arguments.recipe == "fineweb-head";
  Stages stages;
  add_stage<GopherRepetition, GopherRepetitionOptions>(stages, head);
  add_stage<GopherQuality, GopherQualityOptions>(stages, head);
  add_stage<C4, C4Options>(stages, head);
  add_stage<FineWeb, FineWebOptions>(stages, head);
  if (arguments.stages.empty()) return stages;
  const auto asked = [&](std::string_view name) {
    return std::find(arguments.stages.begin(), arguments.stages.end(), name) != arguments.stages.end();
  };
  std::string names;
  for (const auto& stage : stages) names += (names.empty() ? "" : ", ") + std::string(stage->name());
  for (const std::string& name : arguments.stages) {
    const bool known = std::any_of(stages.begin(), stages.end(), [&](const auto& s) { return s->name() == name; });
    if (!known) throw UsageError(fmt::format("--stages: no stage \"{}\", expected some of {}", name, names));
  }
  stages.erase(std::remove_if(stages.begin(), stages.end(), [&](const auto& s) { return !asked(s->name()); }),
               stages.end());
  return stages;
}

void write_verdict(JsonWriter& json, const Verdict& verdict) {
  json.field("outcome", verdict.kept() ? "keep" : verdict.reason);
  if (!verdict.kept()) json.field("value", verdict.value).field("threshold", verdict.threshold);
}

void write_measurements(JsonWriter& json, const Report& report) {
  json.key("measurements").begin_array();
  for (const Measurement& m : report.measurements) {
    json.begin_object().field("rule", m.rule).field("relation", m.relation).field("value", m.value);
    json.field("threshold", m.threshold).field("drops", m.drops).end_object();
  }
  json.end_array();
}

void judge_each(const Stages& stages, const std::string& text, JsonWriter& json) {
  Document document;
  for (const auto& stage : stages) {
    document.text = text;
    const Verdict verdict = stage->process(document);
    json.field(stage->name(), verdict.kept() ? "keep" : verdict.reason);
  }
}

// Stage after stage, until one drops the document; with measurements to the end.
void judge_chain(const Stages& stages, std::string text, bool measure, JsonWriter& json) {
  Document document;
  document.text = std::move(text);
  Report report;
  Verdict first;
  for (const auto& stage : stages) {
    const Verdict verdict = stage->process(document, measure ? &report : nullptr);
    if (first.kept()) first = verdict;
    if (!verdict.kept() && !measure) break;
  }
  write_verdict(json, first);
  if (measure) write_measurements(json, report);
}

void judge_line(simdjson::dom::parser& parser, const std::string& line, const std::string& where, uint64_t number,
                const Stages& stages, const FilterArguments& arguments) {
  simdjson::dom::element document;
  std::string_view text, id;
  if (parser.parse(line).get(document) != simdjson::SUCCESS || document["text"].get(text) != simdjson::SUCCESS) {
    throw Error(fmt::format("{}:{}: not a JSON object with a string \"text\"", where, number));
  }
  JsonWriter json;
  json.begin_object();
  if (document["id"].get(id) == simdjson::SUCCESS) json.field("id", id);
  if (arguments.each) {
    judge_each(stages, std::string(text), json);
  } else {
    judge_chain(stages, std::string(text), arguments.measure, json);
  }
  json.end_object();
  const std::string out = json.take() + '\n';
  std::fwrite(out.data(), 1, out.size(), stdout);
}

void filter_file(const std::string& path, const Stages& stages, const FilterArguments& arguments) {
  const std::unique_ptr<ByteSource> source = open_file_source(path);
  simdjson::dom::parser parser;
  std::string pending, line;
  std::vector<char> block(size_t{1} << 20);
  uint64_t number = 0;
  const auto take = [&](std::string_view bytes) {
    line.assign(bytes);
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) return;
    judge_line(parser, line, source->name(), number, stages, arguments);
  };
  while (const size_t size = source->read(block.data(), block.size())) {
    std::string_view bytes(block.data(), size);
    for (size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
      pending.append(bytes.substr(0, end));
      take(pending);
      pending.clear();
      bytes.remove_prefix(end + 1);
    }
    pending.append(bytes);
    if (pending.size() > kLineBytesMax) {
      throw Error(fmt::format("{}:{}: the line is longer than {} bytes", source->name(), number + 1, kLineBytesMax));
    }
  }
  if (!pending.empty()) take(pending);
}

}  // namespace

void add_filter_command(CLI::App& app) {
  const auto arguments = std::make_shared<FilterArguments>();
  CLI::App* command = app.add_subcommand("filter", "Judge JSONL texts by the quality filters");
  command->add_option("--recipe", arguments->recipe, "Preset whose rules to use")
      ->check(CLI::IsMember({"fineweb-2024-04", "fineweb-head"}))
      ->capture_default_str();
  command->add_option("--stages", arguments->stages, "Only these, comma-separated: gopher_repetition, gopher_quality, c4, fineweb")
      ->delimiter(',');
  auto* each = command->add_flag("--each", arguments->each, "Each filter alone, on the original text");
  command->add_flag("--measure", arguments->measure, "Every rule's value; stages go on after a drop")->excludes(each);
  command->add_option("FILE", arguments->files, "JSONL with a \"text\" a line; - is standard input")->required();
  command->footer(kExamples);
  command->callback([arguments] {
    const Stages stages = make_stages(*arguments);
    for (const std::string& file : arguments->files) filter_file(file, stages, *arguments);
  });
}

}  // namespace ftok::cli
