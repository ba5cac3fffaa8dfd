#include "document/named_fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "document/document_fields.h"

namespace ftok {
namespace {

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_plain(const std::string& name) {
  constexpr size_t kBytesMax = 64;
  const auto is_plain_byte = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() <= kBytesMax && std::all_of(name.begin(), name.end(), is_plain_byte);
}

}  // namespace

void NamedFields::visit(OptionVisitor& visitor, const std::string& owner) {
  visitor.field("fields", numbers, fmt::format("numbers {}, by name", owner));
  visitor.field("text_fields", texts, fmt::format("texts {}, by name", owner));
  visitor.field("list_fields", lists, fmt::format("lists of texts {}, by name", owner));
}

void NamedFields::add(const NamedFields& more) {
  const auto add_to = [&](std::vector<std::string>& names, const std::vector<std::string>& added) {
    for (const std::string& name : added) {
      if (!is_among(names, name)) names.push_back(name);
    }
  };
  add_to(numbers, more.numbers);
  add_to(texts, more.texts);
  add_to(lists, more.lists);
  for (const std::string& name : lists) {
    if (is_among(numbers, name) || is_among(texts, name))
      throw UsageError(fmt::format("recipe: the field {} is both a list and a single value", name));
  }
  for (const std::string& name : texts) {
    if (is_among(numbers, name))
      throw UsageError(fmt::format("recipe: the field {} is both a text and a number", name));
  }
}

void NamedFields::check(std::string_view section) const {
  const std::pair<const char*, const std::vector<std::string>*> keys[] = {
      {"fields", &numbers}, {"text_fields", &texts}, {"list_fields", &lists}};
  std::vector<std::string> seen;
  for (const auto& [key, names] : keys) {
    for (const std::string& name : *names) {
      if (!is_plain(name) || is_reserved_field(name)) {
        throw UsageError(fmt::format("{}.{}: got \"{}\", expected names of letters, digits and _ that no document has",
                                     section, key, name));
      }
      if (is_among(seen, name)) throw UsageError(fmt::format("{}.{}: \"{}\" is listed twice", section, key, name));
      seen.push_back(name);
    }
  }
}

}  // namespace ftok
