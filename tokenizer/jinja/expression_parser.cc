#include "tokenizer/jinja/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "tokenizer/jinja/failure.h"

namespace ftok::jinja {
namespace {

using TokenKind = Token::Kind;

NodePtr node_of(NodePtr first, Node&& node) {
  auto made = std::make_unique<Node>(std::move(node));
  adopt(*made, std::move(first));
  return made;
}

std::string shown_token(const Token& token) {
  switch (token.kind) {
    case TokenKind::kText: return "text";
    case TokenKind::kBlockBegin: return "{%";
    case TokenKind::kBlockEnd: return "%}";
    case TokenKind::kOutputBegin: return "{{";
    case TokenKind::kOutputEnd: return "}}";
    case TokenKind::kString: return "a string";
    case TokenKind::kEnd: return "the end of the template";
    default: return "'" + token.text + "'";
  }
}

}  // namespace

void adopt(Node& node, NodePtr part) {
  if (part) node.depth = std::max(node.depth, part->depth + 1);
  if (node.depth > kTreeDepthMax)
    throw Failure{node.line, fmt::format("more than {} expressions or blocks in one another", kTreeDepthMax)};
  node.parts.push_back(std::move(part));
}

ExpressionParser::Level::Level(ExpressionParser& parser) : parser_(parser) {
  if (++parser_.depth_ > kSyntaxDepthMax) {
    --parser_.depth_;
    parser_.fail(fmt::format("more than {} expressions or blocks in one another", kSyntaxDepthMax));
  }
}

void ExpressionParser::fail(std::string what) const { throw Failure{now().line, std::move(what)}; }

NodePtr ExpressionParser::make(NodeKind kind, std::string name) const {
  return std::make_unique<Node>(Node{kind, now().line, std::move(name)});
}

Token ExpressionParser::take() {
  Token token = now();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool ExpressionParser::take_sign(std::string_view sign) {
  if (!now().is_sign(sign)) return false;
  take();
  return true;
}

bool ExpressionParser::take_name(std::string_view name) {
  if (!now().is_name(name)) return false;
  take();
  return true;
}

void ExpressionParser::need_sign(std::string_view sign) {
  if (!take_sign(sign)) fail(fmt::format("expected '{}', found {}", sign, shown_token(now())));
}

std::string ExpressionParser::need_name(std::string_view what) {
  if (now().kind != TokenKind::kName) fail(fmt::format("expected {}, found {}", what, shown_token(now())));
  return take().text;
}

bool ExpressionParser::is_end_of_tuple() const {
  const Token& token = now();
  return token.kind == TokenKind::kBlockEnd || token.kind == TokenKind::kOutputEnd || token.is_sign(")") ||
         token.is_name("in") || token.kind == TokenKind::kEnd;
}

NodePtr ExpressionParser::parse_tuple(bool with_choice) {
  NodePtr first = parse_expression(with_choice);
  if (!now().is_sign(",")) return first;
  NodePtr tuple = make(NodeKind::kTuple);
  adopt(*tuple, std::move(first));
  while (take_sign(",")) {
    if (is_end_of_tuple()) break;
    adopt(*tuple, parse_expression(with_choice));
  }
  return tuple;
}

NodePtr ExpressionParser::parse_target(bool with_attribute) {
  NodePtr tuple = make(NodeKind::kTuple);
  bool is_tuple = false;
  do {
    if (is_end_of_tuple()) break;
    if (take_sign("(")) {
      adopt(*tuple, parse_target(false));
      need_sign(")");
    } else {
      NodePtr name = make(NodeKind::kName);
      name->name = need_name("a name to assign to");
      if (with_attribute && tuple->parts.empty() && take_sign(".")) {
        NodePtr attribute = make(NodeKind::kAttribute, need_name("a name behind the point"));
        adopt(*attribute, std::move(name));
        return attribute;
      }
      adopt(*tuple, std::move(name));
    }
    is_tuple = is_tuple || now().is_sign(",");
  } while (take_sign(","));
  if (tuple->parts.empty()) fail(fmt::format("expected a name to assign to, found {}", shown_token(now())));
  return is_tuple ? std::move(tuple) : std::move(tuple->parts[0]);
}

NodePtr ExpressionParser::parse_expression(bool with_choice) {
  const Level level(*this);
  NodePtr node = parse_or();
  while (with_choice && now().is_name("if")) {
    NodePtr choice = make(NodeKind::kChoice);
    take();
    adopt(*choice, std::move(node));
    adopt(*choice, parse_or());
    adopt(*choice, take_name("else") ? parse_expression() : nullptr);
    node = std::move(choice);
  }
  return node;
}

NodePtr ExpressionParser::parse_or() {
  NodePtr left = parse_and();
  while (now().is_name("or")) {
    const int line = take().line;
    left = node_of(std::move(left), {NodeKind::kOr, line});
    adopt(*left, parse_and());
  }
  return left;
}

NodePtr ExpressionParser::parse_and() {
  NodePtr left = parse_not();
  while (now().is_name("and")) {
    const int line = take().line;
    left = node_of(std::move(left), {NodeKind::kAnd, line});
    adopt(*left, parse_not());
  }
  return left;
}

NodePtr ExpressionParser::parse_not() {
  if (!now().is_name("not")) return parse_compare();
  const Level level(*this);
  const int line = take().line;
  return node_of(parse_not(), {NodeKind::kNot, line});
}

NodePtr ExpressionParser::parse_compare() {
  NodePtr first = parse_sum();
  NodePtr compare;
  while (true) {
    const Token& token = now();
    std::string name;
    if (token.kind == TokenKind::kSign) {
      for (const char* sign : {"==", "!=", "<", "<=", ">", ">="}) {
        if (token.text == sign) name.assign(sign);
      }
    } else if (token.is_name("in")) {
      name = "in";
    } else if (token.is_name("not") && ahead().is_name("in")) {
      name = "not in";
    }
    if (name.empty()) break;
    const int line = take().line;
    if (name == "not in") take();
    if (!compare) compare = node_of(std::move(first), {NodeKind::kCompare, line});
    adopt(*compare, node_of(parse_sum(), {NodeKind::kNamed, line, name}));
  }
  return compare ? std::move(compare) : std::move(first);
}

NodePtr ExpressionParser::parse_sum() {
  NodePtr left = parse_join();
  while (now().is_sign("+") || now().is_sign("-")) {
    const Token sign = take();
    left = node_of(std::move(left), {NodeKind::kBinary, sign.line, sign.text});
    adopt(*left, parse_join());
  }
  return left;
}

NodePtr ExpressionParser::parse_join() {
  NodePtr first = parse_product();
  if (!now().is_sign("~")) return first;
  NodePtr join = node_of(std::move(first), {NodeKind::kJoin, now().line});
  while (take_sign("~")) adopt(*join, parse_product());
  return join;
}

NodePtr ExpressionParser::parse_product() {
  NodePtr left = parse_power();
  while (now().is_sign("*") || now().is_sign("/") || now().is_sign("//") || now().is_sign("%")) {
    const Token sign = take();
    left = node_of(std::move(left), {NodeKind::kBinary, sign.line, sign.text});
    adopt(*left, parse_power());
  }
  return left;
}

NodePtr ExpressionParser::parse_power() {
  NodePtr left = parse_sign(true);
  while (now().is_sign("**")) {
    const Token sign = take();
    left = node_of(std::move(left), {NodeKind::kBinary, sign.line, sign.text});
    adopt(*left, parse_sign(true));
  }
  return left;
}

NodePtr ExpressionParser::parse_sign(bool with_filters) {
  NodePtr node;
  if (now().is_sign("-") || now().is_sign("+")) {
    const Level level(*this);
    const Token sign = take();
    node = node_of(parse_sign(false), {NodeKind::kSign, sign.line, sign.text});
  } else {
    node = parse_primary();
  }
  node = parse_postfix(std::move(node));
  return with_filters ? parse_filters(std::move(node)) : std::move(node);
}

NodePtr ExpressionParser::parse_primary() {
  const Token& token = now();
  if (token.kind == TokenKind::kName) return parse_name();
  if (token.kind == TokenKind::kInteger || token.kind == TokenKind::kFloat) return parse_number();
  if (token.kind == TokenKind::kString) {
    NodePtr node = make(NodeKind::kConstant);
    std::string text;
    while (now().kind == TokenKind::kString) text += take().text;
    node->value = Value::text(text);
    return node;
  }
  if (take_sign("(")) {
    if (take_sign(")")) return make(NodeKind::kTuple);
    NodePtr inner = parse_tuple();
    need_sign(")");
    return inner;
  }
  if (token.is_sign("[")) {
    NodePtr list = make(NodeKind::kList);
    take();
    while (!now().is_sign("]")) {
      adopt(*list, parse_expression());
      if (!now().is_sign("]")) need_sign(",");
    }
    take();
    return list;
  }
  if (token.is_sign("{")) return parse_dict();
  fail(fmt::format("expected an expression, found {}", shown_token(token)));
}

NodePtr ExpressionParser::parse_name() {
  NodePtr node = make(NodeKind::kConstant);
  Token token = take();
  if (token.is_name("true") || token.is_name("True")) {
    node->value = {true};
  } else if (token.is_name("false") || token.is_name("False")) {
    node->value = {false};
  } else if (token.is_name("none") || token.is_name("None")) {
    node->value = Value::none();
  } else {
    node->kind = NodeKind::kName;
    node->name = std::move(token.text);
  }
  return node;
}

NodePtr ExpressionParser::parse_number() {
  NodePtr node = make(NodeKind::kConstant);
  const Token& token = now();
  const char *begin = token.text.data(), *end = begin + token.text.size();
  std::errc error;
  if (token.kind == TokenKind::kInteger) {
    int64_t number = 0;
    error = std::from_chars(begin, end, number).ec;
    node->value = {number};
  } else {
    double number = 0;
    error = std::from_chars(begin, end, number).ec;
    node->value = {number};
  }
  if (error != std::errc()) fail(fmt::format("the number {} is too large", token.text));
  take();
  return node;
}

NodePtr ExpressionParser::parse_dict() {
  NodePtr dict = make(NodeKind::kDict);
  take();
  while (!now().is_sign("}")) {
    adopt(*dict, parse_expression());
    need_sign(":");
    adopt(*dict, parse_expression());
    if (!now().is_sign("}")) need_sign(",");
  }
  take();
  return dict;
}

NodePtr ExpressionParser::parse_postfix(NodePtr node) {
  int links = 0;
  while (true) {
    if (++links > kSyntaxDepthMax) fail(fmt::format("more than {} links in a chain", kSyntaxDepthMax));
    if (now().is_sign(".")) {
      const int line = take().line;
      if (now().kind == TokenKind::kInteger) {
        node = node_of(std::move(node), {NodeKind::kItem, line});
        adopt(*node, parse_number());
      } else {
        node = node_of(std::move(node), {NodeKind::kAttribute, line, need_name("a name behind the point")});
      }
    } else if (now().is_sign("[")) {
      node = parse_subscript(std::move(node));
    } else if (now().is_sign("(")) {
      node = node_of(std::move(node), {NodeKind::kCall, now().line});
      parse_arguments(*node);
    } else {
      return node;
    }
  }
}

NodePtr ExpressionParser::parse_subscript(NodePtr node) {
  const int line = take().line;
  NodePtr parts[3];
  size_t at = 0;
  bool is_slice = false;
  while (!now().is_sign("]")) {
    if (take_sign(":")) {
      is_slice = true;
      if (++at > 2) fail("a slice of more than three parts");
    } else if (parts[at]) {
      fail(fmt::format("expected ']', found {}", shown_token(now())));
    } else {
      parts[at] = parse_expression();
    }
  }
  take();
  if (!is_slice && !parts[0]) fail("[] without what to look for");
  node = node_of(std::move(node), {is_slice ? NodeKind::kSlice : NodeKind::kItem, line});
  for (NodePtr& part : parts) {
    if (is_slice || part) adopt(*node, std::move(part));
  }
  return node;
}

void ExpressionParser::parse_arguments(Node& node) {
  need_sign("(");
  while (!now().is_sign(")")) {
    if (now().is_sign("*") || now().is_sign("**")) fail("arguments with * or ** are not supported");
    if (now().kind == TokenKind::kName && ahead().is_sign("=")) {
      NodePtr named = make(NodeKind::kNamed);
      named->name = take().text;
      take();
      adopt(*named, parse_expression());
      adopt(node, std::move(named));
    } else {
      adopt(node, parse_expression());
    }
    if (!now().is_sign(")")) need_sign(",");
  }
  take();
}

NodePtr ExpressionParser::parse_filter(NodePtr input) {
  NodePtr filter = make(NodeKind::kFilter, need_name("the name of a filter"));
  adopt(*filter, std::move(input));
  if (now().is_sign(".")) fail(fmt::format("the filter {}. is not supported", filter->name));
  if (now().is_sign("(")) parse_arguments(*filter);
  return filter;
}

NodePtr ExpressionParser::parse_filters(NodePtr node) {
  int links = 0;
  while (true) {
    if (++links > kSyntaxDepthMax) fail(fmt::format("more than {} links in a chain", kSyntaxDepthMax));
    if (take_sign("|")) {
      node = parse_filter(std::move(node));
    } else if (node && now().is_name("is")) {
      node = parse_test(std::move(node));
    } else if (node && now().is_sign("(")) {
      node = node_of(std::move(node), {NodeKind::kCall, now().line});
      parse_arguments(*node);
    } else {
      return node;
    }
  }
}

NodePtr ExpressionParser::parse_test(NodePtr node) {
  take();
  const bool is_not = take_name("not");
  NodePtr test = make(NodeKind::kTest, need_name("the name of a test"));
  adopt(*test, std::move(node));
  const Token& token = now();
  const bool begins_argument = token.kind == TokenKind::kName || token.kind == TokenKind::kString ||
                               token.kind == TokenKind::kInteger || token.kind == TokenKind::kFloat ||
                               token.is_sign("[") || token.is_sign("{");
  const bool is_word = token.is_name("else") || token.is_name("or") || token.is_name("and");
  if (token.is_name("is")) fail("tests cannot be chained with 'is'");
  if (token.is_sign("(")) {
    parse_arguments(*test);
  } else if (begins_argument && !is_word) {
    adopt(*test, parse_postfix(parse_primary()));
  }
  return is_not ? node_of(std::move(test), {NodeKind::kNot, token.line}) : std::move(test);
}

}  // namespace ftok::jinja
