#include "pipeline/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

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

std::string bytes_text(double bytes) {
  const char* const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < std::size(units)) {
    bytes /= 1000;
    ++unit;
  }
  const int digits = unit == 0 || bytes >= 99.95 ? 0 : bytes >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", bytes, digits, units[unit]);
}

std::string duration_text(double seconds) {
  const auto s = static_cast<uint64_t>(std::max(0.0, seconds) + 0.5);
  if (s >= 3600) return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
  if (s >= 60) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} s", s);
}

namespace {

std::string local_path(std::string path) {
  refuse_address(path);
  return path;
}

}  // namespace

ProgressDisplay::ProgressDisplay(const Progress& progress, Log log, bool quiet, std::string json_path)
    : progress_(progress),
      log_(std::move(log)),
      quiet_(quiet),
      terminal_(::isatty(STDERR_FILENO) == 1),
      json_path_(local_path(std::move(json_path))),
      start_(std::chrono::steady_clock::now()),
      thread_([this] { loop(); }) {}

ProgressDisplay::~ProgressDisplay() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_all();
  thread_.join();
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void ProgressDisplay::log(LogLevel level, const std::string& message) {
  const std::lock_guard lock(mutex_);
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
  log_(level, message);
}

std::string ProgressDisplay::line(double seconds) const {
  const auto of = [](const std::atomic<uint64_t>& counter) { return static_cast<double>(counter.load()); };
  const double rate = of(progress_.bytes_in) / std::max(seconds, 1e-3);
  std::string out =
      fmt::format("{}/{} inputs, {:.0f} records/s, {}/s", progress_.inputs_committed.load(),
                  progress_.inputs_total.load(), of(progress_.records) / std::max(seconds, 1e-3), bytes_text(rate));
  if (progress_.documents > 0) {
    out += fmt::format(", {:.1f}% pass", 100 * of(progress_.passed) / of(progress_.documents));
  }
  if (progress_.tokens > 0)
    out += fmt::format(", {:.1f} M tokens/s", 1e-6 * of(progress_.tokens) / std::max(seconds, 1e-3));
  const double left = of(progress_.bytes_total) - of(progress_.bytes_in);
  if (progress_.bytes_total > 0 && left > 0 && rate > 0) out += fmt::format(", {} left", duration_text(left / rate));
  const std::string reasons = progress_.top_reasons(3);
  if (!reasons.empty()) out += fmt::format("; dropped: {}", reasons);
  return out;
}

void ProgressDisplay::report(double seconds) {
  if (!quiet_) {
    if (terminal_) {
      std::fprintf(stderr, "\r\x1b[K%s", line(seconds).c_str());
      drawn_ = true;
    } else {
      std::fprintf(stderr, "%s\n", line(seconds).c_str());
    }
  }
  if (json_path_.empty()) return;
  JsonWriter json;
  json.begin_object().field("seconds", seconds).field("records", progress_.records.load());
  json.field("documents", progress_.documents.load()).field("passed", progress_.passed.load());
  json.field("bytes_in", progress_.bytes_in.load()).field("bytes_total", progress_.bytes_total.load());
  json.field("inputs", progress_.inputs_total.load()).field("inputs_read", progress_.inputs_read.load());
  json.field("inputs_committed", progress_.inputs_committed.load()).field("kept", progress_.kept.load());
  json.field("tokens", progress_.tokens.load()).end_object();
  if (std::FILE* file = std::fopen(json_path_.c_str(), "a")) {
    std::fprintf(file, "%s\n", json.text().c_str());
    std::fclose(file);
  }
}

void ProgressDisplay::loop() {
  std::unique_lock lock(mutex_);
  const auto interval = std::chrono::milliseconds(terminal_ ? 500 : 10000);
  while (!wake_.wait_for(lock, interval, [this] { return done_; })) {
    report(std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count());
  }
  if (!json_path_.empty()) {
    quiet_ = true;  // the last report is for the file: the funnel follows on the screen
    report(std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count());
  }
}

}  // namespace ftok
