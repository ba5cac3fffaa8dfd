#include "tokenizer/jinja/interpreter.h"

#include <fmt/format.h>

#include <algorithm>

#include "tokenizer/jinja/builtins.h"

namespace ftok::jinja {
namespace {

enum class Flow : uint8_t { kOn, kBreak, kContinue };

class Interpreter : public Machine {
 public:
  explicit Interpreter(const RenderInput& input) : Machine(input), scope_(std::make_shared<Scope>()) {
    for (const auto& [name, value] : input.variables) scope_->names[name] = value;
  }

  Rendering run(const Node& root) {
    out_ = &rendering_.text;
    run_node(root);
    return std::move(rendering_);
  }

 private:
  // Counts a step, and how deep it is.
  class Step {
   public:
    Step(Interpreter& in, const Node& node) : in_(in) {
      in.line_ = node.line;
      in.spend(1);
      if (++in.depth_ > in.input_.limits.depth) {
        --in.depth_;
        in.fail(fmt::format("more than {} expressions, blocks and macros in one another", in.input_.limits.depth));
      }
    }
    ~Step() { --in_.depth_; }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    Interpreter& in_;
  };

  // Another scope, or another place for what comes out, for as long as it lives.
  template <typename T>
  class Instead {
   public:
    Instead(T& place, T value) : place_(place), before_(std::exchange(place, std::move(value))) {}
    ~Instead() { place_ = std::move(before_); }
    Instead(const Instead&) = delete;
    Instead& operator=(const Instead&) = delete;

   private:
    T& place_;
    T before_;
  };

  std::shared_ptr<Scope> new_scope(std::shared_ptr<Scope> parent) {
    auto scope = std::make_shared<Scope>();
    scope->parent = std::move(parent);
    return scope;
  }

  void write(const MarkedText& text) {
    spend(text.size() / 16);
    check_size(out_->size() + text.size());
    out_->append(text);
  }

  // Statements.
  Flow run_node(const Node& node) {
    const Step step(*this, node);
    switch (node.kind) {
      case NodeKind::kBlock:
        for (const NodePtr& part : node.parts) {
          if (const Flow flow = run_node(*part); flow != Flow::kOn) return flow;
        }
        return Flow::kOn;
      case NodeKind::kText: write(*node.value.as_text()); return Flow::kOn;
      case NodeKind::kOutput: write(str(evaluate(*node.parts[0]))); return Flow::kOn;
      case NodeKind::kIf: return run_if(node);
      case NodeKind::kFor: return run_for(node);
      case NodeKind::kGeneration: return run_generation(node);
      case NodeKind::kBreak: return Flow::kBreak;
      case NodeKind::kContinue: return Flow::kContinue;
      default: run_definition(node); return Flow::kOn;
    }
  }

  void run_definition(const Node& node) {
    if (node.kind == NodeKind::kSet) {
      assign(*node.parts[0], evaluate(*node.parts[1]));
    } else if (node.kind == NodeKind::kSetBlock) {
      const Value text = make(text_of(*node.parts[1], new_scope(scope_)));
      assign(*node.parts[0], node.parts[2] ? filtered(*node.parts[2], text) : text);
    } else if (node.kind == NodeKind::kFilterBlock) {
      write(str(filtered(*node.parts[0], make(text_of(*node.parts[1], new_scope(scope_))))));
    } else {
      kept_.push_back(scope_);  // the macro sees it as long as the template runs
      Callable macro{Callable::Kind::kMacro, node.name, nullptr, &node, scope_.get()};
      scope_->names[node.name] = {std::make_shared<const Callable>(std::move(macro))};
    }
  }

  Flow run_if(const Node& node) {
    size_t i = 0;
    for (; i + 1 < node.parts.size(); i += 2) {
      if (is_true(evaluate(*node.parts[i]))) return run_node(*node.parts[i + 1]);
    }
    return i < node.parts.size() ? run_node(*node.parts[i]) : Flow::kOn;
  }

  Flow run_generation(const Node& node) {
    const size_t begin = out_->size();
    const bool is_outer = out_ == &rendering_.text;
    const Flow flow = run_node(*node.parts[0]);
    if (is_outer) rendering_.generated.push_back({begin, out_->size()});
    return flow;
  }

  Flow run_for(const Node& node) {
    std::vector<Value> items = items_of(evaluate(*node.parts[1]));
    const std::shared_ptr<Scope> outer = scope_;
    if (const Node* test = node.parts[2].get()) {
      std::vector<Value> kept;
      for (Value& item : items) {
        const Instead<std::shared_ptr<Scope>> inner(scope_, new_scope(outer));
        assign(*node.parts[0], item);
        if (is_true(evaluate(*test))) kept.push_back(std::move(item));
      }
      items = std::move(kept);
    }
    if (items.empty()) {
      if (!node.parts[4]) return Flow::kOn;
      const Instead<std::shared_ptr<Scope>> inner(scope_, new_scope(outer));
      return run_node(*node.parts[4]);
    }
    const auto loop = std::make_shared<Loop>();
    auto list = std::make_shared<List>();
    list->items = std::move(items);
    loop->items = list;
    loop->depth = loops_ + 1;
    const Instead<int64_t> deeper(loops_, loops_ + 1);
    for (size_t i = 0; i < list->items.size(); ++i) {
      const Instead<std::shared_ptr<Scope>> inner(scope_, new_scope(outer));
      loop->at = i;
      scope_->names["loop"] = {loop};
      assign(*node.parts[0], list->items[i]);
      if (run_node(*node.parts[3]) == Flow::kBreak) break;
    }
    return Flow::kOn;
  }

  // What a block writes, apart.
  MarkedText text_of(const Node& block, std::shared_ptr<Scope> scope) {
    MarkedText text;
    const Instead<std::shared_ptr<Scope>> inner(scope_, std::move(scope));
    const Instead<MarkedText*> aside(out_, &text);
    run_node(block);
    return text;
  }

  void assign(const Node& target, const Value& value) {
    if (target.kind == NodeKind::kName) {
      scope_->names[target.name] = value;
      return;
    }
    if (target.kind == NodeKind::kAttribute) return assign_attribute(target, value);
    const std::vector<Value> items = items_of(value);
    if (items.size() != target.parts.size())
      fail(fmt::format("{} values for {} names", items.size(), target.parts.size()));
    for (size_t i = 0; i < items.size(); ++i) assign(*target.parts[i], items[i]);
  }

  void assign_attribute(const Node& target, const Value& value) {
    const Value object = evaluate(*target.parts[0]);
    const auto* space = std::get_if<std::shared_ptr<Namespace>>(&object.is);
    if (space == nullptr) refuse(fmt::format("cannot set .{} of", target.name), object);
    if (depth_of(value) >= kValueDepthMax) refuse("a namespace cannot hold", value);
    spend((*space)->items.size());
    for (auto& [name, held] : (*space)->items) {
      if (name == target.name) {
        held = value;
        return;
      }
    }
    (*space)->items.emplace_back(target.name, value);
  }

  // Expressions.
  Value evaluate(const Node& node) {
    const Step step(*this, node);
    switch (node.kind) {
      case NodeKind::kConstant: return node.value;
      case NodeKind::kName: return name_value(node.name);
      case NodeKind::kList:
      case NodeKind::kTuple: return make_list(evaluate_all(node), node.kind == NodeKind::kTuple);
      case NodeKind::kDict: return evaluate_dict(node);
      case NodeKind::kAttribute: {
        const Value object = evaluate(*node.parts[0]);
        line_ = node.line;
        return attribute(object, node.name);
      }
      case NodeKind::kItem: {
        const Value object = evaluate(*node.parts[0]), key = evaluate(*node.parts[1]);
        line_ = node.line;
        return item(object, key);
      }
      case NodeKind::kSlice: return evaluate_slice(node);
      case NodeKind::kCall: return evaluate_call(node);
      case NodeKind::kFilter: return filtered(node, evaluate(*node.parts[0]));
      case NodeKind::kTest: return evaluate_test(node);
      default: return evaluate_operator(node);
    }
  }

  Value evaluate_operator(const Node& node) {
    switch (node.kind) {
      case NodeKind::kSign: {
        const Value value = evaluate(*node.parts[0]);
        line_ = node.line;
        return apply_sign(*this, node.name, value);
      }
      case NodeKind::kBinary: {
        const Value a = evaluate(*node.parts[0]), b = evaluate(*node.parts[1]);
        line_ = node.line;
        return apply_binary(*this, node.name, a, b);
      }
      case NodeKind::kCompare: return evaluate_compare(node);
      case NodeKind::kAnd: {
        Value left = evaluate(*node.parts[0]);
        return is_true(left) ? evaluate(*node.parts[1]) : left;
      }
      case NodeKind::kOr: {
        Value left = evaluate(*node.parts[0]);
        return is_true(left) ? left : evaluate(*node.parts[1]);
      }
      case NodeKind::kNot: return {!is_true(evaluate(*node.parts[0]))};
      case NodeKind::kJoin: {
        MarkedText text;
        for (const NodePtr& part : node.parts) {
          text.append(str(evaluate(*part)));
          check_size(text.size());
        }
        return make(std::move(text));
      }
      case NodeKind::kChoice:
        if (is_true(evaluate(*node.parts[1]))) return evaluate(*node.parts[0]);
        return node.parts[2] ? evaluate(*node.parts[2]) : Value::undefined("the other case of an 'if' without 'else'");
      default: fail("an expression that is not supported");
    }
  }

  Value name_value(const std::string& name) {
    for (const Scope* scope = scope_.get(); scope != nullptr; scope = scope->parent.get()) {
      if (const auto found = scope->names.find(name); found != scope->names.end()) return found->second;
      spend(1);
    }
    if (is_function(name)) return {std::make_shared<const Callable>(Callable{Callable::Kind::kFunction, name})};
    return Value::undefined(name);
  }

  std::vector<Value> evaluate_all(const Node& node) {
    std::vector<Value> values;
    for (const NodePtr& part : node.parts) values.push_back(evaluate(*part));
    return values;
  }

  Value evaluate_dict(const Node& node) {
    std::vector<std::pair<Value, Value>> items;
    for (size_t i = 0; i + 1 < node.parts.size(); i += 2)
      items.emplace_back(evaluate(*node.parts[i]), evaluate(*node.parts[i + 1]));
    return make_dict(std::move(items));
  }

  Value evaluate_slice(const Node& node) {
    const Value object = evaluate(*node.parts[0]);
    Value bounds[3];
    for (size_t i = 0; i < 3; ++i) {
      const Node* const part = node.parts[i + 1].get();
      if (part != nullptr) bounds[i] = evaluate(*part);
      if (part != nullptr && bounds[i].is_undefined()) refuse("a bound of a slice cannot be", bounds[i]);
    }
    line_ = node.line;
    return slice(*this, object, bounds[0], bounds[1], bounds[2]);
  }

  Value evaluate_compare(const Node& node) {
    Value left = evaluate(*node.parts[0]);
    for (size_t i = 1; i < node.parts.size(); ++i) {
      const Node& operand = *node.parts[i];
      Value right = evaluate(*operand.parts[0]);
      line_ = operand.line;
      if (!holds(operand.name, left, right)) return {false};
      left = std::move(right);
    }
    return {true};
  }

  bool holds(const std::string& sign, const Value& a, const Value& b) {
    spend(std::min(weight_of(a), weight_of(b)));
    if (sign == "==") return is_equal(a, b);
    if (sign == "!=") return !is_equal(a, b);
    if (sign == "in") return contains(a, b);
    if (sign == "not in") return !contains(a, b);
    const int order = compare(a, b);
    return sign == "<" ? order < 0 : sign == "<=" ? order <= 0 : sign == ">" ? order > 0 : order >= 0;
  }

  Arguments arguments_of(const Node& node) {
    Arguments arguments;
    for (size_t i = 1; i < node.parts.size(); ++i) {
      const Node& part = *node.parts[i];
      if (part.kind == NodeKind::kNamed) {
        arguments.named.emplace_back(part.name, evaluate(*part.parts[0]));
      } else {
        if (!arguments.named.empty()) fail("a positional argument after a named one");
        arguments.positional.push_back(evaluate(part));
      }
    }
    line_ = node.line;
    return arguments;
  }

  // A chain of filters whose innermost has no input of its own.
  Value filtered(const Node& node, const Value& input) {
    const Node* const inner = node.parts[0].get();
    const bool is_chain = inner != nullptr && inner->kind == NodeKind::kFilter && !has_input(*inner);
    const Value value = is_chain ? filtered(*inner, input) : input;
    const Arguments arguments = arguments_of(node);
    return apply_filter(*this, node.name, value, arguments);
  }

  static bool has_input(const Node& filter) {
    const Node* node = &filter;
    while (node != nullptr && node->kind == NodeKind::kFilter) node = node->parts[0].get();
    return node != nullptr;
  }

  Value evaluate_test(const Node& node) {
    const Value input = evaluate(*node.parts[0]);
    const Arguments arguments = arguments_of(node);
    return {apply_test(*this, node.name, input, arguments)};
  }

  Value evaluate_call(const Node& node) {
    const Value callee = evaluate(*node.parts[0]);
    const Arguments arguments = arguments_of(node);
    const auto* callable = std::get_if<std::shared_ptr<const Callable>>(&callee.is);
    if (callable == nullptr && callee.is_undefined())
      fail(fmt::format("{} is not defined, or not supported, and cannot be called",
                       *std::get<Undefined>(callee.is).what));
    if (callable == nullptr) refuse("cannot call", callee);
    const Callable& called = **callable;
    if (called.kind == Callable::Kind::kMethod) return call_method(*this, *called.object, called.name, arguments);
    if (called.kind == Callable::Kind::kFunction) return call_function(*this, called.name, arguments);
    return call_macro(called, arguments);
  }

  Value call_macro(const Callable& macro, const Arguments& arguments) {
    const Node& node = *macro.macro;
    const Step step(*this, node);
    const size_t count = node.parts.size() - 1;
    if (arguments.positional.size() > count)
      fail(fmt::format("the macro {} takes {} arguments, got {}", macro.name, count, arguments.positional.size()));
    const auto scope = std::make_shared<Scope>();
    // The scope of the definition lives as long as the interpreter (kept_).
    scope->parent = std::shared_ptr<Scope>(std::shared_ptr<Scope>(), macro.scope);
    for (const auto& [name, value] : arguments.named) {
      const bool is_known = std::any_of(node.parts.begin() + 1, node.parts.end(),
                                        [&name = name](const NodePtr& part) { return part->name == name; });
      if (!is_known) fail(fmt::format("the macro {} takes no argument {}", macro.name, name));
      scope->names[name] = value;
    }
    const Instead<std::shared_ptr<Scope>> inner(scope_, scope);
    const Instead<int64_t> no_loops(loops_, 0);
    for (size_t i = 0; i < count; ++i) {
      const Node& parameter = *node.parts[i + 1];
      if (i < arguments.positional.size()) {
        if (scope->names.contains(parameter.name))
          fail(fmt::format("the macro {} got its argument {} twice", macro.name, parameter.name));
        scope->names[parameter.name] = arguments.positional[i];
      } else if (!scope->names.contains(parameter.name)) {
        scope->names[parameter.name] = parameter.parts.empty() ? Value::undefined("the parameter " + parameter.name)
                                                               : evaluate(*parameter.parts[0]);
      }
    }
    return make(text_of(*node.parts[0], scope));
  }

  Rendering rendering_;
  MarkedText* out_ = nullptr;
  std::shared_ptr<Scope> scope_;
  std::vector<std::shared_ptr<Scope>> kept_;  // those that macros see
  int depth_ = 0;
  int64_t loops_ = 0;
};

}  // namespace

Rendering render(const Node& root, const RenderInput& input) { return Interpreter(input).run(root); }

}  // namespace ftok::jinja
