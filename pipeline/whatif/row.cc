#include "pipeline/whatif/row.h"

#include <simdjson.h>

#include <charconv>

namespace ftok {
namespace {

using simdjson::SUCCESS;

constexpr size_t kKeyDigits = 16;

bool read_keys(std::string_view text, std::vector<uint64_t>& keys) {
  if (text.size() % kKeyDigits != 0) return false;
  for (; !text.empty(); text.remove_prefix(kKeyDigits)) {
    uint64_t key = 0;
    const char* const end = text.data() + kKeyDigits;
    if (std::from_chars(text.data(), end, key, 16).ptr != end) return false;
    keys.push_back(key);
  }
  return true;
}

}  // namespace

Relation relation_of(std::string_view text) {
  if (text.size() > 2 || text.empty() || (text.size() == 2 && text[1] != '=')) return Relation::kNone;
  if (text[0] == '<') return text.size() == 1 ? Relation::kLess : Relation::kLessOrEqual;
  if (text[0] == '>') return text.size() == 1 ? Relation::kGreater : Relation::kGreaterOrEqual;
  return Relation::kNone;
}

const char* relation_text(Relation relation) {
  constexpr const char* kTexts[] = {"", "<", "<=", ">", ">="};
  return kTexts[static_cast<size_t>(relation)];
}

bool drops_at(Relation relation, double value, double threshold) {
  switch (relation) {
    case Relation::kNone: return false;
    case Relation::kLess: return value < threshold;
    case Relation::kLessOrEqual: return value <= threshold;
    case Relation::kGreater: return value > threshold;
    case Relation::kGreaterOrEqual: return value >= threshold;
  }
  return false;
}

struct MeasuredRowReader::Impl {
  simdjson::ondemand::parser parser;
  std::string padded;
  MeasuredRow row;

  bool read(std::string_view line) {
    padded.assign(line);
    padded.reserve(padded.size() + simdjson::SIMDJSON_PADDING);
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    if (parser.iterate(simdjson::padded_string_view(padded)).get(document) != SUCCESS ||
        document.get_object().get(object) != SUCCESS) {
      return false;
    }
    row.id = row.url = row.outcome = {};
    row.measures.clear();
    row.keys.clear();
    row.input = 0;
    bool has_measures = false;
    for (auto field : object) {
      std::string_view key;
      if (field.unescaped_key().get(key) != SUCCESS) return false;
      if (key == "id" || key == "url" || key == "outcome") {
        if (field.value().get_string().get(key == "id" ? row.id : key == "url" ? row.url : row.outcome) != SUCCESS)
          return false;
      } else if (key == "measures") {
        simdjson::ondemand::array list;
        has_measures = true;
        if (field.value().get_array().get(list) != SUCCESS || !read_measures(list)) return false;
      } else if (key == "input") {
        if (field.value().get_uint64().get(row.input) != SUCCESS) return false;
      } else if (key == "dedup_keys") {
        std::string_view keys;
        if (field.value().get_string().get(keys) != SUCCESS || !read_keys(keys, row.keys)) return false;
      }
    }
    return has_measures && !row.outcome.empty();
  }

  bool read_measures(simdjson::ondemand::array& list) {
    for (auto element : list) {
      simdjson::ondemand::object object;
      if (element.get_object().get(object) != SUCCESS) return false;
      MeasuredRow::Measure& measure = row.measures.emplace_back();
      for (auto field : object) {
        std::string_view key;
        if (field.unescaped_key().get(key) != SUCCESS) return false;
        simdjson::error_code error = SUCCESS;
        if (key == "rule") error = field.value().get_string().get(measure.rule);
        else if (key == "relation") error = relation(field.value(), measure.relation);
        else if (key == "detail") error = field.value().get_string().get(measure.detail);
        else if (key == "value") error = number(field.value(), measure.value);
        else if (key == "threshold") error = number(field.value(), measure.threshold);
        else if (key == "drops") error = field.value().get_bool().get(measure.drops);
        if (error != SUCCESS) return false;
      }
      if (measure.rule.empty()) return false;
    }
    return true;
  }

  static simdjson::error_code relation(simdjson::simdjson_result<simdjson::ondemand::value> value, Relation& out) {
    std::string_view text;
    const simdjson::error_code error = value.get_string().get(text);
    if (error == SUCCESS) out = relation_of(text);
    return error;
  }

  // A value that is no finite number is written as null; no rule compares it.
  static simdjson::error_code number(simdjson::simdjson_result<simdjson::ondemand::value> value, double& out) {
    bool is_null = false;
    if (value.is_null().get(is_null) == SUCCESS && is_null) return SUCCESS;
    return value.get_double().get(out);
  }
};

MeasuredRowReader::MeasuredRowReader() : impl_(std::make_unique<Impl>()) {}
MeasuredRowReader::~MeasuredRowReader() = default;

const MeasuredRow* MeasuredRowReader::read(std::string_view line) { return impl_->read(line) ? &impl_->row : nullptr; }

}  // namespace ftok
