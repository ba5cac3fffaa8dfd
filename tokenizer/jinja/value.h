// What expressions of a template come to, as Python would have it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tokenizer/jinja/marked_text.h"

namespace ftok::jinja {

struct Value;
struct Node;
struct Scope;

// A name that nothing stands for: false, empty, and an error in nearly all else.
struct Undefined {
  std::shared_ptr<const std::string> what;
  bool operator==(const Undefined&) const = default;
};

// How deep lists and dicts may lie in one another.
constexpr int kValueDepthMax = 64;

struct List {
  std::vector<Value> items;
  bool is_tuple = false;
  int depth = 1;
  uint64_t weight = 1;
};

// In the order of insertion.
struct Dict {
  std::vector<std::pair<Value, Value>> items;  // keys are texts, numbers or none
  int depth = 1;
  uint64_t weight = 1;
};

// What namespace() makes: the one thing that a template can change.
struct Namespace {
  std::vector<std::pair<std::string, Value>> items;
};

// `loop` in a for.
struct Loop {
  std::shared_ptr<const List> items;
  size_t at = 0;
  int64_t depth = 1;
  std::shared_ptr<Value> changed;  // what loop.changed() saw last
};

// What can be called: a function, a method with its object, or a macro with the names that it sees.
struct Callable {
  enum class Kind : uint8_t { kFunction, kMethod, kMacro } kind = Kind::kFunction;
  std::string name;
  std::shared_ptr<const Value> object = nullptr;
  const Node* macro = nullptr;
  Scope* scope = nullptr;
};

using TextPtr = std::shared_ptr<const MarkedText>;

struct Value {
  std::variant<Undefined, std::nullptr_t, bool, int64_t, double, TextPtr, std::shared_ptr<const List>,
               std::shared_ptr<const Dict>, std::shared_ptr<Namespace>, std::shared_ptr<Loop>,
               std::shared_ptr<const Callable>>
      is;
  Writer writer = 0;  // of a number: who wrote the digits

  static Value none() { return {nullptr}; }
  static Value text(MarkedText text) { return {std::make_shared<const MarkedText>(std::move(text))}; }
  static Value text(std::string_view text, Writer writer = 0) { return Value::text(MarkedText(text, writer)); }
  static Value undefined(std::string what) { return {Undefined{std::make_shared<const std::string>(std::move(what))}}; }

  template <typename T>
  bool holds() const {
    return std::holds_alternative<T>(is);
  }
  bool is_undefined() const { return holds<Undefined>(); }
  bool is_none() const { return holds<std::nullptr_t>(); }
  bool is_number() const { return holds<int64_t>() || holds<double>() || holds<bool>(); }

  // Null where it is of another type.
  const MarkedText* as_text() const;
  const List* as_list() const;
  const Dict* as_dict() const;
  // Of whole numbers and truths.
  bool as_int(int64_t& number) const;
  bool as_double(double& number) const;
};

// The depth of a value that lies in a list or dict; namespaces, loops and functions are as deep as can be.
int depth_of(const Value& value);

// How many steps looking at all of a value takes: what lies in it twice counts twice.
uint64_t weight_of(const Value& value);

bool is_true(const Value& value);

// Python's ==.
bool is_equal(const Value& a, const Value& b);

// Of a dict: null where there is no such key.
const Value* find_item(const Dict& dict, const Value& key);
const Value* find_item(const Dict& dict, std::string_view key);

// "a string", "a list", ... for messages.
std::string_view type_name(const Value& value);

// Python's str() and repr(). `budget` is how many bytes may be appended at most; false where they do not suffice.
bool append_str(MarkedText& out, const Value& value, size_t budget);

// A number as Python writes it.
std::string number_text(const Value& value);

struct JsonForm {
  bool ascii = false, sorts_keys = false;
  int indent = -1;  // below 0: all in one line
  std::string item_separator = ", ", key_separator = ": ";
};
// Python's json.dumps. Returns what cannot be written; empty where all could.
std::string append_json(MarkedText& out, const Value& value, const JsonForm& form, size_t budget, int level = 0);

}  // namespace ftok::jinja
