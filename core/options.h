// Options that describe themselves. A room's options struct lists its fields once, to a visitor; the recipe reader,
// `ftok recipe show`, the documentation and the recipe's digest all come from that list:
//
//   struct GopherQualityOptions {
//     int64_t words_min = 50;
//     void visit(OptionVisitor& visitor) {
//       visitor.field("words_min", words_min, "fewest non-symbol words (Gopher, table A1)");
//     }
//   };
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ftok {

class OptionVisitor {
 public:
  virtual ~OptionVisitor() = default;
  virtual void field(std::string_view key, bool& value, std::string_view help) = 0;
  virtual void field(std::string_view key, int64_t& value, std::string_view help) = 0;
  virtual void field(std::string_view key, double& value, std::string_view help) = 0;
  virtual void field(std::string_view key, std::string& value, std::string_view help) = 0;
  virtual void field(std::string_view key, std::vector<std::string>& value, std::string_view help) = 0;
  virtual void field(std::string_view key, std::map<std::string, double>& value, std::string_view help) = 0;

  // One of a closed set of names; the visitor refuses others and names the nearest.
  virtual void choice(std::string_view key, std::string& value, const std::vector<std::string>& choices,
                      std::string_view help) = 0;
};

}  // namespace ftok
