// What is wrong with a template, and where.
#pragma once

#include <string>

namespace ftok::jinja {

struct Failure {
  int line = 0;
  std::string what;
};

}  // namespace ftok::jinja
