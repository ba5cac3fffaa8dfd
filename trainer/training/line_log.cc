#include "trainer/training/line_log.h"

#include <cerrno>
#include <filesystem>
#include <utility>

#include "core/error.h"
#include "core/file.h"

namespace ftok {
namespace {

constexpr std::string_view kFirstBytes = "{\"step\":";

// The bytes of the lines of steps up to `step`; none where that is 0.
size_t kept_size(const std::string& text, uint64_t step, const std::function<void(simdjson::dom::element)>& visit) {
  if (step == 0) return 0;
  simdjson::dom::parser parser;
  size_t kept = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    simdjson::dom::element line;
    int64_t number = 0;
    if (end == std::string::npos || parser.parse(text.data() + begin, end - begin).get(line) != simdjson::SUCCESS ||
        line["step"].get(number) != simdjson::SUCCESS || number > static_cast<int64_t>(step)) {
      break;
    }
    if (visit) visit(line);
    begin = kept = end + 1;
  }
  return kept;
}

}  // namespace

LineLog::LineLog(std::string path, uint64_t step, const std::function<void(simdjson::dom::element)>& kept)
    : path_(std::move(path)) {
  if (std::filesystem::exists(path_)) {
    std::string text = read_file(path_);
    if (!text.empty() && !std::string_view(text).starts_with(kFirstBytes) && !kFirstBytes.starts_with(text)) {
      throw UsageError(path_ + " is not a log of ftok train; name another folder");
    }
    text.resize(kept_size(text, step, kept));
    write_file(path_, text);
  }
  file_ = std::fopen(path_.c_str(), "ab");
  if (file_ == nullptr) throw_errno("cannot write " + path_, errno);
}

LineLog::~LineLog() { std::fclose(file_); }  // add() has written all

void LineLog::add(std::string_view json) {
  const std::string line = std::string(json) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), file_) != line.size() || std::fflush(file_) != 0) {
    throw_errno("cannot write " + path_, errno);
  }
}

}  // namespace ftok
