// The rows of a run's files, by number: a JSON object each, whether the file is JSON Lines or Parquet. A file can only
// be read forward; readers that were left behind a row are kept, so that the next page begins where the last one ended.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace ftok {

class JsonLineReader;

// One file, forward. Serial.
class RunRowReader {
 public:
  explicit RunRowReader(const std::string& path);
  ~RunRowReader();
  RunRowReader(const RunRowReader&) = delete;
  RunRowReader& operator=(const RunRowReader&) = delete;

  // The next row as it stands, followed by what simdjson needs; lives until the next call. False at the end.
  bool next(std::string_view& line);
  // The same row, parsed; false where it is no object. Lives until the next call.
  bool parse(std::string_view line, simdjson::dom::element& row);

  uint64_t at() const { return at_; }  // the number of the row that next() gives, from 0
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::unique_ptr<JsonLineReader> lines_;
  simdjson::dom::parser parser_;
  uint64_t at_ = 0;
};

// Readers that wait. Thread-safe.
class RunRowReaders {
 public:
  // One whose next row is `row`, or a later one where the file ends before it.
  std::unique_ptr<RunRowReader> take(const std::string& path, uint64_t row);
  void give_back(std::unique_ptr<RunRowReader> reader);

 private:
  std::mutex mutex_;
  std::list<std::unique_ptr<RunRowReader>> waiting_;  // the last one used first
};

}  // namespace ftok
