// Worker: a child process that is sent requests and answers them, a batch at a time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace ftok {

// Tells where an answer ends in what a worker writes. One of each worker's own.
class AnswerEnd {
 public:
  virtual ~AnswerEnd() = default;
  // How many bytes at the start of `written` are a whole answer; 0: it is not whole yet, and the next call gets the
  // same bytes and more. Throws std::runtime_error where no answer begins like this.
  virtual size_t whole(std::string_view written) = 0;
  // Whether a worker may write this before it is asked.
  virtual bool precedes(std::string_view written) const = 0;
};

// Lines up to and with an empty one; nothing before a request.
class EmptyLineEnd : public AnswerEnd {
 public:
  size_t whole(std::string_view written) override;
  bool precedes(std::string_view) const override { return false; }

 private:
  size_t known_ = 0;  // bytes without an empty line
};

class Worker {
 public:
  enum class End { kAnswered, kDied, kHung, kTooLong, kUnasked };

  // Starts `command`, looked for in PATH, in a process group of its own. Throws Error saying why it cannot be started.
  explicit Worker(const std::vector<std::string>& command);
  // Of one that has not ended: closes its input, gives it a second, and kills what is left of its group.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Sends `request`, and reads `answer` up to its end. kHung: no byte went either way for `timeout`; kTooLong: more
  // than `bytes_max` bytes; kUnasked: bytes were there before the request was sent, or behind the answer. After
  // anything but kAnswered the worker is of no more use. Throws Stopped where waits end, and what `end` throws.
  End exchange(std::string_view request, AnswerEnd& end, size_t bytes_max, std::chrono::seconds timeout,
               std::string& answer);
  // Reads lines until an empty one, which is left out.
  End exchange(std::string_view request, size_t bytes_max, std::chrono::seconds timeout, std::string& answer);

  // "exit code 3", "signal 9", once it has died.
  std::string how_it_died();
  // Closes its input, upon which a worker ends.
  void end_input();
  // Does so, and waits until it has ended, until `deadline` at most; what it still writes is read away. `how`: as
  // how_it_died(), "" for exit code 0. False where it had to be killed, or waits end.
  bool end(std::chrono::steady_clock::time_point deadline, std::string& how);

  // The last line that it wrote to its standard error; of which 4 KiB are kept.
  std::string last_words() const;

 private:
  bool send(std::string_view& request);
  // What it has to say; false where its output has ended.
  bool receive(std::string& answer);
  // Whether nothing lies behind an answer of `whole` bytes that was to come later.
  bool ends_with(size_t whole, const AnswerEnd& end, std::string& answer);
  void listen();
  void kill_group();

  pid_t pid_ = -1;
  int in_ = -1, out_ = -1, err_ = -1;
  std::string words_;
  std::string early_;  // what precedes its next answer
};

}  // namespace ftok
