// Runs the ftok binary as a user does. FTOK_BINARY is its path (tests/cli/CMakeLists.txt).
#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <string>

namespace ftok::testing {

struct Ran {
  int exit_code = -1;
  std::string out;  // standard output and standard error together
};

// `arguments` goes through the shell.
inline Ran run_ftok(const std::string& arguments) {
  Ran ran;
  std::FILE* pipe = ::popen((std::string(FTOK_BINARY) + " " + arguments + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  char block[4096];
  while (const size_t got = std::fread(block, 1, sizeof block, pipe)) ran.out.append(block, got);
  const int status = ::pclose(pipe);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

}  // namespace ftok::testing
