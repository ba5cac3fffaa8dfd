#include "tools/ftok/corpus_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "core/error.h"
#include "core/json.h"
#include "core/recipe.h"
#include "core/shown.h"
#include "crawl/input_format.h"
#include "pipeline/inputs.h"
#include "pipeline/make_plan.h"
#include "pipeline/recipe_config.h"
#include "tools/ftok/stage_context.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

constexpr uint64_t kMemoryMin = uint64_t{256} << 20;
constexpr uint64_t kMemoryBeside = uint64_t{96} << 20;  // the program, and the pieces of text under way

// The format of a file; what can be read only once is looked at when it is read.
std::string format_of(const CorpusFlags& flags, const std::string& path) {
  if (flags.format != "auto" || !can_be_read_again(path)) return flags.format;
  SourceOptions options;
  options.text_key = flags.text_key;
  return tell_input_format(open_file_source(path), options).name;
}

bool is_archive(const std::string& format) { return format == "warc" || format == "wet"; }

std::unique_ptr<Plan> make_recipe_plan(const CorpusFlags& flags) {
  const Log log = stderr_log(flags.quiet);
  const RecipeConfig recipe = load_recipe(flags.recipe, flags.recipe_sets, log);
  PlanOptions options;
  options.context = stage_context();
  auto plan = std::make_unique<Plan>(make_plan(recipe, options));
  for (const std::string& note : plan->notes) log(LogLevel::kWarning, note);
  return plan;
}

// All that decides the counts.
std::string key_of(const CorpusFlags& flags, const PretokenPattern& pattern, const std::vector<uint64_t>& weights,
                   const std::string& recipe) {
  JsonWriter json;
  json.begin_object().field("pattern", pattern.text()).field("text_key", flags.text_key).field("recipe", recipe);
  json.key("inputs").begin_array();
  for (size_t i = 0; i < flags.files.size(); ++i) {
    const InputState state = state_of(flags.files[i]);
    json.begin_array()
        .value(escape_bytes(flags.files[i]))
        .value(state.bytes)
        .value(state.modified_ns)
        .value(weights[i]);
    json.value(format_of(flags, flags.files[i])).end_array();
  }
  json.end_array().end_object();
  return sha256_hex(json.text());
}

}  // namespace

void CorpusFlags::add_weights_to(CLI::App& command, bool may_be_fractions) {
  command
      .add_option(
          "--weight", weights,
          may_be_fractions
              ? "FILE=W: what FILE holds counts W times, such as 3 or 0.25 (repeatable)"
              : "FILE=W: what FILE holds counts W times, a whole number: counts files hold whole counts (repeatable)")
      ->type_name("FILE=W")
      ->allow_extra_args(false);
}

void CorpusFlags::add_to(CLI::App& command, bool may_be_fractions) {
  command.add_option(
      "--pattern", pattern,
      "Pattern that cuts texts into pretokens: a name, or a regular expression in RE2's syntax; default cl100k");
  command.add_option("--text-key", text_key, "JSON: key of the text; CSV, TSV and Parquet: its column")
      ->capture_default_str();
  command.add_option("--format", format, "Format of the files; auto looks at their first bytes")
      ->check(CLI::IsMember(input_format_names()))
      ->capture_default_str();
  command.add_option("--recipe", recipe,
                     "For WARC files: count the documents that pass this recipe's stages (no deduplication)");
  command.add_option("--set", recipe_sets, "Override a key of the recipe; repeatable")
      ->type_name("SECTION.KEY=VALUE")
      ->allow_extra_args(false);
  add_weights_to(command, may_be_fractions);
  command.add_option("-j,--threads", threads, "Counting threads; 0: all cores")->capture_default_str()->type_name("N");
  command.add_option("--memory", memory, "Memory limit; counts that do not fit go to disk (K, M, G)")
      ->capture_default_str()
      ->type_name("SIZE");
  command.add_option("--temporary", temporary, "Folder for counts that do not fit; default: the output's")
      ->type_name("DIR");
  command
      .add_option("--checkpoint", checkpoint,
                  "Folder for the state that a stopped run resumes from; created if missing")
      ->type_name("DIR");
  command.add_option("--checkpoint-every", checkpoint_every, "Amount of text between two checkpoints")
      ->capture_default_str()
      ->type_name("SIZE");
  command.add_flag("--json", json, "Print the result as one JSON object");
  command.add_flag("-q,--quiet", quiet, "No progress, no notes");
}

PretokenPattern parse_pattern(const std::string& flag) {
  try {
    return PretokenPattern::parse(flag);
  } catch (const UsageError& error) {
    throw UsageError(std::string("--") + error.what());
  }
}

namespace {

constexpr uint64_t kWeightUnits = 10000;  // four places behind the point
constexpr size_t kWeightDigitsMax = 6, kWeightPlacesMax = 4;

// `text` in units of 1 / kWeightUnits; 0 when it is not a weight.
uint64_t parse_weight(std::string_view text) {
  const size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point)), places(point < text.size() ? text.substr(point + 1) : "");
  const bool has_others = (digits + places).find_first_not_of("0123456789") != std::string::npos;
  if (has_others || digits.size() + places.size() == 0 || digits.size() > kWeightDigitsMax ||
      places.size() > kWeightPlacesMax)
    return 0;
  places.resize(kWeightPlacesMax, '0');
  return std::stoull("0" + digits + places);
}

}  // namespace

Weights weights_of(const std::vector<std::string>& files, const std::vector<std::string>& weights) {
  std::vector<uint64_t> units(files.size(), kWeightUnits);
  for (const std::string& weight : weights) {
    const size_t equals = weight.rfind('=');
    const std::string file = weight.substr(0, equals);
    const uint64_t value = equals == std::string::npos ? 0 : parse_weight(std::string_view(weight).substr(equals + 1));
    if (value == 0) throw UsageError(fmt::format("--weight {}: expected FILE=W, W from 0.0001 to 999999.9999", weight));
    bool is_there = false;
    for (size_t i = 0; i < files.size(); ++i) {
      if (files[i] != file) continue;
      units[i] = value;
      is_there = true;
    }
    if (!is_there) throw UsageError(fmt::format("--weight {}: {} is not among the files", weight, file));
  }
  uint64_t common = kWeightUnits;
  for (const uint64_t value : units) common = std::gcd(common, value);
  for (uint64_t& value : units) value /= common;
  return {units, kWeightUnits / common};
}

std::vector<uint64_t> whole_weights_of(const std::vector<std::string>& files, const std::vector<std::string>& weights) {
  const Weights all = weights_of(files, weights);
  if (all.scale == 1) return all.times;
  throw UsageError(
      "--weight: a counts file holds whole counts; give weights with a fraction to `ftok vocab train`, or whole "
      "numbers "
      "in the same proportion");
}

uint64_t memory_of(const CorpusFlags& flags) {
  const auto bytes = static_cast<uint64_t>(parse_size(flags.memory, true, "--memory"));
  if (bytes < kMemoryMin) throw UsageError(fmt::format("--memory {}: at least 256M", flags.memory));
  return bytes;
}

CountedCorpus count_corpus(const CorpusFlags& flags, const std::vector<uint64_t>& weights,
                           const PretokenPattern& pattern, const std::string& output) {
  if (!flags.temporary.empty()) refuse_address(flags.temporary);  // also where nothing needs it
  CorpusCountOptions options;
  options.threads = flags.threads;
  options.text_key = flags.text_key;
  options.quiet = flags.quiet;
  options.log = stderr_log(flags.quiet);
  std::vector<CorpusInput> inputs;
  for (size_t i = 0; i < flags.files.size(); ++i) {
    CorpusInput input{flags.files[i], format_of(flags, flags.files[i]), weights[i]};
    if (input.format == "text")
      input.format = flags.format;  // what was told is told again, and looked at as it is read
    (is_archive(input.format) ? options.warcs : inputs).push_back(input);
  }
  std::unique_ptr<Plan> plan;
  if (!options.warcs.empty()) {
    if (flags.recipe.empty()) {
      throw UsageError(fmt::format("{}: a WARC file needs --recipe (`ftok recipe list`)", options.warcs[0].path));
    }
    plan = make_recipe_plan(flags);
    options.plan = plan.get();
  }
  CountedCorpus counted;
  CorpusCounterOptions counter_options{
      .memory_bytes = memory_of(flags) - kMemoryBeside, .folder = flags.temporary, .keeps_runs = false};
  if (counter_options.folder.empty() && follow_output(output).is_stream) {
    counter_options.folder = std::filesystem::temp_directory_path().string();
  }
  if (counter_options.folder.empty()) counter_options.folder = std::filesystem::path(output).parent_path().string();
  if (counter_options.folder.empty()) counter_options.folder = ".";
  if (!flags.checkpoint.empty()) {
    const std::string key = key_of(flags, pattern, weights, plan != nullptr ? plan->recipe : "");
    counted.checkpoint = std::make_unique<TrainCheckpoint>(flags.checkpoint, key);
    options.checkpoint = counted.checkpoint.get();
    options.checkpoint_bytes = static_cast<uint64_t>(parse_size(flags.checkpoint_every, true, "--checkpoint-every"));
    counter_options.folder = flags.checkpoint;
    counter_options.keeps_runs = true;
  }
  CorpusReader reader(inputs, flags.text_key, pattern.has_sure_cuts());
  counted.counter = std::make_unique<CorpusCounter>(pattern, counter_options);
  counted.report = ftok::count_corpus(reader, *counted.counter, options);
  if (const uint64_t empty = counted.report.empty_documents; empty > 0 && !flags.quiet)
    note("ftok: {} {} of white space alone left out\n", empty, empty == 1 ? "document" : "documents");
  return counted;
}

std::vector<std::unique_ptr<CountsReader>> open_counts(const std::vector<std::string>& files) {
  std::vector<std::unique_ptr<CountsReader>> readers;
  for (const std::string& file : files) {
    readers.push_back(std::make_unique<CountsReader>(file));
    const CountsHeader &first = readers.front()->header(), &header = readers.back()->header();
    if (header == first) continue;
    const auto told = [](const CountsHeader& h) {
      return fmt::format("{} of Unicode {}", h.pattern == pattern_name(Pattern::kOwn) ? h.pattern_text : h.pattern,
                         h.unicode);
    };
    throw Error(fmt::format("{} was counted with pattern {}, {} with {}: they cannot be added up", file, told(header),
                            files[0], told(first)));
  }
  return readers;
}

}  // namespace ftok::cli
