// Batches as lines of JSON, with an empty line behind them.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "core/base64.h"
#include "core/error.h"
#include "core/json.h"
#include "core/lenient_json.h"
#include "core/shown.h"
#include "document/document_fields.h"
#include "pipeline/subprocess/worker_format.h"

namespace ftok {
namespace {

using simdjson::SUCCESS;
using simdjson::dom::element;
using Found = AnswerObject::Found;

std::string shown_line(std::string_view line) {
  constexpr size_t kShown = 80;
  return printable(line.substr(0, std::min(kShown, line.find_last_not_of("\r\n") + 1)));
}

// `plain` is scratch, which must outlive the object. A number that is none, or too large, is false: nothing that an
// answer may have, so that whoever reads it refuses it.
simdjson::dom::object parse_answer(simdjson::dom::parser& parser, std::string_view line, std::string& plain) {
  element root;
  simdjson::dom::object answer;
  if (parse_json(parser, line, root, plain, false, "false") != SUCCESS || root.get(answer) != SUCCESS)
    throw std::runtime_error("an answer that is not a JSON object: " + shown_line(line));
  return answer;
}

class JsonObject : public AnswerObject {
 public:
  JsonObject(simdjson::dom::object object, std::string_view line) : object_(object), line_(line) {}

  Found text(std::string_view key, std::string_view& out) const override { return value(key, out); }
  Found number(std::string_view key, double& out) const override { return value(key, out); }
  Found index(std::string_view key, uint64_t& out) const override { return value(key, out); }
  Found texts(std::string_view key, std::vector<std::string>& out) const override {
    simdjson::dom::array list;
    if (const Found found = value(key, list); found != Found::kValue) return found;
    for (const element each : list) {
      std::string_view text;
      if (each.get(text) != SUCCESS) return Found::kOther;
      out.emplace_back(text);
    }
    return Found::kValue;
  }
  Found object(std::string_view key, std::unique_ptr<AnswerObject>& out) const override {
    simdjson::dom::object object;
    const Found found = value(key, object);
    if (found == Found::kValue) out = std::make_unique<JsonObject>(object, line_);
    return found;
  }
  Found objects(std::string_view key, Objects& out) const override {
    simdjson::dom::array list;
    if (const Found found = value(key, list); found != Found::kValue) return found;
    for (const element each : list) {
      simdjson::dom::object object;
      if (each.get(object) != SUCCESS) return Found::kOther;
      out.push_back(std::make_unique<JsonObject>(object, line_));
    }
    return Found::kValue;
  }

  std::vector<std::string> keys() const override {
    std::vector<std::string> keys;
    for (const auto& field : object_) {
      if (!field.value.is_null()) keys.emplace_back(field.key);
    }
    return keys;
  }
  std::string shown() const override { return shown_line(line_); }

 private:
  template <typename Value>
  Found value(std::string_view key, Value& out) const {
    element member;
    if (!get_last(object_, key, member) || member.is_null()) return Found::kNone;
    return member.get(out) == SUCCESS ? Found::kValue : Found::kOther;
  }

  simdjson::dom::object object_;
  std::string_view line_;
};

class AnswerLines : public Answers {
 public:
  explicit AnswerLines(std::string lines) : lines_(std::move(lines)) {}

  void give(AnswerTaker& taker) const override {
    simdjson::dom::parser parser;
    std::string plain;
    std::string_view rest = lines_;
    while (!rest.empty()) {
      const size_t end = std::min(rest.size(), rest.find('\n'));
      const std::string_view line = rest.substr(0, end);
      taker.take(JsonObject(parse_answer(parser, line, plain), line));
      rest.remove_prefix(std::min(rest.size(), end + 1));
    }
  }
  std::string stored() const override { return lines_; }

 private:
  const std::string lines_;
};

class LineStream : public WorkerOutput {
 public:
  size_t whole(std::string_view written) override {
    check_lines(written);
    const size_t whole = end_.whole(written);
    if (whole != 0) checked_ = searched_ = 0;
    return whole;
  }
  bool precedes(std::string_view written) const override { return end_.precedes(written); }
  std::unique_ptr<Answers> read(std::string answer) override {
    answer.pop_back();  // the empty line
    return std::make_unique<AnswerLines>(std::move(answer));
  }
  std::string unfinished(std::string_view written) const override {
    const auto lines = std::count(written.begin(), written.end(), '\n');
    return lines == 0 ? "" : fmt::format("{} lines of an answer came, and no empty line to end it", lines);
  }

 private:
  // Checks each line as soon as it arrives, so that anything but an answer is refused at once: a worker that writes
  // something else may never write the empty line.
  void check_lines(std::string_view written) {
    for (size_t end; (end = written.find('\n', std::max(checked_, searched_))) != std::string_view::npos;) {
      const std::string_view line = written.substr(checked_, end - checked_);
      if (line.empty()) return;
      parse_answer(parser_, line, plain_);
      checked_ = end + 1;
    }
    searched_ = written.size();
  }

  simdjson::dom::parser parser_;
  std::string plain_;
  size_t checked_ = 0;   // bytes of whole lines that are answers
  size_t searched_ = 0;  // bytes behind them without a line's end
  EmptyLineEnd end_;
};

class JsonLines : public WorkerFormat {
 public:
  std::string_view ending() const override { return "jsonl"; }

  std::string write(std::span<const Request> requests) const override {
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

  std::string head() const override { return {}; }
  std::unique_ptr<WorkerOutput> open() const override { return std::make_unique<LineStream>(); }
  std::unique_ptr<Answers> stored(std::string bytes) const override {
    return std::make_unique<AnswerLines>(std::move(bytes));
  }
};

}  // namespace

std::unique_ptr<const WorkerFormat> json_lines_format() { return std::make_unique<JsonLines>(); }

}  // namespace ftok
