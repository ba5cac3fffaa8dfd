#include "view/run_rows.h"

#include "core/byte_source.h"
#include "core/error.h"
#include "crawl/json_lines.h"
#include "crawl/source.h"

namespace ftok {
namespace {

constexpr uint64_t kLineBytesMax = uint64_t{64} << 20;
constexpr size_t kWaitingMax = 8;

}  // namespace

RunRowReader::RunRowReader(const std::string& path) : path_(path), parser_(kLineBytesMax) {
  SourceOptions options;
  options.start_after = "view";  // with all members, or columns
  options.record_bytes_max = kLineBytesMax;
  lines_ = std::move(open_lines_or_records(open_file_source(path), options).lines);
  if (lines_ == nullptr) throw Error(path + ": neither JSON Lines nor Parquet");
}

RunRowReader::~RunRowReader() = default;

bool RunRowReader::next(std::string_view& line) {
  JsonLine read;
  if (!lines_->next(read)) return false;
  ++at_;
  line = read.verdict.kept() ? read.text : std::string_view();
  return true;
}

bool RunRowReader::parse(std::string_view line, simdjson::dom::element& row) {
  return !line.empty() && parser_.parse(line.data(), line.size(), false).get(row) == simdjson::SUCCESS &&
         row.is_object();
}

std::unique_ptr<RunRowReader> RunRowReaders::take(const std::string& path, uint64_t row) {
  std::unique_ptr<RunRowReader> reader;
  {
    const std::lock_guard lock(mutex_);
    auto best = waiting_.end();
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
      const bool fits = (*at)->path() == path && (*at)->at() <= row;
      if (fits && (best == waiting_.end() || (*best)->at() < (*at)->at())) best = at;
    }
    if (best != waiting_.end()) {
      reader = std::move(*best);
      waiting_.erase(best);
    }
  }
  if (reader == nullptr) reader = std::make_unique<RunRowReader>(path);
  for (std::string_view line; reader->at() < row && reader->next(line);) {
  }
  return reader;
}

void RunRowReaders::give_back(std::unique_ptr<RunRowReader> reader) {
  const std::lock_guard lock(mutex_);
  waiting_.push_front(std::move(reader));
  if (waiting_.size() > kWaitingMax) waiting_.pop_back();
}

}  // namespace ftok
