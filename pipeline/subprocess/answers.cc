#include "pipeline/subprocess/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/shown.h"

namespace ftok {
namespace {

using Found = AnswerObject::Found;

bool is_reason(std::string_view name) {
  constexpr size_t kBytesMax = 40;
  return !name.empty() && name.size() <= kBytesMax &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

// What the documents made of one have in common: where it came from, and what its page says of itself.
Document without_contents(const Document& document) {
  Document copy;
  copy.id = document.id, copy.url = document.url, copy.date = document.date, copy.dump = document.dump;
  copy.file_path = document.file_path, copy.offset = document.offset, copy.truncated = document.truncated;
  copy.charset = document.charset, copy.replacements = document.replacements;
  copy.language = document.language, copy.language_score = document.language_score;
  copy.scores = document.scores, copy.labels = document.labels;
  copy.title = document.title, copy.author = document.author, copy.published = document.published;
  copy.site = document.site, copy.html_language = document.html_language, copy.canonical_url = document.canonical_url;
  copy.description = document.description, copy.license = document.license;
  copy.license_source = document.license_source;
  return copy;
}

bool is_among(std::span<const Reason> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// In place of an earlier value of the name.
template <typename Named>
void put(std::vector<Named>& all, Named one) {
  const auto same = std::find_if(all.begin(), all.end(), [&](const Named& each) { return each.name == one.name; });
  if (same != all.end()) {
    *same = std::move(one);
  } else {
    all.push_back(std::move(one));
  }
}

}  // namespace

void AnswerTaker::refuse(std::string_view what) const {
  throw Error(answer_ == nullptr ? std::string(what) : fmt::format("{}: {}", what, answer_->shown()));
}

void AnswerTaker::take(const AnswerObject& answer, std::optional<uint64_t> number) {
  answer_ = &answer;
  uint64_t n = number.value_or(0);
  const Found found = answer.index("n", n);
  if (found == Found::kOther || (found == Found::kNone && !number)) refuse("an answer without a number \"n\"");
  if (n >= requests_.size()) refuse(fmt::format("an answer to document {}, which the batch does not have", n));
  if (answered_[n] != 0) refuse(fmt::format("a second answer to document {}", n));
  answered_[n] = 1;
  take_over(answer, requests_[n], outcomes_[n]);
  answer_ = nullptr;
}

std::vector<BatchStage::Outcome> AnswerTaker::take_outcomes() {
  const auto missing = std::find(answered_.begin(), answered_.end(), 0);
  if (missing != answered_.end()) throw Error(fmt::format("no answer to document {}", missing - answered_.begin()));
  return std::move(outcomes_);
}

void AnswerTaker::take_over(const AnswerObject& answer, const Request& request, BatchStage::Outcome& outcome) {
  Document& document = *request.document;
  std::string_view name;
  AnswerObject::Objects documents;
  const Found dropped = answer.text("drop", name);
  if (dropped == Found::kOther) name = {};
  if (dropped != Found::kNone) {
    take_fields(answer, document);
    outcome.verdict = drop(name, answer);
  } else if (const Found several = answer.objects("documents", documents); several != Found::kNone) {
    if (several == Found::kOther) refuse("\"documents\" is not a list of documents");
    take_several(documents, document, outcome);
  } else {
    rewrite(answer, document);
    if (!request.type.empty() && document.text.empty()) outcome.verdict = Verdict::drop(reason("none"));
  }
  if (!request.type.empty()) document.payload = std::string();
}

Verdict AnswerTaker::drop(std::string_view name, const AnswerObject& answer) const {
  if (!is_reason(name)) refuse("\"drop\" is not a reason: expected 1 to 40 lower-case letters, digits and _");
  std::string_view detail;
  double value = 0, threshold = 0;
  read_number(answer, "value", value);
  read_number(answer, "threshold", threshold);
  read_text(answer, "detail", detail);
  constexpr size_t kDetailMax = 1000;
  return Verdict::drop(reason(name), value, threshold, std::string(detail.substr(0, kDetailMax)));
}

Reason AnswerTaker::reason(std::string_view name) const {
  const std::optional<Reason> interned = Reason::intern(fmt::format("{}.{}", rules_.kind, name));
  if (!interned) refuse("more reasons than a run may have");
  return *interned;
}

void AnswerTaker::take_several(const AnswerObject::Objects& documents, Document& document,
                               BatchStage::Outcome& outcome) const {
  const Document whole = without_contents(document);
  size_t count = 0;
  for (const auto& one : documents) {
    std::string_view id;
    Document made = whole;
    ++count;
    made.id = fmt::format("{}#{}", whole.id, count);
    if (read_text(*one, "id", id)) made.id = id;
    rewrite(*one, made);
    if (count == 1) {
      document = std::move(made);
    } else {
      outcome.more.push_back(std::move(made));
    }
  }
  if (count == 0) outcome.verdict = Verdict::drop(reason("none"));
}

void AnswerTaker::rewrite(const AnswerObject& answer, Document& document) const {
  std::string_view text;
  if (read_text(answer, "text", text)) {
    document.text = text;
    document.lines.clear();  // nobody knows them
    document.markdown.clear();
  }
  if (read_text(answer, "markdown", text)) document.markdown = text;
  if (read_text(answer, "language", text)) document.language = text;
  read_number(answer, "language_score", document.language_score);
  take_fields(answer, document);
}

void AnswerTaker::take_fields(const AnswerObject& answer, Document& document) const {
  std::unique_ptr<AnswerObject> fields;
  const Found found = answer.object("fields", fields);
  if (found == Found::kNone) return;
  if (found == Found::kOther) refuse("\"fields\" is not an object");
  for (const Reason name : rules_.numbers) {  // in the order of the recipe
    double value = 0;
    if (read_number(*fields, name.view(), value)) put(document.scores, {name, value});
  }
  for (const Reason name : rules_.texts) {
    std::string_view text;
    if (read_text(*fields, name.view(), text)) put(document.labels, {name, false, {std::string(text)}});
  }
  for (const Reason name : rules_.lists) {
    NamedTexts list{name, true, {}};
    if (read_texts(*fields, name.view(), list.texts)) put(document.labels, std::move(list));
  }
  for (const std::string& key : fields->keys()) {
    if (!is_among(rules_.numbers, key) && !is_among(rules_.texts, key) && !is_among(rules_.lists, key)) {
      refuse(fmt::format("a field \"{}\", which the recipe does not name in fields, text_fields or list_fields",
                         printable(key)));
    }
  }
}

bool AnswerTaker::read_texts(const AnswerObject& object, std::string_view key, std::vector<std::string>& out) const {
  const Found found = object.texts(key, out);
  if (found == Found::kOther) refuse(fmt::format("\"{}\" is not a list of strings", key));
  return found == Found::kValue;
}

bool AnswerTaker::read_text(const AnswerObject& object, std::string_view key, std::string_view& out) const {
  const Found found = object.text(key, out);
  if (found == Found::kOther) refuse(fmt::format("\"{}\" is not a string", key));
  return found == Found::kValue;
}

bool AnswerTaker::read_number(const AnswerObject& object, std::string_view key, double& out) const {
  const Found found = object.number(key, out);
  if (found == Found::kOther) refuse(fmt::format("\"{}\" is not a number, or none that 64 bits hold", key));
  if (found == Found::kValue && !std::isfinite(out)) refuse(fmt::format("\"{}\" is not a finite number", key));
  return found == Found::kValue;
}

}  // namespace ftok
