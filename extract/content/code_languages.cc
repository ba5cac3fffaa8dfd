#include <algorithm>
#include <iterator>

#include "core/ascii.h"
#include "extract/content/ancestors.h"
#include "extract/content/code_boxes.h"

namespace ftok::html {

namespace {

constexpr std::string_view kSpaces = " \t\n\r\f;";
constexpr size_t kNameMax = 20;  // bytes of a language's name

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

template <size_t N>
bool is_among(const std::string_view (&names)[N], std::string_view name) {
  char lower[kNameMax];
  if (name.empty() || name.size() > kNameMax) return false;
  std::transform(name.begin(), name.end(), lower, ascii_lower);
  return std::binary_search(std::begin(names), std::end(names), std::string_view(lower, name.size()));
}

// What may stand where a highlighter names a language.
bool is_language(std::string_view name) {
  static constexpr std::string_view kOthers[] = {
      "auto",     "chroma",      "code",          "codehilite",  "default",       "generic",      "highlight",
      "hljs",     "inline",      "light",         "linenums",    "literal-block", "no-highlight", "nocode",
      "nogutter", "nohighlight", "none",          "notranslate", "numberlines",   "plain",        "plaintext",
      "pre",      "prettyprint", "prettyprinted", "raw",         "source",        "sourcecode",   "syntaxhighlighter",
      "tab-size", "text",        "txt",           "undefined",   "wrap"};
  if (name.empty() || name.size() > kNameMax || is_among(kOthers, name)) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '+' || c == '#' || c == '-' || c == '.' || c == '_';
  });
}

// Names that are taken for a language where nothing but the place says so.
constexpr std::string_view kKnownLanguages[] = {"abap",
                                                "actionscript",
                                                "ada",
                                                "apache",
                                                "applescript",
                                                "asm",
                                                "awk",
                                                "bash",
                                                "basic",
                                                "bat",
                                                "batch",
                                                "bibtex",
                                                "c",
                                                "c#",
                                                "c++",
                                                "clojure",
                                                "cmake",
                                                "cobol",
                                                "coffeescript",
                                                "console",
                                                "cpp",
                                                "crystal",
                                                "csharp",
                                                "css",
                                                "cuda",
                                                "d",
                                                "dart",
                                                "delphi",
                                                "diff",
                                                "dockerfile",
                                                "elixir",
                                                "elm",
                                                "emacs-lisp",
                                                "erlang",
                                                "fortran",
                                                "fsharp",
                                                "glsl",
                                                "go",
                                                "graphql",
                                                "groovy",
                                                "haskell",
                                                "hcl",
                                                "html",
                                                "http",
                                                "ini",
                                                "ipython",
                                                "ipython3",
                                                "java",
                                                "java5",
                                                "javascript",
                                                "js",
                                                "json",
                                                "jsx",
                                                "julia",
                                                "kotlin",
                                                "latex",
                                                "less",
                                                "lisp",
                                                "lua",
                                                "makefile",
                                                "markdown",
                                                "matlab",
                                                "nginx",
                                                "nim",
                                                "objc",
                                                "objective-c",
                                                "ocaml",
                                                "octave",
                                                "pascal",
                                                "perl",
                                                "php",
                                                "powershell",
                                                "prolog",
                                                "protobuf",
                                                "ps1",
                                                "py",
                                                "python",
                                                "python3",
                                                "r",
                                                "rb",
                                                "rs",
                                                "rst",
                                                "ruby",
                                                "rust",
                                                "sas",
                                                "scala",
                                                "scheme",
                                                "scss",
                                                "sh",
                                                "shell",
                                                "smalltalk",
                                                "solidity",
                                                "sql",
                                                "swift",
                                                "tcl",
                                                "tex",
                                                "toml",
                                                "ts",
                                                "tsx",
                                                "typescript",
                                                "vb",
                                                "vbnet",
                                                "verilog",
                                                "vhdl",
                                                "vim",
                                                "vue",
                                                "wasm",
                                                "xhtml",
                                                "xml",
                                                "yaml",
                                                "yml",
                                                "zig",
                                                "zsh"};

}  // namespace

bool is_known_language(std::string_view name) { return is_among(kKnownLanguages, name); }

namespace {

// What stands behind a prefix that names a language: Pygments, Prism, highlight.js, Sphinx, GitHub, SyntaxHighlighter,
// Crayon, MediaWiki, LaTeXML. Others are words of other uses too, and count before a known name only: Org, GeSHi, SHJS,
// Jira, Jupyter.
std::string_view behind_prefix(std::string_view word) {
  static constexpr std::string_view kPrefixes[] = {"language-",   "lang-",  "highlight-source-",  "highlight-text-",
                                                   "highlight-",  "brush:", "sourceCode-",        "prism-",
                                                   "lang:",       "brush-", "mw-highlight-lang-", "ltx_lst_language_",
                                                   "geshifilter-"};
  static constexpr std::string_view kWeakPrefixes[] = {"src-", "source-", "sh_", "code-", "hl-", "dp-"};
  for (const std::string_view prefix : kPrefixes) {
    if (word.starts_with(prefix)) return word.substr(prefix.size());
  }
  for (const std::string_view prefix : kWeakPrefixes) {
    if (word.starts_with(prefix) && is_known_language(word.substr(prefix.size()))) return word.substr(prefix.size());
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
                     word == "prettyprint" || word == "code-block" || word == "syntaxhighlighter" ||
                     word == "rust-example-rendered" || word == "item-decl";
    return !found.empty();
  });
  if (!found.empty() || !is_highlighter) return found;
  int others = 0;
  any_word(classes, [&](std::string_view word) {
    if (word == "hljs" || word == "highlight" || word == "sourceCode" || word == "prettyprint") return false;
    if (word.find('-') != std::string_view::npos && word != "objective-c") return false;
    const bool is_lower = std::none_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (is_lower && is_language(word)) found = word, ++others;
    return false;
  });
  return others == 1 ? found : std::string_view();
}

// A known language that is the only class of a <pre> or <code> (knitr, WP-Syntax, highlight.js before it runs), or
// stands there beside a word for code (docutils, DokuWiki, DocBook).
std::string_view language_alone_in(std::string_view classes) {
  static constexpr std::string_view kWords[] = {
      "code", "codehilite", "file", "geshi", "listing", "programlisting", "source", "src", "syntaxhighlighter"};
  std::string_view found;
  int words = 0, languages = 0;
  bool is_code = false;
  any_word(classes, [&](std::string_view word) {
    ++words;
    is_code = is_code || is_among(kWords, word);
    if (!is_known_language(word)) return false;
    found = word, ++languages;
    return false;
  });
  return languages == 1 && (words == 1 || is_code) ? found : std::string_view();
}

// GitHub, GitLab and Typora write lang="rust", and others the language of a text, lang="en": of two letters, or with a
// region.
bool is_language_of_code(std::string_view lang) {
  return is_known_language(lang) || (lang.size() > 3 && lang[2] != '-' && lang[3] != '-' && is_language(lang));
}

std::string_view language_of_element(const Dom& dom, NodeId id) {
  static constexpr std::string_view kAttributes[] = {"data-code-block-lang", "data-code-wrap",
                                                     "data-enlighter-language", "data-lang", "data-language"};
  const bool is_code = dom[id].is(Tag::kPre) || dom[id].is(Tag::kCode) || dom[id].is(Tag::kTextarea);
  for (const Attribute* a = dom.attributes(id); a != nullptr; a = a->last ? nullptr : a + 1) {
    const std::string_view name = a->name(), value = a->value();
    if (std::binary_search(std::begin(kAttributes), std::end(kAttributes), name) && is_language(value)) return value;
    if (!is_code) continue;
    if (name == "lang" && is_language_of_code(value)) return value;
    if (name == "syntax" && is_language(value)) return value;  // Google's documentation
    if (name == "data-syntaxhighlighter-params") {             // Confluence
      const std::string_view found = language_in(value);
      if (!found.empty()) return found;
    }
  }
  const std::string_view classes = dom.value(id, AttributeName::kClass);
  const std::string_view found = language_in(classes);
  return found.empty() && is_code ? language_alone_in(classes) : found;
}

}  // namespace

namespace {

// The text of an element that holds one piece of text, a short one, and nothing else.
std::string_view only_text(const Dom& dom, NodeId id) {
  const NodeId text = dom[id].first_child;
  constexpr uint32_t kBytesMax = 200;
  if (text == kNoNode || !dom[text].is_text() || dom[text].next != kNoNode || dom[text].size > kBytesMax) return {};
  return trim(dom[text].view());
}

// The name in the toolbar above Crayon's code: the last of its tools.
std::string_view language_in_toolbar(const Dom& dom, NodeId highlighter) {
  const NodeId bar = dom.first_element(highlighter);
  if (bar == kNoNode || !has_class(dom.value(bar, AttributeName::kClass), "crayon-toolbar")) return {};
  NodeId tool = dom[bar].last_child;
  for (int level = 0; level < 2 && tool != kNoNode; ++level) {
    while (tool != kNoNode && !dom[tool].is_element()) tool = dom[tool].previous;
    if (tool == kNoNode) break;
    if (has_class(dom.value(tool, AttributeName::kClass), "crayon-language")) {
      const std::string_view name = only_text(dom, tool);
      return is_language(name) ? name : std::string_view();
    }
    tool = dom[tool].last_child;
  }
  return {};
}

// Enlighter draws before the element that it reads, and leaves that where it was.
std::string_view language_behind_drawing(const Dom& dom, NodeId drawing) {
  const NodeId source = dom.next_element(drawing);
  if (source == kNoNode || !has_class(dom.value(source, AttributeName::kClass), "enlighter-origin")) return {};
  return language_of_element(dom, source);
}

// The ending of a file's name in the caption of hexo's and Octopress's code, where it is a known language.
std::string_view language_in_caption(const Dom& dom, NodeId figure) {
  const NodeId caption = dom.first_element(figure);
  if (caption == kNoNode || !dom[caption].is(Tag::kFigcaption)) return {};
  const NodeId title = dom.first_element(caption);
  const std::string_view name = title == kNoNode ? std::string_view() : only_text(dom, title);
  const size_t dot = name.rfind('.');
  if (dot == 0 || dot == std::string_view::npos || name.find(' ') != std::string_view::npos) return {};
  const std::string_view ending = name.substr(dot + 1);
  return is_known_language(ending) ? ending : std::string_view();
}

// What stands in or beside the box that a highlighter puts around code.
std::string_view language_beside(const Dom& dom, NodeId around) {
  const std::string_view classes = dom.value(around, AttributeName::kClass);
  if (has_class(classes, "crayon-syntax")) return language_in_toolbar(dom, around);
  if (has_class(classes, "enlighter-default")) return language_behind_drawing(dom, around);
  return dom[around].is(Tag::kFigure) ? language_in_caption(dom, around) : std::string_view();
}

}  // namespace

std::string_view language_of_code(const Dom& dom, NodeId box) {
  constexpr int kLevelsMax = 8;  // the cell, row, body and table of line numbers, and what holds them
  std::string_view language = language_of_element(dom, box);
  const NodeId child = dom.first_element(box);
  if (language.empty() && child != kNoNode && dom[child].is(Tag::kCode)) language = language_of_element(dom, child);
  NodeId around = dom[box].parent;
  for (int level = 0; level < kLevelsMax && language.empty() && around != kNoNode && dom[around].is_element();
       ++level) {
    if (dom[around].is(Tag::kBody)) break;
    language = language_of_element(dom, around);
    if (language.empty()) language = language_beside(dom, around);
    around = dom[around].parent;
  }
  return language;
}

}  // namespace ftok::html
