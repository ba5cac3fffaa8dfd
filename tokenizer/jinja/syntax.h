// A template as a tree.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/jinja/value.h"

namespace ftok::jinja {

struct Node;
using NodePtr = std::unique_ptr<Node>;  // null where a part is left out

enum class NodeKind : uint8_t {
  // Expressions. In brackets: parts.
  kConstant,   // value
  kName,       // name
  kList,       // [items]
  kTuple,      // [items]
  kDict,       // [key, value, key, value, ...]
  kAttribute,  // [object], name
  kItem,       // [object, key]
  kSlice,      // [object, first, last, step]
  kCall,       // [callee, arguments]
  kNamed,    // [value], name: an argument with a name, a parameter and what it is by default, an operand behind `name`
  kFilter,   // [input, arguments], name; no input: what a block or a set gives
  kTest,     // [input, arguments], name
  kSign,     // [operand], name: - or +
  kBinary,   // [left, right], name
  kCompare,  // [first, kNamed ...]
  kAnd,      // [left, right]
  kOr,       // [left, right]
  kNot,      // [operand]
  kJoin,     // [operands]: ~
  kChoice,   // [then, test, else]
  // Statements.
  kBlock,        // [statements]
  kText,         // value
  kOutput,       // [expression]
  kIf,           // [test, block, test, block, ..., block of else]
  kFor,          // [target, iterable, test, block, block of else]
  kSet,          // [target, value]
  kSetBlock,     // [target, block, filters]
  kMacro,        // [block, parameters], name
  kFilterBlock,  // [filters, block]
  kGeneration,   // [block]
  kBreak,
  kContinue,
};

struct Node {
  NodeKind kind = NodeKind::kBlock;
  int line = 0;
  std::string name = {};
  Value value = {};
  std::vector<NodePtr> parts = {};
  int depth = 1;
};

// How deep expressions and blocks may lie in one another, as they are written, and how deep the tree may be.
constexpr int kSyntaxDepthMax = 200, kTreeDepthMax = 400;

// Makes `part` the next one of `node`. Throws Failure where the tree gets too deep.
void adopt(Node& node, NodePtr part);

// Throws Failure for what cannot be parsed, and for what is outside the subset (parser.cc).
NodePtr parse_jinja(std::string_view source);

}  // namespace ftok::jinja
