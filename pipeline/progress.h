// Progress: live counters of a run, and the display that shows them on standard error: one line redrawn on a terminal,
// plain lines otherwise. Never part of the output.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "core/amounts.h"
#include "core/live_area.h"
#include "core/log.h"
#include "document/stage.h"

namespace ftok {

// In the folder of a run that is in progress: the counters as one JSON object, replaced every second.
inline constexpr char kProgressName[] = "work/progress.json";

// Written by all threads. The numbers are for people; they may lag behind by a document.
class Progress {
 public:
  void count(const Verdict& verdict);
  void add_bytes(uint64_t bytes) { bytes_in += bytes; }

  std::atomic<uint64_t> records{0}, documents{0}, passed{0};  // passed: all stages before deduplication
  std::atomic<uint64_t> bytes_in{0}, bytes_total{0};          // stored bytes; the total 0 when not known
  std::atomic<uint64_t> inputs_total{0}, inputs_read{0}, inputs_committed{0};
  std::atomic<uint64_t> kept{0}, tokens{0};  // committed in this run

  // The `count` commonest drop reasons, "c4.too_few_sentences 12%, ...".
  std::string top_reasons(size_t count) const;

  // All counters as one JSON object; with `reasons` also "dropped": documents by reason.
  std::string json(double seconds, bool reasons) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, uint64_t> dropped_;
};

// Shows a Progress from a thread of its own until it is destroyed.
class ProgressDisplay {
 public:
  // `json_path` (may be empty): a file that gets one JSON object per line with each report.
  ProgressDisplay(const Progress& progress, Log log, bool quiet, std::string json_path);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  // Passes a message on to the log without tearing the progress line. Thread-safe.
  void log(LogLevel level, const std::string& message);

  // From now on the file at `path` also says how far it is, as well as it can be written: nothing is synced, and no
  // failure is told. Until hide(), which removes it.
  void show_in(std::string path);
  void hide();

 private:
  void loop();
  void replace_file(double seconds) const;
  std::string line(double seconds, int columns) const;
  void report(double seconds);

  const Progress& progress_;
  Log log_;
  bool quiet_;
  LiveArea area_;
  std::string json_path_;
  std::string shown_path_;  // of show_in
  std::chrono::steady_clock::time_point start_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace ftok
