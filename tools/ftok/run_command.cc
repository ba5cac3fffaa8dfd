// `ftok run`: WARC files in, token shards out.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/live_area.h"
#include "core/recipe.h"
#include "core/refuse_to_overwrite.h"
#include "core/shown.h"
#include "core/signals.h"
#include "pipeline/make_plan.h"
#include "pipeline/measure_inputs.h"
#include "pipeline/run.h"
#include "pipeline/whatif.h"
#include "shards/record_file.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/earlier_places.h"
#include "tools/ftok/fetch_flags.h"
#include "tools/ftok/output_place.h"
#include "tools/ftok/run_flags.h"
#include "tools/ftok/stage_context.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

struct RunCommandFlags {
  RunFlags run;
  OutputFlags output;
  std::string memory = "1G", measure, progress_json, failed_inputs_max;
  std::string only, task;
  uint64_t threads = 0;
  FetchFlags fetch;
  bool json = false, quiet = false;
};

void add_flags(CLI::App& command, RunCommandFlags& flags) {
  flags.run.add_inputs(command);
  flags.output.add_to(command, "Folder of the result, or s3://BUCKET/PREFIX; a run that was stopped continues there");
  flags.run.add_recipe(command);
  command.add_option("-j,--threads", flags.threads, "Threads; 0: all cores")->capture_default_str()->type_name("N");
  command
      .add_option("--memory", flags.memory,
                  "Memory limit for documents in flight (K, M, G); the index has dedup.memory")
      ->capture_default_str()
      ->type_name("SIZE");
  flags.run.add_written(command);
  command
      .add_option("--max-failed-inputs", flags.failed_inputs_max,
                  "End the run when more inputs than this fail; default: no limit, but exit code 65 when any does")
      ->type_name("N");
  command
      .add_option("--only", flags.only,
                  "One half of the run: extract (inputs to candidates, by any number of processes that share the "
                  "folder) or commit (candidates to shards, by one); see docs/executors.md")
      ->type_name("HALF");
  command
      .add_option("--task", flags.task,
                  "With --only extract: every N-th input of the list from the I-th, from 0; default: 0/1")
      ->type_name("I/N");
  flags.fetch.add_to(command);
  command
      .add_option(
          "--measure", flags.measure,
          "Only write every rule's value for every document to FILE and drop nothing: JSON lines, with the recipe "
          "in FILE.recipe.toml, which `ftok whatif FILE` reads; or a table where FILE is named .parquet")
      ->type_name("FILE");
  command.add_option("--progress-json", flags.progress_json, "Append progress reports to FILE (JSON lines)")
      ->type_name("FILE");
  command.add_flag("--json", flags.json, "Print the result as one JSON object");
  command.add_flag("-q,--quiet", flags.quiet, "Warnings only: no progress, no information, no funnel");
}

void measure(const RunCommandFlags& flags, const std::vector<std::string>& inputs, const RecipeConfig& recipe,
             const FetchOptions& fetch, const Log& log) {
  refuse_measures_name(flags.measure);
  PlanOptions plan_options;
  plan_options.context = stage_context(flags.run.language_model);
  const Plan plan = make_plan(recipe, plan_options);
  for (const std::string& note : plan.notes) log(LogLevel::kWarning, note);
  const RunResult result =
      measure_inputs(inputs, plan, recipe_text(recipe, false), flags.measure, flags.threads, fetch, log);
  if (flags.json) return print_out(funnel_json(result) + "\n");
  if (flags.quiet) return;
  print_report(funnel_text(result, terminal_size(stdout).columns));
  // Every document is measured by itself; which of them repeat others is known when all are.
  if (plan.dedup.scope != "off" && result.tally.kept > 0) {
    const bool can_replay = std::filesystem::is_regular_file(recipe_path_of_measures(flags.measure));
    print_out("\nkept is counted before deduplication" +
              (can_replay ? fmt::format("; `ftok whatif {}` shows what a run keeps\n", printable(flags.measure))
                          : std::string(", which a run does\n")));
  }
}

void refuse_outputs_over_inputs(const RunCommandFlags& flags, const std::vector<std::string>& inputs) {
  const RunFlags& run = flags.run;
  for (const std::vector<std::string>& read :
       {inputs, run.inputs.input_lists, {run.recipe, run.vocabulary, run.language_model}}) {
    refuse_to_overwrite("--measure", flags.measure, read);
    if (!flags.measure.empty()) refuse_to_overwrite("--measure", recipe_path_of_measures(flags.measure), read);
    refuse_to_overwrite("--progress-json", flags.progress_json, read);
  }
}

RunOptions run_options(const RunCommandFlags& flags, const std::string& output, const FetchOptions& fetch,
                       std::vector<std::string> inputs) {
  RunOptions options;
  options.inputs = std::move(inputs);
  options.output = output;
  options.threads = flags.threads;
  options.memory = static_cast<uint64_t>(parse_size(flags.memory, true, "--memory"));
  options.rejects = parse_rejects(flags.run.rejects);
  options.text = !flags.run.no_text;
  if (!flags.failed_inputs_max.empty()) {
    options.failed_inputs_max =
        static_cast<uint64_t>(parse_size(flags.failed_inputs_max, false, "--max-failed-inputs"));
  }
  options.fetch = fetch;
  options.quiet = flags.quiet;
  options.progress_json = flags.progress_json;
  return options;
}

void print_extracted(const ExtractedShare& result, bool as_json) {
  if (!as_json) {
    print_out(fmt::format("{} inputs: {} extracted, {} were there already, {} given up\n", result.inputs,
                          result.inputs - result.there_already - result.quarantined.size(), result.there_already,
                          result.quarantined.size()));
    return;
  }
  JsonWriter json;
  json.begin_object().field("inputs", result.inputs).field("there_already", result.there_already);
  json.key("quarantined").begin_array();
  for (const std::string& input : result.quarantined) json.value(input);
  json.end_array().end_object();
  print_out(json.take() + "\n");
}

void check_halves(const RunCommandFlags& flags) {
  if (!flags.only.empty() && flags.only != "extract" && flags.only != "commit") {
    throw UsageError(fmt::format("--only: got '{}', expected extract or commit", flags.only));
  }
  if (!flags.only.empty() && !flags.measure.empty()) throw UsageError("--only and --measure exclude each other");
  if (!flags.task.empty() && flags.only != "extract") throw UsageError("--task: needs --only extract");
  if (!flags.only.empty() && is_s3_address(flags.output.output)) {
    throw UsageError("--only: needs a folder that the processes share, got --output " + flags.output.output);
  }
}

// The result is whole without them, but whoever reads nothing except the exit code must not take it for that of all
// inputs.
void refuse_given_up(const RunCommandFlags& flags, const std::vector<std::string>& given_up, size_t inputs) {
  if (given_up.empty() || !flags.failed_inputs_max.empty()) return;
  throw Error(fmt::format("{} of {} inputs given up, the first {}; --max-failed-inputs N says how many may be",
                          given_up.size(), inputs, given_up.front()),
              kGivenUpExitCode);
}

// Where things lie, and what one would do with them.
void print_next(const RunCommandFlags& flags, const Plan& plan, const RunResult& result) {
  const std::string& output = flags.output.output;
  const std::string_view ending = records_ending(plan.texts.format);
  if (!flags.run.no_text) note("ftok: kept texts: {}/parts/*.text{}\n", output, ending);
  if (flags.run.rejects != "none")
    note("ftok: dropped documents, with their reasons: {}/parts/*.rejects{}\n", output, ending);
  if (result.shards.empty() || is_s3_address(output)) return;
  note(
      "ftok: next: `ftok shards verify {0}`, `ftok train --data {0} -o model`, `ftok card {0}` before it is uploaded\n",
      output);
}

void run_planned(const RunCommandFlags& flags, const RunOptions& options, const Share& share, const Plan& plan,
                 OutputPlace& place, const Log& log) {
  if (flags.only == "extract") {
    const ExtractedShare extracted = extract_share(options, share, plan, log);
    print_extracted(extracted, flags.json);
    return refuse_given_up(flags, extracted.quarantined, extracted.inputs);
  }
  const RunResult result = flags.only == "commit" ? commit(options, plan, log) : run(options, plan, log);
  place.publish();
  if (flags.json) {
    print_out(funnel_json(result) + "\n");
  } else if (!flags.quiet) {
    print_report(funnel_text(result, terminal_size(stdout).columns));
    for (const std::string& shard : result.shards) print_text(fmt::format("{}/{}\n", flags.output.output, shard));
  }
  if (!flags.quiet && !flags.json) print_next(flags, plan, result);
  refuse_given_up(flags, result.quarantined, options.inputs.size());
}

void run_command(const RunCommandFlags& flags) {
  const Log log = stderr_log(flags.quiet);
  if (flags.output.output.empty() && flags.measure.empty())
    throw UsageError("--output: missing, expected a folder for the result");
  check_halves(flags);
  const Share share = flags.task.empty() ? Share{} : parse_share(flags.task, "--task");
  const RecipeConfig recipe = flags.run.recipe_config(log);
  const FetchOptions fetch = flags.fetch.options();
  const std::vector<std::string> inputs = flags.run.list();
  refuse_outputs_over_inputs(flags, inputs);
  catch_stop_signals();
  if (!flags.measure.empty()) return measure(flags, inputs, recipe, fetch, log);
  OutputPlace place(flags.output, fetch, log);
  const RunOptions options = run_options(flags, place.folder(), fetch, inputs);
  if (const uint64_t least = run_memory_min(recipe); options.memory < least) {
    throw UsageError(
        fmt::format("--memory {}: at least {}M, 32 times the largest record that the recipe reads "
                    "(input.record_bytes_max, http.body_bytes_max)",
                    flags.memory, (least + (1 << 20) - 1) >> 20));
  }
  const EarlierPlaces against(flags.run.against, EarlierPlaces::Keys::kWhole);
  against.named([&] {
    const Plan plan = load_plan(
        recipe, {flags.run.vocabulary, flags.run.language_model, against.folders(), options.rejects, options.text});
    run_planned(flags, options, share, plan, place, log);
  });
}

}  // namespace

void add_run_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("run", "Turn WARC files into token shards");
  const auto flags = std::make_shared<RunCommandFlags>();
  add_flags(*command, *flags);
  command->footer(
      "Examples:\n"
      "  ftok run --input 'crawl/*.warc.gz' --output out --vocab gpt2\n"
      "  ftok run --recipe fineweb-datatrove-0.10 --input-list warc.paths.gz --slice 3/100 --output out-3\n"
      "  ftok run --input pages.jsonl.zst --output out --set 'language.languages={de=0.65}'\n"
      "  ftok run --only extract --task 3/8 --input-list warc.paths.gz --output out    # one of eight processes\n"
      "  ftok run --only commit --input-list warc.paths.gz --output out                # then once\n"
      "A run that was stopped or killed, or whose input list has grown, continues when the same command is given "
      "again.");
  command->callback([flags] { run_command(*flags); });
}

}  // namespace ftok::cli
