#include "trainer/training/step_log.h"

#include <simdjson.h>

#include <cerrno>
#include <cmath>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace ftok {
namespace {

constexpr std::string_view kFirstBytes = "{\"step\":";

}  // namespace

StepLog::StepLog(const std::string& path, uint64_t step) : path_(path) {
  if (std::filesystem::exists(path)) {
    const std::string text = read_file(path);
    if (!text.empty() && !std::string_view(text).starts_with(kFirstBytes) && !kFirstBytes.starts_with(text)) {
      throw UsageError(path + " is not a log of ftok train; name another folder");
    }
    write_file(path, keep_lines(text, step));
  }
  file_ = std::fopen(path.c_str(), "ab");
  if (file_ == nullptr) throw_errno("cannot write " + path, errno);
}

StepLog::~StepLog() { std::fclose(file_); }  // add() has written all

void StepLog::add(const StepReport& report, const std::optional<Validation>& validation) {
  JsonWriter json;
  json.begin_object().field("step", report.step).field("loss", report.loss);
  json.field("tokens_per_second", std::round(report.tokens_per_second * 10) / 10).field("norm", report.norm);
  json.field("lr", report.learning_rate);
  if (report.mfu > 0) json.field("mfu", std::round(report.mfu * 1e5) / 1e5);
  if (report.skipped) json.field("skipped", true);
  if (validation) json.field("validation_loss", validation->loss);
  if (validation && validation->bits_per_byte) json.field("val_bpb", *validation->bits_per_byte);
  const std::string line = json.end_object().text() + "\n";
  if (std::fwrite(line.data(), 1, line.size(), file_) != line.size() || std::fflush(file_) != 0) {
    throw_errno("cannot write " + path_, errno);
  }
  if (!report.no_targets) curve_.training.push_back({report.step, report.loss});
  if (validation) curve_.validation.push_back({report.step, validation->loss});
}

// The lines of steps up to `step`, up to the first that is cut short; their losses go into the curve.
std::string StepLog::keep_lines(const std::string& text, uint64_t step) {
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
    double loss = NAN;
    if (line["loss"].get(loss) == simdjson::SUCCESS) curve_.training.push_back({number, loss});
    if (line["validation_loss"].get(loss) == simdjson::SUCCESS) curve_.validation.push_back({number, loss});
    begin = kept = end + 1;
  }
  return text.substr(0, kept);
}

}  // namespace ftok
