// AnswerTaker: takes what a worker answers over into documents, whatever form it came in: docs/extending.md, "A stage
// of your own".
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/answer_object.h"
#include "document/batch_stage.h"

namespace ftok {

// A document as it is sent: a text, or a payload of a media type.
struct Request {
  Document* document = nullptr;
  std::string type;     // of `payload`; "": the text is sent
  std::string payload;  // a response's body
};

// What an answer may name.
struct AnswerRules {
  std::string_view kind;                          // before the reasons: "subprocess"
  std::span<const Reason> numbers, texts, lists;  // the fields that the recipe names
};

// Throws Error saying what is wrong with the answers: one that is not what the protocol has, a document that is
// answered twice or not at all.
class AnswerTaker {
 public:
  AnswerTaker(std::span<const Request> requests, const AnswerRules& rules)
      : requests_(requests), rules_(rules), outcomes_(requests.size()), answered_(requests.size()) {}

  size_t requests() const { return requests_.size(); }
  // `number`: the document's where the answer has no "n" of its own.
  void take(const AnswerObject& answer, std::optional<uint64_t> number = std::nullopt);
  // An outcome for each document.
  std::vector<BatchStage::Outcome> take_outcomes();

 private:
  void take_over(const AnswerObject& answer, const Request& request, BatchStage::Outcome& outcome);
  Verdict drop(std::string_view name, const AnswerObject& answer) const;
  Reason reason(std::string_view name) const;
  void take_several(const AnswerObject::Objects& documents, Document& document, BatchStage::Outcome& outcome) const;
  void rewrite(const AnswerObject& answer, Document& document) const;
  void take_fields(const AnswerObject& answer, Document& document) const;
  bool read_text(const AnswerObject& object, std::string_view key, std::string_view& out) const;
  bool read_number(const AnswerObject& object, std::string_view key, double& out) const;
  bool read_texts(const AnswerObject& object, std::string_view key, std::vector<std::string>& out) const;
  [[noreturn]] void refuse(std::string_view what) const;

  std::span<const Request> requests_;
  const AnswerRules& rules_;
  const AnswerObject* answer_ = nullptr;  // that is being taken
  std::vector<BatchStage::Outcome> outcomes_;
  std::vector<char> answered_;
};

}  // namespace ftok
