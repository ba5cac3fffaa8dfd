// The table of a Document's fields: name, member, and where each is stored and shown. Whatever writes a document walks
// this table, so a new field is written everywhere by one line here; without that line document_fields.cc does not
// compile.
#pragma once

#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "core/json.h"
#include "core/parquet.h"
#include "document/document.h"
#include "document/named_fields.h"

namespace ftok {

// Where a field appears.
enum DocumentUse : unsigned {
  kInNothing = 0,         // lives inside one half of a run
  kInCandidates = 1,      // outlives the first half of a run, in candidate files
  kInKeptLine = 2,        // the kept text (parts/NNNNNN.text.*), after `text`
  kInRejectLine = 4,      // the reject records
  kInPageLine = 8,        // `ftok extract --jsonl`
  kInMeasureHead = 16,    // the first fields of a line of `--measure`
  kInMeasureLabels = 32,  // what stages found out, further on in that line
  kInStoppedLine =
      64,  // the texts of a run that ends early (output.stop_after), after `text`: what a later run goes on from
  kWhereFilled = 128,  // left out of lines where it is empty, so that a reader takes its absence for that
};

// In those texts, the key of the stage after which the run ended.
inline constexpr std::string_view kStoppedAfterKey = "stopped_after";

template <typename T>
struct DocumentField {
  std::string_view name;
  T Document::*member;
  unsigned uses;
};
template <typename T>
DocumentField(const char*, T Document::*, unsigned) -> DocumentField<T>;

// In the order in which they are written.
inline constexpr std::tuple kDocumentFields{
    DocumentField{"id", &Document::id,
                  kInCandidates | kInKeptLine | kInRejectLine | kInPageLine | kInMeasureHead | kInStoppedLine},
    DocumentField{"dump", &Document::dump, kInCandidates | kInKeptLine | kInStoppedLine},
    DocumentField{"url", &Document::url,
                  kInCandidates | kInKeptLine | kInRejectLine | kInPageLine | kInMeasureHead | kInStoppedLine},
    DocumentField{"date", &Document::date, kInCandidates | kInKeptLine | kInStoppedLine},
    DocumentField{"file_path", &Document::file_path, kInCandidates | kInKeptLine | kInRejectLine | kInStoppedLine},
    DocumentField{"offset", &Document::offset, kInCandidates | kInRejectLine | kInStoppedLine},
    DocumentField{"truncated", &Document::truncated, kInCandidates | kInStoppedLine},
    DocumentField{"payload", &Document::payload, kInNothing},
    DocumentField{"identified_type", &Document::identified_type, kInNothing},
    DocumentField{"html", &Document::html, kInNothing},
    DocumentField{"charset", &Document::charset, kInCandidates | kInStoppedLine},
    DocumentField{"replacements", &Document::replacements, kInCandidates | kInStoppedLine},
    DocumentField{"mojibake", &Document::mojibake, kInNothing},
    DocumentField{"text", &Document::text, kInCandidates | kInPageLine},
    DocumentField{"markdown", &Document::markdown, kInCandidates | kInStoppedLine | kWhereFilled},
    DocumentField{"lines", &Document::lines, kInCandidates | kInStoppedLine | kWhereFilled},
    DocumentField{"language", &Document::language, kInCandidates | kInKeptLine | kInMeasureLabels | kInStoppedLine},
    DocumentField{"language_score", &Document::language_score,
                  kInCandidates | kInKeptLine | kInMeasureLabels | kInStoppedLine},
    DocumentField{"scores", &Document::scores,
                  kInCandidates | kInKeptLine | kInRejectLine | kInMeasureLabels | kInStoppedLine},
    DocumentField{"labels", &Document::labels,
                  kInCandidates | kInKeptLine | kInRejectLine | kInMeasureLabels | kInStoppedLine},
    DocumentField{"title", &Document::title, kInCandidates | kInPageLine | kInStoppedLine},
    DocumentField{"author", &Document::author, kInCandidates | kInPageLine | kInStoppedLine},
    DocumentField{"published", &Document::published, kInCandidates | kInPageLine | kInStoppedLine},
    DocumentField{"site", &Document::site, kInCandidates | kInPageLine | kInStoppedLine},
    DocumentField{"html_language", &Document::html_language, kInCandidates | kInPageLine | kInStoppedLine},
    DocumentField{"canonical_url", &Document::canonical_url, kInCandidates | kInPageLine | kInStoppedLine},
    DocumentField{"description", &Document::description, kInCandidates | kInPageLine | kInStoppedLine},
    DocumentField{"license", &Document::license,
                  kInCandidates | kInKeptLine | kInPageLine | kInStoppedLine | kWhereFilled},
    DocumentField{"license_source", &Document::license_source,
                  kInCandidates | kInKeptLine | kInPageLine | kInStoppedLine | kWhereFilled},
    DocumentField{"dedup_keys", &Document::dedup_keys, kInCandidates},
    DocumentField{"tokens", &Document::tokens, kInNothing},
};

// Calls visit(name, field of `document`) for each field that has any of `uses`.
template <typename D, typename Visit>
void for_each_field(D& document, unsigned uses, Visit&& visit) {
  const auto visit_one = [&](const auto& field) {
    if ((field.uses & uses) != 0) visit(field.name, document.*field.member);
  };
  std::apply([&](const auto&... fields) { (visit_one(fields), ...); }, kDocumentFields);
}

// Whether a line may be without the field of this name.
constexpr bool is_left_out_where_empty(std::string_view name) {
  const auto is = [&](const auto& field) { return field.name == name && (field.uses & kWhereFilled) != 0; };
  return std::apply([&](const auto&... fields) { return (is(fields) || ...); }, kDocumentFields);
}

// Whether a field is written under names of its own, not under that of the table.
template <typename T>
constexpr bool has_own_names(const DocumentField<T>&) {
  return std::is_same_v<T, std::vector<NamedScore>> || std::is_same_v<T, std::vector<NamedTexts>>;
}

// Whether documents have a field that is written under this name.
constexpr bool is_document_field(std::string_view name) {
  const auto is = [&](const auto& field) { return field.name == name && !has_own_names(field); };
  return std::apply([&](const auto&... fields) { return (is(fields) || ...); }, kDocumentFields);
}

// Whether a record of a document (a kept text, a reject, a measurement) has something of its own under this name.
bool is_reserved_field(std::string_view name);

// Writes the fields that have any of `uses` (DocumentUse) into an open JSON object; `scores` becomes a field for each
// score, under the score's name, and `labels` a text or a list of texts for each.
void write_document_fields(JsonWriter& json, const Document& document, unsigned uses);

// The part of `labels`.
void write_labels(JsonWriter& json, const std::vector<NamedTexts>& labels);

// The columns of such objects in a table: `named` are the scores and labels that documents may have.
void add_document_columns(unsigned uses, const NamedFields& named, std::vector<ParquetField>& columns);

}  // namespace ftok
