// AnswerStore: what workers answered, in a folder, by the digest of the command and of the batch, so that a run that is
// repeated gives the same bytes where a worker would not.
#pragma once

#include <string>
#include <string_view>

namespace ftok {

class AnswerStore {
 public:
  // `command`: what the answers depend on beside the batch. An empty folder's name: nothing is stored.
  // `ending`: of the files' names.
  AnswerStore(std::string folder, std::string command, std::string_view ending)
      : folder_(std::move(folder)), command_(std::move(command)), ending_(ending) {}

  bool is_open() const { return !folder_.empty(); }

  // The answers to a batch; false where there are none. Thread-safe. Throws Error where a file cannot be read.
  bool find(std::string_view requests, std::string& answers) const;
  // Stores them, whole or not at all. Thread-safe, also among processes.
  void add(std::string_view requests, std::string_view answers) const;

 private:
  std::string path_of(std::string_view requests) const;

  std::string folder_, command_, ending_;
};

}  // namespace ftok
