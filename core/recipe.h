// Recipes: TOML files read into options structs (options.h), with every mistake named: file, line, key, what was got,
// what was expected, and the nearest valid key. core/ knows no room: the caller offers each section's options in turn.
//
//   RecipeReader reader(text, "my.toml");
//   reader.section("c4", c4_options);
//   reader.finish();                       // throws UsageError for sections and keys nobody asked for
//
// Sizes: an integer key also takes a string with a suffix K, M or G ("64M"): powers of 1024 for keys that end in
// `_bytes` or `memory`, powers of 1000 for counts.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"

namespace ftok {

// Reads "64M", "1.5G" or "1000"; throws UsageError naming `what` (a flag or key). K, M, G, T are powers of 1024 if
// `bytes`, else of 1000, where B is G.
int64_t parse_size(std::string_view text, bool bytes, const std::string& what);

class RecipeReader {
 public:
  // Parses; throws UsageError with the line on a syntax error.
  RecipeReader(std::string_view toml, std::string name);
  ~RecipeReader();
  RecipeReader(const RecipeReader&) = delete;
  RecipeReader& operator=(const RecipeReader&) = delete;

  // Sets one key as `--set section.key=value` does: the value in TOML, or a bare word as a string.
  void set(std::string_view assignment);

  // Reads an old name: where `key`, in any section, is the string `old_value`, it becomes `new_value`. Whether it was.
  bool rename_value(std::string_view key, std::string_view old_value, std::string_view new_value);

  // Reads the keys of [section] into `options`; keys that are absent keep the value they have. "" is the top level.
  template <typename Options>
  void section(const std::string& name, Options& options) {
    const std::unique_ptr<OptionVisitor> visitor = begin_section(name);
    options.visit(*visitor);
  }

  // Reads the tables [[section.name]] in their order. Where there are none, `list` keeps what it has.
  template <typename Options>
  void list(const std::string& section, const std::string& name, std::vector<Options>& list) {
    const std::vector<std::string> elements = begin_list(section, name);
    if (!elements.empty()) list.assign(elements.size(), {});
    for (size_t i = 0; i < elements.size(); ++i) this->section(elements[i], list[i]);
  }

  // A key that [section] holds, the first by name; "" where the recipe has no such section, `section` for one without
  // keys. Where set() gave the top-level key `beside`, only keys that it gave too count.
  std::string set_in(const std::string& section, const std::string& beside) const;

  // Throws UsageError for the first key or section that no options struct has.
  void finish() const;

 private:
  class Impl;
  class SectionReader;
  std::unique_ptr<OptionVisitor> begin_section(const std::string& name);
  std::vector<std::string> begin_list(const std::string& section, const std::string& name);

  std::unique_ptr<Impl> impl_;
};

// Writes options as TOML; with help, each key under a comment that says what it is. Sections come out as they are
// offered.
class RecipeWriter {
 public:
  explicit RecipeWriter(bool with_help) : with_help_(with_help) {}

  template <typename Options>
  void section(const std::string& name, Options& options) {
    const std::unique_ptr<OptionVisitor> visitor = begin_section(name);
    options.visit(*visitor);
  }
  // As tables [[section.name]].
  template <typename Options>
  void list(const std::string& section, const std::string& name, std::vector<Options>& list) {
    for (Options& element : list) element.visit(*begin_section("[" + section + "." + name + "]"));
  }
  const std::string& text() const { return text_; }

 private:
  class SectionWriter;
  std::unique_ptr<OptionVisitor> begin_section(const std::string& name);

  bool with_help_;
  std::string text_;
};

// The first key that differs between two canonical recipes (RecipeWriter without help), as "section.key: A, not B",
// where one that is not there is `nothing`; "" when they are equal.
std::string recipe_difference(const std::string& expected, const std::string& got);

}  // namespace ftok
