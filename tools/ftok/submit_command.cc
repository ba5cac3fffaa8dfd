// `ftok submit slurm JOB`: the tasks of a job as Slurm arrays, pass after pass. Slurm decides what runs where; what is
// done is decided by the receipts.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "core/error.h"
#include "core/file.h"
#include "pipeline/job.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/job_place.h"
#include "tools/ftok/number_ranges.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kArrayMaxOfSlurm = 1001;  // MaxArraySize where slurm.conf names none

struct SubmitFlags {
  std::string job, logs, partition, time, account, memory, program;
  std::vector<std::string> sbatch;  // further options, as sbatch takes them
  uint64_t cpus = 1, array_max = 0, rounds = 3;
  bool dry_run = false;
  // For the job that follows a pass: which pass has ended, and in which of its rounds, from 1.
  std::string after;
  uint64_t round = 1;
};

// In single quotes, for a shell.
std::string shell_word(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// What a command prints; throws Error with its messages when it fails.
std::string output_of(const std::string& command) {
  std::fflush(nullptr);
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) throw_errno("cannot start " + command, errno);
  std::string text;
  std::array<char, 4096> block{};
  while (const size_t got = std::fread(block.data(), 1, block.size(), pipe)) text.append(block.data(), got);
  const int status = ::pclose(pipe);
  while (text.ends_with('\n')) text.pop_back();
  if (status != 0) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    throw Error(fmt::format("{} failed: {}", command.substr(0, command.find(' ')), text));
  }
  return text;
}

// The largest index an array may have, plus one: the cluster's MaxArraySize.
uint64_t array_size_max() {
  const std::string text = output_of("scontrol show config");
  const size_t at = text.find("MaxArraySize");
  const size_t digits = at == std::string::npos ? at : text.find_first_of("0123456789", at);
  if (digits == std::string::npos) throw Error("scontrol show config names no MaxArraySize: give --array-max");
  return std::max<uint64_t>(1, std::stoull(text.substr(digits)));
}

// Of one array. A dry run needs no cluster.
uint64_t array_limit(const SubmitFlags& flags) {
  if (flags.array_max > 0) return flags.array_max;
  try {
    return array_size_max();
  } catch (const Error& error) {
    if (!flags.dry_run) throw;
    note(
        "ftok: no cluster says how large an array may be ({}): {} tasks are assumed, Slurm's default; --array-max sets "
        "another\n",
        error.what(), kArrayMaxOfSlurm);
    return kArrayMaxOfSlurm;
  }
}

// A script for sbatch.
std::string script(const SubmitFlags& flags, const std::string& name, const std::string& options,
                   const std::string& log, const std::string& command) {
  std::string text = fmt::format("#!/bin/bash\n#SBATCH --job-name={}\n#SBATCH --output={}\n", name, log);
  const auto add = [&](std::string_view option, const std::string& value) {
    if (!value.empty()) text += fmt::format("#SBATCH --{}={}\n", option, value);
  };
  add("partition", flags.partition);
  add("account", flags.account);
  add("time", flags.time);
  add("mem", flags.memory);
  for (const std::string& option : flags.sbatch) text += fmt::format("#SBATCH {}\n", option);
  return text + options + "exec " + command + "\n";
}

// Submits the script, or prints it; returns the number of the Slurm job.
std::string submit(const SubmitFlags& flags, const std::string& text, const std::string& placeholder) {
  if (flags.dry_run) {
    print_text(text + "\n");
    return placeholder;
  }
  const std::string path = fmt::format("{}/{}.sh", flags.logs, placeholder);
  make_folder(flags.logs);
  write_file(path, text);
  const std::string answer = output_of("sbatch --parsable " + shell_word(path));
  return answer.substr(0, answer.find(';'));  // the cluster's name may follow
}

// Submits the missing tasks of a pass, in arrays within the cluster's limit.
std::vector<std::string> submit_tasks(const SubmitFlags& flags, const PassStatus& pass) {
  const uint64_t limit = array_limit(flags);
  std::vector<std::string> jobs;
  for (size_t from = 0; from < pass.missing.size();) {
    const uint64_t offset = pass.missing[from] / limit * limit;
    size_t to = from;
    while (to < pass.missing.size() && pass.missing[to] < offset + limit) ++to;
    const std::string name = fmt::format("{}-{}-{}", pass.name, flags.round, jobs.size());
    const std::string options =
        fmt::format("#SBATCH --array={}\n#SBATCH --cpus-per-task={}\n#SBATCH --requeue\n#SBATCH --open-mode=append\n",
                    number_ranges(std::span(pass.missing).subspan(from, to - from), offset), flags.cpus);
    const std::string command =
        fmt::format("{} task {} {} $(({} + SLURM_ARRAY_TASK_ID)) --threads {} --quiet", shell_word(flags.program),
                    shell_word(flags.job), pass.name, offset, flags.cpus);
    jobs.push_back(
        submit(flags, script(flags, "ftok-" + pass.name, options, flags.logs + "/%A_%a.log", command), name));
    from = to;
  }
  return jobs;
}

// Submits what looks at the receipts once these jobs have ended, however they ended.
void submit_barrier(const SubmitFlags& flags, const PassStatus& pass, const std::vector<std::string>& jobs) {
  std::string command = fmt::format("{} submit slurm {} --after {} --round {} --rounds {} --cpus {} --program {}",
                                    shell_word(flags.program), shell_word(flags.job), pass.name, flags.round,
                                    flags.rounds, flags.cpus, shell_word(flags.program));
  const auto add = [&](std::string_view flag, const std::string& value) {
    if (!value.empty()) command += fmt::format(" --{} {}", flag, shell_word(value));
  };
  add("logs", flags.logs);
  add("partition", flags.partition);
  add("account", flags.account);
  add("time", flags.time);
  add("mem", flags.memory);
  if (flags.array_max > 0) add("array-max", std::to_string(flags.array_max));
  for (const std::string& option : flags.sbatch) command += " --sbatch=" + shell_word(option);
  const std::string options = fmt::format("#SBATCH --dependency=afterany:{}\n", fmt::join(jobs, ":"));
  submit(flags, script(flags, "ftok-after-" + pass.name, options, flags.logs + "/%j.log", command),
         fmt::format("{}-{}-after", pass.name, flags.round));
}

void submit_command(SubmitFlags flags) {
  if (flags.rounds == 0) throw UsageError("--rounds: got 0, expected at least 1: a pass is submitted once at least");
  if (flags.cpus == 0) throw UsageError("--cpus: got 0, expected at least 1");
  flags.job = absolute_place(flags.job);
  const JobPlace place(flags.job, "", fetch_options_of_environment(), stderr_log(true));
  if (flags.logs.empty()) flags.logs = place.is_stored() ? "slurm" : flags.job + "/slurm";
  refuse_address(flags.logs);
  flags.logs = fs::absolute(flags.logs).lexically_normal().string();
  refuse_address(flags.program);
  if (flags.program.empty()) flags.program = fs::read_symlink("/proc/self/exe").string();
  const JobStatus status = place.named([&] { return job_status(place.open(Job::Check::kManifestOnly)); });
  place.named([&] { check_receipts(status); });
  const auto pass =
      std::find_if(status.passes.begin(), status.passes.end(), [](const PassStatus& p) { return !p.missing.empty(); });
  if (pass == status.passes.end()) {
    print_report(fmt::format("{}: done\n", flags.job));
    return;
  }
  // All tasks of the pass before have ended: what they left of uploads nobody completes.
  if (!flags.after.empty() && !flags.dry_run) {
    place.named([&] { return sweep_uploads(place.open(Job::Check::kManifestOnly)); });
  }
  flags.round = flags.after == pass->name ? flags.round + 1 : 1;
  if (flags.round > flags.rounds) {
    throw Error(fmt::format("{}: {} of {} tasks of the pass {} are still missing after {} rounds; the logs are in {}",
                            flags.job, pass->missing.size(), pass->tasks, pass->name, flags.rounds, flags.logs));
  }
  const std::vector<std::string> jobs = submit_tasks(flags, *pass);
  submit_barrier(flags, *pass, jobs);
  if (!flags.dry_run) {
    print_out(fmt::format("{}: {} of {} tasks submitted as {}\n", pass->name, pass->missing.size(), pass->tasks,
                          fmt::join(jobs, ", ")));
  }
}

}  // namespace

void add_submit_command(CLI::App& app) {
  CLI::App* submit = app.add_subcommand("submit", "Hand a job's tasks to a scheduler");
  submit->require_subcommand(1);
  CLI::App* command = submit->add_subcommand("slurm", "One Slurm array per pass, and after it a look at the receipts");
  const auto flags = std::make_shared<SubmitFlags>();
  command
      ->add_option("JOB", flags->job, "Folder of the job, which all nodes see under this name, or s3://BUCKET/PREFIX")
      ->required();
  command
      ->add_option("--logs", flags->logs,
                   "Folder for scripts and logs, which all nodes see; default: JOB/slurm, and ./slurm for a job in an "
                   "object store")
      ->type_name("DIR");
  command->add_option("--partition", flags->partition, "As sbatch takes it")->type_name("P");
  command->add_option("--account", flags->account, "As sbatch takes it")->type_name("A");
  command->add_option("--time", flags->time, "Limit for one task, as sbatch takes it")->type_name("T");
  command->add_option("--mem", flags->memory, "Memory of one task, as sbatch takes it")->type_name("SIZE");
  command->add_option("--cpus", flags->cpus, "Cores, and threads, of one task")->capture_default_str()->type_name("N");
  command->add_option("--sbatch", flags->sbatch, "A further option for sbatch, such as --sbatch=--qos=low; repeatable")
      ->type_name("OPTION")
      ->allow_extra_args(false);
  command->add_option("--array-max", flags->array_max, "Tasks of one array; default: the cluster's MaxArraySize")
      ->type_name("N");
  command->add_option("--rounds", flags->rounds, "How often a pass is submitted, with what is missing of it")
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--program", flags->program, "The ftok that nodes run; default: this one")->type_name("FILE");
  command->add_flag("--dry-run", flags->dry_run,
                    "Print the scripts of the next pass, and submit nothing; needs no cluster");
  command->add_option("--after", flags->after, "The pass that has ended")->group("");
  command->add_option("--round", flags->round, "Which of its rounds has ended")->group("");
  command->footer(
      "Every pass is an array of its missing tasks and, after it (afterany), one job that calls this command again: "
      "it\n"
      "submits what is missing once more, or the next pass. Given again by hand, the command goes on from the "
      "receipts.\n"
      "Example:\n"
      "  ftok submit slurm job --partition spot --time 2:00:00 --cpus 8");
  command->callback([flags] { about_job([&] { submit_command(*flags); }); });
}

}  // namespace ftok::cli
