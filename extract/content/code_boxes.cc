#include "extract/content/code_boxes.h"

#include <algorithm>
#include <iterator>

#include "extract/content/ancestors.h"

namespace ftok::html {

namespace {

constexpr std::string_view kSpaces = " \t\n\r\f;";

// Calls visit for each word of a class, until it returns true.
template <class Visit>
bool any_word(std::string_view classes, Visit visit) {
  for (size_t begin = classes.find_first_not_of(kSpaces); begin != std::string_view::npos;) {
    const size_t end = std::min(classes.find_first_of(kSpaces, begin), classes.size());
    if (visit(classes.substr(begin, end - begin))) return true;
    begin = classes.find_first_not_of(kSpaces, end);
  }
  return false;
}

bool is_language(std::string_view name) {
  constexpr size_t kBytesMax = 20;
  static constexpr std::string_view kOthers[] = {
      "auto",        "chroma",        "code",        "codehilite", "default",     "hljs",
      "highlight",   "inline",        "light",       "linenums",   "nohighlight", "nocode",
      "none",        "notranslate",   "numberlines", "plain",      "plaintext",   "pre",
      "prettyprint", "prettyprinted", "raw",         "source",     "sourcecode",  "syntaxhighlighter",
      "tab-size",    "text",          "txt",         "undefined",  "wrap"};
  if (name.empty() || name.size() > kBytesMax || std::binary_search(std::begin(kOthers), std::end(kOthers), name))
    return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '#' || c == '-' || c == '.' || c == '_';
  });
}

// What stands behind a prefix that names a language.
std::string_view behind_prefix(std::string_view word) {
  static constexpr std::string_view kPrefixes[] = {"language-",  "lang-",  "highlight-source-", "highlight-text-",
                                                   "highlight-", "brush:", "sourceCode-",       "prism-"};
  for (const std::string_view prefix : kPrefixes) {
    if (word.starts_with(prefix)) return word.substr(prefix.size());
  }
  return {};
}

// The language that the classes of one element name.
std::string_view language_in(std::string_view classes) {
  std::string_view found;
  bool is_highlighter = false, brush_comes = false;
  any_word(classes, [&](std::string_view word) {
    std::string_view name = brush_comes ? word : behind_prefix(word);
    if (is_language(name)) found = name;
    brush_comes = word == "brush:";
    is_highlighter = is_highlighter || word == "hljs" || word == "highlight" || word == "sourceCode" ||
                     word == "prettyprint" || word == "code-block" || word == "rust-example-rendered" ||
                     word == "item-decl";
    return !found.empty();
  });
  if (!found.empty() || !is_highlighter) return found;
  int others = 0;
  any_word(classes, [&](std::string_view word) {
    if (word == "hljs" || word == "highlight" || word == "sourceCode" || word == "prettyprint") return false;
    if (word.find('-') != std::string_view::npos && word != "objective-c") return false;
    if (is_language(word)) found = word, ++others;
    return false;
  });
  return others == 1 ? found : std::string_view();
}

std::string_view language_of_element(const Dom& dom, NodeId id) {
  for (const Attribute* a = dom.attributes(id); a != nullptr; a = a->last ? nullptr : a + 1) {
    if ((a->name() == "data-lang" || a->name() == "data-language") && is_language(a->value())) return a->value();
  }
  return language_in(dom.value(id, AttributeName::kClass));
}

}  // namespace

std::string_view language_of_code(const Dom& dom, NodeId box) {
  constexpr int kLevelsMax = 6;  // the cell, row, body and table of line numbers, and what holds them
  std::string_view language = language_of_element(dom, box);
  NodeId child = dom[box].first_child;
  while (child != kNoNode && !dom[child].is_element()) child = dom[child].next;
  if (language.empty() && child != kNoNode && dom[child].is(Tag::kCode)) language = language_of_element(dom, child);
  NodeId around = dom[box].parent;
  for (int level = 0; level < kLevelsMax && language.empty() && around != kNoNode && dom[around].is_element();
       ++level) {
    if (dom[around].is(Tag::kBody)) break;
    language = language_of_element(dom, around);
    around = dom[around].parent;
  }
  return language;
}

bool is_box_of_lines(const Dom& dom, NodeId box) {
  constexpr int kChildrenMax = 3;  // LaTeXML's first one is a link to the source
  int seen = 0;
  for (NodeId child = dom[box].first_child; child != kNoNode && seen < kChildrenMax; child = dom[child].next) {
    if (!dom[child].is_element()) continue;
    ++seen;
    const std::string_view classes = dom.value(child, AttributeName::kClass);
    if (dom[child].is(Tag::kDiv) && (has_class(classes, "line") || has_class(classes, "ltx_listingline"))) return true;
  }
  return false;
}

bool is_table_of_code(const Dom& dom, NodeId table, uint64_t& steps) {
  constexpr int kNodesMax = 12;  // to the second cell of the first row
  static constexpr std::string_view kCells[] = {"blob-code", "blob-code-inner", "hljs-ln-code",
                                                "code-line", "line-content",    "line_content"};
  NodeId id = dom.next_in_order(table, table);
  for (int seen = 0; id != kNoNode && seen < kNodesMax; ++seen, id = dom.next_in_order(id, table)) {
    ++steps;
    if (!dom[id].is(Tag::kTd)) continue;
    const std::string_view classes = dom.value(id, AttributeName::kClass);
    if (std::any_of(std::begin(kCells), std::end(kCells),
                    [&](std::string_view name) { return has_class(classes, name); }))
      return true;
  }
  return false;
}

}  // namespace ftok::html
