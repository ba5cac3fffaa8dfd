// AnswerObject: an answer of a worker, or an object in one, whatever it came as: an object of JSON, or a row of a
// record batch. A member that is null is none.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ftok {

class AnswerObject {
 public:
  enum class Found { kNone, kValue, kOther };  // kOther: a value of another type
  using Objects = std::vector<std::unique_ptr<AnswerObject>>;

  virtual ~AnswerObject() = default;

  // The member `key`, into `out` where it is of the type. Texts are UTF-8 and stay where they are as long as the
  // answer.
  virtual Found text(std::string_view key, std::string_view& out) const = 0;
  virtual Found number(std::string_view key, double& out) const = 0;
  virtual Found index(std::string_view key, uint64_t& out) const = 0;
  virtual Found texts(std::string_view key, std::vector<std::string>& out) const = 0;
  virtual Found object(std::string_view key, std::unique_ptr<AnswerObject>& out) const = 0;
  virtual Found objects(std::string_view key, Objects& out) const = 0;

  virtual std::vector<std::string> keys() const = 0;
  // For messages: one line, printable.
  virtual std::string shown() const = 0;
};

}  // namespace ftok
