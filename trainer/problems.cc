#include "trainer/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/check_range.h"
#include "core/error.h"
#include "trainer/random.h"
#include "trainer/rl/command_problems.h"

namespace ftok {
namespace {

constexpr int64_t kSizeMax = 18;       // digits of a number that fits into 64 bits
constexpr uint64_t kHeldOutShare = 8;  // one problem in so many is held out, by a hash of its prompt
constexpr uint64_t kTriesMax = 2000;   // until a problem is on the wanted side of that
constexpr uint64_t kProblemStream = uint64_t{4} << 32;
constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyz";

// Numbers drawn for one problem: a function of the seed and the problem's number.
class Dice {
 public:
  Dice(uint64_t seed, uint64_t number, bool held_out) : seed_(random_bits(seed, kProblemStream + held_out, number)) {}
  // At least `least`, at most `most`.
  int64_t roll(int64_t least, int64_t most) {
    const uint64_t range = static_cast<uint64_t>(most - least) + 1;
    return least + static_cast<int64_t>(random_bits(seed_, kProblemStream, rolls_++) % range);
  }

 private:
  uint64_t seed_;
  uint64_t rolls_ = 0;
};

// "1234" as "1 2 3 4": each character a token of its own.
std::string spaced(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!out.empty()) out += ' ';
    out += c;
  }
  return out;
}

// Column by column from the right: "7 + 5 = 1 2 , 4 + 3 + 1 = 8 :"; "1 2 - 5 = 7 , 4 - 3 - 1 = 0 :" borrows.
std::string column_steps(int64_t a, int64_t b, bool adds) {
  std::string out;
  int64_t carry = 0;
  for (bool first = true; first || a > 0 || b > 0 || (adds && carry > 0); first = false, a /= 10, b /= 10) {
    int64_t x = a % 10;
    const int64_t y = b % 10;
    const bool borrows = !adds && x - y - carry < 0;
    if (borrows) x += 10;
    const int64_t value = adds ? x + y + carry : x - y - carry;
    out += fmt::format("{}{} {} {}{} = {}", first ? "" : " , ", spaced(std::to_string(x)), adds ? '+' : '-', y,
                       carry == 0 ? ""
                       : adds     ? " + 1"
                                  : " - 1",
                       spaced(std::to_string(value)));
    carry = adds ? value / 10 : borrows;
  }
  return out + " : ";
}

int64_t number_of_digits(Dice& dice, int64_t least, int64_t most) {
  const int64_t digits = dice.roll(least, most);
  int64_t power = 1;
  for (int64_t i = 1; i < digits; ++i) power *= 10;
  return dice.roll(digits == 1 ? 0 : power, 10 * power - 1);
}

Problem arithmetic(Dice& dice, int64_t least, int64_t most, bool steps) {
  int64_t a = number_of_digits(dice, least, most), b = number_of_digits(dice, least, most);
  const bool adds = dice.roll(0, 1) == 0;
  if (!adds && a < b) std::swap(a, b);
  const std::string truth = spaced(std::to_string(adds ? a + b : a - b));
  return {fmt::format("What is {} {} {}?", spaced(std::to_string(a)), adds ? '+' : '-', spaced(std::to_string(b))),
          truth, (steps ? column_steps(a, b, adds) : std::string()) + truth};
}

// Different letters to be put in order.
Problem sorting(Dice& dice, int64_t least, int64_t most, bool /*steps*/) {
  std::string letters = kLetters, chosen;
  for (int64_t n = dice.roll(least, most); n > 0; --n) {
    const size_t at = static_cast<size_t>(dice.roll(0, static_cast<int64_t>(letters.size()) - 1));
    chosen += letters[at];
    letters.erase(at, 1);
  }
  std::string sorted = chosen;
  std::sort(sorted.begin(), sorted.end());
  return {fmt::format("Sort {}.", spaced(chosen)), spaced(sorted), spaced(sorted)};
}

// How often a letter stands in a word of the first four; with steps the count so far after each.
Problem letters(Dice& dice, int64_t least, int64_t most, bool steps) {
  std::string word, counted;
  const char asked = kLetters[dice.roll(0, 3)];
  int count = 0;
  for (int64_t n = dice.roll(least, most); n > 0; --n) {
    word += kLetters[dice.roll(0, 3)];
    count += word.back() == asked;
    counted += fmt::format("{} {} ", word.back(), count);
  }
  return {fmt::format("How many {} are in {}?", asked, spaced(word)), std::to_string(count),
          (steps ? counted + ": " : std::string()) + std::to_string(count)};
}

using Generator = Problem (*)(Dice& dice, int64_t least, int64_t most, bool steps);

struct Practice {
  const char *name, *about;
  Generator generator;
};

constexpr Practice kTasks[] = {
    {"arithmetic", "sums and differences of numbers of `size` digits: \"What is 4 7 + 3 5?\"", arithmetic},
    {"sorting", "`size` different letters to be put in order: \"Sort d a c.\"", sorting},
    {"letters", "how often a letter stands in a word of `size` letters: \"How many b are in a b c b?\"", letters},
};
constexpr char kCommandTask[] = "command";

class OwnProblems final : public ProblemSet {
 public:
  OwnProblems(const ProblemOptions& options, uint64_t seed, Generator generator)
      : options_(options), seed_(seed), generator_(generator) {}

  std::vector<Problem> make(uint64_t first, size_t count, bool held_out) override {
    std::vector<Problem> problems;
    for (size_t i = 0; i < count; ++i) problems.push_back(make_one(first + i, held_out));
    return problems;
  }

  std::vector<double> rewards(std::span<const ProblemAnswer> attempts) override {
    std::vector<double> rewards;
    for (const ProblemAnswer& attempt : attempts)
      rewards.push_back(final_answer(attempt.answer) == attempt.problem->truth ? 1 : 0);
    return rewards;
  }

 private:
  Problem make_one(uint64_t number, bool held_out) const {
    int64_t least = options_.size_min, most = options_.size_max;
    if (held_out && options_.held_out_size_max > 0)
      least = options_.held_out_size_min, most = options_.held_out_size_max;
    Dice dice(seed_, number, held_out);
    for (uint64_t tried = 0; tried < kTriesMax; ++tried) {
      Problem problem = generator_(dice, least, most, options_.steps);
      if (is_held_out(problem.prompt) == held_out) return problem;
    }
    throw Error(fmt::format("task {}: no problem of size {} to {} is {}", options_.name, least, most,
                            held_out ? "held out" : "left to learn from"));
  }

  static bool is_held_out(std::string_view prompt) {
    uint64_t hash = 0;
    for (const char c : prompt) hash = mix64(hash ^ static_cast<unsigned char>(c));
    return hash % kHeldOutShare == 0;
  }

  ProblemOptions options_;
  uint64_t seed_;
  Generator generator_;
};

}  // namespace

void ProblemOptions::visit(OptionVisitor& visitor) {
  std::vector<std::string> names;
  for (const auto& [task, about] : task_names()) names.push_back(task);
  visitor.choice("name", name, names, "what is practised");
  visitor.field("size_min", size_min, "smallest size of a problem: digits of a number, letters of a word");
  visitor.field("size_max", size_max, "largest size of a problem");
  visitor.field("held_out_size_min", held_out_size_min, "the same of problems held out; with held_out_size_max");
  visitor.field("held_out_size_max", held_out_size_max, "0: problems held out are of the same sizes");
  visitor.field("steps", steps, "solutions that are written to learn from show their steps, and end in \": ANSWER\"");
  visitor.field("command", command,
                "name = \"command\": the program that makes and checks problems, and its arguments");
  visitor.field("timeout_s", timeout_s, "seconds that the program may take over a batch without a sign of life");
}

void ProblemOptions::check() const {
  const int64_t most = name == "sorting" ? 26 : name == "arithmetic" ? kSizeMax - 1 : 1000;
  check_range("task.size_min", size_min, 1, most);
  check_range("task.size_max", size_max, size_min, most);
  check_range("task.held_out_size_max", held_out_size_max, 0, most);
  if (held_out_size_max > 0) check_range("task.held_out_size_min", held_out_size_min, 1, held_out_size_max);
  check_range("task.timeout_s", timeout_s, 1, 1 << 20);
  if ((name == kCommandTask) != !command.empty())
    throw UsageError("task.command: goes with task.name = \"command\", and that with a command");
}

std::vector<std::pair<std::string, std::string>> task_names() {
  std::vector<std::pair<std::string, std::string>> names;
  for (const Practice& task : kTasks) names.emplace_back(task.name, task.about);
  names.emplace_back(kCommandTask, "problems of a program of your own");
  return names;
}

std::unique_ptr<ProblemSet> make_problem_set(const ProblemOptions& options, uint64_t seed) {
  options.check();
  for (const Practice& task : kTasks) {
    if (options.name == task.name) return std::make_unique<OwnProblems>(options, seed, task.generator);
  }
  return make_command_problems(options);
}

std::string final_answer(std::string_view answer) {
  if (const size_t colon = answer.rfind(':'); colon != std::string_view::npos) answer.remove_prefix(colon + 1);
  const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
  while (!answer.empty() && is_space(answer.front())) answer.remove_prefix(1);
  while (!answer.empty() && (is_space(answer.back()) || answer.back() == '.')) answer.remove_suffix(1);
  return std::string(answer);
}

}  // namespace ftok
