// The names of inputs in the ids of documents that have none of their own: NAME:LINE, or NAME for a whole text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"

namespace ftok {

// For each input (as shown_input() of core/shown.h shows it) the shortest end of its absolute path, in whole
// components, that no other of the inputs has: the same however the paths are spelt. Inputs that are one file, and
// addresses given twice, keep their whole path.
std::vector<std::string> input_names(const std::vector<std::string>& inputs);

// Warns of an input that is given more than once, however its paths are spelt: its documents are read as often.
void warn_of_repeated_inputs(const std::vector<std::string>& inputs, const Log& log);

// The name of an input that is read alone.
std::string input_name(const std::string& input);

// What decides whether a document of one input is for validation: its id, or, where that is made of the input's name,
// the part from the base name on, which no other input changes.
class SplitKeys {
 public:
  explicit SplitKeys(const std::string& input);  // as shown_input() shows it

  std::string_view of(std::string_view id) const;

 private:
  bool is_name(std::string_view end) const;

  std::string path_;
};

}  // namespace ftok
