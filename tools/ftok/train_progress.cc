#include "tools/ftok/train_progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/amounts.h"
#include "core/json.h"

namespace ftok::cli {
namespace {

// Moves of the cursor included; nobody to read it is no error.
template <typename... Values>
void say_raw(fmt::format_string<Values...> format, Values&&... values) {
  std::fputs(fmt::format(format, std::forward<Values>(values)...).c_str(), stderr);
}

constexpr int kCurveLines = 12, kCurveLinesMin = 3;
constexpr int kOtherLines = 3;  // the status, a message above, the cursor
constexpr auto kRedrawAfter = std::chrono::milliseconds(100);

}  // namespace

TrainProgress::TrainProgress(const Encoding* encoding, double price_per_hour, bool live)
    : encoding_(encoding), price_per_hour_(price_per_hour), live_(live) {}

TrainProgress::~TrainProgress() { area_.keep(); }

void TrainProgress::on_start(int64_t first_step, int64_t steps, int64_t parameters, uint64_t windows) {
  if (first_step > steps) {
    say_raw("ftok: all {} steps are done; give a larger --steps for more\n", steps);
  } else {
    say_raw("ftok: {} parameters, {} windows per epoch, steps {} to {}\n", parameters, windows, first_step, steps);
  }
}

std::string TrainProgress::status(const StepReport& report) const {
  std::string line = fmt::format("step {}/{}  ", report.step, report.steps);
  line += report.no_targets ? "no targets" : fmt::format("loss {:.4f}  norm {:.3f}", report.loss, report.norm);
  line += fmt::format("  lr {:.3g}  {:.0f} tokens/s", report.learning_rate, report.tokens_per_second);
  if (report.mfu > 0) line += fmt::format("  MFU {:.1f} %", 100 * report.mfu);
  line += fmt::format("  {} left", duration_text(report.seconds_left));
  if (price_per_hour_ > 0) line += fmt::format("  cost left {:.2f}", report.seconds_left / 3600 * price_per_hour_);
  return report.skipped ? line + "  (skipped)" : line;
}

void TrainProgress::on_step(const StepReport& report, const LossCurve& curve) {
  if (!live_) {
    say_raw("{}\n", status(report));
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (now - drawn_at_ < kRedrawAfter && report.step != report.steps) return;
  drawn_at_ = now;
  curve_ = curve;
  status_ = status(report);
  draw();
}

void TrainProgress::on_validation(int64_t step, double loss) {
  say(std::isfinite(loss)
          ? fmt::format("step {}  validation loss {:.4f} (perplexity {:.2f})", step, loss, std::exp(loss))
          : fmt::format("step {}  the validation loss is not a number: the model has diverged", step));
}

void TrainProgress::on_sample(int64_t step, const std::vector<uint32_t>& tokens) {
  say(fmt::format("step {}  sample: {}", step, text_of(tokens)));
}

// One line, and valid UTF-8 where a sample breaks a character.
std::string TrainProgress::text_of(const std::vector<uint32_t>& tokens) const {
  if (encoding_ == nullptr) return fmt::format("{}", fmt::join(tokens, " "));
  std::string text, quoted;
  for (const uint32_t token : tokens) text += encoding_->token_bytes(token);
  append_json_string(quoted, text);
  return quoted;
}

void TrainProgress::say(const std::string& line) {
  area_.erase();
  say_raw("{}\n", line);
  if (!status_.empty()) draw();
}

Log TrainProgress::above(Log log) {
  return [this, log = std::move(log)](LogLevel level, const std::string& message) {
    area_.erase();
    log(level, message);
    if (!status_.empty()) draw();
  };
}

void TrainProgress::draw() {
  const TerminalSize size = area_.size();
  const int height = std::min(kCurveLines, size.rows - kOtherLines);
  std::vector<std::string> lines;
  if (height >= kCurveLinesMin) lines = loss_lines(curve_, size.columns - 1, height);
  for (std::string& line : lines) line = fmt::format("\033[36m{}\033[0m", line);
  lines.push_back(status_);
  area_.draw(lines);
}

}  // namespace ftok::cli
