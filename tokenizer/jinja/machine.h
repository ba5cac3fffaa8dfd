// Machine: what a template that runs has spent and where it is, with what filters, tests, methods and operators all
// need.
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/jinja/failure.h"
#include "tokenizer/jinja/value.h"

namespace ftok::jinja {

struct Limits {
  uint64_t steps = 10'000'000;          // nodes that are run, and 16 bytes of text or an item of a list that is made
  size_t text_bytes = size_t{1} << 24;  // of a string, and of what comes out
  int depth = 600;                      // of expressions, blocks and macros in one another
};

struct RenderInput {
  std::vector<std::pair<std::string, Value>> variables;
  std::function<std::tm()> now;  // for strftime_now
  Limits limits;
};

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// What filters, methods and functions see of the interpreter: bounds, messages, texts.
class Machine {
 public:
  explicit Machine(const RenderInput& input) : input_(input) {}

  void spend(uint64_t steps);
  [[noreturn]] void fail(std::string what) const;
  // `what` cannot be done with `value`.
  [[noreturn]] void refuse(std::string_view what, const Value& value) const;

  Value make(MarkedText text);  // counted
  Value make_list(std::vector<Value> items, bool is_tuple = false);
  Value make_dict(std::vector<std::pair<Value, Value>> items);
  MarkedText str(const Value& value);
  void check_size(size_t bytes) const;

  // What a for would go through.
  std::vector<Value> items_of(const Value& value);
  int64_t length_of(const Value& value);

  // The arguments in the order of `names`, which stand for them; null where one is left out. The first `needed` must be
  // there.
  std::vector<const Value*> bind(std::string_view what, const Arguments& arguments,
                                 const std::vector<std::string_view>& names, size_t needed) const;
  int64_t need_int(std::string_view what, const Value& value) const;
  const MarkedText& need_text(std::string_view what, const Value& value) const;

  // Python looks up no lists and dicts.
  void check_key(const Value& value) const;
  bool contains(const Value& item, const Value& in);
  // Below 0, 0, above 0. Fails for what cannot be compared.
  int compare(const Value& a, const Value& b);
  Value attribute(const Value& object, const std::string& name);
  Value item(const Value& object, const Value& key);

  int line() const { return line_; }
  const RenderInput& input() const { return input_; }

 protected:
  const RenderInput& input_;
  int line_ = 1;

 private:
  uint64_t steps_ = 0;
};

}  // namespace ftok::jinja
