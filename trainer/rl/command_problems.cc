#include "trainer/rl/command_problems.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <chrono>
#include <cmath>

#include "core/error.h"
#include "core/json.h"
#include "core/lenient_json.h"
#include "core/shown.h"
#include "core/worker.h"

namespace ftok {
namespace {

constexpr size_t kAnswerBytesMax = size_t{64} << 20;
constexpr size_t kShownBytes = 200;  // of a line that is wrong

class CommandProblems final : public ProblemSet {
 public:
  explicit CommandProblems(const ProblemOptions& options) : options_(options), worker_(options.command) {}

  std::vector<Problem> make(uint64_t first, size_t count, bool held_out) override {
    std::vector<std::string> requests;
    for (size_t i = 0; i < count; ++i) {
      JsonWriter json;
      requests.push_back(
          json.begin_object().field("problem", first + i).field("held_out", held_out).end_object().take());
    }
    std::vector<Problem> problems(count);
    exchange(requests, [&](size_t i, simdjson::dom::element answer) {
      return is_text(answer, "prompt", problems[i].prompt) && is_text(answer, "truth", problems[i].truth) &&
             (answer["solution"].error() != simdjson::SUCCESS || is_text(answer, "solution", problems[i].solution));
    });
    return problems;
  }

  std::vector<double> rewards(std::span<const ProblemAnswer> attempts) override {
    std::vector<std::string> requests;
    for (const ProblemAnswer& attempt : attempts) {
      JsonWriter json;
      json.begin_object().field("prompt", attempt.problem->prompt).field("truth", attempt.problem->truth);
      requests.push_back(json.field("answer", attempt.answer).end_object().take());
    }
    std::vector<double> rewards(attempts.size());
    exchange(requests, [&](size_t i, simdjson::dom::element answer) {
      return answer["reward"].get(rewards[i]) == simdjson::SUCCESS && std::abs(rewards[i]) <= kRewardMax;
    });
    return rewards;
  }

 private:
  static bool is_text(simdjson::dom::element answer, const char* key, std::string& out) {
    std::string_view text;
    if (answer[key].get(text) != simdjson::SUCCESS) return false;
    out = text;
    return true;
  }

  // Calls take(i, answer) for the answer to each request; false means that it is not what was asked for.
  template <typename Take>
  void exchange(const std::vector<std::string>& requests, const Take& take) {
    std::string batch, answers;
    for (const std::string& request : requests) batch += request + "\n";
    const Worker::End end =
        worker_.exchange(batch + "\n", kAnswerBytesMax, std::chrono::seconds(options_.timeout_s), answers);
    if (end != Worker::End::kAnswered) fail(how_it_ended(end));
    size_t begin = 0;
    for (size_t i = 0; i < requests.size(); ++i) {
      const size_t line_end = answers.find('\n', begin);
      if (line_end == std::string::npos) fail(fmt::format("gave {} answers to {} requests", i, requests.size()));
      const std::string_view line = std::string_view(answers).substr(begin, line_end - begin);
      simdjson::dom::element answer;
      std::string plain;
      if (parse_json(parser_, line, answer, plain) != simdjson::SUCCESS || !take(i, answer)) {
        fail(fmt::format("answered {} to {}", printable(line.substr(0, kShownBytes)),
                         printable(std::string_view(requests[i]).substr(0, kShownBytes))));
      }
      begin = line_end + 1;
    }
    if (begin != answers.size()) fail(fmt::format("gave more than {} answers", requests.size()));
  }

  std::string how_it_ended(Worker::End end) {
    switch (end) {
      case Worker::End::kDied: {
        std::string how = fmt::format("died ({})", worker_.how_it_died());
        if (const std::string words = worker_.last_words(); !words.empty()) how += ": " + words;
        return how;
      }
      case Worker::End::kHung: return fmt::format("has not answered for {} s (task.timeout_s)", options_.timeout_s);
      case Worker::End::kTooLong: return fmt::format("answered with more than {} bytes", kAnswerBytesMax);
      default: return "answered without being asked";
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(fmt::format("task.command: {} {}", printable(options_.command[0]), what));
  }

  ProblemOptions options_;
  Worker worker_;
  simdjson::dom::parser parser_;
};

}  // namespace

std::unique_ptr<ProblemSet> make_command_problems(const ProblemOptions& options) {
  return std::make_unique<CommandProblems>(options);
}

}  // namespace ftok
