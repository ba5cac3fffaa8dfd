#include "pipeline/subprocess/answers.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <optional>

#include "core/base64.h"
#include "core/error.h"
#include "core/json.h"
#include "core/shown.h"
#include "document/document_fields.h"

namespace ftok {
namespace {

using simdjson::SUCCESS;

bool is_reason(std::string_view name) {
  constexpr size_t kBytesMax = 40;
  return !name.empty() && name.size() <= kBytesMax &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

[[noreturn]] void wrong(std::string_view line, std::string_view what) {
  constexpr size_t kShown = 80;
  throw Error(
      fmt::format("{}: {}", what, printable(line.substr(0, std::min(kShown, line.find_last_not_of("\r\n") + 1)))));
}

class AnswerReader {
 public:
  AnswerReader(std::span<const Request> requests, const AnswerRules& rules)
      : requests_(requests), rules_(rules), outcomes_(requests.size()), answered_(requests.size()) {}

  void read(std::string_view line) {
    line_ = line;
    simdjson::dom::element root;
    simdjson::dom::object answer;
    if (parser_.parse(line.data(), line.size()).get(root) != SUCCESS || root.get(answer) != SUCCESS)
      wrong(line, "an answer that is not a JSON object");
    uint64_t n = 0;
    if (answer["n"].get(n) != SUCCESS) wrong(line, "an answer without a number \"n\"");
    if (n >= requests_.size()) wrong(line, fmt::format("an answer to document {}, which the batch does not have", n));
    if (answered_[n] != 0) wrong(line, fmt::format("a second answer to document {}", n));
    answered_[n] = 1;
    take(answer, requests_[n], outcomes_[n]);
  }

  std::vector<BatchStage::Outcome> take_outcomes() {
    const auto missing = std::find(answered_.begin(), answered_.end(), 0);
    if (missing != answered_.end()) throw Error(fmt::format("no answer to document {}", missing - answered_.begin()));
    return std::move(outcomes_);
  }

 private:
  void take(const simdjson::dom::object& answer, const Request& request, BatchStage::Outcome& outcome) {
    Document& document = *request.document;
    simdjson::dom::element member;
    if (answer["drop"].get(member) == SUCCESS) {
      take_fields(answer, document);
      outcome.verdict = drop(member, answer);
    } else if (answer["documents"].get(member) == SUCCESS) {
      several(member, document, outcome);
    } else {
      rewrite(answer, document);
      if (!request.type.empty() && document.text.empty()) outcome.verdict = Verdict::drop(reason("none"));
    }
    if (!request.type.empty()) document.payload = std::string();
  }

  Verdict drop(const simdjson::dom::element& named, const simdjson::dom::object& answer) {
    std::string_view name, detail;
    if (named.get(name) != SUCCESS || !is_reason(name))
      wrong(line_, "\"drop\" is not a reason: expected 1 to 40 lower-case letters, digits and _");
    double value = 0, threshold = 0;
    read_number(answer, "value", value);
    read_number(answer, "threshold", threshold);
    read_text(answer, "detail", detail);
    constexpr size_t kDetailMax = 1000;
    return Verdict::drop(reason(name), value, threshold, std::string(detail.substr(0, kDetailMax)));
  }

  Reason reason(std::string_view name) {
    const std::optional<Reason> interned = Reason::intern(fmt::format("{}.{}", rules_.kind, name));
    if (!interned) wrong(line_, "more reasons than a run may have");
    return *interned;
  }

  void several(const simdjson::dom::element& list, Document& document, BatchStage::Outcome& outcome) {
    simdjson::dom::array documents;
    if (list.get(documents) != SUCCESS) wrong(line_, "\"documents\" is not an array");
    const Document whole = without_contents(document);
    size_t count = 0;
    for (const simdjson::dom::element& element : documents) {
      simdjson::dom::object one;
      std::string_view id;
      if (element.get(one) != SUCCESS) wrong(line_, "a document that is not an object");
      Document made = whole;
      ++count;
      made.id = fmt::format("{}#{}", whole.id, count);
      if (read_text(one, "id", id)) made.id = id;
      rewrite(one, made);
      if (count == 1) {
        document = std::move(made);
      } else {
        outcome.more.push_back(std::move(made));
      }
    }
    if (count == 0) outcome.verdict = Verdict::drop(reason("none"));
  }

  // What the documents made of one have in common: where it came from.
  static Document without_contents(const Document& document) {
    Document copy;
    copy.id = document.id, copy.url = document.url, copy.date = document.date, copy.dump = document.dump;
    copy.file_path = document.file_path, copy.offset = document.offset, copy.charset = document.charset;
    copy.language = document.language, copy.language_score = document.language_score;
    copy.scores = document.scores, copy.labels = document.labels;
    return copy;
  }

  void rewrite(const simdjson::dom::object& answer, Document& document) {
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

  void take_fields(const simdjson::dom::object& answer, Document& document) {
    simdjson::dom::element member;
    std::string_view text;
    if (answer["fields"].get(member) != SUCCESS) return;
    simdjson::dom::object fields;
    if (member.get(fields) != SUCCESS) wrong(line_, "\"fields\" is not an object");
    for (const Reason name : rules_.numbers) {  // in the order of the recipe
      double value = 0;
      if (read_number(fields, name.view(), value)) put(document.scores, {name, value});
    }
    for (const Reason name : rules_.texts) {
      if (read_text(fields, name.view(), text)) put(document.labels, {name, false, {std::string(text)}});
    }
    for (const Reason name : rules_.lists) {
      NamedTexts list{name, true, {}};
      if (read_texts(fields, name.view(), list.texts)) put(document.labels, std::move(list));
    }
    for (const auto& field : fields) {
      if (!is_among(rules_.numbers, field.key) && !is_among(rules_.texts, field.key) &&
          !is_among(rules_.lists, field.key)) {
        wrong(line_, fmt::format("a field \"{}\", which the recipe does not name in fields, text_fields or list_fields",
                                 printable(field.key)));
      }
    }
  }

  static bool is_among(std::span<const Reason> names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  // In place of an earlier value of the name.
  template <typename Named>
  static void put(std::vector<Named>& all, Named one) {
    const auto same = std::find_if(all.begin(), all.end(), [&](const Named& each) { return each.name == one.name; });
    if (same != all.end()) {
      *same = std::move(one);
    } else {
      all.push_back(std::move(one));
    }
  }

  bool read_texts(const simdjson::dom::object& object, std::string_view key, std::vector<std::string>& out) {
    simdjson::dom::element member;
    simdjson::dom::array list;
    if (object[key].get(member) != SUCCESS || member.is_null()) return false;
    bool is_list = member.get(list) == SUCCESS;
    if (is_list) {
      for (const simdjson::dom::element element : list) {
        std::string_view text;
        is_list = is_list && element.get(text) == SUCCESS;
        out.emplace_back(text);
      }
    }
    if (!is_list) wrong(line_, fmt::format("\"{}\" is not a list of strings", key));
    return true;
  }

  bool read_text(const simdjson::dom::object& object, std::string_view key, std::string_view& out) {
    simdjson::dom::element member;
    if (object[key].get(member) != SUCCESS || member.is_null()) return false;
    if (member.get(out) != SUCCESS) wrong(line_, fmt::format("\"{}\" is not a string", key));
    return true;
  }

  bool read_number(const simdjson::dom::object& object, std::string_view key, double& out) {
    simdjson::dom::element member;
    if (object[key].get(member) != SUCCESS || member.is_null()) return false;
    if (member.get(out) != SUCCESS) wrong(line_, fmt::format("\"{}\" is not a number", key));
    return true;
  }

  std::span<const Request> requests_;
  const AnswerRules& rules_;
  simdjson::dom::parser parser_;
  std::string_view line_;
  std::vector<BatchStage::Outcome> outcomes_;
  std::vector<char> answered_;
};

}  // namespace

std::string write_requests(std::span<const Request> requests) {
  std::string lines;
  for (size_t n = 0; n < requests.size(); ++n) {
    const Document& document = *requests[n].document;
    JsonWriter json;
    json.begin_object().field("n", static_cast<uint64_t>(n)).field("id", document.id);
    const auto write = [&json](const char* name, const std::string& value) {
      if (!value.empty()) json.field(name, value);
    };
    write("url", document.url);
    write("date", document.date);
    write("dump", document.dump);
    write("language", document.language);
    write("title", document.title);
    if (!document.scores.empty() || !document.labels.empty()) {
      json.key("fields").begin_object();
      for (const NamedScore& score : document.scores) json.field(score.name, score.value);
      write_labels(json, document.labels);
      json.end_object();
    }
    if (requests[n].type.empty()) {
      json.field("text", document.text);
      write("markdown", document.markdown);
    } else {
      json.field("type", requests[n].type).field("payload", base64(requests[n].payload));
    }
    json.end_object();
    lines += json.take() + '\n';
  }
  return lines + '\n';
}

std::vector<BatchStage::Outcome> read_answers(std::string_view answers, std::span<const Request> requests,
                                              const AnswerRules& rules) {
  AnswerReader reader(requests, rules);
  while (!answers.empty()) {
    const size_t end = std::min(answers.size(), answers.find('\n'));
    reader.read(answers.substr(0, end));
    answers.remove_prefix(std::min(answers.size(), end + 1));
  }
  return reader.take_outcomes();
}

}  // namespace ftok
