#include "tools/ftok/sample_flags.h"

#include <fmt/format.h>

#include "core/error.h"

namespace ftok::cli {

void add_sample_flags(CLI::App& command, SampleOptions& options) {
  command.add_option("--temperature", options.temperature, "Sampling temperature; 0: always the likeliest token")
      ->capture_default_str();
  command.add_option("--top-k", options.top_k, "Draw from the K likeliest tokens; 0: from all")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 30))
      ->capture_default_str();
  command.add_option("--top-p", options.top_p, "Draw from the likeliest tokens that together reach probability P")
      ->capture_default_str();
  command
      .add_option("--repetition-penalty", options.repetition_penalty,
                  "Above 1, makes tokens of the context less likely")
      ->capture_default_str();
  command.add_option("--seed", options.seed, "Seed; the same seed gives the same text")->capture_default_str();
}

void StopFlags::check() const {
  for (const std::string& text : texts) {
    if (text.empty()) throw UsageError("--stop: expected a text");
  }
}

void add_stop_flags(CLI::App& command, StopFlags& flags) {
  command.add_option("--stop", flags.texts, "End before this text (repeatable)")->take_all()->allow_extra_args(false);
  command.add_option("--stop-token", flags.tokens, "End before this token id (repeatable)")
      ->take_all()
      ->allow_extra_args(false);
}

void check_sample_flags(const SampleOptions& options) {
  const auto refuse = [](std::string_view flag, double value, std::string_view expected) {
    throw UsageError(fmt::format("{} {}: expected {}", flag, value, expected));
  };
  if (!(options.temperature >= 0 && options.temperature <= 100))
    refuse("--temperature", options.temperature, "0 to 100");
  if (!(options.top_p > 0 && options.top_p <= 1)) refuse("--top-p", options.top_p, "more than 0, at most 1");
  if (!(options.repetition_penalty > 0 && options.repetition_penalty <= 100)) {
    refuse("--repetition-penalty", options.repetition_penalty, "more than 0, at most 100");
  }
}

}  // namespace ftok::cli
