#include "tools/ftok/train_progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "core/json.h"
#include "pipeline/progress.h"

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

winsize terminal_size() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
    size.ws_col = 80, size.ws_row = 24;
  return size;
}

}  // namespace

TrainProgress::TrainProgress(const Encoding* encoding, double price_per_hour, bool live)
    : encoding_(encoding), price_per_hour_(price_per_hour), live_(live) {}

TrainProgress::~TrainProgress() = default;

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
  erase();
  say_raw("{}\n", line);
  if (!status_.empty()) draw();
}

Log TrainProgress::above(Log log) {
  return [this, log = std::move(log)](LogLevel level, const std::string& message) {
    erase();
    log(level, message);
    if (!status_.empty()) draw();
  };
}

void TrainProgress::erase() {
  if (drawn_lines_ > 0) say_raw("\033[{}F\033[J", drawn_lines_);
  drawn_lines_ = 0;
}

void TrainProgress::draw() {
  const winsize size = terminal_size();
  const int columns = size.ws_col, height = std::min(kCurveLines, size.ws_row - kOtherLines);
  const std::vector<std::string> lines =
      height < kCurveLinesMin ? std::vector<std::string>() : loss_lines(curve_, columns - 1, height);
  std::string frame;
  if (drawn_lines_ > 0) frame += fmt::format("\033[{}F\033[J", drawn_lines_);
  for (const std::string& line : lines) frame += fmt::format("\033[36m{}\033[0m\n", line);
  frame += status_.substr(0, static_cast<size_t>(columns - 1)) + "\n";
  std::fputs(frame.c_str(), stderr);
  drawn_lines_ = static_cast<int>(lines.size()) + 1;
}

}  // namespace ftok::cli
