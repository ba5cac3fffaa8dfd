#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/file.h"
#include "core/temporary_files.h"
#include "pipeline/job/task.h"
#include "pipeline/job_store.h"

namespace ftok {
namespace fs = std::filesystem;

namespace {

// The files of a pass in work/ and the passes that read them.
struct Leftovers {
  std::string_view pass;
  std::vector<std::string_view> endings;
  std::vector<std::string_view> readers;
};

const std::vector<Leftovers>& leftovers() {
  static const std::vector<Leftovers> all = {
      {"extract", {".run", ".candidates", ".inputs.jsonl"}, {"group", "resolve", "commit"}},
      {"group", {".edges"}, {"cluster", "decide"}},
      {"cluster", {".clusters"}, {"decide", "commit"}},
      {"decide", {".repeats"}, {"resolve"}},
      {"resolve", {".answers"}, {"commit"}},
      {"commit", {".tokens", ".shuffled"}, {"cut"}},
  };
  return all;
}

std::string mark_of(std::string_view pass) { return "work/" + std::string(pass) + ".cleaned"; }

bool are_done(const Job& job, const std::vector<std::string_view>& passes, const std::string& after) {
  for (const std::string_view pass : passes) {
    for (uint64_t task = 0; task < job.tasks(pass); ++task) {
      if (!job.receipt(pass, task, after)) return false;
    }
  }
  return true;
}

void remove(const fs::path& path, Cleaned& cleaned) {
  std::error_code code;
  const uint64_t bytes = fs::file_size(path, code);
  if (code || !fs::remove(path, code)) return;
  ++cleaned.files;
  cleaned.bytes += bytes;
}

}  // namespace

bool is_cleaned(const Job& job, std::string_view pass) {
  if (job.has(mark_of(pass))) return true;
  return !job.is_stored() && !fs::exists(job.path_of("work")) &&
         fs::exists(job.path_of(task_receipt_name("finish", 0)));
}

void keep_marks_of_clean(const Job& job) {
  if (job.is_stored() || fs::exists(job.path_of("work")) || !is_cleaned(job, kPasses[0])) return;
  make_folder(job.path_of("work"));
  for (const Leftovers& left : leftovers()) write_file(job.path_of(mark_of(left.pass)), "");
}

void sweep_attempts(const Job& job) {
  if (job.is_stored()) return;
  for (const std::string_view pass : kPasses) {
    const std::string folder = job.path_of(fmt::format("attempts/{}", pass));
    if (fs::exists(folder)) remove_dead_temporaries(folder);
  }
}

namespace {

bool ends_with_one(std::string_view name, const std::vector<std::string_view>& endings) {
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) { return name.ends_with(ending); });
}

// In an object store. The marks stay, by which tasks know what was removed.
void clean_stored(const Job& job, const std::string& after, Cleaned& cleaned) {
  std::vector<S3Object> objects = job.stored("work/");
  for (const Leftovers& left : leftovers()) {
    if (!are_done(job, left.readers, after)) continue;
    std::vector<std::string> names;
    for (const S3Object& object : objects) {
      if (!ends_with_one(object.key, left.endings)) continue;
      names.push_back(object.key);
      ++cleaned.files;
      cleaned.bytes += object.size;
    }
    if (names.empty()) continue;
    make_folder(job.path_of("work"));
    write_file(job.path_of(mark_of(left.pass)), "");
    job.publish({mark_of(left.pass)});
    job.withdraw(names);
  }
}

// Returns whether the job is done, and nobody writes there any more.
bool clean_one(const Job& job, Cleaned& cleaned) {
  job.refresh("receipts/");
  if (!are_done(job, {"extract"}, "")) return false;
  const std::string after = extracted(job).digest;
  if (job.is_stored()) {
    clean_stored(job, after, cleaned);
    return are_done(job, {"finish"}, after);
  }
  for (const Leftovers& left : leftovers()) {
    if (!fs::exists(job.path_of("work")) || !are_done(job, left.readers, after)) continue;
    write_file(job.path_of(mark_of(left.pass)), "");
    std::error_code code;
    std::vector<fs::path> paths;
    for (const auto& file : fs::recursive_directory_iterator(job.path_of("work"), code)) {
      if (file.is_regular_file() && ends_with_one(file.path().native(), left.endings)) paths.push_back(file.path());
    }
    for (const fs::path& path : paths) remove(path, cleaned);
  }
  if (!are_done(job, {"finish"}, after)) return false;
  std::error_code code;
  fs::remove_all(job.path_of("work"), code);
  remove_temporaries(job.path());
  remove_temporaries(job.path_of("parts"));
  for (const std::string_view pass : kPasses) remove_temporaries(job.path_of("receipts/" + std::string(pass)));
  return true;
}

}  // namespace

uint64_t sweep_uploads(const Job& job) { return job.is_stored() ? job.store()->sweep_uploads() : 0; }

Cleaned clean_job(const Job& job) {
  Cleaned cleaned;
  bool is_done = true;
  for (const Job& each : job.with_corpora()) is_done = clean_one(each, cleaned) && is_done;
  if (is_done) sweep_uploads(job);
  for (const std::string_view pass : kPasses) {
    const std::string folder = job.path_of(fmt::format("attempts/{}", pass));
    if (is_done && fs::exists(folder)) remove_temporaries(folder);
  }
  sweep_attempts(job);
  return cleaned;
}

}  // namespace ftok
