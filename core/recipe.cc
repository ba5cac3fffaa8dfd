#include "core/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>
#include <utility>

#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include "core/error.h"
#include "core/json.h"
#include "core/nearest_name.h"

namespace ftok {
namespace {

bool counts_bytes(std::string_view key) { return key.ends_with("_bytes") || key.ends_with("memory"); }

// What a node holds, for a message: a number itself, of anything else its type.
std::string shown_node(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return std::to_string(node.as_integer()->get());
    case toml::node_type::floating_point: return fmt::format("{}", node.as_floating_point()->get());
    case toml::node_type::boolean: return "true or false";
    case toml::node_type::array: return "a list";
    case toml::node_type::table: return "a table";
    default: return "a date or time";
  }
}

// An integer is the nearest double, of whatever size.
double number_of(const toml::node& node) {
  return node.is_integer() ? static_cast<double>(**node.as_integer()) : **node.as_floating_point();
}

std::string full_name(const std::string& section, std::string_view key) {
  return section.empty() ? std::string(key) : section + "." + std::string(key);
}

}  // namespace

int64_t parse_size(std::string_view text, bool bytes, const std::string& what) {
  const std::string expected = bytes ? "bytes such as 1000000, 64M or 1.5G" : "a count such as 1000, 64M or 1.5G";
  const auto refuse = [&] { throw UsageError(fmt::format("{}: got '{}', expected {}", what, text, expected)); };
  std::string digits(text);
  double factor = 1;
  if (!digits.empty()) {
    const double unit = bytes ? 1024 : 1000;
    switch (digits.back()) {
      case 'k':
      case 'K': factor = unit; break;
      case 'm':
      case 'M': factor = unit * unit; break;
      case 'g':
      case 'G': factor = unit * unit * unit; break;
      case 'b':
      case 'B':  // billions
        if (!bytes) factor = unit * unit * unit;
        break;
      case 't':
      case 'T': factor = unit * unit * unit * unit; break;
      default: break;
    }
    if (factor != 1) digits.pop_back();
  }
  if (digits.empty() || digits.find_first_not_of("0123456789.") != std::string::npos ||
      std::count(digits.begin(), digits.end(), '.') > 1 || digits == ".") {
    refuse();
  }
  constexpr size_t kDigitsMax = 32;  // of any number below 2^63, and of as many behind the point
  const size_t leading = std::min(digits.find_first_not_of('0'), digits.size() - 1);
  if (digits.size() - leading > kDigitsMax) refuse();
  const double value = std::stod("0" + digits.substr(leading)) * factor;  // "." alone is no number
  if (!(value < 9e18)) refuse();
  return std::llround(value);
}

class RecipeReader::Impl {
 public:
  std::string name;
  toml::table root;
  std::map<std::string, std::vector<std::string>> known;  // section -> its keys
  std::set<std::string> assigned;                         // by set(), "section.key"

  // "recipe NAME, line N"; without the line for what an assignment or a preset gave.
  std::string place(const toml::node* node) const {
    const auto line = node == nullptr ? 0 : node->source().begin.line;
    return line == 0 ? fmt::format("recipe {}", name) : fmt::format("recipe {}, line {}", name, line);
  }

  [[noreturn]] void refuse(const toml::node* node, const std::string& message) const {
    throw UsageError(fmt::format("{}: {}", place(node), message));
  }

  const toml::node* find(const std::string& section, std::string_view key) {
    known[section].emplace_back(key);
    if (section.empty()) return root.get(key);
    const toml::node* node = root.get(section);
    if (node == nullptr) return nullptr;
    if (!node->is_table())
      refuse(node, fmt::format("{}: got {}, expected a table [{}]", section, shown_node(*node), section));
    return node->as_table()->get(key);
  }
};

class RecipeReader::SectionReader : public OptionVisitor {
 public:
  SectionReader(Impl& impl, std::string section) : impl_(impl), section_(std::move(section)) {}

  void field(std::string_view key, bool& value, std::string_view) override {
    if (const toml::node* node = impl_.find(section_, key)) {
      if (!node->is_boolean()) refuse(key, *node, "true or false");
      value = **node->as_boolean();
    }
  }
  void field(std::string_view key, int64_t& value, std::string_view) override {
    const toml::node* node = impl_.find(section_, key);
    if (node == nullptr) return;
    if (node->is_string()) {
      value = parse_size(node->as_string()->get(), counts_bytes(key),
                         fmt::format("{}: {}", impl_.place(node), full_name(section_, key)));
    } else if (node->is_integer() && **node->as_integer() >= 0) {
      value = **node->as_integer();
    } else {
      refuse(key, *node, "an integer of at least 0");
    }
  }
  void field(std::string_view key, double& value, std::string_view) override {
    const toml::node* node = impl_.find(section_, key);
    if (node == nullptr) return;
    if (!node->is_number()) refuse(key, *node, "a number");
    value = number_of(*node);
    if (!std::isfinite(value)) refuse(key, *node, "a finite number");
  }
  void field(std::string_view key, std::string& value, std::string_view) override {
    if (const toml::node* node = impl_.find(section_, key)) {
      if (!node->is_string()) refuse(key, *node, "a string");
      value = node->as_string()->get();
    }
  }
  void field(std::string_view key, std::vector<std::string>& value, std::string_view) override {
    const toml::node* node = impl_.find(section_, key);
    if (node == nullptr) return;
    if (!node->is_array()) refuse(key, *node, "a list of strings");
    value.clear();
    for (const toml::node& element : *node->as_array()) {
      if (!element.is_string()) refuse(key, element, "strings in the list");
      value.push_back(element.as_string()->get());
    }
  }
  void field(std::string_view key, std::map<std::string, double>& value, std::string_view) override {
    const toml::node* node = impl_.find(section_, key);
    if (node == nullptr) return;
    if (!node->is_table()) refuse(key, *node, "a table of names and numbers, as in {en = 0.65}");
    value.clear();
    for (const auto& [name, element] : *node->as_table()) {
      if (!element.is_number()) refuse(key, element, "numbers in the table");
      const double number = number_of(element);
      if (!std::isfinite(number)) refuse(key, element, "finite numbers in the table");
      value[std::string(name.str())] = number;
    }
  }
  void choice(std::string_view key, std::string& value, const std::vector<std::string>& choices,
              std::string_view) override {
    const toml::node* node = impl_.find(section_, key);
    if (node == nullptr) return;
    const std::string expected = fmt::format("one of {}", fmt::join(choices, ", "));
    if (!node->is_string()) refuse(key, *node, expected);
    const std::string& got = node->as_string()->get();
    if (std::find(choices.begin(), choices.end(), got) == choices.end()) {
      impl_.refuse(node, fmt::format("{}: got '{}', expected {}", full_name(section_, key), got, expected));
    }
    value = got;
  }

 private:
  [[noreturn]] void refuse(std::string_view key, const toml::node& node, const std::string& expected) const {
    impl_.refuse(&node, fmt::format("{}: got {}, expected {}", full_name(section_, key), shown_node(node), expected));
  }

  Impl& impl_;
  std::string section_;
};

RecipeReader::RecipeReader(std::string_view text, std::string name) : impl_(std::make_unique<Impl>()) {
  impl_->name = std::move(name);
  try {
    impl_->root = toml::parse(text, impl_->name);
  } catch (const toml::parse_error& error) {
    throw UsageError(
        fmt::format("recipe {}, line {}: {}", impl_->name, error.source().begin.line, error.description()));
  }
}

RecipeReader::~RecipeReader() = default;

void RecipeReader::set(std::string_view assignment) {
  const size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw UsageError(fmt::format("assignment '{}': expected SECTION.KEY=VALUE", assignment));
  }
  const std::string path(assignment.substr(0, equals));
  const std::string value(assignment.substr(equals + 1));
  const size_t dot = path.find('.');
  const std::string section = dot == std::string::npos ? "" : path.substr(0, dot);
  const std::string key = dot == std::string::npos ? path : path.substr(dot + 1);
  impl_->assigned.insert(path);
  toml::table parsed;
  try {
    parsed = toml::parse("value = " + value);
  } catch (const toml::parse_error&) {
    parsed.insert_or_assign("value", value);
  }
  toml::table* table = &impl_->root;
  if (!section.empty()) {
    table = impl_->root.insert(section, toml::table{}).first->second.as_table();
    if (table == nullptr) throw UsageError(fmt::format("assignment '{}': {} is not a section", assignment, section));
  }
  table->insert_or_assign(key, *parsed.get("value"));
}

bool RecipeReader::rename_value(std::string_view key, std::string_view old_value, std::string_view new_value) {
  bool found = false;
  const auto rename = [&](toml::table& table) {
    toml::value<std::string>* const value = table[key].as_string();
    if (value == nullptr || value->get() != old_value) return;
    value->get() = new_value;
    found = true;
  };
  rename(impl_->root);
  for (auto&& [name, node] : impl_->root) {
    if (toml::table* const section = node.as_table()) rename(*section);
  }
  return found;
}

std::unique_ptr<OptionVisitor> RecipeReader::begin_section(const std::string& name) {
  impl_->known[name];
  return std::make_unique<SectionReader>(*impl_, name);
}

// Each table becomes a section of its own, "section.name N", by which messages call it.
std::vector<std::string> RecipeReader::begin_list(const std::string& section, const std::string& name) {
  impl_->known[section].emplace_back(name);
  toml::node* const outer = impl_->root.get(section);
  toml::node* const node = outer != nullptr && outer->is_table() ? outer->as_table()->get(name) : nullptr;
  if (node == nullptr) return {};
  const std::string expected =
      fmt::format("{}.{}: got {}, expected tables [[{}.{}]]", section, name, shown_node(*node), section, name);
  if (!node->is_array()) impl_->refuse(node, expected);
  std::vector<std::string> elements;
  for (toml::node& element : *node->as_array()) {
    if (!element.is_table()) impl_->refuse(node, expected);
    elements.push_back(fmt::format("{}.{} {}", section, name, elements.size() + 1));
    impl_->root.insert_or_assign(elements.back(), std::move(*element.as_table()));
  }
  return elements;
}

std::string RecipeReader::set_in(const std::string& section, const std::string& beside) const {
  const toml::node* const node = impl_->root.get(section);
  if (node == nullptr || !node->is_table()) return {};
  const toml::table& table = *node->as_table();
  const bool assigned_alone = impl_->assigned.contains(beside);
  if (table.empty()) return assigned_alone ? std::string() : section;
  for (const auto& [key, value] : table) {
    const std::string name = full_name(section, key.str());
    if (!assigned_alone || impl_->assigned.contains(name)) return name;
  }
  return {};
}

void RecipeReader::finish() const {
  std::vector<std::string> top;
  for (const auto& [section, keys] : impl_->known) {
    if (section.empty()) top.insert(top.end(), keys.begin(), keys.end());
    else top.push_back(section);
  }
  const auto unknown = [&](const toml::node& node, const std::string& name, std::string_view key,
                           const std::vector<std::string>& valid) {
    const std::string nearest = nearest_name(key, valid);
    impl_->refuse(&node, nearest.empty()
                             ? fmt::format("unknown key '{}'", name)
                             : fmt::format("unknown key '{}'; the nearest valid one is '{}'", name, nearest));
  };
  for (const auto& [key, node] : impl_->root) {
    const std::string name(key.str());
    if (std::find(top.begin(), top.end(), name) == top.end()) unknown(node, name, name, top);
    const auto section = impl_->known.find(name);
    if (section == impl_->known.end() || !node.is_table()) continue;
    for (const auto& [inner, value] : *node.as_table()) {
      const std::string inner_name(inner.str());
      const auto& keys = section->second;
      if (std::find(keys.begin(), keys.end(), inner_name) == keys.end()) {
        unknown(value, name + "." + inner_name, inner_name, keys);
      }
    }
  }
}

class RecipeWriter::SectionWriter : public OptionVisitor {
 public:
  SectionWriter(std::string& text, bool with_help) : text_(text), with_help_(with_help) {}

  void field(std::string_view key, bool& value, std::string_view help) override {
    line(key, value ? "true" : "false", help);
  }
  void field(std::string_view key, int64_t& value, std::string_view help) override {
    line(key, fmt::format("{}", value), help);
  }
  void field(std::string_view key, double& value, std::string_view help) override { line(key, number(value), help); }
  void field(std::string_view key, std::string& value, std::string_view help) override {
    line(key, quoted(value), help);
  }
  void field(std::string_view key, std::vector<std::string>& value, std::string_view help) override {
    std::vector<std::string> elements;
    for (const std::string& element : value) elements.push_back(quoted(element));
    line(key, fmt::format("[{}]", fmt::join(elements, ", ")), help);
  }
  void field(std::string_view key, std::map<std::string, double>& value, std::string_view help) override {
    std::vector<std::string> elements;
    for (const auto& [name, weight] : value) elements.push_back(fmt::format("{} = {}", quoted(name), number(weight)));
    line(key, fmt::format("{{{}}}", fmt::join(elements, ", ")), help);
  }
  void choice(std::string_view key, std::string& value, const std::vector<std::string>& choices,
              std::string_view help) override {
    line(key, quoted(value), fmt::format("{} ({})", help, fmt::join(choices, " | ")));
  }

 private:
  static std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);  // TOML's basic strings take JSON's escapes
    return out;
  }
  static std::string number(double value) {
    std::string out;
    append_json_number(out, value);
    return out.find_first_of(".e") == std::string::npos ? out + ".0" : out;
  }
  void line(std::string_view key, const std::string& value, std::string_view help) {
    if (with_help_) text_ += fmt::format("# {}\n", help);
    text_ += fmt::format("{} = {}\n", key, value);
  }

  std::string& text_;
  bool with_help_;
};

std::unique_ptr<OptionVisitor> RecipeWriter::begin_section(const std::string& name) {
  if (!name.empty()) text_ += fmt::format("{}[{}]\n", text_.empty() ? "" : "\n", name);
  return std::make_unique<SectionWriter>(text_, with_help_);
}

namespace {

// The lines of a canonical recipe that set something: the full name of the key, and its value.
std::vector<std::pair<std::string, std::string>> lines_of(const std::string& recipe) {
  std::vector<std::pair<std::string, std::string>> lines;
  std::istringstream in(recipe);
  std::string section;
  for (std::string line; std::getline(in, line);) {
    const size_t equals = line.find(" = ");
    if (line.starts_with("[")) section = line.substr(1, line.size() - 2);
    if (equals != std::string::npos)
      lines.emplace_back(full_name(section, line.substr(0, equals)), line.substr(equals + 3));
  }
  return lines;
}

const std::string* value_in(const std::vector<std::pair<std::string, std::string>>& lines, const std::string& key) {
  const auto found = std::find_if(lines.begin(), lines.end(), [&](const auto& line) { return line.first == key; });
  return found == lines.end() ? nullptr : &found->second;
}

}  // namespace

std::string recipe_difference(const std::string& expected, const std::string& got) {
  const auto a = lines_of(expected), b = lines_of(got);
  const auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (at_a == a.end() && at_b == b.end()) return "";
  const auto difference = [](const std::string& key, const std::string* was, const std::string* is) {
    return fmt::format("{}: {}, not {}", key, was == nullptr ? "nothing" : *was, is == nullptr ? "nothing" : *is);
  };
  if (at_a != a.end() && at_b != b.end() && at_a->first == at_b->first)
    return difference(at_a->first, &at_a->second, &at_b->second);
  // A line that only one of the two has stands where it would be in the other.
  const bool is_new = at_b != b.end() && value_in(a, at_b->first) == nullptr;
  const std::string& key = is_new || at_a == a.end() ? at_b->first : at_a->first;
  return difference(key, value_in(a, key), value_in(b, key));
}

}  // namespace ftok
