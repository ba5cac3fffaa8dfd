// Expressions of a template, from tokens. The part of the parser that knows no statements.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/jinja/lexer.h"
#include "tokenizer/jinja/syntax.h"

namespace ftok::jinja {

class ExpressionParser {
 public:
  explicit ExpressionParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  // Expressions with commas between are a tuple; `with_choice`: `a if b else c` is one.
  NodePtr parse_tuple(bool with_choice = true);
  NodePtr parse_expression(bool with_choice = true);
  // Names that are assigned to: a name, several with commas between, NAME.ATTRIBUTE.
  NodePtr parse_target(bool with_attribute);
  // | filters behind `input`, which may be null.
  NodePtr parse_filters(NodePtr node);
  NodePtr parse_filter(NodePtr input);

  const Token& now() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[at_ + (at_ + 1 < tokens_.size() ? 1 : 0)]; }
  Token take();
  bool take_sign(std::string_view sign);
  bool take_name(std::string_view name);
  void need_sign(std::string_view sign);
  std::string need_name(std::string_view what);
  [[noreturn]] void fail(std::string what) const;

  NodePtr make(NodeKind kind, std::string name = {}) const;

  // Counts how deep the parser is; throws where too deep.
  class Level {
   public:
    explicit Level(ExpressionParser& parser);
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    ExpressionParser& parser_;
  };

 private:
  NodePtr parse_or();
  NodePtr parse_and();
  NodePtr parse_not();
  NodePtr parse_compare();
  NodePtr parse_sum();
  NodePtr parse_join();
  NodePtr parse_product();
  NodePtr parse_power();
  NodePtr parse_sign(bool with_filters);
  NodePtr parse_primary();
  NodePtr parse_name();
  NodePtr parse_number();
  NodePtr parse_dict();
  NodePtr parse_postfix(NodePtr node);
  NodePtr parse_subscript(NodePtr node);
  NodePtr parse_test(NodePtr node);
  void parse_arguments(Node& node);
  bool is_end_of_tuple() const;

  const std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace ftok::jinja
