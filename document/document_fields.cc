#include "document/document_fields.h"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace ftok {
namespace {

// Converts to whatever a member of a struct is initialised with.
struct AnyMember {
  template <typename T>
  operator T() const;  // never defined: only types are looked at
};

template <typename S, size_t... kIndex>
constexpr bool takes(std::index_sequence<kIndex...>) {
  return requires { S{(static_cast<void>(kIndex), AnyMember())...}; };
}

// How many members a struct without constructors has: the most values it can be initialised with.
template <typename S, size_t kTried = 1>
constexpr size_t member_count() {
  if constexpr (takes<S>(std::make_index_sequence<kTried>())) {
    return member_count<S, kTried + 1>();
  } else {
    return kTried - 1;
  }
}

static_assert(member_count<Document>() == std::tuple_size_v<std::remove_const_t<decltype(kDocumentFields)>>,
              "a field of Document is missing in kDocumentFields");

struct FieldWriter {
  JsonWriter& json;

  template <typename T>
  void operator()(std::string_view name, const T& value) const {
    json.field(name, value);
  }
  void operator()(std::string_view, const std::vector<NamedScore>& scores) const {
    for (const NamedScore& score : scores) json.field(score.name, score.value);
  }
  void operator()(std::string_view, const std::vector<NamedTexts>& labels) const { write_labels(json, labels); }
  template <typename Number>
  void operator()(std::string_view name, const std::vector<Number>& numbers) const {
    json.key(name).begin_array();
    for (const Number number : numbers) json.value(number);
    json.end_array();
  }
};

struct ColumnLister {
  const NamedFields& named;
  std::vector<ParquetField>& columns;

  void operator()(std::string_view name, const std::string&) const { add(name, ParquetType::kText); }
  void operator()(std::string_view name, uint64_t) const { add(name, ParquetType::kInteger); }
  void operator()(std::string_view name, double) const { add(name, ParquetType::kReal); }
  void operator()(std::string_view, const std::vector<NamedScore>&) const {
    for (const std::string& name : named.numbers) add(name, ParquetType::kReal);
  }
  void operator()(std::string_view, const std::vector<NamedTexts>&) const {
    for (const std::string& name : named.texts) add(name, ParquetType::kText);
    for (const std::string& name : named.lists) add(name, ParquetType::kTexts);
  }
  template <typename Number>
  void operator()(std::string_view name, const std::vector<Number>&) const {
    static_assert(std::is_integral_v<Number>);
    add(name, ParquetType::kIntegers);
  }

 private:
  void add(std::string_view name, ParquetType type) const { columns.push_back({std::string(name), type}); }
};

}  // namespace

bool is_reserved_field(std::string_view name) {
  static constexpr std::string_view kOfRecords[] = {
      kStoppedAfterKey, "token_count", "cluster_id", "cluster_size", "reason",   "value", "threshold", "detail",
      "duplicate_of",   "outcome",     "measures",   "rule",         "relation", "drops", "input"};
  return is_document_field(name) ||
         std::find(std::begin(kOfRecords), std::end(kOfRecords), name) != std::end(kOfRecords);
}

void write_labels(JsonWriter& json, const std::vector<NamedTexts>& labels) {
  for (const NamedTexts& label : labels) {
    json.key(label.name);
    if (!label.is_list) {
      json.value(label.texts.front());
      continue;
    }
    json.begin_array();
    for (const std::string& text : label.texts) json.value(text);
    json.end_array();
  }
}

void write_document_fields(JsonWriter& json, const Document& document, unsigned uses) {
  for_each_field(document, uses, [&](std::string_view name, const auto& value) {
    if constexpr (requires { value.empty(); }) {
      if (value.empty() && is_left_out_where_empty(name)) return;
    }
    FieldWriter{json}(name, value);
  });
}

void add_document_columns(unsigned uses, const NamedFields& named, std::vector<ParquetField>& columns) {
  const Document document;
  for_each_field(document, uses, ColumnLister{named, columns});
}

}  // namespace ftok
