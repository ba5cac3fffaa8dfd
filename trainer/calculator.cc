#include "trainer/calculator.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace ftok {
namespace {

constexpr double kLargest = 1e15;

// By recursive descent; one for each expression. A function that fails sets `problem_`, and all return at once.
class Calculation {
 public:
  explicit Calculation(std::string_view text) : text_(text) {}

  std::string answer() {
    if (text_.size() > kCalculationBytesMax) return fmt::format("error: longer than {} bytes", kCalculationBytesMax);
    double value = sum();
    if (problem_.empty() && peek() != '\0') problem_ = "not an expression";
    if (!problem_.empty()) return "error: " + problem_;
    if (value == 0) value = 0;  // without a sign
    return std::abs(value) == std::floor(std::abs(value)) ? fmt::format("{:.0f}", value)
                                                          : fmt::format("{:.10g}", value);
  }

 private:
  // The next character that is not white space; '\0' at the end.
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  double fail(const char* problem) {
    if (problem_.empty()) problem_ = problem;
    return 0;
  }
  double bounded(double value) { return std::abs(value) < kLargest ? value : fail("too large"); }

  double sum() {
    double value = product();
    for (char sign; problem_.empty() && ((sign = peek()) == '+' || sign == '-');) {
      ++at_;
      const double next = product();
      value = bounded(sign == '+' ? value + next : value - next);
    }
    return value;
  }

  double product() {
    double value = factor();
    for (char sign; problem_.empty() && ((sign = peek()) == '*' || sign == '/');) {
      ++at_;
      const double next = factor();
      if (sign == '/' && next == 0 && problem_.empty()) return fail("division by zero");
      value = bounded(sign == '*' ? value * next : value / next);
    }
    return value;
  }

  double factor() {
    if (depth_ >= kCalculationDepthMax) return fail("nested too deeply");
    ++depth_;
    double value = 0;
    if (peek() == '-') {
      ++at_;
      value = -factor();
    } else if (peek() == '(') {
      ++at_;
      value = sum();
      if (problem_.empty() && peek() != ')') fail("a parenthesis is not closed");
      ++at_;
    } else {
      value = number();
    }
    --depth_;
    return value;
  }

  double number() {
    if (peek() < '0' || peek() > '9') return fail("not an expression");
    double value = 0;
    const auto [end, error] =
        std::from_chars(text_.data() + at_, text_.data() + text_.size(), value, std::chars_format::fixed);
    if (error != std::errc()) return fail("too large");
    at_ = static_cast<size_t>(end - text_.data());
    return bounded(value);
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
  std::string problem_;
};

}  // namespace

std::string calculate(std::string_view expression) { return Calculation(expression).answer(); }

}  // namespace ftok
