// Statements of a template. Jinja's tags that lead out of a template (include, import, extends, block), and those that
// nobody uses in chat templates (call, autoescape, trans), are refused by name.
#include <fmt/format.h>

#include <utility>

#include "tokenizer/jinja/expression_parser.h"
#include "tokenizer/jinja/failure.h"
#include "tokenizer/jinja/syntax.h"

namespace ftok::jinja {
namespace {

using TokenKind = Token::Kind;

class TemplateParser {
 public:
  explicit TemplateParser(std::string_view source) : in_(tokens_of(source)) {}

  NodePtr parse() {
    NodePtr block = parse_block();
    if (in_.now().kind != TokenKind::kEnd) in_.fail(fmt::format("{{% {} %}} closes nothing", in_.ahead().text));
    return block;
  }

 private:
  // Up to the end, or a tag that a statement around it waits for: its name is ahead() then.
  NodePtr parse_block() {
    const ExpressionParser::Level level(in_);
    NodePtr block = in_.make(NodeKind::kBlock);
    while (true) {
      const Token& token = in_.now();
      if (token.kind == TokenKind::kText) {
        NodePtr text = in_.make(NodeKind::kText);
        text->value = Value::text(in_.take().text);
        adopt(*block, std::move(text));
      } else if (token.kind == TokenKind::kOutputBegin) {
        NodePtr output = in_.make(NodeKind::kOutput);
        in_.take();
        adopt(*output, in_.parse_tuple());
        if (in_.now().kind != TokenKind::kOutputEnd) in_.fail("expected }} behind an expression");
        in_.take();
        adopt(*block, std::move(output));
      } else if (token.kind == TokenKind::kBlockBegin && !is_end_tag(in_.ahead())) {
        adopt(*block, parse_statement());
      } else {
        return block;
      }
    }
  }

  // A block that no {% break %} leads out of.
  NodePtr parse_apart() {
    const int loops = std::exchange(loops_, 0);
    NodePtr block = parse_block();
    loops_ = loops;
    return block;
  }

  static bool is_end_tag(const Token& token) {
    return token.kind == TokenKind::kName &&
           (token.text.starts_with("end") || token.text == "else" || token.text == "elif");
  }

  void end_tag() {
    if (in_.now().kind != TokenKind::kBlockEnd) in_.fail("expected %} at the end of a tag");
    in_.take();
  }

  // A tag of that name; `what` waits for it.
  void need_tag(std::string_view name, std::string_view what) {
    if (in_.now().kind != TokenKind::kBlockBegin || !in_.ahead().is_name(name))
      in_.fail(fmt::format("{{% {} %}} without {{% {} %}}", what, name));
    in_.take();
    in_.take();
    if (name.starts_with("end") && in_.now().kind == TokenKind::kName) in_.take();  // {% endmacro NAME %}
    end_tag();
  }

  bool is_tag(std::string_view name) const {
    return in_.now().kind == TokenKind::kBlockBegin && in_.ahead().is_name(name);
  }

  NodePtr parse_statement() {
    in_.take();
    const std::string name = in_.now().kind == TokenKind::kName ? in_.now().text : "";
    if (name == "if") return parse_if();
    if (name == "for") return parse_for();
    if (name == "set") return parse_set();
    if (name == "macro") return parse_macro();
    if (name == "filter") return parse_filter_block();
    if (name == "generation") return parse_generation();
    if (name == "break" || name == "continue") {
      if (loops_ == 0) in_.fail(fmt::format("{{% {} %}} outside a for", name));
      NodePtr node = in_.make(name == "break" ? NodeKind::kBreak : NodeKind::kContinue);
      in_.take();
      end_tag();
      return node;
    }
    if (name.empty()) in_.fail("a tag without a name");
    in_.fail(fmt::format("the tag {{% {} %}} is not supported", name));
  }

  NodePtr parse_if() {
    NodePtr node = in_.make(NodeKind::kIf);
    while (true) {
      in_.take();  // if, elif
      adopt(*node, in_.parse_tuple(false));
      end_tag();
      adopt(*node, parse_block());
      if (!is_tag("elif")) break;
      in_.take();
    }
    if (is_tag("else")) {
      need_tag("else", "if");
      adopt(*node, parse_block());
    }
    need_tag("endif", "if");
    return node;
  }

  NodePtr parse_for() {
    NodePtr node = in_.make(NodeKind::kFor);
    in_.take();
    adopt(*node, in_.parse_target(false));
    if (!in_.take_name("in")) in_.fail("{% for %} without 'in'");
    adopt(*node, in_.parse_tuple(false));
    adopt(*node, in_.take_name("if") ? in_.parse_expression() : nullptr);
    if (in_.now().is_name("recursive")) in_.fail("{% for ... recursive %} is not supported");
    end_tag();
    ++loops_;
    adopt(*node, parse_block());
    --loops_;
    const bool has_else = is_tag("else");
    if (has_else) need_tag("else", "for");
    adopt(*node, has_else ? parse_block() : nullptr);
    need_tag("endfor", "for");
    return node;
  }

  NodePtr parse_set() {
    NodePtr node = in_.make(NodeKind::kSet);
    in_.take();
    adopt(*node, in_.parse_target(true));
    if (in_.take_sign("=")) {
      adopt(*node, in_.parse_tuple());
      end_tag();
      return node;
    }
    node->kind = NodeKind::kSetBlock;
    NodePtr filters = in_.parse_filters(nullptr);
    end_tag();
    adopt(*node, parse_apart());
    adopt(*node, std::move(filters));
    need_tag("endset", "set");
    return node;
  }

  NodePtr parse_macro() {
    NodePtr node = in_.make(NodeKind::kMacro);
    in_.take();
    node->name = in_.need_name("the name of a macro");
    std::vector<NodePtr> parameters;
    in_.need_sign("(");
    while (!in_.take_sign(")")) {
      NodePtr parameter = in_.make(NodeKind::kNamed);
      parameter->name = in_.need_name("the name of a parameter");
      if (in_.take_sign("=")) {
        adopt(*parameter, in_.parse_expression());
      } else if (!parameters.empty() && !parameters.back()->parts.empty()) {
        in_.fail("a parameter without a default behind one with a default");
      }
      parameters.push_back(std::move(parameter));
      if (!in_.now().is_sign(")")) in_.need_sign(",");
    }
    end_tag();
    adopt(*node, parse_apart());
    for (NodePtr& parameter : parameters) adopt(*node, std::move(parameter));
    need_tag("endmacro", "macro");
    return node;
  }

  NodePtr parse_filter_block() {
    NodePtr node = in_.make(NodeKind::kFilterBlock);
    in_.take();
    adopt(*node, in_.parse_filters(in_.parse_filter(nullptr)));
    end_tag();
    adopt(*node, parse_apart());
    need_tag("endfilter", "filter");
    return node;
  }

  NodePtr parse_generation() {
    NodePtr node = in_.make(NodeKind::kGeneration);
    in_.take();
    end_tag();
    adopt(*node, parse_block());
    need_tag("endgeneration", "generation");
    return node;
  }

  ExpressionParser in_;
  int loops_ = 0;
};

}  // namespace

NodePtr parse_jinja(std::string_view source) { return TemplateParser(source).parse(); }

}  // namespace ftok::jinja
