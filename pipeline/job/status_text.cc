// Where a job stands, as a person, a program and Prometheus read it.
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/json.h"
#include "core/shown.h"
#include "pipeline/job.h"
#include "pipeline/progress.h"

namespace ftok {
namespace {

constexpr size_t kTasksShown = 10;    // of stragglers
constexpr size_t kSourcesShown = 20;  // on a screen
constexpr size_t kReasonsShown = 3;
constexpr size_t kSourcesMeasured = 100;  // in Prometheus' format: each is some series
constexpr size_t kReasonsMeasured = 10;

double cost_left(const JobStatus& status, double price_an_hour) { return status.seconds_left / 3600 * price_an_hour; }

double keep_share(const Tally& tally) {
  return static_cast<double>(tally.kept) / std::max<double>(1, static_cast<double>(tally.documents));
}

std::string list_of_tasks(const std::vector<uint64_t>& numbers) {
  std::string text;
  for (size_t i = 0; i < std::min(kTasksShown, numbers.size()); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", numbers[i]);
  if (numbers.size() > kTasksShown) text += fmt::format(" and {} more", numbers.size() - kTasksShown);
  return text;
}

std::vector<std::pair<uint64_t, std::string>> top_reasons(const Tally& tally, size_t count) {
  std::vector<std::pair<uint64_t, std::string>> reasons;
  for (const auto& [reason, documents] : tally.dropped) reasons.emplace_back(documents, reason);
  std::sort(reasons.rbegin(), reasons.rend());
  if (reasons.size() > count) reasons.resize(count);
  return reasons;
}

std::string_view alarm_name(Alarm alarm) {
  switch (alarm) {
    case Alarm::kGivenUp: return "all_inputs_given_up";
    case Alarm::kNothingKept: return "nothing_kept";
    case Alarm::kStandsOut: return "far_from_the_rest";
    case Alarm::kNone: break;
  }
  return "";
}

std::string_view alarm_text(Alarm alarm) {
  switch (alarm) {
    case Alarm::kGivenUp: return "  ALARM: all its inputs were given up";
    case Alarm::kNothingKept: return "  ALARM: no document is kept";
    case Alarm::kStandsOut: return "  ALARM: far from the share of the rest";
    case Alarm::kNone: break;
  }
  return "";
}

std::string source_text(const SourceStatus& source) {
  const Tally& tally = source.tally;
  std::string out = fmt::format("{}: {} of {} documents kept ({:.1f} %)", printable(source.name), tally.kept,
                                tally.documents, 100 * keep_share(tally));
  if (source.quarantined > 0) out += fmt::format(", {} of {} inputs given up", source.quarantined, source.inputs);
  out += fmt::format("{}\n", alarm_text(source.alarm));
  for (const auto& [documents, reason] : top_reasons(tally, kReasonsShown))
    out += fmt::format("  {} {}\n", reason, documents);
  return out;
}

std::string left_text(const JobStatus& status, double price_an_hour) {
  std::string out;
  const std::string passes = fmt::format("{}", fmt::join(status.not_reckoned, ", "));
  if (status.seconds_left > 0) {
    const char* const bound = passes.empty() ? "" : "at least ";
    out = fmt::format("left: {}{} of one attempt after the other", bound, duration_text(status.seconds_left));
    if (price_an_hour > 0)
      out += fmt::format(", {}{:.2f} at {} an hour", bound, cost_left(status, price_an_hour), price_an_hour);
    if (!passes.empty()) out += fmt::format("; not reckoned, since no task of it is done: {}", passes);
  } else if (!passes.empty()) {
    out = fmt::format("left: not known, no task is done of {}", passes);
  }
  return out.empty() ? out : out + "\n";
}

// A value of a label as Prometheus reads it.
std::string label(std::string_view value) {
  std::string out = "\"";
  for (const char c : escape_bytes(value)) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out + "\"";
}

// Metrics in Prometheus' text format: each with its help and type, then its values.
class Metrics {
 public:
  void begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    out_ += fmt::format("# HELP ftok_job_{0} {1}\n# TYPE ftok_job_{0} {2}\n", name, help, type);
  }
  template <typename Value>
  void value(const std::string& labels, const Value& value) {
    out_ += fmt::format("ftok_job_{}{} {}\n", name_, labels.empty() ? "" : "{" + labels + "}", value);
  }
  template <typename Value>
  void gauge(std::string_view name, std::string_view help, const Value& of) {
    begin(name, "gauge", help);
    value("", of);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string name_, out_;
};

void add_passes(const JobStatus& status, Metrics& metrics) {
  const auto metric = [&](const char* name, const char* type, const char* help, auto value_of) {
    metrics.begin(name, type, help);
    for (const PassStatus& pass : status.passes) metrics.value("pass=" + label(pass.name), value_of(pass));
  };
  metric("tasks", "gauge", "Tasks of the pass.", [](const PassStatus& pass) { return pass.tasks; });
  metric("tasks_done", "gauge", "Tasks with a receipt that counts.", [](const PassStatus& pass) { return pass.done; });
  metric("tasks_straggling", "gauge", "Tasks that run for far longer than usual.",
         [](const PassStatus& pass) { return pass.stragglers.size(); });
  metric("quarantined_inputs", "gauge", "Inputs given up.", [](const PassStatus& pass) { return pass.quarantined; });
  metric("attempts_total", "counter", "Attempts begun.", [](const PassStatus& pass) { return pass.attempts; });
  metric("attempt_seconds_total", "counter", "Duration of the attempts that ended.",
         [](const PassStatus& pass) { return pass.seconds; });
  metric("cpu_seconds_total", "counter", "CPU time of the attempts that ended.",
         [](const PassStatus& pass) { return pass.cpu_seconds; });
}

void add_sources(const JobStatus& status, Metrics& metrics) {
  const size_t count = std::min(kSourcesMeasured, status.sources.size());
  const auto metric = [&](const char* name, const char* help, auto value_of) {
    metrics.begin(name, "gauge", help);
    for (size_t i = 0; i < count; ++i)
      metrics.value("source=" + label(status.sources[i].name), value_of(status.sources[i]));
  };
  metrics.gauge("sources", "Crawls and folders that inputs come from; the metrics by source name 100 of them at most.",
                status.sources.size());
  metric("source_documents", "Documents read.", [](const SourceStatus& source) { return source.tally.documents; });
  metric("source_kept_documents", "Documents kept.", [](const SourceStatus& source) { return source.tally.kept; });
  metric("source_kept_ratio", "Share of the documents that is kept.",
         [](const SourceStatus& source) { return keep_share(source.tally); });
  metric("source_quarantined_inputs", "Inputs given up.",
         [](const SourceStatus& source) { return source.quarantined; });
  metric("source_alarm", "1 where nothing is kept, all inputs were given up, or the share is far from the rest's.",
         [](const SourceStatus& source) { return source.alarm == Alarm::kNone ? 0 : 1; });
  metrics.begin("source_dropped_documents", "gauge", "Documents dropped, by the commonest reasons.");
  for (size_t i = 0; i < count; ++i) {
    for (const auto& [documents, reason] : top_reasons(status.sources[i].tally, kReasonsMeasured)) {
      metrics.value(fmt::format("source={},reason={}", label(status.sources[i].name), label(reason)), documents);
    }
  }
}

void write_passes(const JobStatus& status, JsonWriter& json) {
  json.key("passes").begin_array();
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
  json.end_array();
}

}  // namespace

std::string status_text(const JobStatus& status, double price_an_hour) {
  std::string out = fmt::format("{:<10}{:>8}{:>8}{:>9}{:>13}{:>10}{:>12}\n", "pass", "tasks", "done", "missing",
                                "quarantined", "attempts", "CPU hours");
  for (const PassStatus& pass : status.passes) {
    out += fmt::format("{:<10}{:>8}{:>8}{:>9}{:>13}{:>10}{:>12.2f}\n", pass.name, pass.tasks, pass.done,
                       pass.missing.size(), pass.quarantined, pass.attempts, pass.cpu_seconds / 3600);
  }
  for (const PassStatus& pass : status.passes) {
    if (pass.stragglers.empty()) continue;
    out += fmt::format("straggling in {}: tasks {}\n", pass.name, list_of_tasks(pass.stragglers));
  }
  out += fmt::format("extracted: {}", bytes_text(static_cast<double>(status.bytes_done)));
  if (status.bytes) out += fmt::format(" of {}", bytes_text(static_cast<double>(*status.bytes)));
  out += fmt::format(", {}/s an attempt\n", bytes_text(status.bytes_a_second));
  out += left_text(status, price_an_hour);
  for (size_t i = 0; i < std::min(kSourcesShown, status.sources.size()); ++i) out += source_text(status.sources[i]);
  if (status.sources.size() > kSourcesShown)
    out += fmt::format("and {} more sources\n", status.sources.size() - kSourcesShown);
  return out;
}

std::string status_json(const JobStatus& status, double price_an_hour) {
  JsonWriter json;
  write_passes(status, json.begin_object());
  json.field("inputs", status.inputs);
  if (status.bytes) json.field("bytes", *status.bytes);
  json.field("bytes_done", status.bytes_done).field("bytes_per_second", status.bytes_a_second);
  json.field("seconds_left", status.seconds_left);
  if (price_an_hour > 0) json.field("cost_left", cost_left(status, price_an_hour));
  const auto texts = [&](const char* name, const std::vector<std::string>& values) {
    json.key(name).begin_array();
    for (const std::string& value : values) json.value(value);
    json.end_array();
  };
  texts("not_reckoned", status.not_reckoned);
  texts("foreign", status.foreign);
  json.key("sources").begin_array();
  for (const SourceStatus& source : status.sources) {
    json.begin_object().field("name", source.name).field("inputs", source.inputs);
    json.field("quarantined", source.quarantined).field("alarm", alarm_name(source.alarm)).key("tally").begin_object();
    source.tally.write_fields(json);
    json.end_object().end_object();
  }
  json.end_array().end_object();
  return json.take() + "\n";
}

std::string status_prometheus(const JobStatus& status, double price_an_hour) {
  Metrics metrics;
  add_passes(status, metrics);
  if (status.bytes) metrics.gauge("input_bytes", "Stored bytes of all inputs.", *status.bytes);
  metrics.gauge("extracted_bytes", "Stored bytes of the inputs extracted.", status.bytes_done);
  metrics.gauge("extract_bytes_per_second", "Pace of one attempt at extracting.", status.bytes_a_second);
  metrics.gauge("left_seconds", "Time that is left, one attempt after the other, in passes whose pace is known.",
                status.seconds_left);
  metrics.gauge("left_passes_not_reckoned", "Passes of which something is left and nothing is done.",
                status.not_reckoned.size());
  if (price_an_hour > 0)
    metrics.gauge("left_cost", "Cost of the time that is left, in the currency of --price.",
                  cost_left(status, price_an_hour));
  metrics.gauge("foreign_receipts", "Receipts of another job or task.", status.foreign.size());
  add_sources(status, metrics);
  return metrics.take();
}

}  // namespace ftok
