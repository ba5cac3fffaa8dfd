#include "document/stats.h"

#include <simdjson.h>

namespace ftok {
namespace {

struct Field {
  const char* name;
  uint64_t Tally::*member;
};

constexpr Field kFields[] = {
    {"records", &Tally::records},
    {"documents", &Tally::documents},
    {"kept", &Tally::kept},
    {"bytes_in", &Tally::bytes_in},
    {"tokens", &Tally::tokens},
    {"text_bytes", &Tally::text_bytes},
    {"damage", &Tally::damage},
    {"replacements", &Tally::replacements},
    {"specials_as_text", &Tally::specials_as_text},
};

uint64_t sum(const std::map<std::string, uint64_t>& counts) {
  uint64_t total = 0;
  for (const auto& [name, count] : counts) total += count;
  return total;
}

void write_counts(JsonWriter& json, const char* name, const std::map<std::string, uint64_t>& counts) {
  json.key(name).begin_object();
  for (const auto& [reason, count] : counts) json.field(reason, count);
  json.end_object();
}

}  // namespace

void Tally::count(const Verdict& verdict) {
  ++records;
  if (verdict.kind == Verdict::Kind::kSkip) {
    ++skipped[std::string(verdict.reason)];
    return;
  }
  ++documents;
  if (verdict.kept()) {
    ++kept;
  } else {
    ++dropped[std::string(verdict.reason)];
    if (verdict.of_language) ++languages_dropped[verdict.detail.empty() ? "?" : verdict.detail];
  }
}

void Tally::note(const Document& document) {
  replacements += document.replacements;
  if (document.mojibake > 0) ++labelled["mojibake"];
  if (!document.license_source.empty()) ++labelled["license." + document.license_source];
  note_labels(document.scores);
}

void Tally::note_labels(const std::vector<NamedScore>& scores) {
  for (const NamedScore& score : scores) {
    if (score.is_label && score.value == 1) ++labelled[std::string(score.name)];
  }
}

void Tally::drop_kept(const Verdict& verdict) {
  --records;
  --documents;
  --kept;
  count(verdict);
}

void Tally::add(const Tally& other) {
  for (const Field& field : kFields) this->*field.member += other.*field.member;
  for (const auto& [kind, count] : other.skipped) skipped[kind] += count;
  for (const auto& [reason, count] : other.dropped) dropped[reason] += count;
  for (const auto& [language, count] : other.languages_dropped) languages_dropped[language] += count;
  for (const auto& [language, count] : other.languages_kept) languages_kept[language] += count;
  for (const auto& [label, count] : other.labelled) labelled[label] += count;
  for (const auto& [corpus, count] : other.routed) routed[corpus] += count;
}

void Tally::take_in(const std::string& corpus, const Tally& of_corpus) {
  Tally more = of_corpus;
  more.records = 0, more.documents = 0;
  routed.erase(corpus);
  add(more);
}

bool Tally::holds() const {
  return records == documents + sum(skipped) && documents == kept + sum(dropped) + sum(routed);
}

void Tally::write_fields(JsonWriter& json) const {
  json.field("records", records);
  write_counts(json, "skipped", skipped);
  json.field("documents", documents).field("kept", kept);
  write_counts(json, "dropped", dropped);
  write_counts(json, "languages_dropped", languages_dropped);
  if (!languages_kept.empty()) write_counts(json, "languages_kept", languages_kept);
  if (!labelled.empty()) write_counts(json, "labelled", labelled);
  if (!routed.empty()) write_counts(json, "routed", routed);
  for (const Field& field : kFields) {
    if (field.member == &Tally::records || field.member == &Tally::documents || field.member == &Tally::kept) continue;
    json.field(field.name, this->*field.member);
  }
}

Result<Tally> parse_tally(std::string_view json_object) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(json_object.data(), json_object.size()).get(object) != simdjson::SUCCESS) {
    return Damage{"not_json", "the tally is not a JSON object", 0};
  }
  Tally tally;
  for (const Field& field : kFields) {
    if (object[field.name].get_uint64().get(tally.*field.member) != simdjson::SUCCESS) {
      return Damage{"missing_field", field.name, 0};
    }
  }
  for (const auto& [name, counts] :
       {std::pair{"skipped", &tally.skipped}, std::pair{"dropped", &tally.dropped},
        std::pair{"languages_dropped", &tally.languages_dropped}, std::pair{"languages_kept", &tally.languages_kept},
        std::pair{"labelled", &tally.labelled}, std::pair{"routed", &tally.routed}}) {
    simdjson::dom::object entries;
    const bool may_miss = counts != &tally.skipped && counts != &tally.dropped && counts != &tally.languages_dropped;
    if (may_miss && object[name].error() == simdjson::NO_SUCH_FIELD) continue;
    if (object[name].get_object().get(entries) != simdjson::SUCCESS) return Damage{"missing_field", name, 0};
    for (const auto entry : entries) {
      uint64_t count = 0;
      if (entry.value.get_uint64().get(count) != simdjson::SUCCESS) return Damage{"bad_count", name, 0};
      (*counts)[std::string(entry.key)] = count;
    }
  }
  return tally;
}

}  // namespace ftok
