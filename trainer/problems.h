// Problems whose answers a program can check: what reinforcement learning (trainer/rl.h) practises on. Tasks of ftok's
// own, each a generator with a checker, and a user's own as a command.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/options.h"

namespace ftok {

struct Problem {
  std::string prompt;    // the user's message
  std::string truth;     // what the checker compares with
  std::string solution;  // an answer that is right, to learn its form from; "": none is known
};

struct ProblemAnswer {
  const Problem* problem = nullptr;
  std::string answer;  // of the assistant
};

// The section [task] of an RL recipe.
struct ProblemOptions {
  std::string name = "arithmetic";
  int64_t size_min = 1;
  int64_t size_max = 2;
  int64_t held_out_size_min = 0;
  int64_t held_out_size_max = 0;
  bool steps = false;
  std::vector<std::string> command;
  int64_t timeout_s = 60;

  void visit(OptionVisitor& visitor);
  void check() const;  // throws UsageError naming the key that is out of range
};

// Names of the tasks, each with a description.
std::vector<std::pair<std::string, std::string>> task_names();

// Not thread-safe.
inline constexpr double kRewardMax = 1e6;  // in size: sums and squares of such rewards keep all that matters of them

class ProblemSet {
 public:
  virtual ~ProblemSet() = default;
  // Problems number [first, first + count) of those to learn from, or of those held out, which no problem to learn from
  // equals. A function of the seed and the number. Throws Error where there is none, or the command fails.
  virtual std::vector<Problem> make(uint64_t first, size_t count, bool held_out) = 0;
  // The reward of each attempt: 1 where ftok's own tasks find it right, else 0; of a command what it says, a
  // number from -kRewardMax to kRewardMax. Throws Error naming the problem otherwise, or where the command fails.
  virtual std::vector<double> rewards(std::span<const ProblemAnswer> attempts) = 0;
};

std::unique_ptr<ProblemSet> make_problem_set(const ProblemOptions& options, uint64_t seed);

// What an answer comes to, as ftok's own tasks compare it: the text behind the last ':', without white space at its
// ends and a full stop there.
std::string final_answer(std::string_view answer);

}  // namespace ftok
