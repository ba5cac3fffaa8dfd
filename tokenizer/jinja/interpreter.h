// Runs a template: statements and expressions, within bounds.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tokenizer/jinja/machine.h"
#include "tokenizer/jinja/syntax.h"

namespace ftok::jinja {

// Names and what they stand for: of a template, a macro, a turn of a loop.
struct Scope {
  std::shared_ptr<Scope> parent;
  std::map<std::string, Value, std::less<>> names;
};

struct Rendering {
  MarkedText text;
  std::vector<ByteRange> generated;  // what {% generation %} encloses
};

// Throws Failure.
Rendering render(const Node& root, const RenderInput& input);

}  // namespace ftok::jinja
