#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "core/error.h"
#include "pipeline/job/attempt.h"
#include "pipeline/job/source_tallies.h"
#include "pipeline/job/task.h"
#include "pipeline/run.h"

namespace ftok {
namespace {

constexpr double kStraggles = 3;             // times the median of the attempts that are done
constexpr uint64_t kDocumentsToJudge = 100;  // of a source, before its keep share says anything
constexpr double kStandsOut = 4;             // times the odds of the rest

// A receipt that counts. One of another job or task is noted, and is as good as missing.
std::optional<TaskReceipt> receipt_if_ours(const Job& job, std::string_view pass, uint64_t task,
                                           const std::string& after, JobStatus& status) {
  try {
    return job.receipt(pass, task, after);
  } catch (const Error& error) {
    if (error.exit_code() != kConfigurationExitCode) throw;
    status.foreign.emplace_back(error.what());
    return std::nullopt;
  }
}

uint64_t now() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void add_attempts(const std::vector<Attempt>& attempts, PassStatus& pass) {
  std::vector<double> done;
  for (const Attempt& attempt : attempts) {
    if (attempt.pass != pass.name) continue;
    ++pass.attempts;
    pass.seconds += attempt.seconds;
    pass.cpu_seconds += attempt.cpu_seconds;
    if (attempt.exit && (*attempt.exit == 0 || *attempt.exit == kGivenUpExitCode)) done.push_back(attempt.seconds);
  }
  const double usual = median(done);
  std::map<uint64_t, uint64_t> latest;  // task -> when its last attempt that has not ended began
  for (const Attempt& attempt : attempts) {
    if (attempt.pass == pass.name && !attempt.exit)
      latest[attempt.task] = std::max(latest[attempt.task], attempt.begun);
  }
  for (const auto& [task, begun] : latest) {
    const bool missing = std::binary_search(pass.missing.begin(), pass.missing.end(), task);
    const double running = static_cast<double>(now()) - static_cast<double>(begun);
    if (missing && !done.empty() && running > kStraggles * usual) pass.stragglers.push_back(task);
  }
}

double odds(uint64_t kept, uint64_t documents) {
  return (static_cast<double>(kept) + 0.5) / (static_cast<double>(documents - kept) + 0.5);
}

void raise_alarms(std::vector<SourceStatus>& sources) {
  uint64_t kept = 0, documents = 0;  // of the sources of which something is kept
  for (const SourceStatus& source : sources) {
    if (source.tally.kept > 0) kept += source.tally.kept, documents += source.tally.documents;
  }
  for (SourceStatus& source : sources) {
    const Tally& tally = source.tally;
    if (source.inputs > 0 && source.quarantined == source.inputs) {
      source.alarm = Alarm::kGivenUp;
    } else if (tally.kept == 0 && (tally.documents == 0 || tally.documents >= kDocumentsToJudge)) {
      source.alarm = Alarm::kNothingKept;
    } else if (const uint64_t others = documents - tally.documents;
               tally.documents >= kDocumentsToJudge && others >= kDocumentsToJudge) {
      const double ratio = odds(tally.kept, tally.documents) / odds(kept - tally.kept, others);
      if (ratio > kStandsOut || ratio < 1 / kStandsOut) source.alarm = Alarm::kStandsOut;
    }
  }
}

// What matters first: those with an alarm, then those with the most documents.
void put_in_order(std::vector<SourceStatus>& sources) {
  std::stable_sort(sources.begin(), sources.end(), [](const SourceStatus& a, const SourceStatus& b) {
    const bool alarms_a = a.alarm != Alarm::kNone, alarms_b = b.alarm != Alarm::kNone;
    return alarms_a != alarms_b ? alarms_a : a.tally.documents > b.tally.documents;
  });
}

// The time that what is missing will take one attempt after the other, at the pace so far. A pass of which nothing is
// done has none yet.
void reckon_what_is_left(JobStatus& status) {
  for (const PassStatus& pass : status.passes) {
    if (pass.missing.empty()) continue;
    if (pass.done == 0) {
      status.not_reckoned.push_back(pass.name);
    } else {
      status.seconds_left += pass.seconds / static_cast<double>(pass.done) * static_cast<double>(pass.missing.size());
    }
  }
}

// Tallies by source, of documents wherever they are routed.
class Sources {
 public:
  void add(const std::string& corpus, const std::string& json) {
    for (const auto& [source, tally] : read_tallies(json)) {
      corpus.empty() ? own_[source].add(tally) : corpora_[{source, corpus}].add(tally.tally);
    }
  }
  std::vector<SourceStatus> all() const {
    std::vector<SourceStatus> sources;
    for (const auto& [name, own] : own_) {
      SourceStatus source{name, own.inputs, own.quarantined, own.tally};
      for (auto at = corpora_.lower_bound({name, ""}); at != corpora_.end() && at->first.first == name; ++at)
        source.tally.take_in(at->first.second, at->second);
      sources.push_back(std::move(source));
    }
    return sources;
  }

 private:
  std::map<std::string, SourceTally> own_;
  std::map<std::pair<std::string, std::string>, Tally> corpora_;  // by source and corpus
};

// The tasks of the last pass of `status` in the job, or in the corpus of that place. `after`: of the job's extract
// receipts, once that pass has been looked at.
void look_at(const Job& job, size_t place, std::string& after, JobStatus& status, Sources& sources) {
  PassStatus& pass = status.passes.back();
  const bool extracts = pass.name == kPasses[0];
  const uint64_t tasks = job.tasks(pass.name);
  uint64_t done = 0;
  Checksum digest;
  for (uint64_t task = 0; task < tasks; ++task) {
    const std::optional<TaskReceipt> receipt = receipt_if_ours(job, pass.name, task, after, status);
    if (!receipt) {
      if (!extracts || place == 0) pass.missing.push_back(place * tasks + task);
      continue;
    }
    ++done;
    if (extracts) digest.update(checksum_of(write_task_receipt(*receipt)));
    if (extracts && place == 0) {
      pass.quarantined += receipt->number("quarantined");
      status.bytes_done += receipt->number("bytes");
    }
    if (extracts || pass.name == "commit") sources.add(place == 0 ? "" : job.manifest().corpus, receipt->tally);
  }
  if (!extracts || place == 0) pass.done += done;
  // What rests on extracted inputs counts once all are there, and only if it rests on these.
  if (extracts) after = done == tasks ? digest.hex() : "none";
}

}  // namespace

JobStatus job_status(const Job& job) {
  JobStatus status;
  status.inputs = job.manifest().inputs.size();
  status.bytes = 0;
  for (const JobManifest::Input& input : job.manifest().inputs) {
    status.bytes = status.bytes && input.bytes ? std::optional(*status.bytes + *input.bytes) : std::nullopt;
  }
  const std::vector<Attempt> attempts = read_attempts(job);
  const std::vector<Job> jobs = job.with_corpora();
  for (const Job& each : jobs) each.refresh("receipts/");
  std::vector<std::string> after(jobs.size());
  Sources extracted, committed;
  for (const std::string_view name : kPasses) {
    if (all_tasks(job.manifest(), name) == 0) continue;
    PassStatus& pass = status.passes.emplace_back();
    pass.name = name;
    pass.tasks = all_tasks(job.manifest(), name);
    for (size_t place = 0; place < jobs.size(); ++place) {
      look_at(jobs[place], place, after[place], status, name == kPasses[0] ? extracted : committed);
    }
    add_attempts(attempts, pass);
    if (name == "commit") status.sources = pass.missing.empty() ? committed.all() : extracted.all();
  }
  raise_alarms(status.sources);
  put_in_order(status.sources);
  const double seconds = status.passes.front().seconds;
  status.bytes_a_second = seconds > 0 ? static_cast<double>(status.bytes_done) / seconds : 0;
  reckon_what_is_left(status);
  return status;
}

void check_receipts(const JobStatus& status) {
  if (status.foreign.empty()) return;
  throw Error(status.foreign.size() == 1
                  ? status.foreign[0]
                  : fmt::format("{}; so are {} more", status.foreign[0], status.foreign.size() - 1),
              kConfigurationExitCode);
}

}  // namespace ftok
