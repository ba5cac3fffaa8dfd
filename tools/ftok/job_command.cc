// `ftok plan`, `ftok task`, `ftok status`, `ftok resubmit`, `ftok job`: a run in tasks, for any number of machines.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <thread>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/recipe.h"
#include "core/signals.h"
#include "pipeline/inputs.h"
#include "pipeline/job.h"
#include "pipeline/progress.h"
#include "pipeline/run.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/earlier_places.h"
#include "tools/ftok/fetch_flags.h"
#include "tools/ftok/job_place.h"
#include "tools/ftok/number_flags.h"
#include "tools/ftok/number_ranges.h"
#include "tools/ftok/run_flags.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

namespace fs = std::filesystem;

struct PlanFlags {
  RunFlags run;
  std::string output;
  std::optional<uint64_t> tasks;
  uint64_t ranges = 0;
  bool json = false, quiet = false;
};

void plan(const PlanFlags& flags) {
  const Log log = stderr_log(flags.quiet);
  if (flags.output.empty()) throw UsageError("--output: missing, expected a folder for the job");
  if (!flags.tasks) throw UsageError("--tasks: missing, expected how many tasks the inputs are divided into");
  if (*flags.tasks < 1 || *flags.tasks > kJobTasksMax)
    throw UsageError(fmt::format("--tasks: got {}, expected 1 to {}", *flags.tasks, kJobTasksMax));
  if (flags.ranges > kJobTasksMax)
    throw UsageError(fmt::format("--ranges: got {}, expected 0 to {}", flags.ranges, kJobTasksMax));
  RecipeConfig recipe = flags.run.recipe_config(log);
  JobOptions options;
  options.inputs = flags.run.list();
  options.output = flags.output;
  options.vocabulary = flags.run.vocabulary;
  options.language_model = flags.run.language_model;
  options.rejects = parse_rejects(flags.run.rejects);
  options.text = !flags.run.no_text;
  options.tasks = *flags.tasks;
  options.ranges = flags.ranges;
  for (const std::string& folder : flags.run.against) options.against.push_back(absolute_place(folder));
  const EarlierPlaces against(options.against, EarlierPlaces::Keys::kEnds);
  const EarlierByCorpus earlier = against.keys_files(recipe);
  const Plan plan = load_plan(recipe, {options.vocabulary, options.language_model, against.folders(), options.rejects,
                                       options.text, "", &earlier});
  for (const std::string& note : plan.notes) log(LogLevel::kWarning, note);
  const JobPlace place(flags.output, "", fetch_options_of_environment(), log);
  options.store = place.store();
  const JobManifest manifest = place.named([&] { return plan_job(options, std::move(recipe), plan); });
  if (flags.json) {
    JsonWriter json;
    json.begin_object().field("inputs", static_cast<uint64_t>(manifest.inputs.size())).key("passes").begin_array();
    for (const std::string_view pass : kPasses) {
      if (all_tasks(manifest, pass) == 0) continue;
      json.begin_object().field("name", pass).field("tasks", all_tasks(manifest, pass)).end_object();
    }
    print_out(json.end_array().end_object().take() + "\n");
    return;
  }
  print_out(fmt::format("{} inputs; the passes and their tasks, in order:\n", manifest.inputs.size()));
  for (const std::string_view pass : kPasses) {
    if (all_tasks(manifest, pass) == 0) continue;
    print_text(fmt::format("  ftok task {} {} 0..{}\n", flags.output, pass, all_tasks(manifest, pass) - 1));
  }
}

struct TaskFlags {
  std::string job, work, pass, index, memory = "1G";
  uint64_t threads = 0;
  FetchFlags fetch;
  bool all = false, retry = false, json = false, quiet = false;
};

// The index as given, else as the scheduler's environment has it.
uint64_t index_of(const TaskFlags& flags) {
  std::string text = flags.index, from = "INDEX";
  for (const char* name : {"SLURM_ARRAY_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX", "JOB_COMPLETION_INDEX"}) {
    const char* value = std::getenv(name);
    if (!text.empty() || value == nullptr) continue;
    text = value;
    from = name;
  }
  if (text.empty()) {
    throw UsageError(
        "INDEX: missing, and none of SLURM_ARRAY_TASK_ID, AWS_BATCH_JOB_ARRAY_INDEX and JOB_COMPLETION_INDEX is set");
  }
  uint64_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw UsageError(fmt::format("{}: got '{}', expected the number of a task, from 0", from, text));
  }
  return index;
}

// What a task of the pass needs of the plan; of all passes: "".
PlanPart part_of(std::string_view pass) {
  if (pass == "extract") return PlanPart::kExtraction;
  if (pass == "commit" || pass == "cut") return PlanPart::kCommit;
  return pass.empty() || pass == "finish" ? PlanPart::kAll : PlanPart::kKeys;
}

// The others know from receipts how many earlier documents there are.
bool reads_earlier_keys(const std::string& pass) {
  return pass.empty() || pass == "extract" || pass == "resolve" || pass == "finish";
}

// What the job was planned with, made again here. What cannot be had will not be there at the next attempt either.
Plan plan_of_job(const Job& job, const std::string& pass) {
  try {
    const JobManifest& manifest = job.manifest();
    const bool reads_earlier = reads_earlier_keys(pass);
    const EarlierByCorpus earlier = reads_earlier ? job.earlier() : EarlierByCorpus();
    return load_plan(job.recipe(), {manifest.vocabulary, manifest.language_model,
                                    reads_earlier ? manifest.against : std::vector<std::string>(), job.rejects(),
                                    manifest.text, manifest.corpus, &earlier, part_of(pass)});
  } catch (const Stopped&) {
    throw;
  } catch (const Error& error) {
    throw Error(error.what(), kConfigurationExitCode);
  }
}

// Relative names in the manifest mean what they meant when it was written.
void enter(const JobManifest& manifest) {
  std::error_code code;
  fs::current_path(manifest.folder, code);
  const auto is_relative = [](const JobManifest::Input& input) {
    return !is_address(input.name) && !input.name.starts_with('/');
  };
  // Without relative names there is nothing to find in it: machines that share an object store may share no folder.
  if (code && std::any_of(manifest.inputs.begin(), manifest.inputs.end(), is_relative)) {
    throw Error(
        fmt::format("the folder {}, where the job was planned, is not there: {}", manifest.folder, code.message()),
        kConfigurationExitCode);
  }
}

// Turns what a task throws into the exit codes of the contract (docs/many-machines.md).
template <typename Work>
void by_contract(const Work& work) {
  try {
    work();
  } catch (const UsageError&) {
    throw;
  } catch (const Stopped&) {
    throw Error("stopped; another attempt goes on from here", kTryAgainExitCode);
  } catch (const AccessRefused& error) {
    throw Error(error.what(), kConfigurationExitCode);
  } catch (const Error& error) {
    throw Error(error.what(), error.exit_code() == 1 ? kTryAgainExitCode : error.exit_code());
  } catch (const std::bad_alloc&) {
    throw Error("out of memory", kTryAgainExitCode);
  } catch (const fs::filesystem_error& error) {
    throw Error(fmt::format("cannot use {}: {}", error.path1().string(), error.code().message()), kTryAgainExitCode);
  } catch (const std::system_error& error) {
    throw Error(fmt::format("the system refuses: {}", error.what()), kTryAgainExitCode);
  }
}

void print_done(const TaskFlags& flags, const TaskOptions& options, const TaskResult& result) {
  if (flags.json) {
    JsonWriter json;
    json.begin_object().field("pass", options.pass).field("task", options.task).field("was_done", result.was_done);
    print_out(json.field("quarantined", result.quarantined).end_object().take() + "\n");
  } else {
    print_out(fmt::format("{} {}: {}\n", options.pass, options.task, result.was_done ? "was done already" : "done"));
  }
}

// One task. Returns what to say of inputs that were given up, "" of none.
std::string do_one(const TaskFlags& flags, const TaskOptions& options, const Job& job, const Plan& plan,
                   const Log& log) {
  const TaskResult result = run_task(job, options, plan, log);
  print_done(flags, options, result);
  if (result.quarantined == 0) return "";
  return fmt::format("{} of the task's inputs were given up{}", result.quarantined,
                     result.first_quarantined.empty() ? "" : "; the first: " + result.first_quarantined);
}

const PassStatus* status_of(const JobStatus& status, std::string_view pass) {
  for (const PassStatus& each : status.passes) {
    if (each.name == pass) return &each;
  }
  return nullptr;
}

// The tasks that `ftok resubmit` names, of one pass or of each in turn.
std::string do_all(const TaskFlags& flags, TaskOptions options, const Job& job, const Plan& plan, const Log& log) {
  if (!flags.pass.empty()) all_tasks(job.manifest(), flags.pass);  // refuses one that there is not
  uint64_t given_up = 0, done = 0;
  for (const std::string_view pass : kPasses) {
    if (!flags.pass.empty() && flags.pass != pass) continue;
    options.pass = pass;
    const JobStatus before = job_status(job);
    check_receipts(before);
    const PassStatus* status = status_of(before, pass);
    if (status == nullptr) continue;
    given_up += status->quarantined;
    for (const uint64_t task : status->missing) {
      options.task = task;
      const TaskResult result = run_task(job, options, plan, log);
      print_done(flags, options, result);
      given_up += result.quarantined;
      ++done;
    }
  }
  if (done == 0 && !flags.json) print_out("nothing is missing\n");
  return given_up == 0 ? "" : fmt::format("{} of the job's inputs were given up", given_up);
}

void check_task_flags(const TaskFlags& flags) {
  if (!flags.all && flags.pass.empty()) throw UsageError("PASS: missing; or --all for the tasks of all passes");
  if (flags.all && !flags.index.empty()) throw UsageError("--all: not together with INDEX, which names one task");
  if (flags.all && flags.retry) throw UsageError("--retry-quarantined: names no task of its own; give PASS and INDEX");
}

void task(const TaskFlags& flags) {
  check_task_flags(flags);
  TaskOptions options;
  options.pass = flags.pass;
  options.task = flags.all ? 0 : index_of(flags);
  options.threads = flags.threads;
  options.memory = static_cast<uint64_t>(parse_size(flags.memory, true, "--memory"));
  options.fetch = flags.fetch.options();
  options.retry = flags.retry;
  options.quiet = flags.quiet;
  catch_stop_signals();
  const Log log = stderr_log(flags.quiet);
  by_contract([&] {
    const JobPlace place(absolute_place(flags.job), flags.work, options.fetch, log);
    const Log shown = place.shown(log);
    const std::string given_up = place.named([&] {
      const Job job = place.open(Job::Check::kAll);
      enter(job.manifest());
      if (const uint64_t least = run_memory_min(job.recipe()); options.memory < least) {
        throw UsageError(fmt::format("--memory {}: at least {}M, 32 times the largest record that the recipe reads",
                                     flags.memory, (least + (1 << 20) - 1) >> 20));
      }
      const Plan plan = plan_of_job(job, flags.pass);
      return flags.all ? do_all(flags, options, job, plan, shown) : do_one(flags, options, job, plan, shown);
    });
    if (!given_up.empty()) throw Error(given_up, kGivenUpExitCode);
  });
}

struct StatusFlags {
  std::string job, prometheus;
  double price = 0;
  double every = 10;
  bool json = false, watch = false;
};

void status(const StatusFlags& flags) {
  catch_stop_signals();
  const JobPlace place(flags.job, "", fetch_options_of_environment(), stderr_log(true));
  const Job job = place.named([&] { return place.open(Job::Check::kManifestOnly); });
  while (true) {
    const JobStatus status = place.named([&] { return job_status(job); });
    if (!flags.prometheus.empty()) write_file(flags.prometheus, status_prometheus(status, flags.price));
    print_out(flags.json ? status_json(status, flags.price) : status_text(status, flags.price));
    place.named([&] { check_receipts(status); });
    const bool done = status.passes.back().missing.empty();
    if (!flags.watch || done) return;
    wait_for(std::chrono::milliseconds(static_cast<int64_t>(flags.every * 1000)));
  }
}

struct ResubmitFlags {
  std::string job, pass;
  bool lines = false, json = false;
};

void resubmit(const ResubmitFlags& flags) {
  const JobPlace place(flags.job, "", fetch_options_of_environment(), stderr_log(true));
  JobStatus status = place.named([&] { return job_status(place.open(Job::Check::kManifestOnly)); });
  place.named([&] { check_receipts(status); });
  if (!flags.pass.empty()) {
    std::erase_if(status.passes, [&](const PassStatus& pass) { return pass.name != flags.pass; });
  }
  if (flags.json) {
    JsonWriter json;
    json.begin_object();
    for (const PassStatus& pass : status.passes) {
      json.key(pass.name).begin_array();
      for (const uint64_t task : pass.missing) json.value(task);
      json.end_array();
    }
    print_out(json.end_object().take() + "\n");
    return;
  }
  for (const PassStatus& pass : status.passes) {
    if (!flags.lines && !pass.missing.empty())
      print_out(fmt::format("{} {}\n", pass.name, number_ranges(pass.missing)));
    for (const uint64_t task : flags.lines ? pass.missing : std::vector<uint64_t>()) {
      print_out(fmt::format("{} {}\n", pass.name, task));
    }
  }
}

void clean(const std::string& folder) {
  const JobPlace place(folder, "", fetch_options_of_environment(), stderr_log(true));
  const Cleaned cleaned = place.named([&] { return clean_job(place.open(Job::Check::kManifestOnly)); });
  print_out(fmt::format("{} files of {} removed\n", cleaned.files, bytes_text(static_cast<double>(cleaned.bytes))));
}

void add_plan(CLI::App& app) {
  CLI::App* command = app.add_subcommand("plan", "Plan a job: a run in tasks that any number of machines do");
  const auto flags = std::make_shared<PlanFlags>();
  flags->run.add_inputs(*command);
  command->add_option("-o,--output", flags->output, "Folder of the job and of its result, or s3://BUCKET/PREFIX")
      ->type_name("JOB");
  flags->run.add_recipe(*command);
  flags->run.add_written(*command);
  command->add_option("--tasks", flags->tasks, "How many tasks the inputs are divided into")->type_name("N");
  command->add_option("--ranges", flags->ranges, "Tasks of the pass `group`; 0: by the size of the inputs")
      ->capture_default_str()
      ->type_name("N");
  command->add_flag("--json", flags->json, "Print the passes as one JSON object");
  command->add_flag("-q,--quiet", flags->quiet, "No information, warnings only");
  command->footer(
      "Example:\n"
      "  ftok plan --input-list warc.paths.gz --vocab gpt2 --output job --tasks 1000\n"
      "  for i in $(seq 0 999); do ftok task job extract $i; done    # on any machines, in any order\n"
      "docs/many-machines.md goes on from there.");
  command->callback([flags] { about_job([&] { plan(*flags); }); });
}

void add_task(CLI::App& app) {
  CLI::App* command = app.add_subcommand("task", "Do one task of a job, or all that are missing");
  const auto flags = std::make_shared<TaskFlags>();
  command->add_option("JOB", flags->job, "Folder of the job, or s3://BUCKET/PREFIX")->required();
  command->add_option("PASS", flags->pass, fmt::format("One of {}, in this order", fmt::join(kPasses, ", ")));
  command->add_option("INDEX", flags->index,
                      "The task, from 0; default: SLURM_ARRAY_TASK_ID, AWS_BATCH_JOB_ARRAY_INDEX or "
                      "JOB_COMPLETION_INDEX");
  command->add_flag("--all", flags->all,
                    "Do the tasks that are missing, one after the other: those of PASS, or without PASS of all passes");
  command->add_option("-j,--threads", flags->threads, "Threads; 0: all cores")->capture_default_str()->type_name("N");
  command->add_option("--memory", flags->memory, "Memory limit for documents in flight (K, M, G)")
      ->capture_default_str()
      ->type_name("SIZE");
  command
      ->add_option("--work", flags->work,
                   "With a job in an object store: folder for what the task reads and makes; default: below the "
                   "cache folder")
      ->type_name("DIR");
  command->add_flag("--retry-quarantined", flags->retry, "Read inputs again that an earlier attempt gave up");
  flags->fetch.add_to(*command);
  command->add_flag("--json", flags->json, "Print the result as one JSON object");
  command->add_flag("-q,--quiet", flags->quiet, "No progress and no information, warnings only");
  command->footer(
      "A task may be killed, repeated, and done twice at the same time. Exit codes: 0 done; 75 try again (also after "
      "SIGTERM);\n65 done, and inputs were given up; 78 no attempt will do (the job was edited, another build of "
      "ftok); "
      "2 the command line is wrong.");
  command->callback([flags] { task(*flags); });
}

void add_status(CLI::App& app) {
  CLI::App* command = app.add_subcommand("status", "Show where a job stands, by its receipts");
  const auto flags = std::make_shared<StatusFlags>();
  command->add_option("JOB", flags->job, "Folder of the job, or s3://BUCKET/PREFIX")->required();
  constexpr double kPriceMax = 1e9, kEveryMin = 0.01, kEveryMax = 1e6;
  command->add_option("--price", flags->price, "Of an hour of one machine, for the cost that is left")
      ->check(number_between(0, kPriceMax))
      ->type_name("P");
  command->add_option("--prometheus", flags->prometheus, "Also write the figures to FILE in Prometheus' text format")
      ->type_name("FILE");
  command->add_flag("--watch", flags->watch, "Again and again, until the job is done");
  command->add_option("--every", flags->every, "With --watch: seconds between two looks")
      ->check(number_between(kEveryMin, kEveryMax))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "One JSON object");
  command->callback([flags] { about_job([&] { status(*flags); }); });
}

void add_resubmit(CLI::App& app) {
  CLI::App* command = app.add_subcommand("resubmit", "Name the tasks of a job that are missing, pass by pass");
  const auto flags = std::make_shared<ResubmitFlags>();
  command->add_option("JOB", flags->job, "Folder of the job, or s3://BUCKET/PREFIX")->required();
  command->add_option("--pass", flags->pass, "Only this pass")
      ->type_name("PASS")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(kPasses), std::end(kPasses))));
  command->add_flag("--lines", flags->lines, "One task per line: PASS INDEX");
  command->add_flag("--json", flags->json, "One JSON object");
  command->footer(
      "A line is a pass and its missing tasks, in the form that `sbatch --array` takes: extract 3,5-9\n"
      "Example:\n"
      "  ftok resubmit job --pass extract --lines | xargs -r -L 1 -P 4 ftok task job    # do them, four at a time");
  command->callback([flags] { about_job([&] { resubmit(*flags); }); });
}

void add_job(CLI::App& app) {
  CLI::App* job = app.add_subcommand("job", "Look after the folder of a job");
  job->require_subcommand(1);
  CLI::App* command = job->add_subcommand("clean", "Remove what no pass that is still to run will read");
  const auto folder = std::make_shared<std::string>();
  command->add_option("JOB", *folder, "Folder of the job, or s3://BUCKET/PREFIX")->required();
  command->callback([folder] { about_job([&] { clean(*folder); }); });
}

}  // namespace

void add_job_commands(CLI::App& app) {
  add_plan(app);
  add_task(app);
  add_status(app);
  add_resubmit(app);
  add_job(app);
}

}  // namespace ftok::cli
