// Worker: a child process that is sent requests and answers them, a batch at a time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace ftok {

class Worker {
 public:
  enum class End { kAnswered, kDied, kHung, kTooLong, kUnasked };

  // Starts `command`, looked for in PATH, in a process group of its own. Throws Error saying why it cannot be started.
  explicit Worker(const std::vector<std::string>& command);
  // Closes its input, gives it a second to end, and kills what is left of its group.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Sends `request`, and reads lines into `answers` until an empty one. kHung: no byte went either way for `timeout`;
  // kTooLong: more than `bytes_max` bytes; kUnasked: bytes were there before the request, or behind the empty line.
  // After anything but kAnswered the worker is of no more use. Throws Stopped where waits end.
  End exchange(std::string_view request, size_t bytes_max, std::chrono::seconds timeout, std::string& answers);

  // "exit code 3", "signal 9", once it has died.
  std::string how_it_died();
  // The last line that it wrote to its standard error; of which 4 KiB are kept.
  std::string last_words() const;

 private:
  bool send(std::string_view& request);
  // What it has to say; false where its output has ended.
  bool receive(std::string& answers);
  void listen();
  void kill_group();

  pid_t pid_ = -1;
  int in_ = -1, out_ = -1, err_ = -1;
  std::string words_;
};

}  // namespace ftok
