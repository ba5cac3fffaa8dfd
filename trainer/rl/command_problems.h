// Problems that a command of the user's makes and checks.
//
// It reads batches of lines of JSON and answers each with as many lines; an empty line ends a batch, and its answer.
//   {"problem": 17, "held_out": false}                 {"prompt": "2 + 2?", "truth": "4", "solution": "4"}
//   {"prompt": "2 + 2?", "truth": "4", "answer": "5"}  {"reward": 0}
// "solution" may be absent. The same number gives the same problem, also in another process.
#pragma once

#include <memory>

#include "trainer/problems.h"

namespace ftok {

std::unique_ptr<ProblemSet> make_command_problems(const ProblemOptions& options);

}  // namespace ftok
