#include "pipeline/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace ftok {

void Progress::count(const Verdict& verdict) {
  ++records;
  if (verdict.kind == Verdict::Kind::kSkip) return;
  ++documents;
  if (verdict.kept()) {
    ++passed;
    return;
  }
  const std::lock_guard lock(mutex_);
  ++dropped_[std::string(verdict.reason)];
}

std::string Progress::top_reasons(size_t count) const {
  std::vector<std::pair<uint64_t, std::string>> reasons;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [reason, n] : dropped_) reasons.emplace_back(n, reason);
  }
  std::sort(reasons.begin(), reasons.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  if (reasons.size() > count) reasons.resize(count);
  const double all = std::max<double>(1, static_cast<double>(documents.load()));
  std::string out;
  for (const auto& [n, reason] : reasons) {
    out += fmt::format("{}{} {:.0f}%", out.empty() ? "" : ", ", reason, 100 * static_cast<double>(n) / all);
  }
  return out;
}

std::string Progress::json(double seconds, bool reasons) const {
  JsonWriter json;
  json.begin_object().field("seconds", seconds).field("records", records.load());
  json.field("documents", documents.load()).field("passed", passed.load());
  json.field("bytes_in", bytes_in.load()).field("bytes_total", bytes_total.load());
  json.field("inputs", inputs_total.load()).field("inputs_read", inputs_read.load());
  json.field("inputs_committed", inputs_committed.load()).field("kept", kept.load());
  json.field("tokens", tokens.load());
  if (reasons) {
    json.key("dropped").begin_object();
    const std::lock_guard lock(mutex_);
    for (const auto& [reason, count] : dropped_) json.field(reason, count);
    json.end_object();
  }
  return json.end_object().take();
}

namespace {

constexpr auto kTerminalInterval = std::chrono::milliseconds(500), kFileInterval = std::chrono::milliseconds(1000),
               kLogInterval = std::chrono::milliseconds(10000);
constexpr int kColumnsOfALog = 1000;  // all that there is to say

// A file that reports are appended to, or "". What cannot be opened is told before the work begins.
std::string report_path(std::string path) {
  if (path.empty()) return path;
  refuse_address(path);
  std::error_code code;
  if (std::filesystem::is_fifo(path, code)) return path;  // its reader may come later
  std::FILE* const file = std::fopen(path.c_str(), "a");
  if (file == nullptr) throw_errno("cannot write progress to " + path, errno);
  std::fclose(file);  // NOLINT: nothing was written
  return path;
}

// 0, or the number of the error.
int append_line(const std::string& path, const std::string& line) {
  errno = 0;
  std::FILE* const file = std::fopen(path.c_str(), "a");
  if (file == nullptr) return errno;
  const bool is_written = std::fprintf(file, "%s\n", line.c_str()) >= 0;
  const int error = errno;
  if (std::fclose(file) != 0) return errno;
  return is_written ? 0 : error;
}

}  // namespace

ProgressDisplay::ProgressDisplay(const Progress& progress, Log log, bool quiet, std::string json_path)
    : progress_(progress),
      log_(std::move(log)),
      quiet_(quiet),
      area_(stderr),
      json_path_(report_path(std::move(json_path))),
      start_(std::chrono::steady_clock::now()),
      thread_([this] { loop(); }) {}

ProgressDisplay::~ProgressDisplay() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_all();
  thread_.join();
  area_.erase();
  hide();
}

void ProgressDisplay::log(LogLevel level, const std::string& message) {
  const std::lock_guard lock(mutex_);
  area_.erase();
  log_(level, message);
}

// What matters most comes first: a narrow terminal shows less.
std::string ProgressDisplay::line(double seconds, int columns) const {
  const auto of = [](const std::atomic<uint64_t>& counter) { return static_cast<double>(counter.load()); };
  const double rate = of(progress_.bytes_in) / std::max(seconds, 1e-3);
  std::vector<std::string> pieces;
  pieces.push_back(
      fmt::format("{}/{} inputs", grouped(progress_.inputs_committed.load()), grouped(progress_.inputs_total.load())));
  const double left = of(progress_.bytes_total) - of(progress_.bytes_in);
  if (progress_.bytes_total > 0 && left > 0 && rate > 0)
    pieces.push_back(fmt::format("{} left", duration_text(left / rate)));
  if (progress_.documents > 0)
    pieces.push_back(fmt::format("{:.1f}% pass", 100 * of(progress_.passed) / of(progress_.documents)));
  pieces.push_back(
      fmt::format("{} records/s", grouped(static_cast<uint64_t>(of(progress_.records) / std::max(seconds, 1e-3)))));
  pieces.push_back(bytes_text(rate) + "/s");
  if (progress_.tokens > 0)
    pieces.push_back(fmt::format("{:.1f} M tokens/s", 1e-6 * of(progress_.tokens) / std::max(seconds, 1e-3)));
  if (const std::string reasons = progress_.top_reasons(3); !reasons.empty()) pieces.push_back("dropped: " + reasons);
  return joined_to_fit(pieces, columns);
}

void ProgressDisplay::report(double seconds) {
  if (!quiet_) {
    if (area_.is_terminal()) {
      area_.draw({line(seconds, area_.size().columns - 1)});
    } else {
      std::fprintf(stderr, "%s\n", line(seconds, kColumnsOfALog).c_str());
    }
  }
  if (json_path_.empty()) return;
  const int error = append_line(json_path_, progress_.json(seconds, false));
  if (error == 0) return;
  area_.erase();
  if (log_) {
    log_(LogLevel::kWarning,
         fmt::format("cannot write progress to {}, so no more is written there: {}", json_path_, std::strerror(error)));
  }
  json_path_.clear();  // the work is worth more than the reports on it
}

void ProgressDisplay::show_in(std::string path) {
  const std::lock_guard lock(mutex_);
  shown_path_ = std::move(path);
}

void ProgressDisplay::hide() {
  const std::lock_guard lock(mutex_);
  if (shown_path_.empty()) return;
  std::remove(shown_path_.c_str());
  std::remove((shown_path_ + ".new").c_str());
  shown_path_.clear();
}

void ProgressDisplay::replace_file(double seconds) const {
  const std::string path = shown_path_ + ".new";
  std::FILE* const file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return;
  const bool is_written = std::fputs(progress_.json(seconds, true).c_str(), file) >= 0;
  if (std::fclose(file) == 0 && is_written) std::rename(path.c_str(), shown_path_.c_str());
}

void ProgressDisplay::loop() {
  std::unique_lock lock(mutex_);
  const auto seconds = [this] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  };
  const auto report_interval = area_.is_terminal() ? kTerminalInterval : kLogInterval;
  auto next_report = start_ + report_interval;
  auto next_file = start_ + kFileInterval;
  while (!wake_.wait_until(lock, std::min(next_report, next_file), [this] { return done_; })) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_report) {
      report(seconds());
      next_report = now + report_interval;
    }
    if (now >= next_file) {
      if (!shown_path_.empty()) replace_file(seconds());
      next_file = now + kFileInterval;
    }
  }
  if (!json_path_.empty()) {
    quiet_ = true;  // the last report is for the file: the funnel follows on the screen
    report(seconds());
  }
}

}  // namespace ftok
