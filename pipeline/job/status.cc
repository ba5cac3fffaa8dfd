#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "core/error.h"
#include "pipeline/job/attempt.h"
#include "pipeline/job/task.h"
#include "pipeline/run.h"

namespace ftok {
namespace {

constexpr double kStraggles = 3;             // times the median of the attempts that are done
constexpr uint64_t kDocumentsToJudge = 100;  // of a crawl, before its keep share is held against others
constexpr double kStandsOut = 4;             // times the odds of the rest

// A receipt by its own word: of this job and its seal whole. One that is foreign is as good as missing here.
std::optional<TaskReceipt> receipt_if_ours(const Job& job, std::string_view pass, uint64_t task,
                                           const std::string& after) {
  try {
    return job.receipt(pass, task, after);
  } catch (const Error&) {
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

void mark_what_stands_out(std::vector<CrawlStatus>& crawls) {
  uint64_t kept = 0, documents = 0;
  for (const CrawlStatus& crawl : crawls) kept += crawl.tally.kept, documents += crawl.tally.documents;
  for (CrawlStatus& crawl : crawls) {
    const uint64_t others = documents - crawl.tally.documents;
    if (crawl.tally.documents < kDocumentsToJudge || others < kDocumentsToJudge) continue;
    const double ratio = odds(crawl.tally.kept, crawl.tally.documents) / odds(kept - crawl.tally.kept, others);
    crawl.stands_out = ratio > kStandsOut || ratio < 1 / kStandsOut;
  }
}

// The time that what is missing will take one attempt after the other, at the pace so far.
double seconds_left(const JobStatus& status) {
  double left = 0;
  for (const PassStatus& pass : status.passes) {
    if (pass.missing.empty()) continue;
    if (pass.done == 0 && pass.name != "extract") continue;  // its pace is not known yet
    if (pass.done == 0) return 0;
    left += pass.seconds / static_cast<double>(pass.done) * static_cast<double>(pass.missing.size());
  }
  return left;
}

std::string list_of(const std::vector<uint64_t>& numbers, size_t shown) {
  std::string text;
  for (size_t i = 0; i < std::min(shown, numbers.size()); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", numbers[i]);
  if (numbers.size() > shown) text += fmt::format(" and {} more", numbers.size() - shown);
  return text;
}

// Tallies by crawl, of documents wherever they are routed.
class Crawls {
 public:
  void add(const std::string& corpus, const std::string& json) {
    for (const auto& [crawl, tally] : read_tallies(json)) {
      corpus.empty() ? own_[crawl].add(tally) : corpora_[{crawl, corpus}].add(tally);
    }
  }
  std::vector<CrawlStatus> all() const {
    std::vector<CrawlStatus> crawls;
    for (const auto& [crawl, own] : own_) {
      Tally tally = own;
      for (const auto& [key, more] : corpora_) {
        if (key.first == crawl) tally.take_in(key.second, more);
      }
      crawls.push_back({crawl, std::move(tally)});
    }
    return crawls;
  }

 private:
  std::map<std::string, Tally> own_;
  std::map<std::pair<std::string, std::string>, Tally> corpora_;  // by crawl and corpus
};

// The tasks of the last pass of `status` in the job, or in the corpus of that place. `after`: of the job's extract
// receipts, once that pass has been looked at.
void look_at(const Job& job, size_t place, std::string& after, JobStatus& status, Crawls& crawls) {
  PassStatus& pass = status.passes.back();
  const bool extracts = pass.name == kPasses[0];
  const uint64_t tasks = job.tasks(pass.name);
  uint64_t done = 0;
  Checksum digest;
  for (uint64_t task = 0; task < tasks; ++task) {
    const std::optional<TaskReceipt> receipt = receipt_if_ours(job, pass.name, task, after);
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
    if (extracts || pass.name == "commit") crawls.add(job.manifest().corpus, receipt->tally);
  }
  if (!extracts || place == 0) pass.done += done;
  // What rests on extracted inputs counts once all are there, and only if it rests on these.
  if (extracts) after = done == tasks ? digest.hex() : "none";
}

double cost_left(const JobStatus& status, double price_an_hour) { return status.seconds_left / 3600 * price_an_hour; }

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
  Crawls extracted, committed;
  for (const std::string_view name : kPasses) {
    if (all_tasks(job.manifest(), name) == 0) continue;
    PassStatus& pass = status.passes.emplace_back();
    pass.name = name;
    pass.tasks = all_tasks(job.manifest(), name);
    for (size_t place = 0; place < jobs.size(); ++place) {
      look_at(jobs[place], place, after[place], status, name == kPasses[0] ? extracted : committed);
    }
    add_attempts(attempts, pass);
    if (name == "commit") status.crawls = pass.missing.empty() ? committed.all() : extracted.all();
  }
  mark_what_stands_out(status.crawls);
  const double seconds = status.passes.front().seconds;
  status.bytes_a_second = seconds > 0 ? static_cast<double>(status.bytes_done) / seconds : 0;
  status.seconds_left = seconds_left(status);
  return status;
}

std::string status_text(const JobStatus& status, double price_an_hour) {
  std::string out = fmt::format("{:<10}{:>8}{:>8}{:>9}{:>13}{:>10}{:>12}\n", "pass", "tasks", "done", "missing",
                                "quarantined", "attempts", "CPU hours");
  for (const PassStatus& pass : status.passes) {
    out += fmt::format("{:<10}{:>8}{:>8}{:>9}{:>13}{:>10}{:>12.2f}\n", pass.name, pass.tasks, pass.done,
                       pass.missing.size(), pass.quarantined, pass.attempts, pass.cpu_seconds / 3600);
  }
  constexpr size_t kShown = 10;
  for (const PassStatus& pass : status.passes) {
    if (pass.stragglers.empty()) continue;
    out += fmt::format("straggling in {}: tasks {}\n", pass.name, list_of(pass.stragglers, kShown));
  }
  out += fmt::format("extracted: {}", bytes_text(static_cast<double>(status.bytes_done)));
  if (status.bytes) out += fmt::format(" of {}", bytes_text(static_cast<double>(*status.bytes)));
  out += fmt::format(", {}/s an attempt\n", bytes_text(status.bytes_a_second));
  if (status.seconds_left > 0) {
    out += fmt::format("left: {} of one attempt after the other", duration_text(status.seconds_left));
    out += price_an_hour > 0 ? fmt::format(", {:.2f} at {} an hour\n", cost_left(status, price_an_hour), price_an_hour)
                             : "\n";
  }
  for (const CrawlStatus& crawl : status.crawls) {
    const Tally& tally = crawl.tally;
    const double share =
        100.0 * static_cast<double>(tally.kept) / std::max<double>(1, static_cast<double>(tally.documents));
    out += fmt::format("{}: {} of {} documents kept ({:.1f} %){}\n", crawl.name.empty() ? "no crawl" : crawl.name,
                       tally.kept, tally.documents, share,
                       crawl.stands_out ? "  ALARM: far from the share of the rest" : "");
    std::vector<std::pair<uint64_t, std::string>> reasons;
    for (const auto& [reason, count] : tally.dropped) reasons.emplace_back(count, reason);
    std::sort(reasons.rbegin(), reasons.rend());
    constexpr size_t kReasons = 3;
    for (size_t i = 0; i < std::min(kReasons, reasons.size()); ++i) {
      out += fmt::format("  {} {}\n", reasons[i].second, reasons[i].first);
    }
  }
  return out;
}

std::string status_json(const JobStatus& status, double price_an_hour) {
  JsonWriter json;
  json.begin_object().key("passes").begin_array();
  const auto numbers = [&](const char* name, const std::vector<uint64_t>& values) {
    json.key(name).begin_array();
    for (const uint64_t value : values) json.value(value);
    json.end_array();
  };
  for (const PassStatus& pass : status.passes) {
    json.begin_object().field("name", pass.name).field("tasks", pass.tasks).field("done", pass.done);
    json.field("quarantined", pass.quarantined).field("attempts", pass.attempts);
    json.field("seconds", pass.seconds).field("cpu_seconds", pass.cpu_seconds);
    numbers("missing", pass.missing);
    numbers("stragglers", pass.stragglers);
    json.end_object();
  }
  json.end_array().field("inputs", status.inputs);
  if (status.bytes) json.field("bytes", *status.bytes);
  json.field("bytes_done", status.bytes_done).field("bytes_per_second", status.bytes_a_second);
  json.field("seconds_left", status.seconds_left);
  if (price_an_hour > 0) json.field("cost_left", cost_left(status, price_an_hour));
  json.key("crawls").begin_array();
  for (const CrawlStatus& crawl : status.crawls) {
    json.begin_object().field("name", crawl.name).field("stands_out", crawl.stands_out).key("tally").begin_object();
    crawl.tally.write_fields(json);
    json.end_object().end_object();
  }
  json.end_array().end_object();
  return json.take() + "\n";
}

std::string status_prometheus(const JobStatus& status) {
  std::string out;
  const auto metric = [&](const char* name, const char* help, auto value_of) {
    out += fmt::format("# HELP ftok_job_{0} {1}\n# TYPE ftok_job_{0} gauge\n", name, help);
    for (const PassStatus& pass : status.passes) {
      out += fmt::format("ftok_job_{}{{pass=\"{}\"}} {}\n", name, pass.name, value_of(pass));
    }
  };
  metric("tasks", "Tasks of the pass.", [](const PassStatus& pass) { return pass.tasks; });
  metric("tasks_done", "Tasks with a receipt.", [](const PassStatus& pass) { return pass.done; });
  metric("attempts", "Attempts begun.", [](const PassStatus& pass) { return pass.attempts; });
  metric("stragglers", "Tasks that run for far longer than usual.",
         [](const PassStatus& pass) { return pass.stragglers.size(); });
  metric("quarantined", "Inputs given up.", [](const PassStatus& pass) { return pass.quarantined; });
  metric("cpu_seconds", "CPU time of the attempts that ended.",
         [](const PassStatus& pass) { return pass.cpu_seconds; });
  out += fmt::format(
      "# HELP ftok_job_bytes_done Stored bytes of the inputs extracted.\n# TYPE ftok_job_bytes_done "
      "gauge\nftok_job_bytes_done {}\n",
      status.bytes_done);
  return out;
}

}  // namespace ftok
