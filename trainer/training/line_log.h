// A log of JSON objects, one a line, each with the step that it is of; appended a line at a time.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace ftok {

// Not thread-safe.
class LineLog {
 public:
  // Keeps the lines of steps up to `step`, and shows each of them to `kept`: what a killed run wrote beyond its last
  // checkpoint goes, and so does a line that is cut short. At step 0 there is no checkpoint, the run begins anew, and
  // nothing is kept: a line of step 0 is written again. Throws Error naming the path, UsageError when what is there
  // is something else's.
  LineLog(std::string path, uint64_t step, const std::function<void(simdjson::dom::element)>& kept = {});
  ~LineLog();
  LineLog(const LineLog&) = delete;
  LineLog& operator=(const LineLog&) = delete;

  // `json` is an object whose first key is "step". Throws Error naming the path when it cannot be written.
  void add(std::string_view json);

 private:
  std::string path_;
  std::FILE* file_ = nullptr;
};

}  // namespace ftok
