#include "pipeline/job/attempt.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <chrono>
#include <filesystem>
#include <random>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "pipeline/run/process_cost.h"

namespace ftok {
namespace {

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::optional<Attempt> read_attempt(const std::string& path) {
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  if (parser.load(path).get(json) != simdjson::SUCCESS) return std::nullopt;
  Attempt attempt;
  std::string_view pass;
  if (json["pass"].get_string().get(pass) != simdjson::SUCCESS ||
      json["task"].get_uint64().get(attempt.task) != simdjson::SUCCESS ||
      json["begun"].get_uint64().get(attempt.begun) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  attempt.pass = pass;
  int64_t exit = 0;
  if (json["exit"].get_int64().get(exit) == simdjson::SUCCESS &&
      json["seconds"].get_double().get(attempt.seconds) == simdjson::SUCCESS &&
      json["cpu_seconds"].get_double().get(attempt.cpu_seconds) == simdjson::SUCCESS) {
    attempt.exit = static_cast<int>(exit);
  }
  return attempt;
}

}  // namespace

std::vector<Attempt> read_attempts(const Job& job) {
  job.refresh("attempts/");
  std::vector<Attempt> attempts;
  std::error_code code;
  for (const auto& file : std::filesystem::recursive_directory_iterator(job.path_of("attempts"), code)) {
    if (file.path().extension() != ".json") continue;
    if (std::optional<Attempt> attempt = read_attempt(file.path().string())) attempts.push_back(std::move(*attempt));
  }
  return attempts;
}

AttemptRecord::AttemptRecord(const Job& job, std::string_view pass, uint64_t task)
    : job_(job), begun_(steady_seconds()), cpu_begun_(process_cpu_seconds()) {
  std::random_device random;
  const uint64_t bits = uint64_t{random()} << 32 | random();
  make_folder(job.path_of(fmt::format("attempts/{}", pass)));
  name_ = fmt::format("attempts/{}/{:06}-{:016x}.json", pass, task, bits);
  attempt_.pass = pass;
  attempt_.task = task;
  attempt_.begun = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count());
  write();
}

void AttemptRecord::end(int exit) {
  attempt_.exit = exit;
  attempt_.seconds = steady_seconds() - begun_;
  attempt_.cpu_seconds = process_cpu_seconds() - cpu_begun_;
  try {
    write();
  } catch (const Error&) {  // NOLINT: the task's own result, or failure, is what counts
  }
}

void AttemptRecord::write() const {
  JsonWriter json;
  json.begin_object().field("pass", attempt_.pass).field("task", attempt_.task).field("begun", attempt_.begun);
  if (attempt_.exit) {
    json.field("exit", *attempt_.exit).field("seconds", attempt_.seconds).field("cpu_seconds", attempt_.cpu_seconds);
  }
  json.end_object();
  write_file(job_.path_of(name_), json.take() + "\n");
  job_.publish({name_});
}

}  // namespace ftok
