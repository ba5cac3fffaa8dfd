// NamedFields: the fields beyond those of every document that a recipe names, of its stages' own or of its inputs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"

namespace ftok {

struct NamedFields {
  std::vector<std::string> numbers;  // become Document::scores
  std::vector<std::string> texts;    // become Document::labels, of one text
  std::vector<std::string> lists;    // become Document::labels, lists of texts

  // The keys `fields`, `text_fields` and `list_fields`. `owner` begins their help: "that it may add to a document".
  void visit(OptionVisitor& visitor, const std::string& owner);
  // Adds those of `more` that are not there yet. Throws UsageError where a name stands for two types.
  void add(const NamedFields& more);
  // Throws UsageError, beginning with `section`, where a name is not of 1 to 64 letters, digits and _, or one that
  // documents or their records have already, or stands twice.
  void check(std::string_view section) const;
  bool empty() const { return numbers.empty() && texts.empty() && lists.empty(); }
  bool operator==(const NamedFields&) const = default;
};

}  // namespace ftok
